/* SPDX-License-Identifier: MIT */
/*
 * list.h - the two words of a circular doubly linked list. Structures that
 * embedders see carry them; what works on them is the library's own
 * (lib/sync/list.h).
 */
#ifndef VMASTORE_LIST_H
#define VMASTORE_LIST_H

struct list_head {
	struct list_head *next, *prev;
};

#endif
