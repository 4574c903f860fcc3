/* SPDX-License-Identifier: MIT */
/*
 * heap.c - plain allocations of any size, in memory that the host's get()
 * returned.
 *
 * A span is what one get() returned: it begins at a multiple of SPAN_SIZE with
 * its header, so that a block's span is found from the block's address. A small
 * block is rounded up to one of NR_CLASSES sizes, at most a quarter too large,
 * and shares a span of SPAN_SIZE with blocks of its class. A larger block has a
 * span to itself. Which blocks of a span are free is noted in the header, not
 * in the blocks, so that a stray write to freed memory harms no other block.
 *
 * A span without blocks is put back, except for one of each class that has no
 * other span with room: a program that keeps allocating and freeing one object
 * calls neither get() nor put().
 *
 * Locks: the host lock, taken here. Read first: heap.h, host_memory.h.
 */
#include "lib/sync/heap.h"

#include <stdint.h>

#include "lib/sync/assert.h"
#include "lib/sync/host_memory.h"
#include "lib/sync/tsan.h"

#define SPAN_SIZE VMS_ALLOCATOR_ALIGN
#define GRAIN ((size_t)VMS_CACHELINE) /* the size and the alignment of the smallest block */
#define SMALL_MAX (256 * GRAIN)
#define NR_CLASSES 28u
#define BIG NR_CLASSES /* the class of a block that is alone in its span */

#define MAP_BITS 64u
#define MAP_WORDS (SPAN_SIZE / GRAIN / MAP_BITS)

/* The host lock guards all of it. */
struct span {
	struct span *next, *prev; /* in with_room[class], while nr_free is not 0 */
	size_t size;              /* of the whole span */
	unsigned int class;
	unsigned int nr, nr_free; /* blocks */
	uint64_t free[MAP_WORDS]; /* a set bit is a free block */
} vms_cacheline_aligned;

/* The spans of each class that have a free block. */
static struct span *with_room[NR_CLASSES];

/* ---- sizes --------------------------------------------------------------- */

/*
 * Sizes are 1, 2, ... 8 grains, and then four for each doubling: 10, 12, 14,
 * 16, 20, ... 256 grains.
 */
static unsigned int class_of(size_t size)
{
	unsigned int last = (unsigned int)((size - 1) / GRAIN), shift = 0;

	if (last >= 8)
		shift = 29u - (unsigned int)__builtin_clz(last);
	return 4 * shift + (last >> shift);
}

static size_t class_size(unsigned int class)
{
	unsigned int shift = class < 8 ? 0 : class / 4 - 1;

	return ((size_t)(class - 4 * shift + 1) << shift) * GRAIN;
}

static struct span *span_of(const void *block)
{
	return (struct span *)((uintptr_t)block & ~(uintptr_t)(SPAN_SIZE - 1));
}

static char *block_at(struct span *span, unsigned int i)
{
	return (char *)(span + 1) + i * class_size(span->class);
}

/* ---- spans: host lock held ----------------------------------------------- */

static void link_span(struct span *span)
{
	struct span **first = &with_room[span->class];

	span->prev = NULL;
	span->next = *first;
	if (*first)
		(*first)->prev = span;
	*first = span;
}

static void unlink_span(struct span *span)
{
	if (span->next)
		span->next->prev = span->prev;
	if (span->prev)
		span->prev->next = span->next;
	else
		with_room[span->class] = span->next;
}

static struct span *span_get(unsigned int class, size_t size)
{
	struct span *span = vms__host_get(size);

	if (!span)
		return NULL;
	*span = (struct span){.class = class, .size = size};
	vms__asan_poison(span + 1, size - sizeof(*span));
	return span;
}

static size_t span_put(struct span *span)
{
	size_t size = span->size;

	vms__asan_unpoison(span, size);
	vms__host_put(span, size);
	return size;
}

