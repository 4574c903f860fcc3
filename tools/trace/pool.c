/* SPDX-License-Identifier: MIT */
/*
 * pool.c - memory for one recording: chunks that are cut from the front, and a
 * hash table of strings, because a recording names the same few files thousands
 * of times.
 */
#include "tools/trace/pool.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE (64u << 10)
#define ALIGNMENT alignof(max_align_t)

struct trace_pool_chunk {
	struct trace_pool_chunk *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static struct trace_pool_chunk *add_chunk(struct trace_pool *pool, size_t size)
{
	struct trace_pool_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->next = pool->chunks;
	chunk->used = 0;
	chunk->size = size;
	pool->chunks = chunk;
	return chunk;
}

void *trace_pool_copy(struct trace_pool *pool, const void *from, size_t size)
{
	struct trace_pool_chunk *chunk = pool->chunks;
	size_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	char *to;

	if (!size)
		return NULL;
	if (!chunk || chunk->size - chunk->used < rounded)
		chunk = add_chunk(pool, rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE);
	if (!chunk) {
		pool->out_of_memory = true;
		return NULL;
	}
	to = chunk->bytes + chunk->used;
	chunk->used += rounded;
	return memcpy(to, from, size);
}

/* FNV-1a */
static size_t hash(const char *string)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *string; string++)
		sum = (sum ^ (unsigned char)*string) * 0x100000001b3u;
	return (size_t)sum;
}

/* The slot of @string, or the free slot for it. The table has a free slot. */
static const char **find_slot(const char **strings, size_t slots, const char *string)
{
	size_t at = hash(string) & (slots - 1);

	while (strings[at] && strcmp(strings[at], string))
		at = (at + 1) & (slots - 1);
	return &strings[at];
}

static bool grow_strings(struct trace_pool *pool)
{
	size_t slots = pool->string_slots ? pool->string_slots * 2 : 256;
	const char **strings = calloc(slots, sizeof(*strings));

	if (!strings)
		return false;
	for (size_t i = 0; i < pool->string_slots; i++)
		if (pool->strings[i])
			*find_slot(strings, slots, pool->strings[i]) = pool->strings[i];
	free(pool->strings);
	pool->strings = strings;
	pool->string_slots = slots;
	return true;
}

const char *trace_pool_string(struct trace_pool *pool, const char *string)
{
	const char **slot;

	if (pool->nr_strings * 2 >= pool->string_slots && !grow_strings(pool)) {
		pool->out_of_memory = true;
		return "";
	}
	slot = find_slot(pool->strings, pool->string_slots, string);
	if (*slot)
		return *slot;
	*slot = trace_pool_copy(pool, string, strlen(string) + 1);
	if (!*slot)
		return "";
	pool->nr_strings++;
	return *slot;
}

void trace_pool_free(struct trace_pool *pool)
{
	struct trace_pool_chunk *chunk, *next;

	for (chunk = pool->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(pool->strings);
	memset(pool, 0, sizeof(*pool));
}

void *trace_grow(void *array, size_t nr, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *grown;

	if (nr < *room)
		return array;
	grown = reallocarray(array, more, size);
	if (grown)
		*room = more;
	return grown;
}
