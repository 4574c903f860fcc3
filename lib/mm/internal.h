/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of lib/mm share, grouped by the file that defines
 * it. Nothing here is for embedders.
 *
 * Unless a line says otherwise: mmap_lock is held for writing, ranges are page
 * aligned and not empty.
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
 * Anonymous: its pages are its own, not a file's; private mappings of
 * /dev/zero, too. Shared anonymous memory has a file.
 */
static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vms__vma_ops(vma);
}

/*
 * First address that a neighbour below must leave free: the guard gap of a
 * stack counts as part of it.
 */
static inline unsigned long vm_start_gap(const struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start;
	return vma->vm_start > STACK_GUARD_GAP ? vma->vm_start - STACK_GUARD_GAP : 0;
}

/* ---- what hooks answer ---- */

/*
 * 0, or the -errno with which a hook refuses. Any other answer is a mistake,
 * and must not pass for success, an address or a length.
 */
static inline int vms__hook_error(int answer)
{
	return answer && !IS_ERR_VALUE((long)answer) ? -EINVAL : answer;
}

/*
 * A hook has left an access without a page once more: whether the access is
 * made again (VMS_FAULT_TRIES). @tries: 0 at first. Now and then it lets others
 * run, because the page may be theirs to bring.
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

/* Takes the references (file, hooks) of a VMA copied with vm_area_dup(). */
void vms__vma_open(struct vm_area_struct *vma);
/*
 * Tells the owner of a VMA that it goes, once. Locks: mmap_lock R or W;
 * write-locked or detached, and its pages are gone.
 */
void vms__vma_close(struct vm_area_struct *vma);
/*
 * Drops what a VMA refers to and frees it. It is detached, or was never
 * inserted.
 */
void vms__vma_discard(struct vm_area_struct *vma);
/*
 * Publishes the prepared @store; VMAs that leave, write-locked already, are
 * marked detached. @store->vma, when new, becomes attached.
 */
void vms__vma_commit(struct mm_struct *mm, struct vms__store *store);
/*
 * Cuts @vma at @addr. @place: near it, if the caller has one; else NULL; also
 * below. The new VMA takes [vm_start, addr) if @new_below, else [addr, vm_end).
 * *@new, unless NULL: it.
 * Return: 0 or -errno.
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
 * @vma loses [store->start, store->end), which is one end of it, not all;
 * @store is prepared, and stores NULL. @floor: where the VMA before the cut
 * ends, 0 if there is none; @ceiling: where the VMA after it begins, 0 if there
 * is none. @vma itself may be either. No hook is asked. It write-locks @vma.
 * Cannot fail.
 */
void vms__cut_commit(struct vms__store *store, struct vm_area_struct *vma, unsigned long floor,
		     unsigned long ceiling);
/* vms__split_vma(), refused with -ENOMEM when max_map_count is reached. */
int vms__split_vma_counted(struct vm_area_struct *vma, unsigned long addr, bool new_below,
			   struct vms__place *place);

/* ---- placement.c ---- */

/*
 * get_unmapped_area(), which leaves in @place, the caller's and begun, what it
 * found there.
 */
unsigned long vms__unmapped_area(struct mm_struct *mm, struct file *file, unsigned long addr,
				 unsigned long len, unsigned long pgoff, unsigned long flags,
				 struct vms__place *place);

/* ---- unmap.c ---- */

/* A range with whole VMAs in it, and who stands around it. */
struct vms__range {
	struct mm_struct *mm;
	unsigned long start, end;
	struct vms__place *place; /* the caller's: near start, or begun */
	/* found by vms__gather() */
	unsigned int nr;              /* VMAs inside */
	struct vm_area_struct *first; /* of them; NULL: none. Linked by vm_next, up to next. */
	struct vm_area_struct *prev, *next;
};

/* vms__gather() where there are VMAs, the first of which range->place has. */
int vms__gather_vmas(struct vms__range *range);
/* @range->place is found; no VMA inside is gathered yet. */
static inline void vms__range_found(struct vms__range *range)
{
	range->nr = 0;
	range->first = NULL;
	range->prev = range->place->prev;
	range->next = range->place->vma;
}
/*
 * Split at both ends, so that whole VMAs cover the mapped part of the range,
 * and find out who they are.
 * Return: 0, -ENOMEM, -EPERM (sealed), or what may_split() answered; some
 *         splits may remain.
 */
static inline int vms__gather(struct vms__range *range)
{
	struct vm_area_struct *vma = vms__around(range->mm, range->start, range->end, range->place);

	vms__range_found(range);
	return vma && vma->vm_start < range->end ? vms__gather_vmas(range) : 0;
}
/* How many pages the gathered VMAs have together. */
unsigned long vms__gathered_pages(const struct vms__range *range);
/*
 * Write-lock the gathered VMAs, and zap their pages: they are about to be
 * replaced.
 */
