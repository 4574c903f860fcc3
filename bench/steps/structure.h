/* SPDX-License-Identifier: MIT */
/*
 * structure.h - the four ways to keep N areas: the library's list by itself,
 * its red-black tree by itself, the address space of engine `rbtree`, which has
 * both, and that of engine `maple`.
 *
 * Area i is [STRUCTURE_BASE + i * STRUCTURE_STRIDE, + STRUCTURE_LEN); the room
 * behind each is free.
 */
#ifndef BENCH_STEPS_STRUCTURE_H
#define BENCH_STEPS_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRUCTURE_BASE 0x100000000UL
#define STRUCTURE_STRIDE 0x8000UL
#define STRUCTURE_LEN 0x2000UL

struct structure;

/* Whoever gets told of an object: a node, or an area that is its own node. */
typedef void (*object_fn)(void *arg, const void *object, size_t size);

struct structure_ops {
	const char *name;
	/*
	 * Return: false when memory is out. @order: in which the @nr areas
	 * come.
	 */
	struct structure *(*create)(const unsigned int *order, unsigned int nr);
	void (*destroy)(struct structure *s);
	/*
	 * What a page fault does first. Return: whether an area covers @addr.
	 */
	bool (*lookup)(struct structure *s, unsigned long addr);
	/*
	 * All areas in address order, as fork and exit go through them. Return:
	 * how many.
	 */
	unsigned int (*walk)(struct structure *s);
	/*
	 * A place for [start, start + STRUCTURE_LEN), which is free, and the
	 * area put there. Return: false when memory is out.
	 */
	bool (*insert)(struct structure *s, unsigned long start);
	void (*erase)(struct structure *s, unsigned long start);
	void (*objects)(struct structure *s, object_fn tell, void *arg);
	/*
	 * Levels from the root down to the deepest node, and their mean over
	 * all areas; 0: it has no levels.
	 */
	void (*depth)(struct structure *s, unsigned int *deepest, double *mean);
};

/* list, tree, both, maple; NULL-terminated. */
/*
 * How many nodes lie between the root and a node of its red-black tree, both
 * counted: the most, and on average.
 */
struct rb_root;
void structure_rb_depth(const struct rb_root *root, unsigned int *deepest, double *mean);

extern const struct structure_ops *const structures[];
extern const struct structure_ops structure_list, structure_tree, structure_both, structure_maple;

#endif
