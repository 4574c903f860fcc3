/* SPDX-License-Identifier: MIT */
/*
 * engine.c - the table of engines: which index goes with which locking scheme.
 * Locks: none; the table is constant. Read next: index_rbtree.c, index_maple.c,
 * lock_mmap.c, lock_vma.c.
 */
#include <string.h>

#include "lib/engine/engine.h"

static const struct vms__engine engines[] = {
	{"rbtree", &vms__index_rbtree, &vms__lock_mmap},
	{"maple", &vms__index_maple, &vms__lock_mmap},
	{"maple-vma", &vms__index_maple_rcu, &vms__lock_vma},
};

#define NR_ENGINES (sizeof(engines) / sizeof(engines[0]))

static const char *const names[NR_ENGINES + 1] = {"rbtree", "maple", "maple-vma", NULL};

const char *const *vms_engine_names(void)
{
	return names;
}

const struct vms__engine *vms__engine_find(const char *name)
{
	for (size_t i = 0; i < NR_ENGINES; i++)
		if (strcmp(engines[i].name, name) == 0)
			return &engines[i];
	return NULL;
}
