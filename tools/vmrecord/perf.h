/* SPDX-License-Identifier: MIT */
/*
 * perf.h - records with an unmodified perf, and checks whether this machine
 * permits that.
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
 * Check whether perf is installed, the kernel has the tracepoints, and we may
 * use them. If not, print what to install or to allow.
 * Return: the list of events for `perf record -e`, for free(), without those
 *         that this kernel lacks; NULL: perf cannot be used.
 */
char *perf_events(const struct perf_request *request);

/*
 * Run @command under perf record into @data.
 * Return: its wait status; -1, after a message: it could not be started, or
 *         nothing was recorded.
 */
int perf_record(const struct perf_request *request, const char *events, const char *data,
		char *const command[]);

/* Print @data as text into @output. Return: 0, or -1 after a message. */
int perf_script(const struct perf_request *request, const char *data, struct output *output);

#endif
