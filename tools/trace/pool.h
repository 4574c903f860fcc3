/* SPDX-License-Identifier: MIT */
/*
 * pool.h - memory that lives as long as one recording. Pieces are never freed
 * one by one, and equal strings are kept once. The pool remembers when memory
 * ran out, so that callers need not check each request. Internal to
 * tools/trace.
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
	bool out_of_memory; /* some request returned NULL or "" */
};

/*
 * Copy @size bytes at @from; the copy is aligned for every type. NULL if @size
 * is 0, or when memory is out.
 */
void *trace_pool_copy(struct trace_pool *pool, const void *from, size_t size);

/* The one copy of @string. "" when memory is out. */
const char *trace_pool_string(struct trace_pool *pool, const char *string);

void trace_pool_free(struct trace_pool *pool);

/*
 * Make room for one more element in an array that holds @nr elements of @size
 * bytes and has room for *@room.
 * Return: the new array, with *@room grown; the old one if it has room; NULL,
 *         with the old array untouched, when memory is out.
 */
void *trace_grow(void *array, size_t nr, size_t *room, size_t size);

#endif
