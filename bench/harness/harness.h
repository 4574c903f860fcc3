/* SPDX-License-Identifier: MIT */
/*
 * harness.h - includes the whole measuring harness: threads and time
 * (runner.h), latencies (histogram.h), results (row.h, table.h), CPUs (cpus.h),
 * and the parts that every program uses: options (options.h), values (args.h),
 * lines (lines.h), messages (say.h), standard output (standard.h). The harness
 * knows nothing of address spaces. Read runner.h first.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include "bench/harness/args.h"
#include "bench/harness/clock.h"
#include "bench/harness/cpus.h"
#include "bench/harness/histogram.h"
#include "bench/harness/lines.h"
#include "bench/harness/machine.h"
#include "bench/harness/options.h"
#include "bench/harness/row.h"
#include "bench/harness/runner.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "bench/harness/table.h"

#endif
