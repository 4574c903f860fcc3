/* SPDX-License-Identifier: MIT */
/*
 * test_adjust.c - the kernel's calls on one VMA: finding the first one,
 * splitting, merging, growing, shrinking, growing a stack; and the VMA lock's
 * trylocks and early release.
 *
 * The tear-down validates accounts, page tables, and the reverse map.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <vmastore/page.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define PGOFF(addr) ((addr) >> PAGE_SHIFT)
#define RW_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT)

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static bool has_vma_locks(void **state)
{
	return strcmp(((struct world *)*state)->engine, "maple-vma") == 0;
}

/*
 * Maps @pages pages of private memory from @start on; page i holds @start + i.
 */
static void map_written(struct mm_struct *mm, unsigned long start, unsigned long pages)
{
	assert_int_equal(vms_mmap(mm, start, pages * PG, RW, FIXED, NULL, 0), start);
	for (unsigned long i = 0; i < pages; i++)
		assert_int_equal(vms_write_word(mm, start + i * PG, start + i), VMS_FAULT_OK);
}

static void expect_words(struct mm_struct *mm, unsigned long addr, unsigned long pages,
			 unsigned long first)
{
	unsigned long word = 0;

	for (unsigned long i = 0; i < pages; i++) {
		assert_int_equal(vms_read_word(mm, addr + i * PG, &word), VMS_FAULT_OK);
		assert_int_equal(word, first + i);
	}
}

static struct vm_area_struct *lock_and_find(struct mm_struct *mm, unsigned long addr)
	VMS_ACQUIRE(mm->mmap_lock)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = vma_lookup(mm, addr);
	assert_non_null(vma);
	return vma;
}

/* ---- first, split ---- */

static void the_first_vma_is_the_lowest(void **state)
{
	struct mm_struct *mm = mm_of(state);

	mmap_read_lock(mm);
	assert_null(vma_first(mm));
	mmap_read_unlock(mm);
	map_written(mm, BASE + 8 * PG, 1);
	map_written(mm, BASE, 1);
	mmap_read_lock(mm);
	assert_int_equal(vma_first(mm)->vm_start, BASE);
	assert_int_equal(vms_vma_after(vma_first(mm))->vm_start, BASE + 8 * PG);
	mmap_read_unlock(mm);
}

static void a_vma_is_cut_where_it_is_told(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;

	map_written(mm, BASE, 8);
	vma = lock_and_find(mm, BASE);
	assert_int_equal(split_vma(mm, vma, BASE, 0), -EINVAL);
	assert_int_equal(split_vma(mm, vma, BASE + 8 * PG, 0), -EINVAL);
	assert_int_equal(split_vma(mm, vma, BASE + PG + 1, 0), -EINVAL);
	assert_int_equal(split_vma(mm, vma, BASE + 2 * PG, 0), 0);
	assert_int_equal(vma->vm_end, BASE + 2 * PG);
	assert_int_equal(split_vma(mm, vma, BASE + PG, 1), 0);
	assert_int_equal(vma->vm_start, BASE + PG);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p "
			  "20001\n20002000-20008000 rw-p 20002\n");
	expect_words(mm, BASE, 8, BASE);
	limit_map_count(mm, 3);
	vma = lock_and_find(mm, BASE + 2 * PG);
	assert_int_equal(split_vma(mm, vma, BASE + 4 * PG, 0), -ENOMEM);
	mmap_write_unlock(mm);
}

/* ---- merge ---- */

/*
 * Symptom: a truncation misses pages. Cause: a VMA's last offset wraps and
 * comes before its first.
 */
