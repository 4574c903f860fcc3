/* SPDX-License-Identifier: MIT */
/*
 * structure.h - the interface to the four ways to keep N areas: the library's
 * list alone (areas.c), its red-black tree alone (areas.c), the address space
 * of engine `rbtree`, which has both (spaces.c), and the address space of
 * engine `maple` (spaces.c). steps.c compares them.
 *
 * Area i is [STRUCTURE_BASE + i * STRUCTURE_STRIDE, + STRUCTURE_LEN); the hole
 * after each area is free. One thread.
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

/* Receives an object: a node, or an area that is its own node. */
typedef void (*object_fn)(void *arg, const void *object, size_t size);

struct structure_ops {
	const char *name;
	/*
	 * Make a structure of @nr areas, inserted in the order @order. Return:
	 * NULL if memory is out.
	 */
	struct structure *(*create)(const unsigned int *order, unsigned int nr);
	void (*destroy)(struct structure *s);
	/*
	 * Find an area as a page fault does. Return: whether an area covers
	 * @addr.
	 */
	bool (*lookup)(struct structure *s, unsigned long addr);
	/*
	 * Visit all areas in address order, as fork and exit do. Return: their
	 * number.
	 */
	unsigned int (*walk)(struct structure *s);
	/*
	 * Find the place of [start, start + STRUCTURE_LEN), which is free, and
	 * insert an area there. Return: false if memory is out.
	 */
	bool (*insert)(struct structure *s, unsigned long start);
	void (*erase)(struct structure *s, unsigned long start);
	void (*objects)(struct structure *s, object_fn tell, void *arg);
	/*
	 * Levels from the root down to the deepest node, and their mean over
	 * all areas; 0 if the structure has no levels.
	 */
	void (*depth)(struct structure *s, unsigned int *deepest, double *mean);
};

/*
 * structure_rb_depth() - The number of nodes from the root of @root to a node,
 * both counted: the largest, and the mean over all nodes.
 */
struct rb_root;
void structure_rb_depth(const struct rb_root *root, unsigned int *deepest, double *mean);

/* list, tree, both, maple; NULL-terminated. */
extern const struct structure_ops *const structures[];
extern const struct structure_ops structure_list, structure_tree, structure_both, structure_maple;

#endif
