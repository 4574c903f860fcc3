/* SPDX-License-Identifier: MIT */
/*
 * merge.c - when neighbouring VMAs become one, as Linux does it, visible in
 * every listing.
 *
 * Two VMAs may join if they touch, continue each other's page offsets, map the
 * same struct file, have equal flags and names, and their anon_vmas agree
 * (anon_vma_fits() below). Their hooks are not compared, as on Linux: those of
 * the survivor serve the whole, and a VMA with a close() hook never vanishes.
 * There is one exception: memory without a file joins no memory of another
 * owner, because there the hooks alone tell whose it is. A range that is added,
 * or whose flags change, may join the VMA before it, the one after it, or both:
 *
 *   added:    | prev |range| next |   ->  prev grows over both; or prev grows;
 *                                         or next grows down
 *   changed:  | prev |middle| next |  ->  as above, and middle is absorbed
 *             | prev |mid|dle |       ->  prev takes the first part of middle
 *                    |mid|dle| next | ->  next takes the last part of middle
 *
 * Each of these is one store of the survivor's whole new range into the index,
 * so that a lock-free reader finds every address of it mapped throughout.
 *
 * Source of the rules: experiments on a running 6.18 kernel; for kernels before
 * 6.16, struct mm_rules. Locks: mmap_lock W. Read next: vma.c,
 * lib/page/rmap/rmap.h.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* Flags that two VMAs may differ in and still merge. */
#define VM_MERGE_IGNORED (VM_MAYBE_GUARD | VM_SOFTDIRTY)

static bool anon_vma_fits(const struct vms__merge *m, const struct vm_area_struct *target)
{
	const struct anon_vma *have = vma_anon_vma(target);

	if (have && m->anon_vma)
		return have == m->anon_vma;
	/*
	 * Only the range was faulted: its anon_vma becomes the survivor's,
	 * unless it came by fork. A VMA that inherited its anon_vma shares
	 * pages with other processes through a chain of anon_vmas, in which the
	 * other part has no place.
	 */
	if (!have && m->anon_vma)
		return m->mm->rules.merge_one_sided &&
		       !(m->middle && vms__anon_vma_is_fork_child(m->middle)) &&
		       !(m->copied && vms__anon_vma_is_fork_child(m->copied));
	/* Only the survivor was faulted: the same rule, from its side. */
	if (have)
		return !vms__anon_vma_is_fork_child(target);
	return true;
}

static bool same_owner(const struct vms__merge *m, const struct vm_area_struct *target)
{
	if (target->vm_ops == m->vm_ops || target->vm_file != m->file)
		return target->vm_file == m->file;
	/*
	 * Private memory of /dev/zero has a file, and is anonymous only as long
	 * as it has no hooks. So there other hooks mean another kind of memory.
	 */
	return m->file && !(m->file->f_mapping->flags & VMS_AS_ZERO_DEV);
}

/*
 * VM_SPECIAL memory never joins: its owner relates what it keeps to the VMA's
 * bounds.
 */
static bool attributes_fit(const struct vms__merge *m, const struct vm_area_struct *target)
{
	return !((target->vm_flags ^ m->flags) & ~VM_MERGE_IGNORED) && !(m->flags & VM_SPECIAL) &&
	       same_owner(m, target) && vms__anon_name_equal(target->anon_name, m->anon_name) &&
	       anon_vma_fits(m, target);
}

static bool can_join_prev(const struct vms__merge *m)
{
	const struct vm_area_struct *prev = m->prev;

	return prev && prev->vm_end == m->start && prev->vm_pgoff + vma_pages(prev) == m->pgoff &&
	       attributes_fit(m, prev);
}

/*
 * The offset at which the range ends must be the one at which next begins, or a
 * page would change its offset by the merge.
 */
static bool can_join_next(const struct vms__merge *m)
{
	const struct vm_area_struct *next = m->next;

	return !m->just_expand && next && next->vm_start == m->end &&
	       m->pgoff + ((m->end - m->start) >> PAGE_SHIFT) == next->vm_pgoff &&
	       attributes_fit(m, next);
}

/*
 * An owner with a close() hook counts its VMAs, so none of them may vanish
 * without that call.
 */
static bool may_vanish(const struct vm_area_struct *vma)
{
	return !vma->vm_ops || !vma->vm_ops->close;
}

/*
 * Both neighbours fit the range, but they join each other too: two different
 * anon_vmas cannot both become the survivor's.
 */
static bool neighbours_agree(const struct vms__merge *m)
{
	const struct anon_vma *a = vma_anon_vma(m->prev), *b = vma_anon_vma(m->next);

	return !a || !b || a == b;
}