static void offsets_do_not_wrap(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);
	struct vm_area_struct *vma, *merged, *last = vm_area_alloc(mm);
	int below, above, insert, fits;

	assert_int_equal(vms_mmap(mm, BASE, PG, RW, MAP_SHARED | MAP_FIXED, file, 0), BASE);
	/*
	 * Record first, and assert after the lock is released: the tear-down of
	 * a failed test needs the lock.
	 */
	vma = lock_and_find(mm, BASE);
	merged = vma_merge(mm, NULL, BASE - PG, BASE, vma->vm_flags, file, ~0UL, NULL);
	below = vma_expand(vma, BASE - PG, BASE + PG, ~0UL, NULL);
	last->vm_start = BASE + 2 * PG;
	last->vm_end = BASE + 4 * PG;
	last->vm_pgoff = ~0UL;
	last->vm_file = get_file(file);
	vm_flags_init(last, vma->vm_flags);
	insert = insert_vm_struct(mm, last);
	last->vm_pgoff = ~0UL - 2;
	fits = insert ? insert_vm_struct(mm, last) : 0;
	above = vma_expand(last, BASE + 2 * PG, BASE + 5 * PG, ~0UL - 2, NULL);
	mmap_write_unlock(mm);
	assert_null(merged);
	assert_int_equal(below, -EINVAL);
	assert_int_equal(insert, -EINVAL);
	assert_int_equal(fits, 0);
	assert_int_equal(above, -EINVAL);
	assert_int_equal(vms_munmap(mm, BASE, 8 * PG), 0);
	fput(file);
}

static void free_room_joins_its_neighbours(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma, *merged;
	unsigned long gap = BASE + 2 * PG;

	map_written(mm, BASE, 2);
	assert_int_equal(vms_mmap(mm, BASE + 4 * PG, 2 * PG, RW, FIXED, NULL, 0), BASE + 4 * PG);
	vma = lock_and_find(mm, BASE);
	/*
	 * Other flags, another offset, half mapped already, not page aligned,
	 * and empty.
	 */
	assert_null(vma_merge(mm, vma, gap, gap + 2 * PG, RW_FLAGS & ~VM_WRITE, NULL, PGOFF(gap),
			      NULL));
	assert_null(vma_merge(mm, vma, gap, gap + 2 * PG, RW_FLAGS, NULL, PGOFF(gap) + 1, NULL));
	assert_null(vma_merge(mm, vma, gap, gap + 3 * PG, RW_FLAGS, NULL, PGOFF(gap), NULL));
	assert_null(vma_merge(mm, vma, gap, gap + 2 * PG + 1, RW_FLAGS, NULL, PGOFF(gap), NULL));
	assert_null(vma_merge(mm, vma, gap, gap, RW_FLAGS, NULL, PGOFF(gap), NULL));
	/* Adjacent to neither VMA. */
	assert_null(vma_merge(mm, NULL, BASE + 16 * PG, BASE + 17 * PG, RW_FLAGS, NULL,
			      PGOFF(BASE + 16 * PG), NULL));
	merged = vma_merge(mm, vma, gap, gap + PG, RW_FLAGS, NULL, PGOFF(gap), NULL);
	assert_ptr_equal(merged, vma);
	assert_int_equal(vma->vm_end, gap + PG);
	merged = vma_merge(mm, NULL, gap + PG, gap + 2 * PG, RW_FLAGS, NULL, PGOFF(gap + PG), NULL);
	assert_ptr_equal(merged, vma);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20006000 rw-p 20000\n");
	expect_words(mm, BASE, 2, BASE);
}

static void a_part_whose_flags_change_joins_a_neighbour(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma, *merged;

	map_written(mm, BASE, 6);
	assert_int_equal(vms_mprotect(mm, BASE, 2 * PG, PROT_READ), 0);
	vma = lock_and_find(mm, BASE);
	/* The middle of a VMA touches no other VMA. */
	assert_null(vma_merge(mm, NULL, BASE + 3 * PG, BASE + 4 * PG, vma->vm_flags, NULL,
			      PGOFF(BASE + 3 * PG), NULL));
	merged = vma_merge(mm, vma, BASE + 2 * PG, BASE + 4 * PG, vma->vm_flags, NULL,
			   PGOFF(BASE + 2 * PG), NULL);
	assert_ptr_equal(merged, vma);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20004000 r--p 20000\n20004000-20006000 rw-p 20004\n");
	/* The page that was writable is not writable any more. */
	assert_int_equal(vms_write_word(mm, BASE + 3 * PG, 0), VMS_SEGV_ACCERR);
	expect_words(mm, BASE, 6, BASE);
}

/* ---- grow and shrink ---- */

