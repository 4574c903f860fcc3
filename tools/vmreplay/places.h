/* SPDX-License-Identifier: MIT */
/*
 * places.h - where in a slice the addresses of a recording lie: places that are
 * near each other stay so, the wide gaps between are closed.
 */
#ifndef TOOLS_VMREPLAY_PLACES_H
#define TOOLS_VMREPLAY_PLACES_H

#include "tools/trace/order.h"

struct place {
	int space;
	unsigned long start, end; /* in the recording; start is a multiple of 2 MiB */
	unsigned long at;         /* where start lies in the slice */
};

struct places {
	struct place *place;
	size_t nr;            /* in the order of space and start */
	unsigned long size;   /* of the slice */
	unsigned long copied; /* how many were copied for children of fork */
};

/*
 * So many places may be copied in all; a recording with more is refused, before
 * it takes minutes and gigabytes.
 */
#define PLACES_COPIED_MAX (1UL << 21)

/* Return: 0, or -ENOMEM, or -E2BIG for more than PLACES_COPIED_MAX. */
int places_find(struct places *places, const struct trace_order *order);
void places_free(struct places *places);

/*
 * Return: the address in the slice of [addr, addr + len) of @space, or
 * PLACE_NONE where the recording has nothing there.
 */
#define PLACE_NONE (~0UL)
unsigned long places_translate(const struct places *places, int space, unsigned long addr,
			       unsigned long len);
/*
 * The next place of @space; *@i is 0 for the first, and then kept for the next
 * call. NULL: no more.
 */
const struct place *places_next(const struct places *places, int space, size_t *i);

#endif