/*
 * The VMA that has the anon_vma which the survivor lacks; NULL: none has, or
 * the survivor has one.
 */
static const struct vm_area_struct *anon_vma_donor(const struct vms__merge *m, bool left,
						   bool right)
{
	if (vma_anon_vma(m->target))
		return NULL;
	if (left && right && vma_anon_vma(m->next))
		return m->next;
	if (m->middle && vma_anon_vma(m->middle))
		return m->middle;
	if (m->copied && vma_anon_vma(m->copied))
		return m->copied;
	return NULL;
}

/*
 * Tell the store which VMAs leave: those that the survivor absorbs or replaces.
 * They follow one another, and this links them.
 */
static void who_leaves(struct vms__merge *m, bool next_goes, bool middle_goes)
{
	struct vms__store *s = m->store;

	s->known = true;
	if (m->replaced && m->replaced->nr) {
		s->first = m->replaced->first;
		s->nr = m->replaced->nr;
	} else if (middle_goes) {
		s->first = m->middle;
		s->nr = 1;
	}
	if (next_goes) {
		/* vms__gather() has linked the replaced VMAs to it already. */
		if (middle_goes)
			m->middle->vm_next = m->next;
		s->first = s->nr ? s->first : m->next;
		s->nr++;
	}
}

int vms__merge_prepare(struct vms__merge *m)
{
	bool at_start = !m->middle || m->start == m->middle->vm_start;
	bool at_end = !m->middle || m->end == m->middle->vm_end;
	const struct vm_area_struct *donor;
	bool left, right;
	int err;

	mmap_assert_write_locked(m->mm);
	/* A piece in the middle of @m->middle touches neither neighbour. */
	left = at_start && can_join_prev(m);
	right = at_end && can_join_next(m);
	/* As on Linux, prev is preferred where the three cannot become one. */
	if (left && right && (!neighbours_agree(m) || !may_vanish(m->next)))
		right = false;
	if (!left && !right)
		return 0;
	if (m->middle && at_start && at_end && !may_vanish(m->middle))
		return 0;

	m->target = left ? m->prev : m->next;
	m->new_start = left ? m->prev->vm_start : m->start;
	m->new_end = right ? m->next->vm_end : m->end;
	m->new_pgoff = left ? m->prev->vm_pgoff : m->pgoff;
	m->sticky = (m->flags | (left ? m->prev->vm_flags : 0) | (right ? m->next->vm_flags : 0)) &
		    VM_MERGE_IGNORED;
	/*
	 * The steps that may fail come first: the store's memory, then the
	 * anon_vma links. Nothing that a reader sees changes before
	 * vms__merge_commit().
	 */
	vms__store_begin(m->store, m->new_start, m->new_end, m->target, m->place);
	who_leaves(m, left && right, m->middle && at_start && at_end);
	err = vms__index_prepare(m->mm, m->store);
	if (err)
		return err;
	donor = anon_vma_donor(m, left, right);
	if (!donor)
		return 1;
	/*
	 * A fault under the target's lock could see that it has no anon_vma,
	 * and give it another one.
	 */
	vma_start_write(m->target);
	if (vms__anon_vma_clone(m->target, donor)) {
		vms__index_cancel(m->mm, m->store);
		return -ENOMEM;
	}
	return 1;
}

/* Trim middle to the part that the survivor does not take. */
static void trim_middle(struct vms__merge *m)
{
	struct vm_area_struct *middle = m->middle;

	if (m->target == m->prev) {
		middle->vm_pgoff += (m->end - middle->vm_start) >> PAGE_SHIFT;
		middle->vm_start = m->end;
	} else {
		middle->vm_end = m->start;
	}
}

/*
 * Take @vma, which the survivor absorbed, out of the chain of those that left:
 * it is freed here, while the rest of the chain is the caller's. Its owner need
 * not be told, because it has no close() hook.
 */
static void unchain(struct vm_area_struct **chain, const struct vm_area_struct *vma)
{
	while (*chain && *chain != vma)
		chain = &(*chain)->vm_next;
	VMS_ASSERT(*chain);
	if (*chain)
		*chain = vma->vm_next;
}

/*
 * Change all bounds in one step, under the locks of the reverse maps. A
 * reverse-map walker always finds the page in the survivor or in one of the old
 * VMAs.
 */
