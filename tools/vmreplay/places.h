/* SPDX-License-Identifier: MIT */
/*
 * places.h - maps the addresses of a recording into a slice. Places that are
 * near each other keep their distance; wide gaps are closed.
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
 * The largest number of places that forks may copy. A recording with more is
 * refused, because it would take minutes and gigabytes.
 */
#define PLACES_COPIED_MAX (1UL << 21)

/*
 * Find the places of all address spaces of @order.
 * Return: 0; -ENOMEM; -E2BIG for more copies than PLACES_COPIED_MAX.
 */
int places_find(struct places *places, const struct trace_order *order);
void places_free(struct places *places);

/*
 * Translate [addr, addr + len) of @space.
 * Return: the address in the slice, or PLACE_NONE if no place holds the range.
 */
#define PLACE_NONE (~0UL)
unsigned long places_translate(const struct places *places, int space, unsigned long addr,
			       unsigned long len);
/*
 * The next place of @space; NULL: there is no other. The caller sets *@i to 0
 * before the first call and passes it on unchanged.
 */
const struct place *places_next(const struct places *places, int space, size_t *i);

#endif
