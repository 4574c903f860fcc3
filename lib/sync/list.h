/* SPDX-License-Identifier: MIT */
/*
 * list.h - operations on circular doubly linked lists whose links lie inside
 * the elements, with the usual names. A list is a head; an empty head points to
 * itself.
 *
 * Locks: the caller must hold the lock of the list's owner. All operations are
 *        O(1), except for the walks.
 */
#ifndef VMS_SYNC_LIST_H
#define VMS_SYNC_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <vmastore/list.h>

#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#endif

#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline bool list_is_last(const struct list_head *entry, const struct list_head *head)
{
	return entry->next == head;
}

static inline void __vms_list_link(struct list_head *entry, struct list_head *prev,
				   struct list_head *next)
{
	entry->prev = prev;
	entry->next = next;
	prev->next = entry;
	next->prev = entry;
}

static inline void __vms_list_join(struct list_head *prev, struct list_head *next)
{
	prev->next = next;
	next->prev = prev;
}

/* Insert @entry after @head, as a stack's push does. */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	__vms_list_link(entry, head, head->next);
}

/* Insert @entry before @head, at the end of a queue. */
static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	__vms_list_link(entry, head->prev, head);
}

/* The links of a removed element are NULL, so that a second removal faults. */
static inline void list_del(struct list_head *entry)
{
	__vms_list_join(entry->prev, entry->next);
	entry->next = NULL;
	entry->prev = NULL;
}

/* Afterwards list_empty(@entry) is true, which says that it is on no list. */
static inline void list_del_init(struct list_head *entry)
{
	__vms_list_join(entry->prev, entry->next);
	INIT_LIST_HEAD(entry);
}

static inline void list_replace(struct list_head *old, struct list_head *entry)
{
	__vms_list_link(entry, old->prev, old->next);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	__vms_list_join(entry->prev, entry->next);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	__vms_list_join(entry->prev, entry->next);
	list_add_tail(entry, head);
}

/*
 * Move all elements of @list to the front of @head, in order. @list is empty
 * afterwards.
 */
static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	__vms_list_join(list->prev, head->next);
	__vms_list_join(head, list->next);
	INIT_LIST_HEAD(list);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

#define list_for_each_entry(pos, head, member)                                                     \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member); &(pos)->member != (head); \
	     (pos) = list_next_entry(pos, member))

/* @n is always the element after @pos, so the body may remove @pos. */
#define list_for_each_entry_safe(pos, n, head, member)                                             \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member),                           \
	    (n) = list_next_entry(pos, member);                                                    \
	     &(pos)->member != (head); (pos) = (n), (n) = list_next_entry(n, member))

#endif
