/* SPDX-License-Identifier: MIT */
/*
 * trace.c - see trace.h. The names are gcc's: what `-fsanitize=kernel-address` calls where a kernel would check an access. This file is
 * compiled without it, or it would call itself.
 */
#include "bench/steps/trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define TRACE_MAX (1u << 22)

static _Thread_local bool tracing;
static uintptr_t addresses[TRACE_MAX];
static size_t nr_addresses;

void trace_begin(void)
{
	nr_addresses = 0;
	tracing = true;
}

void trace_end(void)
{
	tracing = false;
}

const uintptr_t *trace_taken(size_t *nr)
{
	*nr = nr_addresses;
	return addresses;
}

static void note(uintptr_t addr)
{
	if (!tracing)
		return;
	if (nr_addresses == TRACE_MAX) {
		fprintf(stderr, "steps: more than %u accesses in one operation\n", TRACE_MAX);
		abort();
	}
	addresses[nr_addresses++] = addr;
}

#define ACCESS(name)                                                                                                               \
	void __asan_##name##_noabort(uintptr_t addr);                                                                              \
	void __asan_##name##_noabort(uintptr_t addr)                                                                               \
	{                                                                                                                          \
		note(addr);                                                                                                        \
	}
#define ACCESS_OF_SIZE(name)                                                                                                       \
	void __asan_##name##_noabort(uintptr_t addr, size_t size);                                                                 \
	void __asan_##name##_noabort(uintptr_t addr, size_t size)                                                                  \
	{                                                                                                                          \
		(void)size;                                                                                                        \
		note(addr);                                                                                                        \
	}

ACCESS(load1)
ACCESS(load2)
ACCESS(load4)
ACCESS(load8)
ACCESS(load16)
ACCESS(store1)
ACCESS(store2)
ACCESS(store4)
ACCESS(store8)
ACCESS(store16)
ACCESS_OF_SIZE(loadN)
ACCESS_OF_SIZE(storeN)

void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}
