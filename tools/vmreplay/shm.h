/* SPDX-License-Identifier: MIT */
/*
 * shm.h - shmat and shmdt on the library's address spaces: a segment of System
 * V shared memory is a file that is mapped whole. Answers are those of shmat(2)
 * and shmdt(2), as -errno.
 */
#ifndef TOOLS_VMREPLAY_SHM_H
#define TOOLS_VMREPLAY_SHM_H

#include <vmastore/mm.h>

/*
 * Map the segment @file of @len bytes with @prot. @addr and @flags (SHM_*) are
 * the program's own.
 * Return: the address, or an error as vms_mmap(); -EINVAL also for an address
 * inside a page without SHM_RND, SHM_REMAP without an address, or an occupied
 * range without SHM_REMAP.
 */
unsigned long shm_attach(struct mm_struct *mm, struct file *file, unsigned long len,
			 unsigned long prot, unsigned long addr, int flags);

/*
 * Unmap all pieces that remain of the segment that was attached at @addr.
 * Return: 0; -EINVAL: no piece remains.
 */
int shm_detach(struct mm_struct *mm, unsigned long addr);

#endif
