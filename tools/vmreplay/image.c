/* SPDX-License-Identifier: MIT */
/* image.c - see image.h. */
#include <stdlib.h>

#include "tools/vmreplay/image.h"
#include "vmastore/maple_tree.h"
#include "vmastore/mm.h"

static bool is_same_file(const struct trace_map *a, const struct trace_map *b)
{
	return a->ino == b->ino && a->maj == b->maj && a->min == b->min;
}

/* Only the first mapping of a file covers the whole image. */
static bool is_first_of_file(const struct trace_effect *e, unsigned int i)
{
	const struct trace_exec_step *steps = e->exec.steps;

	for (unsigned int j = 0; j < i; j++)
		if (!steps[j].is_fault && is_same_file(&steps[j].map, &steps[i].map))
			return false;
	return true;
}

/*
 * The end of the first segment of @image, if @next is the lowest mapping inside
 * the image. Segments follow each other in the file, and two of them may share
 * a page of the file.
 */
static uint64_t end_of_first(const struct trace_map *image, const struct trace_map *next)
{
	uint64_t pages;

	if (!is_same_file(image, next) || next->pgoff < image->pgoff)
		return next->start;
	pages = next->pgoff - image->pgoff + PAGE_SIZE;
	return pages < next->start - image->start ? image->start + pages : next->start;
}

/*
 * Fill @step, the result for step @i. @later holds the steps after @i, each at
 * the addresses that it maps.
 * Return: false when memory is out.
 */
static bool look_at(const struct trace_effect *e, unsigned int i, struct maple_tree *later,
		    struct image_step *step)
{
	const struct trace_exec_step *at = &e->exec.steps[i], *over;
	const struct trace_map *map = &at->map;
	unsigned long index = map->start;

	*step = (struct image_step){.end = at->is_fault ? 0 : map->start + map->len};
	if (at->is_fault || step->end <= map->start)
		return true;
	over = mt_find(later, &index, step->end - 1);
	step->mapped_over = over;
	if (over && over->map.start > map->start && map->ino && is_first_of_file(e, i))
		step->end = end_of_first(map, &over->map);
	return mtree_store_range(later, map->start, map->start + map->len - 1,
				 (void *)(uintptr_t)at, GFP_KERNEL) == 0;
}

struct image_step *image_steps(const struct trace_effect *e)
{
	struct image_step *steps = calloc(e->exec.nr_steps + 1UL, sizeof(*steps));
	bool ok = steps;
	DEFINE_MTREE(later);

	for (unsigned int i = e->exec.nr_steps; ok && i--;)
		ok = look_at(e, i, &later, &steps[i]);
	mtree_destroy(&later);
	if (ok)
		return steps;
	free(steps);
	return NULL;
}
