/* SPDX-License-Identifier: MIT */
/*
 * machine.h - describes the machine and kernel that a figure was measured on,
 * as "key: value" lines. A figure cannot be judged without them.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdio.h>

#include "bench/harness/args.h"
#include "bench/harness/cpus.h"

/**
 * bench_machine_print() - Print the description: each line is @prefix, a key,
 * ": ", a value. A value that the system does not tell is "unknown".
 */
void bench_machine_print(FILE *out, const char *prefix, const struct bench_cpus *cpus);

/**
 * bench_default_threads() - Set @list to the thread counts to measure on
 * @nr_cpus CPUs: all of 1..8, then each half as many again as the one before,
 * and @nr_cpus itself.
 */
void bench_default_threads(unsigned int nr_cpus, struct bench_numbers *list);

#endif
