/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of lib/mm share, grouped by the file that defines
 * it. Nothing here is for embedders.
 *
 * Locks: unless a comment says otherwise, the caller holds mmap_lock for
 * writing, and ranges are page aligned and not empty. Read next:
 * docs/locking.md, "Changing the layout".
 */
#ifndef VMS_MM_INTERNAL_H
#define VMS_MM_INTERNAL_H

#include <errno.h>
#include <sched.h>

#include <vmastore/mm.h>

#include "lib/engine/engine.h"
#include "lib/engine/vma.h"
#include "lib/page/page.h"
#include "lib/sync/assert.h"

#define PMD_SIZE (2UL << 20)
#define STACK_GUARD_GAP (256 * PAGE_SIZE)

/*
 * Whether the pages of @vma are its own, not a file's. Private mappings of
 * /dev/zero are anonymous too. Shared anonymous memory is not: it has a file.
 */
static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vms__vma_ops(vma);
}

/*
 * The first address that a new neighbour below must leave free. The guard gap
 * of a stack counts as part of the stack; otherwise a stack that overflows
 * would run into the neighbour without a fault.
 */
static inline unsigned long vm_start_gap(const struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start;
	return vma->vm_start > STACK_GUARD_GAP ? vma->vm_start - STACK_GUARD_GAP : 0;
}

/* ---- what hooks answer ---- */

/*
 * 0, or the -errno with which a hook refuses. Any other answer is the hook's
 * mistake. It becomes -EINVAL, so that it cannot pass for success, an address
 * or a length on the way to the caller.
 */
static inline int vms__hook_error(int answer)
{
	return answer && !IS_ERR_VALUE((long)answer) ? -EINVAL : answer;
}

/*
 * A hook has left an access without a page once more. Return: whether the
 * access is made again (VMS_FAULT_TRIES). @tries: 0 at first. Now and then the
 * call yields the CPU, because the thread that is to bring the page may need
 * it.
 */
static inline bool vms__try_again(unsigned int *tries)
{
	if (++*tries >= VMS_FAULT_TRIES)
		return false;
	if (*tries % 64 == 0)
		sched_yield();
	return true;
}

/* ---- vma.c: one VMA ---- */

/*
 * Take the references (file, hooks) of a VMA copied with vm_area_dup(). Until
 * then such a copy must be freed without vms__vma_discard(), which would drop
 * references that it does not have.
 */
void vms__vma_open(struct vm_area_struct *vma);
/*
 * Tell the owner of @vma, once, that the VMA is closed.
 * Locks: mmap_lock R or W; @vma is write-locked or detached, and its pages are
 * unmapped.
 */
void vms__vma_close(struct vm_area_struct *vma);
/*
 * Drop the references of @vma, and free it. @vma is detached, or was never
 * inserted.
 */
void vms__vma_discard(struct vm_area_struct *vma);
/*
 * Publish the prepared @store. @store->vma, if new, becomes attached. The VMAs
 * that leave, which the caller has write-locked or retired, are marked
 * detached.
 */
void vms__vma_commit(struct mm_struct *mm, struct vms__store *store);
/*
 * Cut @vma at @addr. The new VMA takes [vm_start, addr) if @new_below, else
 * [addr, vm_end). *@new, unless NULL, becomes the new VMA. @place, here and
 * below: a place near @addr, if the caller has one; else NULL.
 * Return: 0 or -errno; on errors nothing has changed.
 */
int vms__split_vma(struct vm_area_struct *vma, unsigned long addr, bool new_below,
		   struct vm_area_struct **new, struct vms__place *place);
/*
 * vms__split_vma() with a @new that the caller made: a copy of @vma
 * (vm_area_dup()) with the bounds and the offset of its part. No hook is asked.
 * Return: 0; -ENOMEM, and @new is still the caller's.
 */
int vms__split_into(struct vm_area_struct *vma, struct vm_area_struct *new, unsigned long addr,
		    bool new_below, struct vms__place *place);
