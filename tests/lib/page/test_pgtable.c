/* SPDX-License-Identifier: MIT */
/*
 * test_pgtable.c - page tables are made with the first page of the range that
 * they span, and freed with its last VMA; the validator reports damaged tables.
 */
#include "tests/lib/page/world.h"

#define A 0x7f0000000000UL

static void tables_appear_on_the_way_to_a_page(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 2 * 512UL);
	assert_int_equal(count(mm, MM_PGTABLES), 0);
	assert_int_equal(world_read(mm, A), 0);
	assert_int_equal(count(mm, MM_PGTABLES), 3);
	assert_int_equal(world_read(mm, A + PG), 0);
	assert_int_equal(count(mm, MM_PGTABLES), 3);
	assert_int_equal(world_read(mm, A + MIB2), 0);
	assert_int_equal(count(mm, MM_PGTABLES), 4);
}

static void unmapping_the_last_vma_frees_all_tables(void **state)
{
	struct mm_struct *mm = *state;
	/* Across a border of 1 GiB and of 512 GiB. */
	struct vm_area_struct *vma = world_map_anon(mm, (1UL << 39) - GIB - PG, 2 * (GIB / PG) + 2);

	world_write(mm, vma->vm_start, 1);
	world_write(mm, vma->vm_start + PG, 2);
	world_write(mm, 1UL << 39, 3);
	world_write(mm, vma->vm_end - PG, 4);
	assert_int_equal(count(mm, MM_PGTABLES), 2 + 4 + 4);
	vma_unmap(vma);
	assert_int_equal(count(mm, MM_PGTABLES), 0);
	assert_int_equal(mm->pgd->used, 0);
	world_expect_counts(mm, 0, 0, 0);
}

static void neighbour_keeps_the_tables_that_it_shares(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *below = world_map_anon(mm, A, 1),
			      *mid = world_map_anon(mm, A + PG, 3 * 512UL),
			      *above = world_map_anon(mm, A + PG + 3 * MIB2, 1);

	world_write(mm, A, 1);
	for (unsigned long addr = mid->vm_start; addr < mid->vm_end; addr += MIB2)
		world_write(mm, addr, 2);
	world_write(mm, above->vm_start, 3);
	/*
	 * Four leaves; the neighbours use the first and the last of them too.
	 */
	assert_int_equal(count(mm, MM_PGTABLES), 2 + 4);
	vma_unmap(mid);
	assert_int_equal(count(mm, MM_PGTABLES), 2 + 2);
	assert_int_equal(world_read(mm, A), 1);
	assert_int_equal(world_read(mm, above->vm_start), 3);
	world_expect_counts(mm, 2, 0, 0);
	vma_unmap(below);
	assert_int_equal(count(mm, MM_PGTABLES), 2 + 1);
	vma_unmap(above);
	assert_int_equal(count(mm, MM_PGTABLES), 0);
}

static void neighbour_without_pages_keeps_them_too(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *quiet = world_map_anon(mm, A, 1),
			      *busy = world_map_anon(mm, A + PG, 1);

	world_write(mm, A + PG, 1);
	vma_unmap(busy);
	/* Another thread may be on its way to a fault there. */
	assert_int_equal(count(mm, MM_PGTABLES), 3);
	vma_unmap(quiet);
	assert_int_equal(count(mm, MM_PGTABLES), 0);
}

static void free_pgtables_takes_whole_tables_between_floor_and_ceiling(void **state)
{
	static const struct {
		unsigned long floor, ceiling; /* in MiB from a 1 GiB border */
		long left;                    /* of 2 leaves and 2 upper tables */
	} cases[] = {
		{0, 1024, 1},               /* the table of 1 GiB is freed too */
		{1, 1024, 3}, {0, 1023, 2}, /* it stays: the neighbours may be in it */
		{1, 3, 4},    {0, 3, 3},    {1, 4, 3}, {2, 4, 3},
	};
	struct mm_struct *mm = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long mib = 1UL << 20, floor = A + cases[i].floor * mib,
			      ceiling = A + cases[i].ceiling * mib;
		struct vm_area_struct *vma = world_map_anon(mm, A, 4 * mib / PG);

		world_write(mm, A, 1);
		world_write(mm, A + 2 * mib, 1);
		assert_int_equal(count(mm, MM_PGTABLES), 4);
		mmap_write_lock(mm);
		vms__zap_range(vma, vma->vm_start, vma->vm_end);
		vms__free_pgtables(mm, floor > A + 2 * mib - PG ? floor : A + 2 * mib - PG,
				   A + 2 * mib + PG, floor, ceiling);
		mmap_write_unlock(mm);
		assert_int_equal(count(mm, MM_PGTABLES), cases[i].left);
		vma_unmap(vma);
		assert_int_equal(count(mm, MM_PGTABLES), 0);
	}
}

