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
 * Maps the segment @file of @len bytes with @prot; @addr and @flags (SHM_*) as
 * the program gave them. -EINVAL: an address off a page's edge without SHM_RND,
 * SHM_REMAP without an address, or a place that is taken without SHM_REMAP.
 * Return: the address, or what vms_mmap() answers.
 */
unsigned long shm_attach(struct mm_struct *mm, struct file *file, unsigned long len,
			 unsigned long prot, unsigned long addr, int flags);

/*
 * Unmaps what is left of the segment that was attached at @addr, in however
 * many pieces.
 * Return: 0; -EINVAL: nothing of a segment is there.
 */
int shm_detach(struct mm_struct *mm, unsigned long addr);

#endif
