/* SPDX-License-Identifier: MIT */
/* shm.c - see shm.h. */
#include <errno.h>
#include <string.h>
#include <sys/shm.h>

#include "tools/vmreplay/shm.h"

static bool is_taken(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	bool taken;

	mmap_read_lock(mm);
	taken = find_vma_intersection(mm, addr, addr + len);
	mmap_read_unlock(mm);
	return taken;
}

unsigned long shm_attach(struct mm_struct *mm, struct file *file, unsigned long len,
			 unsigned long prot, unsigned long addr, int flags)
{
	if (flags & SHM_RND)
		addr &= PAGE_MASK;
	if ((addr & ~PAGE_MASK) || (!addr && (flags & SHM_REMAP)))
		return (unsigned long)-EINVAL;
	if (addr && !(flags & SHM_REMAP) && is_taken(mm, addr, len))
		return (unsigned long)-EINVAL;
	return vms_mmap(mm, addr, len, prot, MAP_SHARED | (addr ? MAP_FIXED : 0), file, 0);
}

/* Whether @vma is a piece of a segment whose first byte was mapped at @addr. */
static bool is_piece(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_file && strncmp(vma->vm_file->f_path, "/SYSV", 5) == 0 &&
	       vma->vm_start - (vma->vm_pgoff << PAGE_SHIFT) == addr;
}

/* Set *@from and *@end to the range of the first piece at or above *@from. */
static bool next_piece(struct mm_struct *mm, unsigned long addr, unsigned long *from,
		       unsigned long *end)
{
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for (vma = find_vma(mm, *from); vma && !is_piece(vma, addr);
	     vma = find_vma(mm, vma->vm_end))
		;
	if (vma) {
		*from = vma->vm_start;
		*end = vma->vm_end;
	}
	mmap_read_unlock(mm);
	return vma;
}

int shm_detach(struct mm_struct *mm, unsigned long addr)
{
	unsigned long from = addr, end;
	int answer = -EINVAL;

	while (next_piece(mm, addr, &from, &end)) {
		answer = vms_munmap(mm, from, end - from);
		if (answer)
			break;
		from = end;
	}
	return answer;
}