/*
 * @vma loses [store->start, store->end), which is one end of it, not all.
 * @store is prepared, and stores NULL. @floor: where the VMA before the cut
 * ends; 0 if there is none. @ceiling: where the VMA after the cut begins; 0 if
 * there is none. @vma itself may be either of them. The call write-locks @vma,
 * asks no hook, and cannot fail.
 */
void vms__cut_commit(struct vms__store *store, struct vm_area_struct *vma, unsigned long floor,
		     unsigned long ceiling);
/* vms__split_vma(), refused with -ENOMEM when max_map_count is reached. */
int vms__split_vma_counted(struct vm_area_struct *vma, unsigned long addr, bool new_below,
			   struct vms__place *place);

/* ---- placement.c ---- */

/*
 * get_unmapped_area(), which leaves in @place what it found there. The caller
 * has begun @place.
 */
unsigned long vms__unmapped_area(struct mm_struct *mm, struct file *file, unsigned long addr,
				 unsigned long len, unsigned long pgoff, unsigned long flags,
				 struct vms__place *place);

/* ---- unmap.c ---- */

/* A range with whole VMAs in it, and the VMAs around it. */
struct vms__range {
	struct mm_struct *mm;
	unsigned long start, end;
	struct vms__place *place; /* the caller's: near start, or only begun */
	/* found by vms__gather() */
	unsigned int nr;              /* VMAs inside */
	struct vm_area_struct *first; /* the first inside, or NULL; linked by vm_next up to @next */
	struct vm_area_struct *prev, *next;
};

/* vms__gather() for a range with VMAs in it; range->place has the first. */
int vms__gather_vmas(struct vms__range *range);
/* Begin @range, whose place is found. No VMA inside is gathered yet. */
static inline void vms__range_found(struct vms__range *range)
{
	range->nr = 0;
	range->first = NULL;
	range->prev = range->place->prev;
	range->next = range->place->vma;
}
/*
 * Split at both ends, so that whole VMAs cover the mapped part of the range,
 * and link those VMAs.
 * Return: 0, -ENOMEM, -EPERM (sealed), or what may_split() answered. On errors
 * some splits may remain, as on Linux; the memory itself has not changed.
 */
static inline int vms__gather(struct vms__range *range)
{
	struct vm_area_struct *vma = vms__around(range->mm, range->start, range->end, range->place);

	vms__range_found(range);
	return vma && vma->vm_start < range->end ? vms__gather_vmas(range) : 0;
}
/* The number of pages that the gathered VMAs have together. */
unsigned long vms__gathered_pages(const struct vms__range *range);
/*
 * Write-lock the gathered VMAs, unmap their pages, and close them: they are
 * about to be replaced.
 */
void vms__clear_gathered(const struct vms__range *range);
/*
 * Account for a chain of detached VMAs, whose pages are unmapped, and tell
 * their owners. vms__discard_victims() must follow.
 */
void vms__close_victims(struct mm_struct *mm, struct vm_area_struct *victims);
/*
 * Free a chain of detached VMAs, whose owners have been told. Locks: none
 * needed. That may drop the last reference of a file and free all its pages, so
 * the caller should have released mmap_lock before.
 */
void vms__discard_victims(struct vm_area_struct *victims);

/* What the caller that took mmap_lock for an unmap must do at its end. */
struct vms__unmapped {
	bool downgraded; /* mmap_lock is held for reading now: downgraded for the slow part */
	struct vm_area_struct *victims; /* to discard after mmap_lock is released */
};
/*
 * Unmap the VMAs that vms__gather() found. *@unmapped: zeroed by the caller.
 * NULL: mmap_lock stays held for writing, and the call leaves nothing to be
 * done.
 * Return: 0 or -ENOMEM.
 */
int vms__unmap_gathered(const struct vms__range *range, struct vms__unmapped *unmapped);
/*
 * Unmap all of the range, whose mm, start, end and place the caller has set.
 * @unmapped: like vms__unmap_gathered(). range->nr is 0 if nothing was mapped.
 * Return: 0, -ENOMEM, -EPERM (sealed), or what a hook answered.
 */
int vms__unmap_range(struct vms__range *range, struct vms__unmapped *unmapped);
/* vms__unmap_range() for a caller without a place. */
int vms__unmap(struct mm_struct *mm, unsigned long start, unsigned long end,
	       struct vms__unmapped *unmapped);