static void change_bounds(struct vms__merge *m, struct vm_area_struct *next, bool middle_goes)
{
	struct vm_area_struct *target = m->target;
	struct vms__rmap_change change = {.vma = {target, m->middle, next}};

	vms__rmap_change_begin(&change);
	if (middle_goes)
		change.vma[1] = NULL;
	else if (m->middle)
		trim_middle(m);
	change.vma[2] = NULL;
	target->vm_start = m->new_start;
	target->vm_end = m->new_end;
	target->vm_pgoff = m->new_pgoff;
	vms__rmap_change_end(&change);
}

struct vm_area_struct *vms__merge_commit(struct vms__merge *m)
{
	struct vm_area_struct *target = m->target, *middle = m->middle;
	struct vm_area_struct *next = target != m->next && m->new_end > m->end ? m->next : NULL;
	bool middle_goes = middle && m->start == middle->vm_start && m->end == middle->vm_end;

	mmap_assert_write_locked(m->mm);
	/*
	 * All VMAs whose bounds change, or that leave, are locked before the
	 * first change, so that no fault uses a page under the wrong VMA.
	 */
	vma_start_write(target);
	if (middle_goes)
		vms__vma_retire(middle);
	else if (middle)
		vma_start_write(middle);
	if (next)
		vms__vma_retire(next);
	change_bounds(m, next, middle_goes);
	/* These flags do not show in vm_page_prot, so that stays. */
	target->vm_flags |= m->sticky;
	vms__vma_commit(m->mm, m->store);
	if (middle_goes) {
		unchain(&m->store->victims, middle);
		vms__vma_discard(middle);
	}
	if (next) {
		unchain(&m->store->victims, next);
		vms__vma_discard(next);
	}
	return target;
}

/*
 * Cut off what lies before the range, then what lies after it. The new VMAs
 * take the outer parts, so @vma itself is the one that remains for the range.
 */
static int split_off(struct vms__place *place, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	int err;

	if (vma->vm_start < start) {
		err = vms__split_vma_counted(vma, start, true, place);
		if (err)
			return err;
	}
	return vma->vm_end > end ? vms__split_vma_counted(vma, end, false, place) : 0;
}

/* The VMA after @vma. @place may have it, which saves a search. */
static struct vm_area_struct *next_of(struct vm_area_struct *vma, const struct vms__place *place)
{
	if (place && vms__place_is_good(vma_mm(vma), place) && place->vma == vma &&
	    vma->vm_start < place->end)
		return place->after;
	return vms_vma_after(vma);
}

/*
 * [start, end) of @vma joins a neighbour that has these attributes, else
 * becomes a VMA of its own. *@result: the VMA that holds it.
 * Return: 1 joined; 0 on its own, and the caller must change its attributes;
 * -errno.
 */
static int modify(struct vms__place *place, struct vm_area_struct *prev, struct vm_area_struct *vma,
		  unsigned long start, unsigned long end, vm_flags_t flags,
		  struct anon_vma_name *name, struct vm_area_struct **result)
{
	struct vms__store store;
	struct vms__merge m;
	int merged;

	vms__merge_begin(&m, vma_mm(vma), start, end, place, &store);
	m.prev = prev;
	m.next = end == vma->vm_end ? next_of(vma, place) : NULL;
	m.middle = vma;
	m.flags = flags;
	m.pgoff = vma_pgoff(vma, start);
	m.file = vma->vm_file;
	m.vm_ops = vma->vm_ops;
	m.anon_vma = vma_anon_vma(vma);
	m.anon_name = name;
	merged = vms__merge_prepare(&m);
	if (merged < 0)
		return merged;
	if (merged) {
		*result = vms__merge_commit(&m);
		return 1;
	}
	*result = vma;
	return split_off(place, vma, start, end);
}

int vms__vma_modify_flags(struct vms__place *place, struct vm_area_struct *prev,
			  struct vm_area_struct *vma, unsigned long start, unsigned long end,
			  vm_flags_t flags, struct vm_area_struct **result)
{
	int joined = modify(place, prev, vma, start, end, flags, vma->anon_name, result);

	/*
	 * If the range joined a neighbour, it has the neighbour's flags
	 * already.
	 */
	if (!joined)
		vm_flags_reset(vma, flags);
	return joined < 0 ? joined : 0;
}

int vms__vma_modify_name(struct vms__place *place, struct vm_area_struct *prev,
			 struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 struct anon_vma_name *name, struct vm_area_struct **result)
{
	int joined = modify(place, prev, vma, start, end, vma->vm_flags, name, result);

	if (!joined) {
		vma_start_write(vma);
		/*
		 * A thread that reads the name holds mmap_lock or the VMA's
		 * lock, so no thread reads the old one any more.
		 */
		vms__anon_name_put(vma->anon_name);
		vma->anon_name = vms__anon_name_get(name);
	}
	return joined < 0 ? joined : 0;
}
