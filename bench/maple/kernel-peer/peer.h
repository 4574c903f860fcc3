/* SPDX-License-Identifier: MIT */
/*
 * peer.h - the kernel's maple tree in the form that store_maple.c includes.
 * Only bench/maple/peers compiles it; that script unpacks <linux/maple_tree.h>
 * from Debian's source package and defines KERNEL_VERSION.
 */
#ifndef BENCH_MAPLE_KERNEL_PEER_H
#define BENCH_MAPLE_KERNEL_PEER_H

#include <linux/maple_tree.h>

#include "bench/maple/kernel-peer/shim.h"
#include "bench/maple/kernel-peer/shim/linux/slab.h"

#define MAPLE_STORE store_kernel
#ifdef SHIM_RCU_MEMB
#define MAPLE_NAME "kernel/memb"
#define MAPLE_WHAT "maple tree of Linux " KERNEL_VERSION ", liburcu memb"
#else
#define MAPLE_NAME "kernel"
#define MAPLE_WHAT "maple tree of Linux " KERNEL_VERSION ", liburcu qsbr"
#endif

static inline size_t maple_node_bytes(void *tree)
{
	(void)tree;
	return shim_node_bytes();
}

/*
 * The kernel has no such call without a read section of its own. Inside the
 * caller's section, the inner section costs nothing with the qsbr flavour.
 */
static inline void *maple_find_entry(struct maple_tree *mt, unsigned long index)
{
	return mtree_load(mt, index);
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
