/* SPDX-License-Identifier: MIT */
/*
 * room.h - memory for the test itself. It comes from the C library, which the
 * injector does not affect. The test ends if there is none.
 */
#ifndef TESTS_SWEEP_ROOM_H
#define TESTS_SWEEP_ROOM_H

#include <stdlib.h>
#include <string.h>

/*
 * Return @array, which has @nr items, with room for one more. It grows at
 * powers of two.
 */
static inline void *room_for_one(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	array = reallocarray(array, nr ? 2 * nr : 1, size);
	if (!array)
		abort();
	return array;
}

static inline char *room_for_text(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

#endif
