/* SPDX-License-Identifier: MIT */
/*
 * list.h - an embedder's own lists and words, under names that Linux has too
 * and with a meaning of the embedder's.
 */
#ifndef EMBEDDER_LIST_H
#define EMBEDDER_LIST_H

#include <stddef.h>

/* Singly linked, unlike the library's. */
struct list_head {
	struct list_head *first;
	int length;
};

#define LIST_HEAD(name) struct list_head name = {NULL, 0}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	entry->first = head->first;
	head->first = entry;
	head->length++;
}

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_for_each(pos, head) for ((pos) = (head)->first; (pos); (pos) = (pos)->first)

#define likely(x) (x)
#define unlikely(x) (x)
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) MAX(a, b)
#define min(a, b) MIN(a, b)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define BUG_ON(x) ((void)(x))

/* The embedder's machine has other pages than the library models. */
#define PAGE_SHIFT 14
#define PAGE_SIZE (1 << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)

typedef enum { GFP_KERNEL, GFP_ATOMIC } gfp_t;
#define VM_READ "read"
#define down_read(lock) (*(lock))++
#define up_read(lock) (*(lock))--
#define for_each_vma(n) for (int i_ = 0; i_ < (n); i_++)

#endif
