/* SPDX-License-Identifier: MIT */
/*
 * ours.h - our maple tree as store_maple.c wants it.
 */
#ifndef BENCH_MAPLE_OURS_H
#define BENCH_MAPLE_OURS_H

#include <stddef.h>

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

#endif
