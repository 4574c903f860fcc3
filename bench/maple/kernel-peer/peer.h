/* SPDX-License-Identifier: MIT */
/*
 * peer.h - the kernel's maple tree as store_maple.c wants it; what shim.c offers.
 */
#ifndef BENCH_MAPLE_KERNEL_PEER_H
#define BENCH_MAPLE_KERNEL_PEER_H

#include <linux/maple_tree.h>
#include <linux/slab.h>

/* Callbacks that share a grace period. */
#ifndef SHIM_BATCH
#define SHIM_BATCH 1024
#endif

#define MAPLE_STORE store_kernel
#ifdef SHIM_RCU_MEMB
#define MAPLE_NAME "kernel/memb"
#define MAPLE_WHAT "Linux's maple tree, liburcu memb"
#else
#define MAPLE_NAME "kernel"
#define MAPLE_WHAT "Linux's maple tree, liburcu qsbr"
#endif

/* A thread's lists and its registration as a reader. Not nested; one store in use at a time. */
void shim_enter(void);
void shim_leave(void);
/* Of all nodes that are allocated and not given back. Runs what waits for a grace period first. */
size_t shim_node_bytes(void);

static inline size_t maple_node_bytes(void *tree)
{
	(void)tree;
	return shim_node_bytes();
}

static inline void maple_enter(void)
{
	shim_enter();
}

static inline void maple_leave(void)
{
	shim_leave();
}

static inline void maple_quiescent(void)
{
#ifndef SHIM_RCU_MEMB
	_urcu_qsbr_quiescent_state();
#endif
}

#endif