/* ---- merge.c ---- */

/*
 * Whether a range [start, end) may join a neighbour: the question, and the
 * answer. The range is new, and has these attributes; or it is a part of
 * @middle that is to have them.
 */
struct vms__merge {
	struct mm_struct *mm;
	struct vm_area_struct *prev, *next; /* neighbours, adjacent or not; or NULL */
	/* The VMAs that a new range replaces; NULL: none. */
	const struct vms__range *replaced;
	/*
	 * The VMA whose flags or name change over [start, end); NULL: the range
	 * is new.
	 */
	struct vm_area_struct *middle;
	unsigned long start, end;
	vm_flags_t flags;
	pgoff_t pgoff;
	struct file *file;
	const struct vm_operations_struct *vm_ops;
	struct anon_vma *anon_vma;
	struct anon_vma_name *anon_name;
	const struct vm_area_struct *copied; /* mremap: the VMA whose pages move here; or NULL */
	bool just_expand;                    /* only prev may grow (the break) */

	/* decided by vms__merge_prepare() */
	struct vm_area_struct *target; /* the survivor */
	unsigned long new_start, new_end;
	pgoff_t new_pgoff;
	vm_flags_t sticky;        /* flags ignored by the test, kept by the result */
	struct vms__store *store; /* the caller's; it needs no value */
	struct vms__place *place; /* a place near the range, if the caller has one; else NULL */
};

/*
 * Set the range, and clear the attributes, of which the caller sets those that
 * it has. This is no initializer, because that would clear the whole structure
 * with one slow instruction.
 */
static inline void vms__merge_begin(struct vms__merge *m, struct mm_struct *mm, unsigned long start,
				    unsigned long end, struct vms__place *place,
				    struct vms__store *store)
{
	m->mm = mm;
	m->prev = m->next = m->middle = NULL;
	m->replaced = NULL;
	m->start = start;
	m->end = end;
	m->flags = 0;
	m->pgoff = 0;
	m->file = NULL;
	m->vm_ops = NULL;
	m->anon_vma = NULL;
	m->anon_name = NULL;
	m->copied = NULL;
	m->just_expand = false;
	m->target = NULL;
	m->store = store;
	m->place = place;
}

/*
 * Decide and prepare. The VMAs that the survivor absorbs are write-locked only
 * by commit, so that a caller that gives up has stopped no fault in them.
 * Return: 1 prepared (vms__merge_commit() must follow); 0 nothing fits;
 * -ENOMEM.
 */
int vms__merge_prepare(struct vms__merge *merge);
/*
 * Cannot fail. The VMAs that the survivor absorbed are freed; those that a new
 * range replaced are chained in merge->store->victims. Return: the survivor.
 */
struct vm_area_struct *vms__merge_commit(struct vms__merge *merge);

/*
 * Give [start, end), a part of @vma, the new flags, or the new name: merge it
 * with a neighbour that fits, else split it off. @prev: the VMA before @start.
 * @place: near it, if the caller has one; else NULL. *@result: the VMA that
 * holds the range afterwards.
 * Return: 0 or -errno (no flag has changed; a split may remain).
 */
int vms__vma_modify_flags(struct vms__place *place, struct vm_area_struct *prev,
			  struct vm_area_struct *vma, unsigned long start, unsigned long end,
			  vm_flags_t flags, struct vm_area_struct **result);
int vms__vma_modify_name(struct vms__place *place, struct vm_area_struct *prev,
			 struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 struct anon_vma_name *name, struct vm_area_struct **result);

/* ---- anon_name.c: names, NULL is no name ---- */

/*
 * *@name: a name with one reference; NULL if @text is NULL. Return: 0, -EINVAL
 * or -ENOMEM.
 */
int vms__anon_name_make(const char *text, struct anon_vma_name **name);
struct anon_vma_name *vms__anon_name_get(struct anon_vma_name *name);
void vms__anon_name_put(struct anon_vma_name *name);
bool vms__anon_name_equal(const struct anon_vma_name *a, const struct anon_vma_name *b);
const char *vms__anon_name_text(const struct anon_vma_name *name); /* @name is not NULL */

