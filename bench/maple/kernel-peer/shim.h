/* SPDX-License-Identifier: MIT */
/*
 * shim.h - what shim.c adds to the kernel's interfaces.
 */
#ifndef BENCH_MAPLE_KERNEL_PEER_SHIM_H
#define BENCH_MAPLE_KERNEL_PEER_SHIM_H

#include <stddef.h>

/*
 * A thread's lists and its registration as a reader. Not nested; one such store
 * in use at a time.
 */
void shim_enter(void);
void shim_leave(void);

/*
 * Of all nodes that are allocated and not given back. Runs what waits for a
 * grace period first.
 */
size_t shim_node_bytes(void);

#endif
