/* SPDX-License-Identifier: MIT */
/*
 * actors.c - the operations of a stress thread. Each function is one kind of
 * operation, and its comment says which promise it tests. Read first: stress.h.
 *
 * A thread that can prove nothing, because the slot changed during its touch,
 * reports nothing. So every report is a broken promise.
 */
#include <vmastore/page.h>

#include "stress/stress.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static unsigned long own_unit(struct worker *w)
{
	unsigned long unit = pick(w, NR_UNITS);

	return unit - unit % w->s->threads + w->id < NR_UNITS ? unit - unit % w->s->threads + w->id
							      : w->id;
}

/* A stable page is never missing, and never holds another word. */
static void read_stable(struct worker *w)
{
	unsigned long addr = stable_addr(pick(w, NR_UNITS)) + pick(w, STABLE_PAGES) * PG, word = 0;
	enum vms_fault_result result = vms_read_word(w->s->mm, addr, &word);

	if (result != VMS_FAULT_OK)
		broken(w, "a read of stable page %lx answered %d, expected 0", addr, result);
	else if (word != stable_word(addr))
		broken(w, "stable page %lx holds %lx, expected %lx", addr, word, stable_word(addr));
}

static void write_stable(struct worker *w)
{
	unsigned long addr = stable_addr(pick(w, NR_UNITS)) + pick(w, STABLE_PAGES) * PG;
	enum vms_fault_result result = vms_write_word(w->s->mm, addr, stable_word(addr));

	if (result != VMS_FAULT_OK)
		broken(w, "a write to stable page %lx answered %d, expected 0", addr, result);
}

/* VMAs split and merge around pages that stay mapped and writable. */
static void shuffle_stable(struct worker *w)
{
	unsigned long first = pick(w, STABLE_PAGES), count = 1 + pick(w, STABLE_PAGES - first);
	unsigned long addr = stable_addr(pick(w, NR_UNITS)) + first * PG;
	int err;

	switch (pick(w, 5)) {
	case 0:
		err = vms_set_anon_name(w->s->mm, addr, count * PG, pick(w, 2) ? "stable" : NULL);
		break;
	case 1:
		err = vms_madvise(w->s->mm, addr, count * PG,
				  pick(w, 2) ? MADV_SEQUENTIAL : MADV_NORMAL);
		break;
	case 2:
		err = pick(w, 2) ? vms_mlock(w->s->mm, addr, count * PG)
				 : vms_munlock(w->s->mm, addr, count * PG);
		break;
	default:
		err = vms_mprotect(w->s->mm, addr, count * PG, pick(w, 2) ? RW : RW | PROT_EXEC);
	}
	if (err)
		broken(w,
		       "a change of flags, lock or name of stable pages %lx+%lu answered %d, "
		       "expected 0",
		       addr, count, err);
}

/*
 * The reverse map leads from a stable page to the places that map it, while
 * VMAs split and merge around it and children are forked and exit. After a fork
 * a write may replace the page by a copy. If the page is at the address before
 * and after, the reverse map must report the address.
 */
static void look_back(struct worker *w)
{
	unsigned long addr = stable_addr(pick(w, NR_UNITS)) + pick(w, STABLE_PAGES) * PG;
	struct page *page = vms_page_lookup(w->s->mm, addr), *after;
	struct vms_page_place place[32];
	unsigned int nr, here = 0;

	if (!page) {
		broken(w, "stable page %lx has no page", addr);
		return;
	}
	nr = vms_page_places(page, place, 32);
	after = vms_page_lookup(w->s->mm, addr);
	for (unsigned int i = 0; i < nr; i++) {
		here += place[i].mm == w->s->mm;
		if (place[i].addr != addr)
			broken(w, "the page of %lx is mapped at %lx, too", addr, place[i].addr);
		mmdrop(place[i].mm);
	}
	if (after == page && here != 1 && nr < 32)
		broken(w, "the page of %lx is found there %u times, expected 1", addr, here);
	vms_page_put(page);
	if (after)
		vms_page_put(after);
}