/* ---- mmap.c ---- */

/*
 * Shared anonymous memory that is mapped from now on has an inode above @ino,
 * which is one of its device already. Locks: any. Progress: lock-free.
 */
void vms__shmem_ino_taken(unsigned long ino);
/* VM_READ, VM_WRITE and VM_EXEC for PROT_*. */
vm_flags_t vms__prot_to_vm_flags(unsigned long prot);
/*
 * Add to *@vm_flags, or remove from them, what a mapping of @file with the
 * rights @prot and the MAP_* @flags may do. Return: 0 or -errno, as vms_mmap().
 * Locks: none needed.
 */
int vms__file_vm_flags(const struct file *file, unsigned long prot, unsigned long flags,
		       vm_flags_t *vm_flags);
/* Whether Linux reserves memory for such a mapping (VM_ACCOUNT). */
static inline bool vms__is_reserved(vm_flags_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}
/*
 * A new VMA for [m->start, m->end), which the caller inserts later by
 * committing *@store. Takes a reference of m->file. Return: 0 or -ENOMEM.
 */
int vms__prepare_new_vma(struct vms__merge *m, struct vms__store *store);

/* ---- limits.c ---- */

/*
 * Whether @pages more (or fewer) with @flags stay within RLIMIT_AS and
 * RLIMIT_DATA.
 */
bool vms__may_expand(struct mm_struct *mm, vm_flags_t flags, long pages);
/*
 * Whether @mm may get more mappings although replaced nodes wait for readers.
 * May sleep for 200 ms. Locks: mmap_lock W.
 */
bool vms__index_may_grow(struct mm_struct *mm);
/* Whether anything may be locked in memory. Locks: mmap_lock R or W. */
bool vms__may_lock(struct mm_struct *mm);
/*
 * Whether @pages more with @flags, if those lock them, stay within
 * RLIMIT_MEMLOCK.
 */
bool vms__may_lock_more(struct mm_struct *mm, vm_flags_t flags, long pages);

/* ---- image.c: where the program's parts stand ---- */

/*
 * Whether the break and the data, in bytes, together stay within RLIMIT_DATA.
 * Locks: mmap_lock R or W.
 */
bool vms__data_within_limit(const struct mm_struct *mm, unsigned long break_bytes,
			    unsigned long data_bytes);
/* vms_mm_set_map() under mmap_lock W. Return: 0 or -EINVAL. */
int vms__set_map(struct mm_struct *mm, const struct vms_mm_map *map);
/* fork. Locks: @mm's mmap_lock R or W, @child's W. */
void vms__copy_map(struct mm_struct *child, const struct mm_struct *mm);

/* ---- populate.c ---- */

/*
 * Fault in [start, end) of @vma as its flags want it: not at all under
 * VM_LOCKONFAULT. Locks: mmap_lock R or W, held throughout.
 * Return: 0; -EFAULT (no right to access it, or no page there: beyond a file's
 * end, a guard page); -ENOMEM.
 */
int vms__populate_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * vms__populate_vma() for every VMA in [start, end), which may have holes. Ends
 * with the first error. With @ignore_errors it skips the rest of that VMA
 * instead, because a later access to it gets the error.
 * Locks: none held; takes mmap_lock R.
 */
int vms__populate(struct mm_struct *mm, unsigned long start, unsigned long end, bool ignore_errors);

/*
 * Fault in [start, end), all of it, for an access of one kind, whatever the
 * VMAs' flags say.
 * Return: 0; -ENOMEM (a hole, or no memory); -EINVAL (the access is not
 * allowed); -EFAULT (no page there). Pages before the error are faulted in.
 * Locks: none held; takes mmap_lock R.
 */
int vms__populate_for(struct mm_struct *mm, unsigned long start, unsigned long end, bool write);

/* ---- account.c ---- */

/*
 * Which account besides total_vm a page counts in: at most one of these. Memory
 * that may only be read, and shared memory, counts in none.
 */
