/* SPDX-License-Identifier: MIT */
/*
 * heap.c - see heap.h. The linker leads instrumented code's allocation calls
 * here (--wrap); each wrapper makes the real call and records its callers.
 * Calls within the C library are not seen.
 *
 * Locks: @lock protects blocks[] and nr_blocks while threads allocate.
 */
#include "bench/instrument/heap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCKS_MAX (1u << 16)

void *__real_malloc(size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct heap_block blocks[BLOCKS_MAX]; /* a ring, oldest replaced */
static size_t nr_blocks;

/*
 * Record a block. @frame[0] is the caller's frame, @frame[1] the return
 * address, because the code is compiled with frame pointers.
 */
static void note(void *start, size_t size, const uintptr_t *frame)
{
	struct heap_block block = {.start = (uintptr_t)start, .size = size};

	if (!start)
		return;
	for (int i = 0; i < HEAP_CALLERS; i++) {
		/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
		const uintptr_t *next = (const uintptr_t *)frame[0];

		block.caller[i] = frame[1];
		/*
		 * The stack grows down, so the next frame lies a little above.
		 * Another address is not a frame of instrumented code.
		 */
		if (next <= frame || next > frame + 4096)
			break;
		frame = next;
	}
	__real_pthread_mutex_lock(&lock);
	blocks[nr_blocks++ % BLOCKS_MAX] = block;
	__real_pthread_mutex_unlock(&lock);
}

void *__wrap_malloc(size_t size)
{
	void *p = __real_malloc(size);

	note(p, size, __builtin_frame_address(0));
	return p;
}

void *__wrap_calloc(size_t nr, size_t size)
{
	void *p = __real_calloc(nr, size);

	note(p, nr * size, __builtin_frame_address(0));
	return p;
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	void *p = __real_aligned_alloc(align, size);

	note(p, size, __builtin_frame_address(0));
	return p;
}

const struct heap_block *heap_find(uintptr_t addr)
{
	size_t oldest = nr_blocks > BLOCKS_MAX ? nr_blocks - BLOCKS_MAX : 0;

	for (size_t i = nr_blocks; i > oldest; i--) {
		const struct heap_block *block = &blocks[(i - 1) % BLOCKS_MAX];

		if (addr >= block->start && addr < block->start + block->size)
			return block;
	}
	return NULL;
}
