/* SPDX-License-Identifier: MIT */
/*
 * pcounter.c - the rows of a set of counters, and their sum. Additions are
 * inline. Locks: none. Read first: pcounter.h.
 */
#include "lib/sync/pcounter.h"

#include "lib/sync/alloc.h"
#include "lib/sync/assert.h"

struct vms__pcounter *vms__pcounter_create(unsigned int nr_counters)
{
	const unsigned int words_per_line = VMS_CACHELINE / sizeof(long);
	struct vms__pcounter *pc;

	VMS_ASSERT(nr_counters);
	pc = vms__alloc(sizeof(*pc), VMS_CACHELINE);
	if (!pc)
		return NULL;
	pc->nr = nr_counters;
	pc->stride = (nr_counters + words_per_line - 1) / words_per_line * words_per_line;
	pc->rows = vms__zalloc((size_t)VMS__SLOTS * pc->stride * sizeof(*pc->rows), VMS_CACHELINE);
	if (!pc->rows) {
		vms__free(pc);
		return NULL;
	}
	return pc;
}

void vms__pcounter_destroy(struct vms__pcounter *pc)
{
	if (!pc)
		return;
	vms__free((void *)pc->rows);
	vms__free(pc);
}

long vms__pcounter_sum(const struct vms__pcounter *pc, unsigned int which)
{
	VMS_ASSERT(which < pc->nr);
	return vms__pcounter_sum_of(pc, vms__thread_slots_used(), which, 1);
}
