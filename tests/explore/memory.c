/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the memory that a run allocates: each thread's in an arena of its
 * own, so that its addresses depend on what that thread did alone, and never
 * twice, so that a use after free is seen.
 */
#include "tests/explore/sched.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BASE 0x200000000000ul
#define ARENA (1ul << 32)
#define ALL (RUN_THREADS * ARENA)
#define STACKS 0x300000000000ul
#define STACK (256ul << 10)
#define GRAIN 16ul
#define HEADER 16ul /* in front of each allocation: its size */

void *__real_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t off);

static unsigned long used[RUN_THREADS];
static uint8_t *freed; /* a bit for each grain */

static void map(unsigned long at, unsigned long size)
{
	if (__real_mmap((void *)at, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
			0) == MAP_FAILED) {
		perror("explore: mmap");
		exit(2);
	}
}

static void begin(void)
{
	map(BASE, ALL);
	map(STACKS, RUN_THREADS * STACK);
	map(BASE + ALL, ALL / GRAIN / 8);
	freed = (uint8_t *)(BASE + ALL);
}

void *memory_thread_stack(int thread, unsigned long *size)
{
	*size = STACK;
	return (void *)(STACKS + (unsigned long)thread * STACK);
}

static void *take(unsigned long size, unsigned long align)
{
	unsigned long at, *next = &used[self];

	if (!freed)
		begin();
	at = BASE + (unsigned long)self * ARENA + *next;
	at = (at + HEADER + align - 1) & ~(align - 1);
	*next = at + ((size + GRAIN - 1) & ~(GRAIN - 1)) - BASE - (unsigned long)self * ARENA;
	if (*next > ARENA)
		run_failed(NULL, NULL, "the run allocates too much");
	*(unsigned long *)(at - HEADER) = size;
	return (void *)at;
}

static void drop(void *p, const void *pc)
{
	unsigned long grain = ((unsigned long)p - BASE) / GRAIN, size;

	if (!p)
		return;
	size = *(unsigned long *)((char *)p - HEADER);
	if (freed[grain / 8] & 1u << grain % 8)
		run_failed(pc, NULL, "thread %s: freed twice", threads[self].name);
	/* Nobody may use it at the same time. */
	race_plain(p, size, true, pc);
	for (unsigned long i = 0; i < (size + GRAIN - 1) / GRAIN; i++, grain++)
		freed[grain / 8] |= (uint8_t)(1u << grain % 8);
}

void memory_check(const volatile void *addr, unsigned long size, const void *pc)
{
	unsigned long grain = ((unsigned long)addr - BASE) / GRAIN;

	(void)size;
	if ((unsigned long)addr - BASE < ALL && (freed[grain / 8] & 1u << grain % 8))
		run_failed(pc, NULL, "thread %s: access to freed memory at %p", threads[self].name,
			   (void *)(uintptr_t)addr);
}

#define WRAP(type, name, ...)                                                                      \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

WRAP(void *, malloc, size_t size)
{
	return take(size, GRAIN);
}

/* Memory is never used twice, so it is zero. */
WRAP(void *, calloc, size_t n, size_t size)
{
	return take(n * size, GRAIN);
}

WRAP(void *, aligned_alloc, size_t align, size_t size)
{
	return take(size, align);
}

WRAP(void, free, void *p)
{
	drop(p, __builtin_return_address(0));
}

/* Slabs. Nothing is given back, but madvise(2) is the kernel's. */
WRAP(void *, mmap, void *addr, size_t size, int prot, int flags, int fd, off_t off)
{
	(void)addr, (void)prot, (void)flags, (void)fd, (void)off;
	return take(size, 4096);
}

WRAP(int, munmap, void *addr, size_t size)
{
	(void)addr, (void)size;
	return 0;
}
