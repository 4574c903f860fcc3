/* SPDX-License-Identifier: MIT */
/*
 * heap.h - who asked for a block of the C library's heap: so that a line in it
 * has a name.
 */
#ifndef BENCH_INSTRUMENT_HEAP_H
#define BENCH_INSTRUMENT_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_CALLERS 3

struct heap_block {
	uintptr_t start;
	size_t size;
	/* return addresses: of the call, of its caller, ... 0: none */
	uintptr_t caller[HEAP_CALLERS];
};

/*
 * The youngest block that had @addr, or NULL: none that instrumented code asked
 * for. No thread allocates meanwhile.
 */
const struct heap_block *heap_find(uintptr_t addr);

#endif