static void leaf_walk_passes_over_what_has_no_tables(void **state)
{
	struct mm_struct *mm = *state;
	unsigned long addr = A + PG, end = A + (1UL << 40);

	world_map_anon(mm, A, (1UL << 40) / PG);
	assert_null(vms__leaf_next(mm, &addr, end));
	assert_true(addr >= end);
	world_write(mm, A + 700 * GIB + 5 * MIB2 + PG, 1);
	addr = A + PG;
	assert_ptr_equal(vms__leaf_next(mm, &addr, end),
			 vms__leaf_find(mm, A + 700 * GIB + 5 * MIB2));
	assert_int_equal(addr, A + 700 * GIB + 5 * MIB2);
	zap(mm, A, end);
	world_expect_counts(mm, 0, 0, 0);
}

static void unused_tables_of_a_batch_go_back(void **state)
{
	struct mm_struct *mm = *state;
	struct vms__ptable_batch first, second;

	world_map_anon(mm, A, 1);
	assert_true(vms__ptables_prepare(mm, A, &first));
	assert_true(vms__ptables_prepare(mm, A, &second));
	assert_int_equal(first.nr, 3);
	assert_ptr_equal(vms__ptables_install(mm, A, &first), vms__ptables_install(mm, A, &second));
	assert_int_equal(second.nr, 0);
	assert_int_equal(count(mm, MM_PGTABLES), 3);
	assert_int_equal(validate(mm, stderr), 0);
}

static void expect_empty(const struct vms__ptable *table)
{
	assert_int_equal(table->used, 0);
	assert_int_equal(table->lines, 0);
	assert_null(table->vacated);
	for (unsigned int i = 0; i < VMS__PT_ENTRIES; i++)
		assert_int_equal(table->entry[i], 0);
}

/*
 * A table made from the memory of a freed table must show none of its contents.
 */
static void tables_come_back_empty(void **state)
{
	struct mm_struct *mm = *state, *other = mm_new("rbtree");
	struct vm_area_struct *vma = world_map_anon(other, A, 3 * GIB / PG);
	struct vms__ptable_batch batch[8];

	for (unsigned long addr = A; addr < A + 3 * GIB; addr += GIB / 2 + MIB2 + 3 * PG)
		world_write(other, addr, 1);
	mmap_write_lock(other);
	vms__zap_range(vma, A, A + GIB);
	vms__vacate_tables(vma, A, A + GIB);
	mmap_write_unlock(other);
	assert_true(count(other, MM_PGTABLES) > 3);
	vma_unmap(vma);
	world_map_anon(other, A, 1);
	world_write(other, A, 1);
	mm_destroy(other);
	for (unsigned int i = 0; i < 8; i++) {
		assert_true(vms__ptables_prepare(mm, A + 1024UL * i * GIB, &batch[i]));
		assert_int_equal(batch[i].nr, 3);
		for (unsigned int n = 0; n < batch[i].nr; n++)
			expect_empty(batch[i].table[n]);
	}
	for (unsigned int i = 0; i < 8; i++)
		vms__ptables_cancel(&batch[i]);
}

/*
 * Symptom: a walk misses an entry. The walk over a table's entries must find
 * what a search of every entry finds, wherever it begins and ends.
 */
