/* SPDX-License-Identifier: MIT */
/*
 * perf.h - what is asked of stock perf, and whether this machine grants it.
 */
#ifndef TOOLS_VMRECORD_PERF_H
#define TOOLS_VMRECORD_PERF_H

#include <stdbool.h>

struct output;

struct perf_request {
	const char *program; /* "perf" */
	const char *buffer;  /* -m: ring buffer per CPU */
	bool locks;          /* the mmap_lock events */
};

/*
 * Whether perf is there, the kernel has the tracepoints, and we may use them.
 * Says what to install or to allow where not.
 * Return: the list of events for `perf record -e`, for free(), without those
 *         that this kernel does not have; NULL: no.
 */
char *perf_events(const struct perf_request *request);

/*
 * Runs @command under perf record into @data.
 * Return: its wait status; -1: it could not be started, or recorded nothing
 *         (said why).
 */
int perf_record(const struct perf_request *request, const char *events, const char *data,
		char *const command[]);

/* Prints @data as text into @output. 0 or -1 (said why). */
int perf_script(const struct perf_request *request, const char *data, struct output *output);

#endif
