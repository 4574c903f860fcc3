/* SPDX-License-Identifier: MIT */
/*
 * world.h - what the tests of lib/mm share: one small address space on the
 * engine under test, its layout as text, and the check that nothing is left
 * when it was freed.
 */
#ifndef TESTS_MM_WORLD_H
#define TESTS_MM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmastore/mm.h>

#define PG PAGE_SIZE
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED (ANON | MAP_FIXED)

/*
 * The layout: [0x10000, 0x40000000), mappings are placed top-down below
 * 0x40000000, and the break begins at 0x10000000.
 */
extern const struct mm_layout world_layout;

struct world {
	struct mm_struct *mm;
	const char *engine;
};

/*
 * cmocka set-up and tear-down. *@state is the engine's name before the set-up,
 * and the world after it. The tear-down validates the world, and requires that
 * nothing leaks.
 */
int world_setup(void **state);
int world_teardown(void **state);

/*
 * Return: another address space on the engine under test, with @rules and the
 * world's layout. leave() validates and drops it.
 */
struct mm_struct *mm_with_rules(void **state, const struct mm_rules *rules);
void leave(struct mm_struct *mm);

/* Lets @mm have at most @count VMAs. */
void limit_map_count(struct mm_struct *mm, int count);

/*
 * Return: "START-END PERMS PGOFF\n" for each VMA, in hexadecimal. The caller
 * must free the text.
 */
char *layout_text(struct mm_struct *mm);
void expect_layout_at(struct mm_struct *mm, const char *expected, const char *file, int line);
#define expect_layout(mm, expected) expect_layout_at(mm, expected, __FILE__, __LINE__)

/*
 * Return: a file of @pages pages, readable, and writable if @writable is set.
 */
struct file *world_file(unsigned long pages, bool writable);

/* Runs each test once on every engine. */
#define ON_ENGINE(f, engine)                                                                       \
	{                                                                                          \
		.name = #f " [" engine "]", .test_func = f, .setup_func = world_setup,             \
		.teardown_func = world_teardown, .initial_state = (void *)(engine)                 \
	}
#define ON_EVERY_ENGINE(f) ON_ENGINE(f, "rbtree"), ON_ENGINE(f, "maple"), ON_ENGINE(f, "maple-vma")

#endif
