/* SPDX-License-Identifier: MIT */
/*
 * cpus.h - in which order worker threads take the machine's CPUs: one thread on
 * each core first, in hwloc's order (so that near cores fill before far ones),
 * the cores' SMT siblings after all cores are taken. Only CPUs that the caller
 * may run on.
 *
 * Locks: const after bench_cpus_init().
 */
#ifndef BENCH_CPUS_H
#define BENCH_CPUS_H

#include <pthread.h>

struct bench_cpus {
	unsigned int nr;       /* CPUs to run on, at least 1 */
	unsigned int nr_cores; /* cores among them */
	unsigned int nr_nodes; /* NUMA nodes of the machine */
	unsigned int *os_index;
};

/** bench_cpus_init() - Ask hwloc. Return: 0 or -errno. */
int bench_cpus_init(struct bench_cpus *cpus);
void bench_cpus_destroy(struct bench_cpus *cpus);

/**
 * bench_cpus_pin() - Have threads made with @attr start, and stay, on the CPU
 * of worker @index; past the last CPU it wraps.
 */
int bench_cpus_pin(const struct bench_cpus *cpus, unsigned int index, pthread_attr_t *attr);

#endif
