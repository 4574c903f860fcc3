/* SPDX-License-Identifier: MIT */
/*
 * linux/maple_tree.h - for Linux's own test of its maple tree: includes
 * vmastore's header and counts every check.
 */
#ifndef SHIM_LINUX_MAPLE_TREE_H
#define SHIM_LINUX_MAPLE_TREE_H

#define CONFIG_64BIT 1
#define CONFIG_DEBUG_MAPLE_TREE 1

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vmastore/maple_tree.h>
#include <vmastore/rcu.h>

#include "tests/lib/maple/kernel/excluded.h"

#undef MT_BUG_ON
#define MT_BUG_ON(tree, x)                                                                         \
	(is_excluded(#x) ? note_excluded(__func__, #x)                                             \
			 : (void)VMS_MT_CHECK(x, #x, true, (tree), NULL, NULL))

/* The test reads this only to learn whether the machine has 64 bits. */
#define MAPLE_NODE_SLOTS 31
/*
 * A cursor's node; the kernel's name for a tagged pointer to one. The test
 * compares two of them and dereferences none.
 */
#define maple_enode maple_node
/* Fields that a function of the test names; nothing calls that function. */
struct maple_node {
	struct maple_node *parent;
	void *slot[MAPLE_NODE_SLOTS];
};

#endif
