/* SPDX-License-Identifier: MIT */
/*
 * test_refault.c - an access finds its page present. Before it can mark its use
 * in the entry, another thread unmaps the page, and a third thread's read
 * brings it back. Symptom: a read takes a page, or makes an entry writable.
 * Cause: the access trusts the entry it saw first. It must find what the third
 * thread's read left, and make nothing writable.
 *
 * A hook in vms__pte_use() plays both other threads, so that they run at that
 * moment and at no other.
 */
#include "tests/lib/page/world.h"

/*
 * The VMA whose entry's next use the other threads cross. NULL: they do not
 * run.
 */
static struct vm_area_struct *crossed;
static unsigned long crossed_at;

/*
 * Both run under the lock that the fault holds, because real threads would run
 * under the same lock.
 */
static bool use_crossed(struct vms__ptable *leaf, unsigned int index, unsigned long pte, bool write)
{
	struct vm_area_struct *vma = crossed;
	bool used;

	if (!vma)
		return vms__pte_use(leaf, index, pte, write);
	crossed = NULL;
	vms__zap_range(vma, crossed_at, crossed_at + PG);
	used = vms__pte_use(leaf, index, pte, write);
	assert_int_equal(handle_mm_fault(vma, crossed_at, 0), 0);
	return used;
}

#define vms__pte_use use_crossed
#include "lib/page/handle_fault.c" /* NOLINT(bugprone-suspicious-include): hooked */
#undef vms__pte_use

#define A 0x7f0000000000UL

static void read_beside_unmap_and_read(struct mm_struct *mm)
{
	/*
	 * An entry that fork copied is not young, so that the read has
	 * something to mark.
	 */
	assert_false(pte_at(mm, A) & VMS__PTE_YOUNG);
	crossed = vma_at(mm, A);
	crossed_at = A;
	assert_int_equal(touch(mm, A, 0), 0);
	assert_null(crossed);
}

static void a_read_of_private_memory_takes_no_page(void **state)
{
	struct mm_struct *child;

	world_map_anon(*state, A, 1);
	world_write(*state, A, 1);
	child = mm_fork(*state);
	read_beside_unmap_and_read(child);
	/* The zero page that the other thread's read installed. */
	assert_int_equal(pte_at(child, A), VMS__PTE_ZERO_PAGE);
	world_expect_counts(child, 0, 0, 0);
	assert_int_equal(validate(child, NULL), 0);
	mm_destroy(child);
}

static void a_read_of_a_shared_file_makes_nothing_writable(void **state)
{
	struct file *file = world_file(PG, 0);
	struct mm_struct *child;

	/* VM_MAYBE_GUARD, so that fork copies the entries. */
	world_map(*state, A, 1, (RW_SHARED & ~VM_WRITE) | VM_MAYBE_GUARD, file, 0);
	assert_int_equal(touch(*state, A, 0), 0);
	child = mm_fork(*state);
	read_beside_unmap_and_read(child);
	assert_true(pte_at(child, A) & VMS__PTE_PRESENT);
	assert_false(pte_at(child, A) & (VMS__PTE_WRITE | VMS__PTE_DIRTY));
	assert_int_equal(validate(child, NULL), 0);
	mm_destroy(child);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(a_read_of_private_memory_takes_no_page),
		ON_BOTH_LOCKS(a_read_of_a_shared_file_makes_nothing_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