void vms__clear_gathered(const struct vms__range *range);
/*
 * Account for the chain of detached VMAs, whose pages are gone, and tell their
 * owners. vms__discard_victims() is to follow.
 */
void vms__close_victims(struct mm_struct *mm, struct vm_area_struct *victims);
/*
 * Free the chain of detached VMAs, whose owners have been told. Locks: none.
 * What they refer to, a file and its pages perhaps, may go with them, so this
 * comes best when mmap_lock is free for others.
 */
void vms__discard_victims(struct vm_area_struct *victims);

/* What whoever took mmap_lock for an unmap has to do at its end. */
struct vms__unmapped {
	/*
	 * mmap_lock is held for reading by now: it was downgraded for the slow
	 * part
	 */
	bool downgraded;
	struct vm_area_struct *victims; /* to discard once mmap_lock is dropped */
};
/*
 * Unmap what vms__gather() found. *@unmapped: zeroed by the caller. NULL: never
 * downgrade, and leave nothing to be done.
 * Return: 0 or -ENOMEM.
 */
int vms__unmap_gathered(const struct vms__range *range, struct vms__unmapped *unmapped);
/*
 * Unmap all of the range, whose mm, start, end and place the caller has set.
 * @unmapped, Return: as vms__unmap_gathered(); or -EPERM, and what a hook
 * answered. range->nr is 0 where nothing was mapped.
 */
int vms__unmap_range(struct vms__range *range, struct vms__unmapped *unmapped);
/* The same, without a place. */
int vms__unmap(struct mm_struct *mm, unsigned long start, unsigned long end,
	       struct vms__unmapped *unmapped);

/* ---- merge.c ---- */

/*
 * A range [start, end) with these attributes is to be added, or takes the place
 * of a part of @middle; may it join a neighbour?
 */
struct vms__merge {
	struct mm_struct *mm;
	struct vm_area_struct *prev, *next; /* neighbours, adjacent or not; or NULL */
	/* the VMAs that a new range takes the place of; NULL: none */
	const struct vms__range *replaced;
	/* the VMA whose flags change over [start, end); NULL: a new range */
	struct vm_area_struct *middle;
	unsigned long start, end;
	vm_flags_t flags;
	pgoff_t pgoff;
	struct file *file;
	const struct vm_operations_struct *vm_ops;
	struct anon_vma *anon_vma;
	struct anon_vma_name *anon_name;
	const struct vm_area_struct *copied; /* mremap: the VMA whose pages come here; or NULL */
	bool just_expand;                    /* only prev may grow (the break) */

	/* decided by vms__merge_prepare() */
	struct vm_area_struct *target; /* the survivor */
	unsigned long new_start, new_end;
	pgoff_t new_pgoff;
	vm_flags_t sticky;        /* flags ignored by the test, kept by the result */
	struct vms__store *store; /* the caller's, who need not give it a value */
	struct vms__place *place; /* near the range, if the caller has one; else NULL */
};

/*
 * Nothing but the range; the caller sets what else it has. Not an initializer,
 * which would clear with one slow instruction.
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
 * Decide and prepare. Return: 1 prepared (vms__merge_commit() must follow), 0
 * nothing fits, -ENOMEM. VMAs that the survivor swallows are write-locked only
 * by commit.
 */
int vms__merge_prepare(struct vms__merge *merge);
/*
 * Cannot fail. Return: the survivor. VMAs that were swallowed are freed; those
 * of [start, end) chained in merge->store.victims.
 */
struct vm_area_struct *vms__merge_commit(struct vms__merge *merge);

/*
 * Give [start, end), a part of @vma, the new flags, or the new name: merge it
 * with a neighbour that fits, else split it off. @prev: the VMA before @start.
 * @place: near it, if the caller has one; else NULL. *@result: the VMA that
 * holds the range now. Return: 0 or -errno (nothing has changed; a split may
 * remain).
 */
int vms__vma_modify_flags(struct vms__place *place, struct vm_area_struct *prev,
			  struct vm_area_struct *vma, unsigned long start, unsigned long end,
			  vm_flags_t flags, struct vm_area_struct **result);
int vms__vma_modify_name(struct vms__place *place, struct vm_area_struct *prev,
			 struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 struct anon_vma_name *name, struct vm_area_struct **result);

/* ---- anon_name.c: names, NULL is no name ---- */

