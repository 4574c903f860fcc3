/* SPDX-License-Identifier: MIT */
/*
 * asym_fence.h - a full barrier in two halves, for two threads that each store
 * a word and then load the other's: at least one of them sees the other's
 * store. The light half costs its thread nothing; the heavy half is a system
 * call, membarrier(PRIVATE_EXPEDITED), which makes each running thread of the
 * process execute a full barrier. The system call takes about 1 us, and some
 * tens of us while other threads run on other CPUs.
 *
 * In terms of C11 both halves are atomic_thread_fence(memory_order_seq_cst),
 * and the tests of memory orders treat them so.
 *
 * Locks: none. A signal handler may call both.
 */
#ifndef VMS_SYNC_ASYM_FENCE_H
#define VMS_SYNC_ASYM_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/sync/tsan.h"

/*
 * The memory orders of the store before a light fence and of the load after it.
 * The light fence orders the compiler alone, which ThreadSanitizer cannot see,
 * so under it the accesses themselves are ordered.
 */
#if VMS__TSAN
#define VMS__ASYM_STORE memory_order_seq_cst
#define VMS__ASYM_LOAD memory_order_seq_cst
#else
#define VMS__ASYM_STORE memory_order_relaxed
#define VMS__ASYM_LOAD memory_order_acquire
#endif

static inline void vms__fence_light(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/*
 * Whether this process has a heavy half. The answer stays false if the kernel
 * lacks the system call or a filter forbids it; only a fork's child asks the
 * kernel again.
 */
bool vms__fence_is_asymmetric(void);

/*
 * Call membarrier(2) without flags; errno is kept. Return: whether the kernel
 * executed the command.
 */
bool vms__membarrier(int command);

/*
 * The caller must have seen vms__fence_is_asymmetric() return true in this
 * process. Stops the program if the kernel refuses the call by now.
 */
void vms__fence_heavy(void);

#endif