static void seek_misses_no_entry(void **state)
{
	struct mm_struct *mm = *state;
	struct vms__ptable *leaf;
	unsigned int random = 1;

	world_map_anon(mm, A, VMS__PT_ENTRIES);
	assert_int_equal(world_read(mm, A), 0);
	leaf = vms__leaf_find(mm, A);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int index =
			(random = random * 1103515245 + 12345) >> 16 & (VMS__PT_ENTRIES - 1);
		unsigned int stop = (random = random * 1103515245 + 12345) >> 16 &
				    (VMS__PT_ENTRIES - 1),
			     naive;
		unsigned int skipped;
		bool filled;

		/*
		 * The first rounds fill the table, the later ones only empty
		 * it.
		 */
		filled = round % 4 == 0 && round < 1500;
		vms__ptable_lock(leaf);
		vms__pte_store(leaf, index, filled ? VMS__PTE_ZERO_PAGE : 0);
		vms__pt_forget_lines(leaf, index, index + 1, !filled);
		vms__ptable_unlock(leaf);
		index = naive = stop / 2;
		while (naive < stop && !vms__pte_load(leaf, naive))
			naive++;
		assert_int_equal(vms__pt_seek(leaf, index, stop), naive);
		for (skipped = index; skipped < stop && !vms__pte_load(leaf, skipped); skipped++)
			skipped = vms__pt_skip(leaf, skipped, stop);
		assert_int_equal(skipped, naive);
		if (round % 64 == 0)
			assert_int_equal(validate(mm, stderr), 0);
	}
}

/*
 * Walks must read only the cache lines that are marked as holding entries: they
 * miss an entry that the test stores into another line by hand.
 */
static void walks_pass_over_lines_without_entries(void **state)
{
	const unsigned long far = A + 200 * MIB2;
	struct mm_struct *mm = *state;
	struct vm_area_struct *vma = world_map_anon(mm, A, GIB / PG);
	unsigned long addr = A, *leaf_entry, *upper_entry, protected, zapped, freed;
	struct vms__page_stats stats = {0};
	struct vms__ptable *leaf, *upper, *next, *settled;

	world_write(mm, A, 1);
	world_write(mm, A + 2 * PG, 1);
	leaf = vms__leaf_next(mm, &addr, A + GIB);
	assert_non_null(leaf);
	upper = vms__ptable_child(vms__ptable_child(mm->pgd, vms__pt_index(A, 3)),
				  vms__pt_index(A, 2));
	leaf_entry = (unsigned long *)&leaf->entry[100];
	upper_entry = (unsigned long *)&upper->entry[vms__pt_index(far, 1)];
	*leaf_entry = vms__pte_load(leaf, 0);
	*upper_entry = (unsigned long)leaf;

	/*
	 * Record first, and assert after the lock is released: the tear-down of
	 * a failed test needs the lock.
	 */
	mmap_write_lock(mm);
	vma_start_write(vma);
	addr = A + MIB2;
	next = vms__leaf_next(mm, &addr, A + GIB);
	addr = A + MIB2;
	settled = vms__leaf_next_settled(mm, &addr, A + GIB);
	vms__page_stats(vma, A, &stats);
	vma->vm_flags &= ~VM_WRITE;
	vms__change_protection(vma, A, A + MIB2);
	vma->vm_flags |= VM_WRITE;
	protected = *leaf_entry;
	vms__zap_range(vma, A, A + PG);
	zapped = *leaf_entry;
	*leaf_entry = 0;
	vms__free_pgtables(mm, A + MIB2, A + GIB, A + MIB2, A + GIB);
	freed = *upper_entry;
	*upper_entry = 0;
	mmap_write_unlock(mm);

	assert_null(next);
	assert_null(settled);
	assert_int_equal(stats.rss, 2 * PG);
	assert_true(protected & VMS__PTE_WRITE);
	assert_false(pte_at(mm, A + 2 * PG) & VMS__PTE_WRITE);
	assert_int_equal(zapped, protected);
	assert_int_equal(freed, (unsigned long)leaf);
	assert_int_equal(validate(mm, stderr), 0);
}

/* ---- the validator ---- */

/*
 * The validator must report more faults after @break_it, and none after @mend.
 */
#define expect_noticed(mm, break_it, mend)                                                         \
	do {                                                                                       \
		assert_int_equal(validate(mm, stderr), 0);                                         \
		break_it;                                                                          \
		assert_true(validate(mm, NULL) > 0);                                               \
		mend;                                                                              \
		assert_int_equal(validate(mm, stderr), 0);                                         \
	} while (0)