/*
 * The file's pages are removed from every page table, and faults map them
 * again; private copies stay.
 */
static void unmap_file(struct worker *w)
{
	unmap_mapping_range(w->s->file->f_mapping, pick(w, FILE_PAGES) * PG,
			    pick(w, FILE_PAGES) * PG, 0);
}

/*
 * Punch a hole somewhere in the file. Now and then truncate the file instead,
 * and extend it to its old length.
 */
static void punch_hole(struct worker *w)
{
	struct address_space *mapping = w->s->holes->f_mapping;
	unsigned long first = pick(w, HOLE_PAGES), pages = 1 + pick(w, HOLE_PAGES - first);
	int err;

	if (pick(w, 8)) {
		err = vms_file_punch_hole(mapping, first * PG, pages * PG);
	} else {
		err = vms_file_truncate(mapping, first * PG);
		if (!err)
			err = vms_file_truncate(mapping, HOLE_PAGES * PG);
	}
	if (err)
		broken(w, "a hole of %lu pages or a truncation at page %lu answered %d", pages,
		       first, err);
}

/*
 * Two mappings show the same memory while holes are punched. A word that this
 * thread wrote through one mapping is seen through the other, or was removed.
 * Once the word reads as 0 through one mapping, it does so through both. No
 * other thread writes the page meanwhile. A SIGBUS while the file is truncated
 * says nothing: the other mapping may lose the page later, as on Linux.
 */
static void write_where_holes_are(struct worker *w)
{
	unsigned long which = pick(w, CHECKED_PAGES),
		      offset = which * (HOLE_PAGES / CHECKED_PAGES) * PG;
	unsigned long mine = (unsigned long)w->id << 32 | w->ops | 1UL << 63, word;
	bool gone = false;

	/*
	 * acquire: pairs with the release below, so that the last writer's
	 * accesses to the page come before ours
	 */
	if (atomic_flag_test_and_set_explicit(&w->s->writer[which], memory_order_acquire))
		return;
	gone = vms_write_word(w->s->mm, HOLES_A + offset, mine) != VMS_FAULT_OK;
	for (int i = 0; !gone && i < 40; i++) {
		unsigned long addr = (i & 1 ? HOLES_A : HOLES_B) + offset;
		enum vms_fault_result result = vms_read_word(w->s->mm, addr, &word);

		if (result == VMS_SIGBUS)
			continue;
		if (result != VMS_FAULT_OK || (word && word != mine))
			broken(w, "file page %lx answered %d and holds %lx, expected %lx or 0",
			       addr, result, word, mine);
		gone = !word;
	}
	for (int i = 0; i < 4; i++)
		if (gone &&
		    vms_read_word(w->s->mm, (i & 1 ? HOLES_A : HOLES_B) + offset, &word) ==
			    VMS_FAULT_OK &&
		    word == mine)
			broken(w, "page %lx of the file with holes was gone, and holds %lx again",
			       offset, word);
	atomic_flag_clear_explicit(&w->s->writer[which], memory_order_release);
}

/* These pages are never mapped. */
static void touch_never(struct worker *w)
{
	unsigned long addr = never_addr(pick(w, NR_UNITS)) + pick(w, NEVER_PAGES) * PG;
	enum vms_fault_result result = vms_fault(w->s->mm, addr, pick(w, 2) ? FAULT_FLAG_WRITE : 0);

	if (result != VMS_SEGV_MAPERR)
		broken(w, "a touch of %lx, which is never mapped, answered %d, expected %d", addr,
		       result, VMS_SEGV_MAPERR);
}

/*
 * Compare the result of a touch with the slot's phase, if that was the same
 * throughout.
 */
