/* SPDX-License-Identifier: MIT */
/*
 * machine.h - what a figure cannot be read without: the machine and kernel that
 * it was measured on, as "key: value" lines.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdio.h>

#include "bench/harness/args.h"
#include "bench/harness/cpus.h"

/**
 * bench_machine_print() - Each line is @prefix, a key, ": ", a value. What the
 * system does not tell reads "unknown".
 */
void bench_machine_print(FILE *out, const char *prefix, const struct bench_cpus *cpus);

/**
 * bench_default_threads() - The thread counts to measure on @nr_cpus CPUs: all
 * of 1..8, from there on half as many again each time, and @nr_cpus itself.
 */
void bench_default_threads(unsigned int nr_cpus, struct bench_numbers *list);

#endif
