/* SPDX-License-Identifier: MIT */
/*
 * cpus.h - the order in which worker threads take the machine's CPUs: first one
 * thread on each core, in hwloc's order (so that near cores fill before far
 * ones), then the cores' SMT siblings. The list holds only CPUs that the caller
 * may run on.
 *
 * Locks: none; the list is constant after bench_cpus_init().
 */
#ifndef BENCH_CPUS_H
#define BENCH_CPUS_H

#include <pthread.h>

struct bench_cpus {
	unsigned int nr;       /* usable CPUs, at least 1 */
	unsigned int nr_cores; /* distinct cores among them */
	unsigned int nr_nodes; /* NUMA nodes of the machine */
	unsigned int *os_index;
};

/**
 * bench_cpus_init() - Fill @cpus from hwloc. Return: 0 or -errno.
 */
int bench_cpus_init(struct bench_cpus *cpus);
void bench_cpus_destroy(struct bench_cpus *cpus);

/**
 * bench_cpus_pin() - Set @attr so that a thread made with it starts and stays
 * on the CPU of worker @index. Past the last CPU, @index wraps.
 * Return: 0 or -errno.
 */
int bench_cpus_pin(const struct bench_cpus *cpus, unsigned int index, pthread_attr_t *attr);

#endif