static void touch_slot(struct worker *w)
{
	unsigned long unit = pick(w, NR_UNITS), addr = slot_addr(unit) + pick(w, SLOT_PAGES) * PG,
		      word = 0;
	struct slot *slot = &w->s->slots[unit];
	bool write = pick(w, 2);
	/* acquire: pairs with settle() */
	unsigned long before = atomic_load_explicit(&slot->state, memory_order_acquire), after;
	enum vms_fault_result result = write ? vms_fault(w->s->mm, addr, FAULT_FLAG_WRITE)
					     : vms_read_word(w->s->mm, addr, &word);
	enum phase phase = before & 7;

	/*
	 * A read-modify-write, so that this load cannot move before the touch:
	 * pairs with settle().
	 */
	after = atomic_fetch_add_explicit(&slot->state, 0, memory_order_acq_rel);
	if (before != after || phase == CHANGING)
		return;
	if (phase == UNMAPPED && result != VMS_SEGV_MAPERR)
		broken(w, "a touch of unmapped slot page %lx answered %d, expected %d", addr,
		       result, VMS_SEGV_MAPERR);
	if (phase == MAPPED_R && write && result != VMS_SEGV_ACCERR)
		broken(w, "a write to read-only slot page %lx answered %d, expected %d", addr,
		       result, VMS_SEGV_ACCERR);
	if ((phase == MAPPED_RW || (phase != UNMAPPED && !write)) && result != VMS_FAULT_OK)
		broken(w, "a touch of mapped slot page %lx answered %d, expected 0", addr, result);
	if (!write && result == VMS_FAULT_OK && phase != CHANGING_MAPPED && word != 0 &&
	    word != slot_word(addr, before >> 3))
		broken(w, "slot page %lx of generation %lu holds %lx: a page of another generation",
		       addr, before >> 3, word);
}

static void settle(struct slot *slot, unsigned long generation, enum phase phase)
{
	/*
	 * A sequentially consistent exchange: every access to the slot stays on
	 * its own side of it; pairs with touch_slot().
	 */
	atomic_exchange_explicit(&slot->state, generation << 3 | phase, memory_order_seq_cst);
}

static void fill_slot(struct worker *w, unsigned long unit, unsigned long generation)
{
	for (unsigned long i = 0; i < SLOT_PAGES; i++) {
		unsigned long addr = slot_addr(unit) + i * PG;

		if (vms_write_word(w->s->mm, addr, slot_word(addr, generation)) != VMS_FAULT_OK)
			broken(w, "the owner cannot write slot page %lx", addr);
	}
}

/*
 * Map the slot, or replace it in one step: mapped memory is never seen missing.
 */
static void map_slot(struct worker *w, unsigned long unit, enum phase from,
		     unsigned long generation)
{
	unsigned long addr = slot_addr(unit);
	bool writable = pick(w, 3);
	unsigned long got;

	settle(&w->s->slots[unit], generation, from == UNMAPPED ? CHANGING : CHANGING_MAPPED);
	got = vms_mmap(w->s->mm, addr, SLOT_PAGES * PG, writable ? RW : PROT_READ, ANON | MAP_FIXED,
		       NULL, 0);
	if (got != addr)
		broken(w, "mmap of slot %lx answered %lx", addr, got);
	settle(&w->s->slots[unit], generation + 1, writable ? MAPPED_RW : MAPPED_R);
	if (writable)
		fill_slot(w, unit, generation + 1);
}

static void unmap_slot(struct worker *w, unsigned long unit, unsigned long generation)
{
	int err;

	settle(&w->s->slots[unit], generation, CHANGING);
	err = vms_munmap(w->s->mm, slot_addr(unit), SLOT_PAGES * PG);
	if (err)
		broken(w, "munmap of slot %lx answered %d", slot_addr(unit), err);
	settle(&w->s->slots[unit], generation + 1, UNMAPPED);
}

/* Split a slot in three and join it again: its pages stay mapped. */
static void protect_slot(struct worker *w, unsigned long unit, enum phase phase,
			 unsigned long generation)
{
	unsigned long addr = slot_addr(unit) + 2 * PG;
	int prot = phase == MAPPED_RW ? RW : PROT_READ;
	int err;

	settle(&w->s->slots[unit], generation, CHANGING_MAPPED);
	err = vms_mprotect(w->s->mm, addr, 3 * PG, prot ^ PROT_WRITE);
	if (!err)
		err = vms_mprotect(w->s->mm, addr, 3 * PG, prot);
	if (err)
		broken(w, "mprotect inside slot %lx answered %d", addr, err);
	settle(&w->s->slots[unit], generation, phase);
}

