/* SPDX-License-Identifier: MIT */
/*
 * mmap.c - mmap(2): from the caller's words to flags, to a place (placement.c),
 * to a VMA that is new or a neighbour grown (merge.c).
 *
 * MAP_FIXED over existing memory: all that can fail is done first. Then the old
 * VMAs are write-locked and their pages zapped, and ONE store puts the new VMA
 * in the place of them all. A lock-free reader of an address that is mapped
 * before and after finds it mapped throughout. Linux up to 6.11 unmapped first,
 * so that a reader could find a hole.
 *
 * The order of the checks is Linux's: it decides which error a caller sees if
 * more than one applies (tests/oracle compares).
 *
 * Source of flags and errors: mmap(2), and experiments on a running 6.18
 * kernel. Locks: takes mmap_lock W. Read next: placement.c, unmap.c, merge.c.
 */
#include <errno.h>
#include <limits.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

vm_flags_t vms__prot_to_vm_flags(unsigned long prot)
{
	return ((prot & PROT_READ) ? VM_READ : 0) | ((prot & PROT_WRITE) ? VM_WRITE : 0) |
	       ((prot & PROT_EXEC) ? VM_EXEC : 0);
}

static vm_flags_t map_to_vm_flags(unsigned long flags)
{
	return ((flags & MAP_GROWSDOWN) ? VM_GROWSDOWN : 0) |
	       ((flags & MAP_LOCKED) ? VM_LOCKED : 0) | ((flags & MAP_STACK) ? VM_NOHUGEPAGE : 0) |
	       ((flags & MAP_SYNC) ? VM_SYNC : 0);
}

/* No page of a mapping may lie beyond the last offset that a file can have. */
#define MAX_FILE_PAGES (LONG_MAX >> PAGE_SHIFT)

static bool beyond_any_file(unsigned long pgoff, unsigned long len)
{
	unsigned long pages = len >> PAGE_SHIFT;

	return pages > MAX_FILE_PAGES || pgoff > MAX_FILE_PAGES - pages;
}

#define ABOVE_4G 0x80UL
#define HUGE_PAGE_SIZES 0x7c000000UL
/*
 * MAP_SHARED ignores flags that it does not know. These are all the flags that
 * it knew when MAP_SHARED_VALIDATE came.
 */
#define LEGACY_FLAGS                                                                               \
	((unsigned long)(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN |        \
			 MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE |             \
			 MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB) |                  \
	 ABOVE_4G | HUGE_PAGE_SIZES)

/*
 * Whether MAP_SHARED_VALIDATE refuses @flags. File systems on disks know
 * MAP_SYNC here, and refuse it later: refuses_sync().
 */
static bool refuses_flags(const struct file *file, unsigned long flags)
{
	return flags & ~(LEGACY_FLAGS | (file->f_mapping->flags & VMS_AS_SHMEM ? 0 : MAP_SYNC));
}

int vms__file_vm_flags(const struct file *file, unsigned long prot, unsigned long flags,
		       vm_flags_t *vm_flags)
{
	unsigned long type = flags & MAP_TYPE;

	if (type == MAP_SHARED_VALIDATE && refuses_flags(file, flags))
		return -EOPNOTSUPP;
	if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) {
		if ((prot & PROT_WRITE) && !(file->f_mode & FMODE_WRITE))
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		/*
		 * No thread can ever write through this mapping. Linux lists it
		 * as shared and treats it as private.
		 */
		if (!(file->f_mode & FMODE_WRITE))
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
	} else if (type != MAP_PRIVATE) {
		return -EINVAL;
	}
	/*
	 * After the rights to write, in Linux's order. Every mapping needs the
	 * right to read, because a fault may have to read the page even for a
	 * write.
	 */
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return (*vm_flags & VM_GROWSDOWN) ? -EINVAL : 0;
}

