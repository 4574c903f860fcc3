/* SPDX-License-Identifier: MIT */
/*
 * heap.h - records which functions allocated a block of the C library's heap,
 * so that a cache line in it can be named.
 */
#ifndef BENCH_INSTRUMENT_HEAP_H
#define BENCH_INSTRUMENT_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_CALLERS 3

struct heap_block {
	uintptr_t start;
	size_t size;
	/* return addresses of the call, of its caller, ...; 0: none */
	uintptr_t caller[HEAP_CALLERS];
};

/*
 * heap_find() - The youngest block that contained @addr. No thread may allocate
 * during the call.
 * Return: NULL if instrumented code did not allocate such a block.
 */
const struct heap_block *heap_find(uintptr_t addr);

#endif
