/* SPDX-License-Identifier: MIT */
/*
 * trace.h - every access to memory that the library makes, in order, while a
 * thread has its own recorded.
 *
 * The compiler puts a call before each access (instrumented.bzl says how), and
 * trace.c answers those calls. So the library is recorded as it is: nothing in
 * its sources knows of the recording, and no other build pays for it.
 *
 * Not seen are accesses that no compiler of ours made: those of the C library
 * and of liburcu's shared part (except for the calls that wrap.c stands in
 * for), and those of inline assembly and of the compiler's own vector
 * functions. So a program that records should have the maple tree search its
 * nodes in scalar code (vms_mt_set_simd()).
 */
#ifndef BENCH_INSTRUMENT_TRACE_H
#define BENCH_INSTRUMENT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_access {
	uintptr_t addr;
	uint32_t size;
	/*
	 * a compare-and-exchange counts as a write even if it fails: the
	 * processor takes the line either way
	 */
	bool write;
};

/*
 * From now on the calling thread is recorded; what was recorded of it before is
 * forgotten.
 */
void trace_begin(void);
void trace_end(void);
/*
 * The calling thread's accesses between the two, *@nr of them, without those to
 * its own stack and thread-local data. Good until its next trace_begin().
 */
const struct trace_access *trace_taken(size_t *nr);

/*
 * For the runtime's other files: the calling thread accesses [addr, addr +
 * size).
 */
void trace_note(uintptr_t addr, size_t size, bool write);

#endif