static int anonymous_vm_flags(unsigned int version, unsigned long flags, vm_flags_t *vm_flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_DROPPABLE:
		if (version < VMS_KERNEL_VERSION(6, 11) || (flags & MAP_LOCKED) ||
		    (*vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		*vm_flags |= VM_DROPPABLE | VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;
		return 0;
	case MAP_PRIVATE:
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * The inode of the last object behind shared anonymous memory. Relaxed
 * throughout: each object only needs a number of its own.
 */
static _Atomic unsigned long last_ino;

void vms__shmem_ino_taken(unsigned long ino)
{
	unsigned long last = atomic_load_explicit(&last_ino, memory_order_relaxed);

	/* The numbers above LONG_MAX stay: no text may use them all up. */
	while (ino > last && ino <= LONG_MAX &&
	       !atomic_compare_exchange_weak_explicit(&last_ino, &last, ino, memory_order_relaxed,
						      memory_order_relaxed))
		;
}

/*
 * The object behind shared anonymous memory. Each mapping has its own, so no
 * two such mappings ever merge.
 */
static struct file *shmem_file(unsigned long len)
{
	unsigned long ino = atomic_fetch_add_explicit(&last_ino, 1, memory_order_relaxed) + 1;
	struct address_space *mapping =
		vms_address_space_create(len, VMS_AS_SHMEM | VMS_AS_ANON, 0, 1, ino);
	struct file *file;

	if (!mapping)
		return NULL;
	file = vms_file_open(mapping, "/dev/zero (deleted)", FMODE_READ | FMODE_WRITE);
	/* The file holds a reference by now, or could not be made. */
	vms_address_space_put(mapping);
	return file;
}

int vms__prepare_new_vma(struct vms__merge *m, struct vms__store *store)
{
	struct vm_area_struct *vma = vm_area_alloc(m->mm);
	int err;

	if (!vma)
		return -ENOMEM;
	vma->vm_start = m->start;
	vma->vm_end = m->end;
	vma->vm_pgoff = m->pgoff;
	/*
	 * Droppable memory is never locked. Its lock flag took part in the
	 * merge test all the same, as on Linux.
	 */
	vma->vm_flags = (m->flags & VM_DROPPABLE) ? m->flags & ~VM_LOCKED_MASK : m->flags;
	vma->vm_file = m->file;
	vma->vm_ops = m->vm_ops;
	vms__store_begin(store, m->start, m->end, vma, m->place);
	store->known = true;
	store->prev = m->prev;
	if (m->replaced) {
		store->nr = m->replaced->nr;
		store->first = m->replaced->first;
	}
	err = vms__index_prepare(m->mm, store);
	if (err) {
		vm_area_free(vma);
		return err;
	}
	/* Last, so that no error has to drop the reference. */
	if (vma->vm_file)
		get_file(vma->vm_file);
	return 0;
}

/*
 * The VMA is linked to its file after the commit, when no step can fail. A
 * truncation in between misses the VMA, which has no pages yet: faults in it
 * wait for mmap_lock.
 */
static void commit_new_vma(struct mm_struct *mm, struct vms__store *store)
{
	struct vm_area_struct *vma = store->vma;

	vms__vma_commit(mm, store);
	if (vma->vm_file)
		vms__vma_link_file(vma);
}

/*
 * MAP_SYNC is for files whose memory is the disk itself. Any other file refuses
 * it, but only when its file system is asked: by then Linux has unmapped the
 * old contents of the range.
 */
static bool refuses_sync(const struct vms__merge *m)
{
	return (m->flags & VM_SYNC) && m->file && !(m->file->f_mapping->flags & VMS_AS_SHMEM);
}

/*
 * Map the range of @m, which is placed, with the flags that are decided.
 * m->target becomes the VMA that holds it. *@victims: the VMAs that it
 * replaced, to be discarded.
 * Return: its start; or -errno with everything as it was, except for splits.
 */
static unsigned long mmap_region(struct vms__merge *m, struct vm_area_struct **victims)
{
	struct vms__range old = {.mm = m->mm, .start = m->start, .end = m->end, .place = m->place};
	struct mm_struct *mm = m->mm;
	struct vms__store fresh;
	int merged, err;

	err = vms__gather(&old);
	if (err)
		return err;
	/*
	 * Pages that are about to be replaced are credited before the limit is
	 * checked. So a process at its limit can still map over its own memory.
	 */
	if (!vms__index_may_grow(mm) ||
	    !vms__may_expand(mm, m->flags,
			     (long)((m->end - m->start) >> PAGE_SHIFT) -
				     (old.nr ? (long)vms__gathered_pages(&old) : 0)))
		return -ENOMEM;
	if (refuses_sync(m)) {
		err = vms__unmap_gathered(&old, NULL);
		return err ? err : -EOPNOTSUPP;
	}
	/*
	 * Prepare both ways the same: the merge, and if none fits, a VMA of its
	 * own. Both take all the memory that they need now.
	 */
	m->prev = old.prev;
	m->next = old.next;
	m->replaced = &old;
	m->store = &fresh;
	merged = vms__merge_prepare(m);
	if (merged < 0)
		return merged;
	if (!merged) {
		err = vms__prepare_new_vma(m, &fresh);
		if (err)
			return err;
	}

	/*
	 * Nothing fails from here on. The old pages are zapped before the
	 * store: after it a fault would find them under the new VMA.
	 */
	if (old.nr)
		vms__clear_gathered(&old);
	if (merged)
		vms__merge_commit(m);
	else
		commit_new_vma(mm, &fresh);
	/* m->store is &fresh in both cases. */
	vms__close_victims(mm, fresh.victims);
	*victims = fresh.victims;
	/*
	 * By the flags of the VMA, because droppable memory does not count as
	 * locked.
	 */
	vms__account(mm, merged ? m->flags : fresh.vma->vm_flags,
		     (long)((m->end - m->start) >> PAGE_SHIFT));
	if (!merged)
		m->target = fresh.vma;
	return m->start;
}

/*
 * Where the mapping goes, or -errno in Linux's order: a bad address is reported
 * before a range that is taken.
 */
static unsigned long choose_address(struct mm_struct *mm, struct file *file, unsigned long addr,
				    unsigned long len, unsigned long pgoff, unsigned long flags,
				    struct vms__place *place)
{
	const struct vm_area_struct *vma;

	addr = vms__unmapped_area(mm, file, addr, len, pgoff, flags, place);
	if (IS_ERR_VALUE(addr))
		return addr;
	if ((flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE)
		return addr;
	vma = vms__around(mm, addr, addr + len, place);
	return vma && vma->vm_start < addr + len ? (unsigned long)-EEXIST : addr;
}

/*
 * Linux raises a hint below the lowest address that may be mapped, but treats 0
 * as no hint.
 */
static unsigned long adjust_hint(const struct mm_struct *mm, unsigned long addr)
{
	addr &= PAGE_MASK;
	return addr && addr < mm->layout.mmap_min_addr ? PAGE_ALIGN(mm->layout.mmap_min_addr)
						       : addr;
}

/* What map() leaves to the caller that took mmap_lock. */
struct mapped {
	struct vm_area_struct *vma; /* on success: the VMA that holds the range, write-locked */
	/* To discard, best after mmap_lock is released; NULL on failure. */
	struct vm_area_struct *victims;
};

/* do_mmap(), except that the caller discards the victims. */
static unsigned long map(struct mm_struct *mm, struct file *file, unsigned long addr,
			 unsigned long len, unsigned long prot, unsigned long flags,
			 vm_flags_t vm_flags, unsigned long pgoff, unsigned long *populate,
			 struct mapped *mapped)
{
	struct vms__place place;
	struct vms__merge m;
	struct file *own = NULL;
	unsigned long result;
	int err;

	mmap_assert_write_locked(mm);
	/* Set before the first error: the caller reads both in any case. */
	*populate = 0;
	mapped->victims = NULL;
	if (!len)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	if (!(flags & MAP_FIXED))
		addr = adjust_hint(mm, addr);
	len = PAGE_ALIGN(len);
	if (!len)
		return -ENOMEM;
	/*
	 * Linux answers so while its pool of huge pages is empty, as it always
	 * is here.
	 */
	if (flags & MAP_HUGETLB)
		return -ENOMEM;
	if (vms__pgoff_wraps(pgoff, len >> PAGE_SHIFT))
		return -EOVERFLOW;
	/* `>`, as on Linux: one VMA more than the limit can be reached. */
	if (vms__map_count(mm) > mm->limits.max_map_count)
		return -ENOMEM;
	vm_flags |= vms__prot_to_vm_flags(prot) | vms__exec_only_key(mm, prot) |
		    map_to_vm_flags(flags) | mm->def_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	vms__place_begin(&place);
	addr = choose_address(mm, file, addr, len, pgoff, flags, &place);
	if (IS_ERR_VALUE(addr))
		return addr;
	if ((flags & MAP_LOCKED) && !vms__may_lock(mm))
		return -EPERM;
	if (!vms__may_lock_more(mm, vm_flags, (long)(len >> PAGE_SHIFT)))
		return -EAGAIN;
	if (file && beyond_any_file(pgoff, len))
		return -EOVERFLOW;
	err = file ? vms__file_vm_flags(file, prot, flags, &vm_flags)
		   : anonymous_vm_flags(mm->rules.kernel_version, flags, &vm_flags);
	if (err)
		return err;
	if (flags & MAP_NORESERVE)
		vm_flags |= VM_NORESERVE;
	if (vms__is_reserved(vm_flags))
		vm_flags |= VM_ACCOUNT;

	vms__merge_begin(&m, mm, addr, addr + len, &place, NULL);
	m.flags = vm_flags;
	m.pgoff = pgoff;
	m.file = file;
	m.vm_ops = file ? file->f_vm_ops : NULL;
	if (!file) {
		if (vm_flags & VM_SHARED) {
			own = m.file = shmem_file(len);
			if (!own)
				return -ENOMEM;
			m.pgoff = 0;
			m.vm_ops = own->f_vm_ops;
		} else {
			/*
			 * Offsets that follow the addresses let private
			 * anonymous neighbours merge.
			 */
			m.pgoff = addr >> PAGE_SHIFT;
		}
	}
	result = mmap_region(&m, &mapped->victims);
	/* The VMA has a reference of its own. */
	if (own)
		fput(own);
	if (!IS_ERR_VALUE(result) &&
	    ((vm_flags & VM_LOCKED) || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		*populate = len;
	mapped->vma = m.target;
	return result;
}

unsigned long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr,
		      unsigned long len, unsigned long prot, unsigned long flags,
		      vm_flags_t vm_flags, unsigned long pgoff, unsigned long *populate)
{
	struct mapped mapped;
	unsigned long result =
		map(mm, file, addr, len, prot, flags, vm_flags, pgoff, populate, &mapped);

	vms__discard_victims(mapped.victims);
	return result;
}

unsigned long vms_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len,
		       unsigned long prot, unsigned long flags, struct file *file,
		       unsigned long off)
{
	unsigned long populate, result;
	struct mapped mapped;

	if (off & ~PAGE_MASK)
		return -EINVAL;
	if (flags & MAP_ANONYMOUS)
		file = NULL;
	else if (!file)
		return -EBADF;
	/* Only a file of huge pages takes it, and there is none here. */
	if (file && (flags & MAP_HUGETLB))
		return -EINVAL;
	/* All of the mm, because placement may choose any range. */
	vms__write_enter(mm, 0, mm->layout.task_size);
	result = map(mm, file, addr, len, prot, flags, 0, off >> PAGE_SHIFT, &populate, &mapped);
	if (!IS_ERR_VALUE(result))
		/*
		 * The last change of the VMA is made. The first fault in it
		 * finds no stamp to clear. do_mmap() does not do this, because
		 * its caller may rely on the lock.
		 */
		vms__vma_is_whole(mapped.vma);
	vms__write_exit(mm);
	vms__discard_victims(mapped.victims);
	if (populate)
		/*
		 * Errors are ignored, as on Linux: the mapping is made, and a
		 * later access to the page gets the error.
		 */
		(void)vms__populate(mm, result, result + populate, true);
	return result;
}
