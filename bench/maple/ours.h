/* SPDX-License-Identifier: MIT */
/* ours.h - our maple tree in the form that store_maple.c includes. */
#ifndef BENCH_MAPLE_OURS_H
#define BENCH_MAPLE_OURS_H

#include <stddef.h>
#include <stdint.h>

#include <vmastore/maple_tree.h>
#include <vmastore/rcu.h>

#define MAPLE_STORE store_ours
#define MAPLE_NAME "ours"
#define MAPLE_WHAT "this library's maple tree"

static inline size_t maple_node_bytes(void *tree)
{
	struct vms_mt_stats stats;

	vms_mt_stats(tree, &stats);
	return stats.bytes;
}

static inline void *maple_find_entry(struct maple_tree *mt, unsigned long index)
{
	return vms_mt_walk(mt, index);
}

static inline void maple_enter(void)
{
	vms_rcu_thread_online();
}

static inline void maple_leave(void)
{
	vms_rcu_thread_offline();
}

static inline void maple_quiescent(void)
{
	vms_rcu_quiescent();
}

#define MAPLE_BATCH 256 /* ranges a call: 6 KiB on the stack */

static inline uint64_t maple_iterate_batch(void *tree, size_t times)
{
	struct vms_mt_range range[MAPLE_BATCH];
	uint64_t sum = 0;

	for (; times; times--) {
		MA_STATE(mas, tree, 0, 0);
		unsigned int nr;

		rcu_read_lock();
		do {
			nr = vms_mas_batch(&mas, ULONG_MAX, range, MAPLE_BATCH);
			for (unsigned int i = 0; i < nr; i++)
				sum += (uintptr_t)range[i].entry;
		} while (nr == MAPLE_BATCH);
		rcu_read_unlock();
		maple_quiescent();
	}
	return sum;
}

#endif
