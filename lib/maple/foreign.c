/* SPDX-License-Identifier: MIT */
/*
 * foreign.c - vmastore/foreign_tree.h: the macros and inline functions of
 * maple_tree.h and range_map.h as functions, and memory for its structures.
 *
 * Locks: those of the function that each one stands for.
 */
#include <errno.h>

#include <vmastore/foreign_tree.h>
#include <vmastore/range_map.h>

#include "lib/sync/alloc.h"

struct maple_tree *vms_tree_new(unsigned int flags)
{
	struct maple_tree *mt = vms__alloc(sizeof(*mt), _Alignof(struct maple_tree));

	if (mt)
		mt_init_flags(mt, flags);
	return mt;
}

void vms_tree_free(struct maple_tree *mt)
{
	if (!mt)
		return;
	mtree_destroy(mt);
	vms__free(mt);
}

bool vms_tree_is_empty(const struct maple_tree *mt)
{
	return mtree_empty(mt);
}

unsigned int vms_tree_flags(const struct maple_tree *mt)
{
	return vms_mt_flags(mt);
}

struct ma_state *vms_cursor_new(struct maple_tree *mt, unsigned long first, unsigned long last)
{
	struct ma_state *mas = vms__alloc(sizeof(*mas), _Alignof(struct ma_state));

	if (mas)
		mas_init_range(mas, mt, first, last);
	return mas;
}

void vms_cursor_free(struct ma_state *mas)
{
	if (!mas)
		return;
	mas_destroy(mas);
	vms__free(mas);
}

void vms_cursor_set(struct ma_state *mas, unsigned long first, unsigned long last)
{
	mas_set_range(mas, first, last);
}

void vms_cursor_pause(struct ma_state *mas)
{
	mas_pause(mas);
}

void *vms_cursor_find(struct ma_state *mas, unsigned long max)
{
	return mas_find(mas, max);
}

void *vms_cursor_next(struct ma_state *mas, unsigned long max)
{
	return mas_next(mas, max);
}

unsigned long vms_cursor_first(const struct ma_state *mas)
{
	return mas->index;
}

unsigned long vms_cursor_last(const struct ma_state *mas)
{
	return mas->last;
}

int vms_cursor_error(const struct ma_state *mas)
{
	return mas_is_err(mas) ? xa_err(mas->node) : 0;
}

void *vms_entry_of_value(unsigned long value)
{
	return xa_mk_value(value);
}

unsigned long vms_value_of_entry(const void *entry)
{
	return xa_to_value(entry);
}

bool vms_entry_is_value(const void *entry)
{
	return xa_is_value(entry);
}

void *vms_entry_of_word(uint64_t value, uint64_t unused)
{
	return vms_mt_mk_word(value, unused);
}

uint64_t vms_word_of_entry(const void *entry, uint64_t unused)
{
	return vms_mt_to_word(entry, unused);
}

/* ---- after a grace period ---- */

/* The head is first, so that its address is this structure's. */
struct deferred {
	struct vms_rcu_head head;
	void (*func)(void *arg);
	void *arg;
};

static void call_deferred(struct vms_rcu_head *head)
{
	struct deferred *d = (struct deferred *)head;
	void (*func)(void *arg) = d->func;
	void *arg = d->arg;

	/* First, because @func may end the thread, by an error of its own. */
	vms__free(d);
	func(arg);
}

int vms_rcu_defer(void (*func)(void *arg), void *arg)
{
	struct deferred *d = vms__alloc(sizeof(*d), _Alignof(struct deferred));

	if (!d)
		return -ENOMEM;
	d->func = func;
	d->arg = arg;
	vms_call_rcu(&d->head, call_deferred);
	return 0;
}
