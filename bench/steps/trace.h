/* SPDX-License-Identifier: MIT */
/*
 * trace.h - every address that the library reads or writes, in order, while a thread has it written down.
 *
 * The compiler puts a call before each access (BUILD says how), and trace.c answers those calls. So what is counted is the library as it is:
 * nothing in its sources knows of it, and no other build pays for it.
 */
#ifndef BENCH_STEPS_TRACE_H
#define BENCH_STEPS_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* From now on, on this thread; what was written down before is forgotten. */
void trace_begin(void);
void trace_end(void);
/* Return: the addresses between the two, *@nr of them. */
const uintptr_t *trace_taken(size_t *nr);

#endif
