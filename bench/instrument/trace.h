/* SPDX-License-Identifier: MIT */
/*
 * trace.h - records every access to memory that the library makes, in order,
 * between a thread's trace_begin() and trace_end().
 *
 * The compiler inserts a call before each access (instrumented.bzl says how),
 * and trace.c defines the called functions. The library is therefore recorded
 * as it is: nothing in its sources knows of the recording, and no other build
 * pays for it.
 *
 * Accesses of code that this build did not instrument are not recorded: those
 * of the C library and of liburcu's shared part (except for the calls that
 * wrap.c wraps), of inline assembly, and of the compiler's own vector
 * functions. A program that records should therefore have the maple tree search
 * its nodes in scalar code (vms_mt_set_simd()).
 *
 * Locks: none; each thread records its own accesses.
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
	 * A compare-and-exchange counts as a write even if it fails, because
	 * the processor takes the line exclusively either way.
	 */
	bool write;
};

/*
 * trace_begin() - Record the calling thread from now on, and discard its
 * earlier recording.
 */
void trace_begin(void);
void trace_end(void);
/*
 * trace_taken() - The calling thread's accesses between trace_begin() and
 * trace_end(), *@nr of them, without those to its own stack and thread-local
 * data. Valid until its next trace_begin().
 */
const struct trace_access *trace_taken(size_t *nr);

/*
 * trace_note() - Record an access to [addr, addr + size) by the calling thread;
 * for heap.c and wrap.c.
 */
void trace_note(uintptr_t addr, size_t size, bool write);

#endif
