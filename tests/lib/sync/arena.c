/* SPDX-License-Identifier: MIT */
/* arena.c - implements arena.h. */
#include "tests/lib/sync/arena.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLACE VMS_ALLOCATOR_ALIGN
#define GARBAGE 0xa5
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

struct arena arena;

static void wrong(const char *what)
{
	if (!arena.wrong)
		arena.wrong = what;
}

/* ---- one call at a time -------------------------------------------------- */

static _Atomic bool inside;

static void enter(const void *context)
{
	if (atomic_exchange(&inside, true))
		wrong("two hooks at a time");
	if (context != &arena)
		wrong("another context");
}

static void leave(void)
{
	atomic_store(&inside, false);
}

/* ---- chunks -------------------------------------------------------------- */

static size_t places(size_t size)
{
	return (size + PLACE - 1) / PLACE;
}

/* Return: the first of @n free places; ARENA_CHUNKS: there are none. */
static size_t find(size_t n)
{
	size_t run = 0;

	for (size_t i = 0; i < ARENA_CHUNKS; i++) {
		run = arena.used[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return ARENA_CHUNKS;
}

static void mark(size_t first, size_t size, bool used)
{
	arena.size[first] = used ? size : 0;
	for (size_t i = 0; i < places(size); i++)
		arena.used[first + i] = used;
	arena.chunks += used ? 1 : -1ul;
	arena.bytes += used ? size : -size;
	if (arena.bytes > arena.most_bytes)
		arena.most_bytes = arena.bytes;
}

static bool must_fail(size_t size)
{
	bool fail = ++arena.gets == arena.fail_at || size == arena.fail_size;

	fail |= arena.fail_from && arena.gets >= arena.fail_from;
	arena.failed |= fail;
	return fail;
}

static void *get(void *context, size_t size, size_t align)
{
	size_t first;
	void *memory = NULL;

	enter(context);
	if (!size || size % VMS_ALLOCATOR_UNIT)
		wrong("get() of a size that is no multiple");
	if (align != VMS_ALLOCATOR_ALIGN)
		wrong("get() with another alignment");
	first = must_fail(size) ? ARENA_CHUNKS : find(places(size));
	if (first < ARENA_CHUNKS) {
		mark(first, size, true);
		memory = arena.memory + first * PLACE;
		memset(memory, GARBAGE, size);
	}
	leave();
	return memory;
}

/* Return: the place of @memory, which must lie in a chunk. */
static size_t place_of(const void *memory)
{
	size_t offset = (size_t)((const char *)memory - arena.memory);

	if (offset / PLACE >= ARENA_CHUNKS || !arena.used[offset / PLACE]) {
		wrong("memory that is not of get()");
		abort();
	}
	return offset / PLACE;
}

/* A sanitizer reports if the library still treats a part as its own. */
static void put(void *context, void *memory, size_t size)
{
	size_t first = place_of(memory);

	enter(context);
	arena.puts++;
	if (arena.size[first] != size || memory != arena.memory + first * PLACE)
		wrong("put() of something else than get() returned");
	memset(memory, GARBAGE, size);
	mark(first, size, false);
	leave();
}

static bool discard(void *context, void *memory, size_t size)
{
	enter(context);
	arena.discards++;
	if (!size || size % PLACE || (size_t)((char *)memory - arena.memory) % PLACE)
		wrong("discard() of a part of a slab");
	for (size_t i = 0; i < size / PLACE; i++)
		(void)place_of((char *)memory + i * PLACE);
	for (size_t at = 0; at < size; at += 2 * PAGE)
		(void)madvise((char *)memory + at, PAGE, MADV_DONTNEED);
	leave();
	return true;
}

/* The system call itself, because a test may count the calls of mmap(). */
void arena_init(void)
{
	const size_t size = (ARENA_CHUNKS + 1) * PLACE;
	long memory = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory < 0 && memory > -4096)
		abort();
	memset(&arena, 0, sizeof(arena));
	arena.memory = (char *)(((size_t)memory + PLACE - 1) / PLACE * PLACE);
	arena.hooks = (struct vms_allocator){
		.get = get, .put = put, .discard = discard, .context = &arena};
}