/*
 * *@name: a name with one reference, NULL for no text. Return: 0, -EINVAL or
 * -ENOMEM.
 */
int vms__anon_name_make(const char *text, struct anon_vma_name **name);
struct anon_vma_name *vms__anon_name_get(struct anon_vma_name *name);
void vms__anon_name_put(struct anon_vma_name *name);
bool vms__anon_name_equal(const struct anon_vma_name *a, const struct anon_vma_name *b);
const char *vms__anon_name_text(const struct anon_vma_name *name); /* of one */

/* ---- mmap.c ---- */

/*
 * A VMA of its own for [m->start, m->end), inserted later by committing
 * *@store. Takes a reference of m->file. 0 or -ENOMEM.
 */
int vms__prepare_new_vma(struct vms__merge *m, struct vms__store *store);

/* ---- limits.c ---- */

/*
 * Whether @pages more (or fewer) with @flags stay within RLIMIT_AS and
 * RLIMIT_DATA.
 */
bool vms__may_expand(struct mm_struct *mm, vm_flags_t flags, long pages);
/*
 * Whether @mm may get more mappings, as far as nodes that wait for readers are
 * concerned. May sleep for 200 ms. Locks: mmap_lock W.
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
 * Fault in [start, end) of @vma as its flags want it (nothing under
 * VM_LOCKONFAULT). Locks: mmap_lock R or W, held throughout.
 * Return: 0; -EFAULT (no right to touch it, or no page there: beyond a file's
 *         end, a guard page); -ENOMEM.
 */
int vms__populate_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * The same for every VMA in [start, end), which may have holes. Ends with the
 * first error, unless @ignore_errors: then the rest of a VMA is passed over,
 * and its touches will tell. Locks: none held; takes mmap_lock R.
 */
int vms__populate(struct mm_struct *mm, unsigned long start, unsigned long end, bool ignore_errors);

/*
 * Fault in [start, end), all of it, for an access of one kind, whatever its
 * flags want. Return: 0; -ENOMEM (a hole, or no memory); -EINVAL (the access is
 * not allowed); -EFAULT (no page there); what comes before is faulted in.
 * Locks: none held; takes mmap_lock R.
 */
int vms__populate_for(struct mm_struct *mm, unsigned long start, unsigned long end, bool write);

/* ---- account.c ---- */

/*
 * What each page counts as besides total_vm: one of these, or none (what may
 * only be read, and shared memory).
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
 * mprotect() has taken PROT_GROWSDOWN and PROT_GROWSUP out: one more bit, even
 * one that means nothing, and the memory has no key.
 */
static inline vm_flags_t vms__exec_only_key(const struct mm_struct *mm, unsigned long prot)
{
	return prot == PROT_EXEC && mm->rules.exec_only ? VM_PKEY_BIT0 : 0;
}

/* @pages pages with @flags came (or, negative, went). */
void vms__account(struct mm_struct *mm, vm_flags_t flags, long pages);
/* @pages pages that are accounted for have the flags @to, and had @from. */
void vms__account_change(struct mm_struct *mm, vm_flags_t from, vm_flags_t to, long pages);
/*
 * @pages pages that are accounted for were locked in memory (or, negative,
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
	 * A plain add in two steps: only mmap_lock's writer changes it; anyone
	 * may read it.
	 */
	atomic_store_explicit(&mm->map_count, vms__map_count(mm) + n, memory_order_relaxed);
}

/* ---- maps.c ---- */

#define VMA_NAME_BUF (ANON_VMA_NAME_MAX_LEN + 16)

/*
 * What the listing calls @vma: a file's path, or what its hook, its place or
 * its anonymous name say; NULL: nothing. @buf: where the text may stand. Locks:
 * mmap_lock R or @vma's lock.
 */
const char *vms__vma_name(struct vm_area_struct *vma, char buf[VMA_NAME_BUF]);
/* Bytes of the pages behind @vma, as its owner says. Locks: the same. */
unsigned long vms__vma_pagesize(struct vm_area_struct *vma);

/* ---- mm.c ---- */

/*
 * vms_mm_create(), but vms_mm_next() does not show the address space yet:
 * vms__mmlist_add() follows once all that makes it whole is in it, or mmput().
 */
struct mm_struct *vms__mm_alloc(const char *engine_name, const struct mm_layout *layout,
				const struct mm_rules *rules);

/* Other threads find @mm in the list of all from now on. Locks: none. */
void vms__mmlist_add(struct mm_struct *mm);

/* ---- stack.c ---- */

/* expand_stack_locked() and expand_stack() are public (mm.h). */

/*
 * expand_stack() of an address that nothing covers. @vma: the first VMA above
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
