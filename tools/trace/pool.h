/* SPDX-License-Identifier: MIT */
/*
 * pool.h - memory that lives as long as one recording: pieces are never freed
 * one by one, equal strings are kept once, and running out is noted rather than
 * answered each time. Internal to tools/trace.
 */
#ifndef TOOLS_TRACE_POOL_H
#define TOOLS_TRACE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct trace_pool_chunk;

struct trace_pool {
	struct trace_pool_chunk *chunks;
	const char **strings; /* open addressing; a power of two long */
	size_t nr_strings, string_slots;
	bool out_of_memory; /* some request was answered with NULL or "" */
};

/*
 * A copy of @size bytes at @from, aligned for anything. NULL when @size is 0,
 * or memory is out.
 */
void *trace_pool_copy(struct trace_pool *pool, const void *from, size_t size);

/* The one copy of @string. "" when memory is out. */
const char *trace_pool_string(struct trace_pool *pool, const char *string);

void trace_pool_free(struct trace_pool *pool);

/*
 * Room for one more element at the end of a growing array of @size bytes each,
 * which holds *@nr with room for *@room.
 * Return: the new array with *@room grown; the old one when there is room; NULL
 *         and the old array untouched when memory is out.
 */
void *trace_grow(void *array, size_t nr, size_t *room, size_t size);

#endif