static void validator_notices_each_broken_rule(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *vma = world_map_anon(mm, A, 4),
			      *other = world_map_anon(mm, A + GIB, 4);
	struct file *file = world_file(PG, 0);
	struct vm_area_struct *mapped = world_map(mm, A + 2 * GIB, 1, RW_PRIVATE, file, 0);
	struct anon_vma *anon_vma;
	struct vms__ptable *leaf;
	struct page *page;
	unsigned long *entry;

	world_write(mm, A, 1);
	world_write(mm, A + GIB, 1);
	assert_int_equal(world_read(mm, A + 2 * GIB), 0);
	page = page_at(mm, A);
	leaf = vms__leaf_find(mm, A);
	anon_vma = vma_anon_vma(vma);

	expect_noticed(mm, leaf->used++, leaf->used--);
	expect_noticed(mm, leaf->lines--, leaf->lines++);
	expect_noticed(mm, mm->pgd->lines = 0,
		       vms__pt_note_line(mm->pgd, vms__pt_index(A, VMS__PT_TOP)));
	expect_noticed(mm, vms__pcounter_add(mm->counters, MM_ANONPAGES, 1),
		       vms__pcounter_add(mm->counters, MM_ANONPAGES, -1));
	expect_noticed(mm, vms__pcounter_add(mm->counters, MM_PGTABLES, -1),
		       vms__pcounter_add(mm->counters, MM_PGTABLES, 1));
	expect_noticed(mm, page->mapcount++, page->mapcount--);
	expect_noticed(mm, page->refcount++; page->mapcount++, page->refcount--; page->mapcount--);
	expect_noticed(mm, page->index++, page->index--);
	expect_noticed(mm, page->mapping = vma_anon_vma(other), page->mapping = anon_vma);
	expect_noticed(mm, vma->vm_flags &= ~VM_WRITE, vma->vm_flags |= VM_WRITE);
	expect_noticed(mm, (vma->vm_flags |= VM_SHARED, vma->vm_ops = &vms__filemap_vm_ops),
		       (vma->vm_flags &= ~VM_SHARED, vma->vm_ops = NULL));
	/*
	 * Damaged entries: a writable zero page, a file's page that is writable
	 * in private memory, and a page outside every VMA.
	 */
	entry = (unsigned long *)&leaf->entry[1];
	expect_noticed(mm, (*entry = VMS__PTE_ZERO_PAGE | VMS__PTE_WRITE, leaf->used++),
		       (*entry = 0, leaf->used--));
	expect_noticed(mm, (*entry = VMS__PTE_WRITE, leaf->used++), (*entry = 0, leaf->used--));
	/* A correct zero page, with rules that have none. */
	expect_noticed(
		mm, (*entry = VMS__PTE_ZERO_PAGE, leaf->used++, mm->rules.read_takes_page = true),
		(*entry = 0, leaf->used--, mm->rules.read_takes_page = false));
	entry = (unsigned long *)&vms__leaf_find(mm, A + 2 * GIB)->entry[0];
	expect_noticed(mm, *entry |= VMS__PTE_WRITE, *entry &= ~VMS__PTE_WRITE);
	entry = (unsigned long *)&leaf->entry[4];
	expect_noticed(mm, (*entry = VMS__PTE_ZERO_PAGE, leaf->used++), (*entry = 0, leaf->used--));
	/* Damaged links. */
	expect_noticed(mm, vma->anon_vma = vma_anon_vma(other), vma->anon_vma = anon_vma);
	mmap_write_lock(mm);
	vms__vma_unlink_file(mapped);
	assert_true(vms__pgtable_validate(mm, NULL) > 0);
	vms__vma_link_file(mapped);
	mmap_write_unlock(mm);
	assert_int_equal(validate(mm, stderr), 0);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(tables_appear_on_the_way_to_a_page),
		ON_BOTH_LOCKS(unmapping_the_last_vma_frees_all_tables),
		ON_BOTH_LOCKS(neighbour_keeps_the_tables_that_it_shares),
		ON_BOTH_LOCKS(neighbour_without_pages_keeps_them_too),
		ON_MMAP_LOCK(free_pgtables_takes_whole_tables_between_floor_and_ceiling),
		ON_MMAP_LOCK(leaf_walk_passes_over_what_has_no_tables),
		ON_MMAP_LOCK(unused_tables_of_a_batch_go_back),
		ON_MMAP_LOCK(tables_come_back_empty),
		ON_MMAP_LOCK(seek_misses_no_entry),
		ON_BOTH_LOCKS(walks_pass_over_lines_without_entries),
		ON_BOTH_LOCKS(validator_notices_each_broken_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