static void a_vma_grows_into_free_room(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(32, true);
	struct vm_area_struct *vma;

	assert_int_equal(vms_mmap(mm, BASE + 4 * PG, 2 * PG, RW, MAP_SHARED | MAP_FIXED, file,
				  4 * PG),
			 BASE + 4 * PG);
	assert_int_equal(vms_write_word(mm, BASE + 4 * PG, 44), VMS_FAULT_OK);
	map_written(mm, BASE + 10 * PG, 1);
	vma = lock_and_find(mm, BASE + 4 * PG);
	/* Nothing is added. */
	assert_int_equal(vma_expand(vma, BASE + 4 * PG, BASE + 6 * PG, 4, NULL), -EINVAL);
	/* Another offset. */
	assert_int_equal(vma_expand(vma, BASE + 4 * PG, BASE + 7 * PG, 5, NULL), -EINVAL);
	/* One end shrinks. */
	assert_int_equal(vma_expand(vma, BASE + 5 * PG, BASE + 7 * PG, 5, NULL), -EINVAL);
	/* Before the file's start. */
	assert_int_equal(vma_expand(vma, BASE - PG, BASE + 6 * PG, -1UL, NULL), -EINVAL);
	assert_int_equal(vma_expand(vma, BASE + 4 * PG, mm->layout.task_size + PG, 4, NULL),
			 -EINVAL);
	/* The range is taken. */
	assert_int_equal(vma_expand(vma, BASE + 4 * PG, BASE + 11 * PG, 4, NULL), -ENOMEM);
	assert_int_equal(vma_expand(vma, BASE + 3 * PG, BASE + 8 * PG, 3, NULL), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20003000-20008000 rw-s 3\n2000a000-2000b000 rw-p 2000a\n");
	expect_words(mm, BASE + 4 * PG, 1, 44);
	assert_int_equal(vms_fault(mm, BASE + 3 * PG, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	fput(file);
}

static void a_vma_takes_the_next_one_and_what_lies_between(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma, *next;

	map_written(mm, BASE, 2);
	assert_int_equal(vms_mmap(mm, BASE + 4 * PG, 2 * PG, RW, FIXED, NULL, 0), BASE + 4 * PG);
	assert_int_equal(vms_mmap(mm, BASE + 8 * PG, 2 * PG, PROT_READ, FIXED, NULL, 0),
			 BASE + 8 * PG);
	vma = lock_and_find(mm, BASE);
	next = vms_vma_after(vma);
	/* Half of the next VMA. */
	assert_int_equal(vma_expand(vma, BASE, BASE + 5 * PG, PGOFF(BASE), next), -EINVAL);
	assert_int_equal(vma_expand(vma, BASE, BASE + 6 * PG, PGOFF(BASE), next), 0);
	next = vms_vma_after(vma);
	/* The next VMA is read-only. */
	assert_int_equal(vma_expand(vma, BASE, BASE + 10 * PG, PGOFF(BASE), next), -EINVAL);
	/* Adjacent VMAs too: split first, and joined again. */
	assert_int_equal(split_vma(mm, vma, BASE + PG, 0), 0);
	assert_int_equal(vma_expand(vma, BASE, BASE + 6 * PG, PGOFF(BASE), vms_vma_after(vma)), 0);
	/* An adjacent VMA that differs. */
	vm_flags_set(vms_vma_after(vma), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20006000 rw-p 20000\n20008000-2000a000 r--p 20008\n");
	expect_words(mm, BASE, 2, BASE);
}

static void a_vma_shrinks_and_its_pages_go(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;

	map_written(mm, BASE, 8);
	vma = lock_and_find(mm, BASE);
	/* Both ends. */
	assert_int_equal(vma_shrink(vma, BASE + PG, BASE + 7 * PG, PGOFF(BASE + PG)), -EINVAL);
	/* Nothing would be removed. */
	assert_int_equal(vma_shrink(vma, BASE, BASE + 8 * PG, PGOFF(BASE)), -EINVAL);
	/* Nothing would be left. */
	assert_int_equal(vma_shrink(vma, BASE, BASE, PGOFF(BASE)), -EINVAL);
	/* Another offset. */
	assert_int_equal(vma_shrink(vma, BASE + PG, BASE + 8 * PG, PGOFF(BASE)), -EINVAL);
	assert_int_equal(vma_shrink(vma, BASE, BASE + 6 * PG, PGOFF(BASE)), 0);
	assert_int_equal(vma_shrink(vma, BASE + 2 * PG, BASE + 6 * PG, PGOFF(BASE + 2 * PG)), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20002000-20006000 rw-p 20002\n");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	assert_int_equal(vms_fault(mm, BASE + PG, 0), VMS_SEGV_MAPERR);
	assert_int_equal(vms_fault(mm, BASE + 6 * PG, 0), VMS_SEGV_MAPERR);
	expect_words(mm, BASE + 2 * PG, 4, BASE + 2);
}

/*
 * A VMA that shrinks frees the page tables of the range it leaves, except for
 * those that a neighbour needs.
 */
static void a_vma_that_shrinks_gives_its_page_tables_back(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long block = 512 * PG;
	struct vm_area_struct *vma;
	long tables;

	assert_int_equal(vms_mmap(mm, BASE, 3 * block, RW, FIXED, NULL, 0), BASE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(vms_fault(mm, BASE + (unsigned long)i * block, FAULT_FLAG_WRITE),
				 VMS_FAULT_OK);
	tables = vms_mm_counter(mm, MM_PGTABLES);
	vma = lock_and_find(mm, BASE);
	assert_int_equal(vma_shrink(vma, BASE, BASE + 2 * block, PGOFF(BASE)), 0);
	assert_int_equal(vms_mm_counter(mm, MM_PGTABLES), tables - 1);
	assert_int_equal(vma_shrink(vma, BASE + block, BASE + 2 * block, PGOFF(BASE + block)), 0);
	assert_int_equal(vms_mm_counter(mm, MM_PGTABLES), tables - 2);
	/* A table of which half the pages stay must stay. */
	assert_int_equal(vma_shrink(vma, BASE + block, BASE + 2 * block - PG, PGOFF(BASE + block)),
			 0);
	assert_int_equal(vms_mm_counter(mm, MM_PGTABLES), tables - 2);
	mmap_write_unlock(mm);
}

static void adjusting_is_growing_or_shrinking(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;

	map_written(mm, BASE, 4);
	vma = lock_and_find(mm, BASE);
	assert_int_equal(vma_adjust(vma, BASE, BASE + 4 * PG, PGOFF(BASE), NULL), 0);
	assert_int_equal(vma_adjust(vma, BASE + PG, BASE + 5 * PG, PGOFF(BASE + PG), NULL),
			 -EINVAL);
	assert_int_equal(vma_adjust(vma, BASE, BASE + 6 * PG, PGOFF(BASE), NULL), 0);
	assert_int_equal(vma_adjust(vma, BASE, BASE + 3 * PG, PGOFF(BASE), NULL), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20003000 rw-p 20000\n");
	expect_words(mm, BASE, 3, BASE);
}

static void what_is_given_up_may_go_to_another_vma(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma, *insert;

	map_written(mm, BASE, 4);
	vma = lock_and_find(mm, BASE);
	insert = vm_area_dup(vma);
	assert_non_null(insert);
	/* Unchanged, it is no part of the other VMA. */
	assert_int_equal(vma_adjust(vma, BASE, BASE + PG, PGOFF(BASE), insert), -EINVAL);
	insert->vm_start = BASE + PG;
	/* Its offset is wrong. */
	assert_int_equal(vma_adjust(vma, BASE, BASE + PG, PGOFF(BASE), insert), -EINVAL);
	insert->vm_pgoff += 1;
	/* They overlap. */
	assert_int_equal(vma_adjust(vma, BASE, BASE + 2 * PG, PGOFF(BASE), insert), -EINVAL);
	assert_int_equal(vma_adjust(vma, BASE, BASE + PG, PGOFF(BASE), insert), 0);
	assert_ptr_equal(vms_vma_after(vma), insert);
	insert = vm_area_dup(vms_vma_after(vma));
	assert_non_null(insert);
	insert->vm_end = BASE + 3 * PG;
	vma = vms_vma_after(vma);
	assert_int_equal(
		vma_adjust(vma, BASE + 3 * PG, BASE + 4 * PG, PGOFF(BASE + 3 * PG), insert), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20003000 rw-p "
			  "20001\n20003000-20004000 rw-p 20003\n");
	expect_words(mm, BASE, 4, BASE);
}

/* ---- the stack ---- */

/*
 * expand_stack() may or may not release mmap_lock, which clang cannot follow.
 */
static void a_stack_grows_when_asked(void **state) VMS_NO_TSA
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);
	struct vm_area_struct *vma;

	limits.stack = 16 * PG;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_mmap(mm, BASE, PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0), BASE);
	mmap_read_lock(mm);
	vma = expand_stack(mm, BASE); /* covered already */
	assert_non_null(vma);
	vma = expand_stack(mm, BASE - 3 * PG + 8);
	assert_non_null(vma);
	assert_int_equal(vma->vm_start, BASE - 3 * PG);
	mmap_assert_locked(mm);
	mmap_read_unlock(mm);
	/* A call that fails has released mmap_lock. */
	mmap_read_lock(mm);
	assert_null(expand_stack(mm, BASE - 16 * PG));
	mmap_read_lock(mm);
	assert_null(expand_stack(mm, BASE + PG));
	mmap_write_lock(mm);
	vma = vma_lookup(mm, BASE);
	assert_int_equal(expand_stack_locked(vma, BASE - 4 * PG), 0);
	assert_int_equal(expand_stack_locked(vma, BASE - 16 * PG), -ENOMEM);
	assert_int_equal(expand_stack_locked(vma, 0), -EPERM);
	mmap_write_unlock(mm);
	map_written(mm, BASE + 64 * PG, 1);
	vma = lock_and_find(mm, BASE + 64 * PG);
	assert_int_equal(expand_stack_locked(vma, BASE + 63 * PG), -EFAULT);
	mmap_write_unlock(mm);
	expect_layout(mm, "1fffc000-20001000 rw-p 1fffc\n20040000-20041000 rw-p 20040\n");
}

/* ---- VMA locks ---- */

static void a_reader_keeps_its_vma_when_mmap_lock_goes(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;
	bool locks = has_vma_locks(state);

	map_written(mm, BASE, 1);
	mmap_read_lock(mm);
	vma = vma_lookup(mm, BASE);
	assert_int_equal(vma_start_read_trylock(vma), locks);
	assert_int_equal(vma_start_read(mm, vma), locks);
	mmap_read_unlock(mm);
	mmap_write_lock(mm);
	/*
	 * Readers hold the lock: the writer is refused, and the lock stays as
	 * it was.
	 */
	assert_int_equal(vma_start_write_trylock(vma), !locks);
	assert_int_equal(vma_start_read(mm, vma), locks);
	for (int i = 0; locks && i < 3; i++)
		vma_end_read(vma);
	assert_true(vma_start_write_trylock(vma));
	assert_true(vma_start_write_trylock(vma));
	vma_assert_write_locked(vma);
	assert_false(vma_start_read_trylock(vma));
	assert_false(vma_start_read(mm, vma));
	assert_null(lock_vma_under_rcu(mm, BASE));
	mmap_write_unlock(mm);
}

static void a_vma_of_another_mm_is_not_locked(void **state)
{
	struct mm_struct *mm = mm_of(state),
			 *other = vms_mm_create(((struct world *)*state)->engine, &world_layout,
						NULL);
	struct vm_area_struct *vma;

	assert_non_null(other);
	map_written(mm, BASE, 1);
	mmap_read_lock(mm);
	vma = vma_first(mm);
	assert_false(vma_start_read(other, vma));
	mmap_read_unlock(mm);
	/* The refused attempt must leave no count behind. */
	mmap_write_lock(mm);
	assert_true(vma_start_write_trylock(vma));
	mmap_write_unlock(mm);
	mmput(other);
}

static void a_vma_is_let_go_before_mmap_lock(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma, *found;

	map_written(mm, BASE, 1);
	map_written(mm, BASE + 8 * PG, 1);
	vma = lock_and_find(mm, BASE);
	vma_start_write(vma);
	vma_start_write(vms_vma_after(vma));
	assert_null(lock_vma_under_rcu(mm, BASE));
	vma_end_write(vma);
	found = lock_vma_under_rcu(mm, BASE);
	assert_ptr_equal(found, has_vma_locks(state) ? vma : NULL);
	/* The other VMA stays locked. */
	assert_null(lock_vma_under_rcu(mm, BASE + 8 * PG));
	if (found) {
		assert_false(vma_start_write_trylock(vma));
		vma_end_read(found);
	}
	assert_true(vma_start_write_trylock(vma));
	assert_null(lock_vma_under_rcu(mm, BASE));
	mmap_write_unlock(mm);
}

struct handover {
	struct mm_struct *mm;
	_Atomic bool go;
	unsigned long seen;
};

/*
 * Reads what the writer wrote under the VMA's lock only, while the writer still
 * holds mmap_lock.
 */
static void *read_in_between(void *arg)
{
	struct handover *h = arg;
	struct vm_area_struct *vma = NULL;

	/* Relaxed: the flag must not order what the lock has to order. */
	while (!atomic_load_explicit(&h->go, memory_order_relaxed) ||
	       !(vma = lock_vma_under_rcu(h->mm, BASE)))
		;
	h->seen = (unsigned long)vma->vm_private_data;
	vma_end_read(vma);
	return NULL;
}

/* ThreadSanitizer reports a race if the early release does not release. */
static void what_was_written_before_is_seen_by_who_gets_in(void **state)
{
	struct handover h = {.mm = mm_of(state)};
	struct vm_area_struct *vma;
	pthread_t thread;

	if (!has_vma_locks(state))
		skip();
	map_written(h.mm, BASE, 1);
	assert_int_equal(pthread_create(&thread, NULL, read_in_between, &h), 0);
	vma = lock_and_find(h.mm, BASE);
	vma_start_write(vma);
	vma->vm_private_data = (void *)42UL;
	atomic_store_explicit(&h.go, true, memory_order_relaxed);
	vma_end_write(vma);
	pthread_join(thread, NULL); /* the reader gets in while mmap_lock is held */
	mmap_write_unlock(h.mm);
	assert_int_equal(h.seen, 42);
}

static void inserted_vma_must_be_aligned_and_this_mms(void **state)
{
	struct mm_struct *mm = mm_of(state), *other = vms_mm_create("rbtree", &world_layout, NULL);
	struct vm_area_struct *vma = vm_area_alloc(mm);

	vma->vm_start = 0x20000000;
	vma->vm_end = 0x20000800;
	vm_flags_init(vma, VM_READ);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), -EINVAL);
	vma->vm_end = 0x20001000;
	mmap_write_unlock(mm);
	mmap_write_lock(other);
	assert_int_equal(insert_vm_struct(other, vma), -EINVAL);
	mmap_write_unlock(other);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20001000 r--p 20000\n");
	mmput(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(the_first_vma_is_the_lowest),
		ON_EVERY_ENGINE(a_vma_is_cut_where_it_is_told),
		ON_EVERY_ENGINE(offsets_do_not_wrap),
		ON_EVERY_ENGINE(free_room_joins_its_neighbours),
		ON_EVERY_ENGINE(a_part_whose_flags_change_joins_a_neighbour),
		ON_EVERY_ENGINE(a_vma_grows_into_free_room),
		ON_EVERY_ENGINE(a_vma_takes_the_next_one_and_what_lies_between),
		ON_EVERY_ENGINE(a_vma_shrinks_and_its_pages_go),
		ON_EVERY_ENGINE(a_vma_that_shrinks_gives_its_page_tables_back),
		ON_EVERY_ENGINE(adjusting_is_growing_or_shrinking),
		ON_EVERY_ENGINE(what_is_given_up_may_go_to_another_vma),
		ON_EVERY_ENGINE(a_stack_grows_when_asked),
		ON_EVERY_ENGINE(a_reader_keeps_its_vma_when_mmap_lock_goes),
		ON_EVERY_ENGINE(a_vma_of_another_mm_is_not_locked),
		ON_EVERY_ENGINE(a_vma_is_let_go_before_mmap_lock),
		ON_EVERY_ENGINE(what_was_written_before_is_seen_by_who_gets_in),
		ON_EVERY_ENGINE(inserted_vma_must_be_aligned_and_this_mms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