static inline bool vms__is_stack(vm_flags_t flags)
{
	return flags & VM_STACK;
}
static inline bool vms__is_exec(vm_flags_t flags)
{
	return (flags & (VM_EXEC | VM_WRITE | VM_STACK)) == VM_EXEC;
}
static inline bool vms__is_data(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE;
}

/*
 * The protection key of memory that mmap() or mprotect() gives the rights
 * @prot. Linux compares the caller's whole word with PROT_EXEC, after
 * mprotect() has taken PROT_GROWSDOWN and PROT_GROWSUP out. With any other bit,
 * even one that means nothing, the memory has no key.
 */
static inline vm_flags_t vms__exec_only_key(const struct mm_struct *mm, unsigned long prot)
{
	return prot == PROT_EXEC && mm->rules.exec_only ? VM_PKEY_BIT0 : 0;
}

/* @pages pages with @flags were mapped (if negative: unmapped). */
void vms__account(struct mm_struct *mm, vm_flags_t flags, long pages);
/* The flags of @pages pages, which are accounted for, changed. */
void vms__account_change(struct mm_struct *mm, vm_flags_t from, vm_flags_t to, long pages);
/*
 * @pages pages, which are accounted for, were locked in memory (if negative:
 * unlocked).
 */
void vms__account_locked(struct mm_struct *mm, long pages);
static inline int vms__map_count(const struct mm_struct *mm)
{
	return atomic_load_explicit(&mm->map_count, memory_order_relaxed);
}
static inline void vms__map_count_add(struct mm_struct *mm, int n)
{
	/*
	 * A load and a store lose nothing, because only the holder of mmap_lock
	 * for writing changes the count. Any thread may read it.
	 */
	atomic_store_explicit(&mm->map_count, vms__map_count(mm) + n, memory_order_relaxed);
}

/* ---- maps.c ---- */

#define VMA_NAME_BUF (ANON_VMA_NAME_MAX_LEN + 16)

/*
 * What the listing calls @vma: a file's path, or the name that its hook, its
 * place or its anonymous name gives it; NULL: nothing. @buf: room for the text.
 * Locks: mmap_lock R or @vma's lock.
 */
const char *vms__vma_name(struct vm_area_struct *vma, char buf[VMA_NAME_BUF]);
/*
 * The size of the pages behind @vma in bytes, as its owner says. Locks:
 * mmap_lock R or @vma's lock.
 */
unsigned long vms__vma_pagesize(struct vm_area_struct *vma);

/* ---- mm.c ---- */

/*
 * vms_mm_new(), except that vms_mm_next() does not show the address space
 * yet. The caller completes it and calls vms__mmlist_add(), or calls mmput().
 */
int vms__mm_alloc(const char *engine_name, const struct mm_layout *layout,
		  const struct mm_rules *rules, struct mm_struct **mmp);

/* Other threads find @mm in the list of all from now on. Locks: none. */
void vms__mmlist_add(struct mm_struct *mm);

/* ---- stack.c ---- */

/* expand_stack_locked() and expand_stack() are public (vma.h). */

/*
 * expand_stack() of an address that no VMA covers. @vma: the first VMA above
 * it, or NULL, found under the hold of mmap_lock that the caller has now.
 */
struct vm_area_struct *vms__expand_stack(struct mm_struct *mm, struct vm_area_struct *vma,
					 unsigned long addr);

/* ---- locks by range: the only way in which lib/mm takes mmap_lock ---- */

static inline void vms__write_enter(struct mm_struct *mm, unsigned long start,
				    unsigned long end) VMS_NO_TSA
{
	mm->engine->lock->write_enter(mm, start, end);
}
static inline void vms__write_exit(struct mm_struct *mm) VMS_NO_TSA
{
	mm->engine->lock->write_exit(mm);
}
static inline void vms__write_downgrade(struct mm_struct *mm) VMS_NO_TSA
{
	mm->engine->lock->write_downgrade(mm);
}
static inline void vms__read_enter(struct mm_struct *mm) VMS_NO_TSA
{
	mm->engine->lock->read_enter(mm);
}
static inline void vms__read_exit(struct mm_struct *mm) VMS_NO_TSA
{
	mm->engine->lock->read_exit(mm);
}

#endif
