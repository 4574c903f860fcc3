/* SPDX-License-Identifier: MIT */
/*
 * areas.c - see structure.h. Two of the structures: the list alone and the tree
 * alone, on the library's own list.h and rbtree.h.
 */
#include <stddef.h>
#include <stdlib.h>

#include <vmastore/list.h>
#include <vmastore/rbtree.h>

#include "bench/steps/structure.h"

/* As large as a VMA's first cache lines, and on lines of its own. */
struct area {
	unsigned long start, end;
	struct list_head link;
	struct rb_node node;
} __attribute__((aligned(64)));

struct structure {
	struct list_head list;
	struct rb_root root;
};

static struct area *linked(struct list_head *link)
{
	return (struct area *)((char *)link - offsetof(struct area, link));
}

static struct area *first_area(struct structure *s)
{
	return s->list.next == &s->list ? NULL : linked(s->list.next);
}

static struct area *next_area(struct structure *s, struct area *area)
{
	return area->link.next == &s->list ? NULL : linked(area->link.next);
}

static void link_before(struct list_head *link, struct list_head *next)
{
	link->next = next;
	link->prev = next->prev;
	next->prev->next = link;
	next->prev = link;
}

static void unlink_area(struct area *area)
{
	area->link.prev->next = area->link.next;
	area->link.next->prev = area->link.prev;
}

static struct area *area_of(const struct rb_node *node)
{
	return rb_entry_safe(node, struct area, node);
}

static struct area *new_area(unsigned long start)
{
	struct area *area = aligned_alloc(_Alignof(struct area), sizeof(*area));

	if (area)
		*area = (struct area){.start = start, .end = start + STRUCTURE_LEN};
	return area;
}

static struct structure *create(const struct structure_ops *ops, const unsigned int *order,
				unsigned int nr)
{
	struct structure *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->list.next = s->list.prev = &s->list;
	s->root = RB_ROOT;
	for (unsigned int i = 0; i < nr; i++)
		if (!ops->insert(s, STRUCTURE_BASE + order[i] * STRUCTURE_STRIDE)) {
			ops->destroy(s);
			return NULL;
		}
	return s;
}

/* ---- list ---- */

static struct structure *list_create(const unsigned int *order, unsigned int nr)
{
	return create(&structure_list, order, nr);
}

static void list_destroy(struct structure *s)
{
	struct area *next;

	for (struct area *area = first_area(s); area; area = next) {
		next = next_area(s, area);
		free(area);
	}
	free(s);
}

/* The first area that ends above @addr, or NULL. */
static struct area *list_find(struct structure *s, unsigned long addr)
{
	struct area *area = first_area(s);

	while (area && addr >= area->end)
		area = next_area(s, area);
	return area;
}

static bool list_lookup(struct structure *s, unsigned long addr)
{
	const struct area *area = list_find(s, addr);

	return area && area->start <= addr;
}

static unsigned int list_walk(struct structure *s)
{
	unsigned int nr = 0;

	for (struct area *area = first_area(s); area; area = next_area(s, area))
		nr++;
	return nr;
}

static bool list_insert(struct structure *s, unsigned long start)
{
	struct area *area = new_area(start), *after = list_find(s, start);

	if (area)
		link_before(&area->link, after ? &after->link : &s->list);
	return area != NULL;
}

static void list_erase(struct structure *s, unsigned long start)
{
	struct area *area = list_find(s, start);

	unlink_area(area);
	free(area);
}

static void list_objects(struct structure *s, object_fn tell, void *arg)
{
	for (struct area *area = first_area(s); area; area = next_area(s, area))
		tell(arg, area, sizeof(*area));
}

static void no_depth(struct structure *s, unsigned int *deepest, double *mean)
{
	(void)s;
	*deepest = 0;
	*mean = 0;
}

const struct structure_ops structure_list = {
	"list",      list_create, list_destroy, list_lookup, list_walk,
	list_insert, list_erase,  list_objects, no_depth,
};

/* ---- tree ---- */

static struct structure *tree_create(const unsigned int *order, unsigned int nr)
{
	return create(&structure_tree, order, nr);
}

static void tree_destroy(struct structure *s)
{
	struct rb_node *node;

	while ((node = rb_first(&s->root)) != NULL) {
		rb_erase(node, &s->root);
		free(area_of(node));
	}
	free(s);
}

static struct area *tree_find(struct structure *s, unsigned long addr)
{
	struct rb_node *node = s->root.rb_node;

	while (node) {
		struct area *area = area_of(node);

		if (addr >= area->end)
			node = node->rb_right;
		else if (addr < area->start)
			node = node->rb_left;
		else
			return area;
	}
	return NULL;
}

static bool tree_lookup(struct structure *s, unsigned long addr)
{
	return tree_find(s, addr) != NULL;
}

static unsigned int tree_walk(struct structure *s)
{
	unsigned int nr = 0;

	for (struct rb_node *node = rb_first(&s->root); node; node = rb_next(node))
		nr++;
	return nr;
}

static bool tree_insert(struct structure *s, unsigned long start)
{
	struct rb_node **link = &s->root.rb_node, *parent = NULL;
	struct area *area = new_area(start);

	if (!area)
		return false;
	while (*link) {
		parent = *link;
		link = start < area_of(parent)->start ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&area->node, parent, link);
	rb_insert_color(&area->node, &s->root);
	return true;
}

static void tree_erase(struct structure *s, unsigned long start)
{
	struct area *area = tree_find(s, start);

	rb_erase(&area->node, &s->root);
	free(area);
}

static void tree_objects(struct structure *s, object_fn tell, void *arg)
{
	for (struct rb_node *node = rb_first(&s->root); node; node = rb_next(node))
		tell(arg, area_of(node), sizeof(struct area));
}

void structure_rb_depth(const struct rb_root *root, unsigned int *deepest, double *mean)
{
	unsigned long sum = 0, nr = 0;

	*deepest = 0;
	for (struct rb_node *node = rb_first(root); node; node = rb_next(node), nr++) {
		unsigned int depth = 0;

		for (const struct rb_node *up = node; up; up = rb_parent(up))
			depth++;
		sum += depth;
		*deepest = depth > *deepest ? depth : *deepest;
	}
	*mean = nr ? (double)sum / (double)nr : 0;
}

static void tree_depth(struct structure *s, unsigned int *deepest, double *mean)
{
	structure_rb_depth(&s->root, deepest, mean);
}

const struct structure_ops structure_tree = {
	"tree",      tree_create, tree_destroy, tree_lookup, tree_walk,
	tree_insert, tree_erase,  tree_objects, tree_depth,
};
