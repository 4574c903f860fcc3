/* SPDX-License-Identifier: MIT */
/*
 * barrier.h - the kernel's memory barriers as C11 fences. On x86 neither emits
 * an instruction.
 */
#ifndef SHIM_ASM_BARRIER_H
#define SHIM_ASM_BARRIER_H

#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#endif
