/* SPDX-License-Identifier: MIT */
/*
 * list.h - the two words of a circular doubly linked list. Structures of the
 * public headers contain them; the functions that work on them are the
 * library's own (lib/sync/list.h).
 */
#ifndef VMASTORE_LIST_H
#define VMASTORE_LIST_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

struct list_head {
	struct list_head *next, *prev;
};

#include <vmastore/end.h>

#endif
