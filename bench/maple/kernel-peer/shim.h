/* SPDX-License-Identifier: MIT */
/* shim.h - the functions that shim.c adds to the kernel's interfaces. */
#ifndef BENCH_MAPLE_KERNEL_PEER_SHIM_H
#define BENCH_MAPLE_KERNEL_PEER_SHIM_H

#include <stddef.h>

/*
 * Make and free a thread's lists, and register it as a reader. Calls must not
 * nest, and a thread may use one such store at a time.
 */
void shim_enter(void);
void shim_leave(void);

/*
 * The bytes of all nodes that are allocated and not freed. Waits for a grace
 * period and runs pending callbacks first.
 */
size_t shim_node_bytes(void);

#endif