/* Return: a span of @class with free blocks only; NULL if memory is out. */
static struct span *span_for_blocks(unsigned int class)
{
	struct span *span = span_get(class, SPAN_SIZE);

	if (!span)
		return NULL;
	span->nr = span->nr_free = (unsigned int)((SPAN_SIZE - sizeof(*span)) / class_size(class));
	for (unsigned int i = 0; i < span->nr; i++)
		span->free[i / MAP_BITS] |= UINT64_C(1) << i % MAP_BITS;
	link_span(span);
	return span;
}

/* ---- blocks: host lock held ---------------------------------------------- */

static void *small_alloc(size_t size)
{
	unsigned int class = class_of(size), w = 0, bit;
	struct span *span = with_room[class];

	if (!span)
		span = span_for_blocks(class);
	if (!span)
		return NULL;
	while (!span->free[w])
		w++;
	bit = (unsigned int)__builtin_ctzll(span->free[w]);
	span->free[w] &= span->free[w] - 1;
	if (!--span->nr_free)
		unlink_span(span);
	return block_at(span, w * MAP_BITS + bit);
}

static void small_free(struct span *span, const char *block)
{
	size_t size = class_size(span->class), offset = (size_t)(block - (char *)(span + 1));
	unsigned int i = (unsigned int)(offset / size);
	uint64_t bit = UINT64_C(1) << i % MAP_BITS;

	VMS_BUG_ON(offset % size || i >= span->nr || span->free[i / MAP_BITS] & bit);
	span->free[i / MAP_BITS] |= bit;
	if (!span->nr_free++)
		link_span(span);
	if (span->nr_free == span->nr && (span->next || span->prev)) {
		unlink_span(span);
		(void)span_put(span);
	}
}

/* The header and the block, which begins at a multiple of @align. */
static void *big_alloc(size_t size, size_t align)
{
	size_t front = (sizeof(struct span) + align - 1) & ~(align - 1);
	struct span *span;

	if (size > SIZE_MAX - front - VMS_ALLOCATOR_UNIT || align > SPAN_SIZE / 2)
		return NULL;
	size = (front + size + VMS_ALLOCATOR_UNIT - 1) & ~(VMS_ALLOCATOR_UNIT - 1);
	span = span_get(BIG, size);
	return span ? (char *)span + front : NULL;
}

/* ---- the calls ----------------------------------------------------------- */

void *vms__heap_alloc(size_t size, size_t align)
{
	void *p;

	size += !size;
	vms__host_lock();
	p = size <= SMALL_MAX && align <= GRAIN ? small_alloc(size) : big_alloc(size, align);
	if (p) {
		vms__asan_unpoison(p, size);
		vms__tsan_write(p, (long)size);
	}
	vms__host_unlock();
	return p;
}

/*
 * The write that ThreadSanitizer counts makes an access race that is still
 * under way. AddressSanitizer reports the touch of a block that is free.
 */
static void check_free(struct span *span, void *p)
{
	size_t size = span->class == BIG ? span->size - (size_t)((char *)p - (char *)span)
					 : class_size(span->class);

	if (VMS__ASAN)
		(void)*(const volatile char *)p;
	vms__tsan_write(p, (long)size);
	vms__asan_poison(p, size);
}

void vms__heap_free(void *p)
{
	struct span *span = span_of(p);

	vms__host_lock();
	check_free(span, p);
	if (span->class == BIG)
		(void)span_put(span);
	else
		small_free(span, p);
	vms__host_unlock();
}

size_t vms__heap_trim(void)
{
	size_t bytes = 0;

	vms__host_lock();
	for (unsigned int class = 0; class < NR_CLASSES; class ++) {
		struct span *span, *next;

		for (span = with_room[class]; span; span = next) {
			next = span->next;
			if (span->nr_free < span->nr)
				continue;
			unlink_span(span);
			bytes += span_put(span);
		}
	}
	vms__host_unlock();
	return bytes;
}
