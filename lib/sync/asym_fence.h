/* SPDX-License-Identifier: MIT */
/*
 * asym_fence.h - a full barrier in two halves, for two threads that each store
 * a word and then load the other's: at least one of them sees the other's
 * store. The light half costs its thread nothing; the heavy half is a system
 * call, membarrier(PRIVATE_EXPEDITED), which makes each running thread of the
 * process execute a full barrier. It takes about 1 us, and some tens of us
 * while other threads run on other CPUs.
 *
 * In terms of C11 both halves are atomic_thread_fence(memory_order_seq_cst),
 * and the tests of memory orders read them so.
 *
 * Locks: none. Both may be called by signal handlers.
 */
#ifndef VMS_SYNC_ASYM_FENCE_H
#define VMS_SYNC_ASYM_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/sync/tsan.h"

/*
 * The orders of a store before a light fence, and of a load after it.
 * ThreadSanitizer cannot read the fence, which is for the compiler alone, so
 * there the accesses themselves are ordered.
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
 * Whether there is a heavy half. False for good where the kernel has none, or a
 * filter forbids it; asked again after a fork.
 */
bool vms__fence_is_asymmetric(void);

/*
 * membarrier(2), without flags; errno stays as it was. Return: whether the
 * kernel did it.
 */
bool vms__membarrier(int command);

/*
 * Only where vms__fence_is_asymmetric() was true in this process. Stops the
 * program if the kernel refuses it by now.
 */
void vms__fence_heavy(void);

#endif