static void change_own_slot(struct worker *w)
{
	unsigned long unit = own_unit(w);
	/* relaxed: only this thread writes it */
	unsigned long state = atomic_load_explicit(&w->s->slots[unit].state, memory_order_relaxed);
	enum phase phase = state & 7;

	if (phase == UNMAPPED || pick(w, 4) == 0)
		map_slot(w, unit, phase, state >> 3);
	else if (pick(w, 2))
		unmap_slot(w, unit, state >> 3);
	else
		protect_slot(w, unit, phase, state >> 3);
}

/*
 * Guard a page of the caller's own, and take the guard away: the page is then
 * empty.
 */
static void guard_and_unguard(struct worker *w, unsigned long addr)
{
	unsigned long word;

	if (vms_madvise(w->s->mm, addr, PG, MADV_GUARD_INSTALL) ||
	    vms_read_word(w->s->mm, addr, &word) != VMS_SEGV_MAPERR)
		broken(w, "page %lx can be read although it is guarded", addr);
	if (vms_madvise(w->s->mm, addr, PG, MADV_GUARD_REMOVE) ||
	    vms_read_word(w->s->mm, addr, &word) != VMS_FAULT_OK || word != 0)
		broken(w, "page %lx keeps its word or its guard", addr);
}

/*
 * Placement gives every thread memory of its own: it is fresh, keeps its words,
 * and is empty after MADV_DONTNEED.
 */
static void place_fill_check(struct worker *w)
{
	unsigned long pages = 1 + pick(w, 12), tag = (unsigned long)w->id << 32 | w->ops, word;
	unsigned long addr = vms_mmap(w->s->mm, 0, pages * PG, RW, ANON, NULL, 0);

	if (IS_ERR_VALUE(addr)) {
		broken(w, "mmap of %lu pages answered %ld", pages, (long)addr);
		return;
	}
	for (unsigned long i = 0; i < pages; i++) {
		if (vms_read_word(w->s->mm, addr + i * PG, &word) != VMS_FAULT_OK || word != 0)
			broken(w, "new page %lx is missing or not fresh", addr + i * PG);
		if (vms_write_word(w->s->mm, addr + i * PG, tag + i) != VMS_FAULT_OK)
			broken(w, "new page %lx cannot be written", addr + i * PG);
	}
	if (pick(w, 8) == 0)
		guard_and_unguard(w, addr);
	if (pick(w, 2)) {
		if (vms_madvise(w->s->mm, addr, PG, MADV_DONTNEED) ||
		    vms_read_word(w->s->mm, addr, &word) != VMS_FAULT_OK || word != 0)
			broken(w, "page %lx keeps its word after MADV_DONTNEED", addr);
	}
	for (unsigned long i = 1; i < pages; i++)
		if (vms_read_word(w->s->mm, addr + i * PG, &word) != VMS_FAULT_OK ||
		    word != tag + i)
			broken(w, "page %lx was given to two owners: it holds %lx, expected %lx",
			       addr + i * PG, word, tag + i);
	if (vms_munmap(w->s->mm, addr, pages * PG))
		broken(w, "munmap of %lx failed", addr);
}

/* Not inlined, so that each call loads the fields again. */
static __attribute__((noinline)) bool still_covers(const struct vm_area_struct *vma,
						   unsigned long start, unsigned long end)
{
	return vma->vm_start == start && vma->vm_end == end;
}

/*
 * Return: an address of this worker's own, far from all other mappings, in one
 *         of several 2 MiB blocks that have no page table yet.
 */
static unsigned long own_far_place(struct worker *w)
{
	return FAR_BASE + w->id * FAR_BYTES + pick(w, 16) * (2UL << 20);
}

/*
 * Mappings grow, in place or elsewhere, or move far away. Written pages move
 * along, and pages that were never written are fresh, whatever other threads
 * touch meanwhile.
 */
