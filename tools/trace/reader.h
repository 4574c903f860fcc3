/* SPDX-License-Identifier: MIT */
/*
 * reader.h - the state of a reader of recordings, for the files that read the
 * parts of a line. Internal to tools/trace; users see trace.h.
 */
#ifndef TOOLS_TRACE_READER_H
#define TOOLS_TRACE_READER_H

#include <stdint.h>

#include "tools/trace/trace.h"

struct trace_lines;

struct trace_reader {
	struct trace_lines *lines;
	char *path;
	int state; /* 1 reading; 0 ended, -1 failed: the result of trace_next() from now on */
	uint64_t last_time;
	uint64_t lost, lost_samples; /* sums by kind of record; records.c */
	struct trace_counts counts;
	char error[TRACE_ERROR_MAX];
};

/* Set the message `FILE:LINE: ...`; @format: what was found and expected. */
void reader_error(struct trace_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