static void place_and_move(struct worker *w)
{
	unsigned long pages = 1 + pick(w, 6), more = 1 + pick(w, 6),
		      tag = (unsigned long)w->id << 32 | w->ops, word;
	unsigned long addr = vms_mmap(w->s->mm, 0, pages * PG, RW, ANON, NULL, 0), moved;
	bool fill = pick(w, 2), far = pick(w, 2);

	/*
	 * Relaxed: the address says nothing about the memory to the thread that
	 * touches it.
	 */
	atomic_store_explicit(&w->s->moving[w->id % NR_MOVING], addr, memory_order_relaxed);
	for (unsigned long i = 0; fill && i < pages; i++)
		if (vms_write_word(w->s->mm, addr + i * PG, tag + i) != VMS_FAULT_OK)
			broken(w, "new page %lx cannot be written", addr + i * PG);
	/*
	 * Write the memory once and drop it again, so that other threads'
	 * touches need only the VMA's lock to bring pages in.
	 */
	if (!fill && (vms_write_word(w->s->mm, addr, tag) != VMS_FAULT_OK ||
		      vms_madvise(w->s->mm, addr, pages * PG, MADV_DONTNEED)))
		broken(w, "new page %lx cannot be written and dropped", addr);
	moved = vms_mremap(w->s->mm, addr, pages * PG, (pages + more) * PG,
			   MREMAP_MAYMOVE | (far ? MREMAP_FIXED : 0), far ? own_far_place(w) : 0);
	if (IS_ERR_VALUE(moved)) {
		broken(w, "mremap of %lx answered %ld", addr, (long)moved);
		return;
	}
	for (unsigned long i = 0; i < pages + more; i++) {
		unsigned long expected = fill && i < pages ? tag + i : 0;

		if (vms_read_word(w->s->mm, moved + i * PG, &word) != VMS_FAULT_OK ||
		    word != expected)
			broken(w, "page %lx, moved from %lx, holds %lx, expected %lx",
			       moved + i * PG, addr + i * PG, word, expected);
	}
	if (vms_munmap(w->s->mm, moved, (pages + more) * PG))
		broken(w, "munmap of %lx failed", moved);
}

/*
 * Touch another thread's memory while it grows, moves and is unmapped. The
 * touch finds it or not, and brings in only a fresh page.
 */
static void touch_moving(struct worker *w)
{
	unsigned long addr =
		atomic_load_explicit(&w->s->moving[pick(w, NR_MOVING)], memory_order_relaxed);
	enum vms_fault_result result;

	for (int i = 0; addr && i < 8; i++) {
		result = vms_fault(w->s->mm, addr + pick(w, 12) * PG,
				   pick(w, 2) ? FAULT_FLAG_WRITE : 0);
		if (result != VMS_FAULT_OK && result != VMS_SEGV_MAPERR &&
		    result != VMS_SEGV_ACCERR)
			broken(w, "a touch of memory that moves, at %lx, answered %d", addr,
			       result);
	}
}

/*
 * Every mapping of a file shows the file's words; a private mapping keeps its
 * changes to itself.
 */
static void map_file(struct worker *w)
{
	unsigned long first = pick(w, FILE_PAGES), pages = 1 + pick(w, FILE_PAGES - first),
		      word = 0;
	bool private = pick(w, 2);
	unsigned long addr = vms_mmap(w->s->mm, 0, pages * PG, RW,
				      private ? MAP_PRIVATE : MAP_SHARED, w->s->file, first * PG);

	if (IS_ERR_VALUE(addr)) {
		broken(w, "mmap of %lu file pages answered %ld", pages, (long)addr);
		return;
	}
	for (unsigned long i = 0; i < pages; i += 1 + pick(w, 4)) {
		unsigned long mine = private ? ~0UL : file_word(first + i);

		if (vms_read_word(w->s->mm, addr + i * PG, &word) != VMS_FAULT_OK ||
		    word != file_word(first + i))
			broken(w, "file page %lu holds %lx, expected %lx", first + i, word,
			       file_word(first + i));
		if (vms_write_word(w->s->mm, addr + i * PG, mine) != VMS_FAULT_OK ||
		    vms_read_word(w->s->mm, addr + i * PG, &word) != VMS_FAULT_OK || word != mine)
			broken(w, "file page %lu does not keep what its mapping wrote", first + i);
	}
	if (vms_munmap(w->s->mm, addr, pages * PG))
		broken(w, "munmap of %lx failed", addr);
}

/* A VMA that is locked for reading keeps its range. */
static void hold_vma(struct worker *w)
{
	unsigned long addr = slot_addr(pick(w, NR_UNITS)) + pick(w, SLOT_PAGES) * PG;
	struct vm_area_struct *vma = lock_vma_under_rcu(w->s->mm, addr);
	unsigned long start, end;

	if (!vma)
		return;
	start = vma->vm_start;
	end = vma->vm_end;
	if (addr < start || addr >= end)
		broken(w, "the VMA locked for %lx is %lx-%lx", addr, start, end);
	for (int i = 0; i < 100; i++)
		if (!still_covers(vma, start, end))
			broken(w, "VMA %lx-%lx changed under its read lock", start, end);
	vma_end_read(vma);
}

/* A walk visits VMAs in order, and they never overlap. */
static void walk(struct worker *w)
{
	struct mm_struct *mm = w->s->mm;
	struct vm_area_struct *vma;
	unsigned long last = 0;
	VMA_ITERATOR(vmi, mm, 0);

	mmap_read_lock(mm);
	for_each_vma(vmi, vma) {
		if (vma->vm_start < last || vma->vm_start >= vma->vm_end ||
		    atomic_load_explicit(&vma->vm_mm, memory_order_relaxed) != mm)
			broken(w, "the walk came to %lx-%lx after %lx", vma->vm_start, vma->vm_end,
			       last);
		last = vma->vm_end;
	}
	mmap_read_unlock(mm);
}

/*
 * A child holds the stable words of its parent, and its writes do not reach the
 * parent.
 */
static void fork_and_look(struct worker *w)
{
	unsigned long addr = stable_addr(pick(w, NR_UNITS)) + pick(w, STABLE_PAGES) * PG, word = 0;
	struct mm_struct *child;
	int err = vms_fork(w->s->mm, &child);

	if (err) {
		broken(w, "fork answered %d", err);
		return;
	}
	if (vms_read_word(child, addr, &word) != VMS_FAULT_OK || word != stable_word(addr))
		broken(w, "the child's page %lx holds %lx, expected %lx", addr, word,
		       stable_word(addr));
	if (vms_write_word(child, addr, ~0UL) != VMS_FAULT_OK)
		broken(w, "the child cannot write page %lx", addr);
	if (vms_read_word(w->s->mm, addr, &word) != VMS_FAULT_OK || word != stable_word(addr))
		broken(w, "the child's write to %lx reached its parent", addr);
	if (vms_mm_validate(child, stderr))
		broken(w, "the child is not sound");
	mmput(child);
}

static void touch_stack(struct worker *w)
{
	unsigned long addr = STACK_TOP - 1 - pick(w, STACK_LIMIT);
	enum vms_fault_result result = vms_fault(w->s->mm, addr, FAULT_FLAG_WRITE);

	if (result != VMS_FAULT_OK)
		broken(w, "a touch of the stack at %lx answered %d, expected 0", addr, result);
}

void act(struct worker *w)
{
	/* The weights are out of 256. */
	static const struct {
		unsigned int weight;
		void (*run)(struct worker *w);
	} acts[] = {
		{46, touch_slot},    {36, change_own_slot},  {36, read_stable},
		{24, write_stable},  {20, shuffle_stable},   {16, touch_never},
		{14, hold_vma},      {14, place_fill_check}, {8, map_file},
		{8, place_and_move}, {6, touch_stack},       {10, touch_moving},
		{1, walk},           {1, fork_and_look},     {6, look_back},
		{2, unmap_file},     {2, punch_hole},        {6, write_where_holes_are},
	};
	unsigned long n = pick(w, 256);

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (n < acts[i].weight) {
			acts[i].run(w);
			break;
		}
		n -= acts[i].weight;
	}
	w->ops++;
}
