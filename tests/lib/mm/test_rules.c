/* SPDX-License-Identifier: MIT */
/*
 * test_rules.c - behaviour that changes with the version of Linux whose rules
 * an address space follows.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define MIB (1UL << 20)
#define V(major, minor) VMS_KERNEL_VERSION(major, minor)

/* Makes an address space with the rules of @version. */
static struct mm_struct *mm_with(void **state, unsigned int version)
{
	struct mm_rules rules = vms_mm_rules_for(version);

	return mm_with_rules(state, &rules);
}

static unsigned long place(struct mm_struct *mm, unsigned long hint, unsigned long len,
			   unsigned long flags)
{
	unsigned long addr = vms_mmap(mm, hint, len, RW, flags | MAP_ANONYMOUS, NULL, 0);

	assert_false(IS_ERR_VALUE(addr));
	vms_munmap(mm, addr, len);
	return addr;
}

static void the_default_is_6_18(void **state)
{
	struct mm_rules rules = vms_mm_rules_for(V(6, 18)), later = vms_mm_rules_for(V(7, 1));
	const struct mm_rules *by_default = &((struct world *)*state)->mm->rules;

	for (const struct mm_rules *r = by_default; r;
	     r = r == by_default ? &vms_mm_rules_default : NULL) {
		assert_int_equal(r->kernel_version, 0x061200);
		assert_int_equal(r->kernel_version, rules.kernel_version);
		assert_int_equal(r->thp_align, rules.thp_align);
		assert_int_equal(r->vacate_tables, rules.vacate_tables);
		assert_int_equal(r->merge_one_sided, rules.merge_one_sided);
		assert_int_equal(r->mremap_many, rules.mremap_many);
		assert_int_equal(r->guard_flag, rules.guard_flag);
		assert_int_equal(r->read_takes_page, rules.read_takes_page);
		assert_int_equal(r->exec_only, rules.exec_only);
	}
	assert_int_equal(later.kernel_version, 0x070100);
	assert_int_equal(later.thp_align, rules.thp_align);
	assert_true(later.merge_one_sided && later.mremap_many && later.guard_flag);
}

static void a_child_has_its_parents_rules(void **state)
{
	struct mm_struct *mm = mm_with(state, V(6, 12)), *child;

	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(child->rules.kernel_version, V(6, 12));
	assert_false(child->rules.merge_one_sided);
	leave(child);
	leave(mm);
}

/*
 * The world's top is a multiple of 2 MiB. A page mapped at the top shows which
 * mappings are aligned.
 */
static void large_anonymous_mappings_are_aligned_by_version(void **state)
{
	static const struct {
		unsigned int version;
		unsigned long whole, odd, hinted;
	} cases[] = {
		{V(6, 6), 0x3fbff000, 0x3fafe000, 0x20001000},
		{V(6, 7), 0x3fa00000, 0x3fa00000, 0x20001000},
		{V(6, 12), 0x3fa00000, 0x3fa00000, 0x20001000},
		{V(6, 13), 0x3fa00000, 0x3fafe000, 0x20001000},
		{V(6, 18), 0x3fa00000, 0x3fafe000, 0x20001000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_struct *mm = mm_with(state, cases[i].version);

		vms_mmap(mm, 0x3ffff000, PG, RW, FIXED, NULL, 0);
		assert_int_equal(place(mm, 0, 4 * MIB, MAP_PRIVATE), cases[i].whole);
		assert_int_equal(place(mm, 0, 5 * MIB + PG, MAP_PRIVATE), cases[i].odd);
		assert_int_equal(place(mm, 0x20001000, 4 * MIB, MAP_PRIVATE), cases[i].hinted);
		/* Shorter and shared mappings are never aligned. */
		assert_int_equal(place(mm, 0, MIB, MAP_PRIVATE), 0x3feff000);
		assert_int_equal(place(mm, 0, 4 * MIB, MAP_SHARED), 0x3fbff000);
		leave(mm);
	}
}

/*
 * An occupied hint: 6.7 to 6.12 look for an aligned place instead, later
 * versions do not.
 */
static void a_hint_that_is_taken_is_aligned_by_version(void **state)
{
	static const struct {
		unsigned int version;
		unsigned long addr;
	} cases[] = {{V(6, 6), 0x3fbff000}, {V(6, 12), 0x3fa00000}, {V(6, 13), 0x3fbff000}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_struct *mm = mm_with(state, cases[i].version);

		vms_mmap(mm, 0x3ffff000, PG, RW, FIXED, NULL, 0);
		assert_int_equal(place(mm, 0x3ffff000, 4 * MIB, MAP_PRIVATE), cases[i].addr);
		leave(mm);
	}
}

/* A faulted page gets the same flags as the unfaulted page before it. */
static void a_faulted_range_joins_an_unfaulted_neighbour_since_6_16(void **state)
{
	static const char joined[] = "20000000-20002000 rw-p 20000\n";
	static const char apart[] = "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p 20001\n";

	for (unsigned int version = V(6, 14); version <= V(6, 17); version += 0x100) {
		struct mm_struct *mm = mm_with(state, version);

		vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
		vms_mmap(mm, BASE + PG, PG, RW | PROT_EXEC, FIXED, NULL, 0);
		vms_fault(mm, BASE + PG, FAULT_FLAG_WRITE);
		assert_int_equal(vms_mprotect(mm, BASE + PG, PG, RW), 0);
		expect_layout(mm, version >= V(6, 16) ? joined : apart);
		/* The opposite order was always joined. */
		vms_munmap(mm, BASE, 2 * PG);
		vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
		vms_fault(mm, BASE, FAULT_FLAG_WRITE);
		vms_mmap(mm, BASE + PG, PG, RW, FIXED, NULL, 0);
		expect_layout(mm, joined);
		leave(mm);
	}
}

static void several_mappings_move_at_once_since_6_17(void **state)
{
	for (unsigned int version = V(6, 16); version <= V(6, 17); version += 0x100) {
		struct mm_struct *mm = mm_with(state, version);
		unsigned long flags = MREMAP_MAYMOVE | MREMAP_FIXED;

		vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
		vms_mmap(mm, BASE + PG, PG, PROT_READ, FIXED, NULL, 0);
		if (version >= V(6, 17)) {
			assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 2 * PG, flags,
						    BASE + 16 * PG),
					 BASE + 16 * PG);
			expect_layout(
				mm, "20010000-20011000 rw-p 20010\n20011000-20012000 r--p 20011\n");
		} else {
			assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 2 * PG, flags,
						    BASE + 16 * PG),
					 -EFAULT);
			assert_int_equal(vms_mremap(mm, BASE, PG, PG, flags, BASE + 16 * PG),
					 BASE + 16 * PG);
			expect_layout(
				mm, "20001000-20002000 r--p 20001\n20010000-20011000 rw-p 20010\n");
		}
		leave(mm);
	}
}

static bool has_anon_vma(struct mm_struct *mm, unsigned long addr)
{
	bool has;

	mmap_read_lock(mm);
	has = atomic_load(&vma_lookup(mm, addr)->anon_vma) != NULL;
	mmap_read_unlock(mm);
	return has;
}

/*
 * Where huge pages are wanted, a read of a block without a page table takes a
 * huge page, and so an anon_vma.
 */
static void discarding_2_mib_makes_way_for_a_huge_page_since_6_14(void **state)
{
	for (unsigned int version = V(6, 13); version <= V(6, 14); version += 0x100) {
		struct mm_struct *mm = mm_with(state, version);

		vms_mmap(mm, BASE, 4 * MIB, RW, FIXED, NULL, 0);
		assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
		assert_int_equal(vms_madvise(mm, BASE, 4 * MIB, MADV_HUGEPAGE), 0);
		assert_int_equal(vms_madvise(mm, BASE, 2 * MIB - PG, MADV_DONTNEED), 0);
		assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
		assert_false(has_anon_vma(mm, BASE));
		assert_int_equal(vms_madvise(mm, BASE, 4 * MIB, MADV_FREE), 0);
		assert_int_equal(vms_madvise(mm, BASE, 3 * MIB, MADV_DONTNEED), 0);
		assert_int_equal(vms_fault(mm, BASE + PG, 0), VMS_FAULT_OK);
		assert_int_equal(has_anon_vma(mm, BASE), version >= V(6, 14));
		leave(mm);
	}
}

static bool is_marked(struct mm_struct *mm, unsigned long addr)
{
	bool is;

	mmap_read_lock(mm);
	is = vma_lookup(mm, addr)->vm_flags & VM_MAYBE_GUARD;
	mmap_read_unlock(mm);
	return is;
}

static void guard_pages_came_bit_by_bit(void **state)
{
	static const struct {
		unsigned int version;
		int anonymous, file;
		bool marked, file_faulted;
	} cases[] = {
		{V(6, 12), -EINVAL, -EINVAL, false, false},
		{V(6, 13), 0, -EINVAL, false, false},
		{V(6, 15), 0, 0, false, true},
		{V(6, 17), 0, 0, false, true},
		{V(6, 18), 0, 0, true, false},
	};
	struct file *file = world_file(4, true);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_struct *mm = mm_with(state, cases[i].version), *child;

		vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
		vms_mmap(mm, BASE + 2 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
		assert_int_equal(vms_madvise(mm, BASE, PG, MADV_GUARD_INSTALL), cases[i].anonymous);
		assert_int_equal(vms_madvise(mm, BASE + 2 * PG, PG, MADV_GUARD_INSTALL),
				 cases[i].file);
		assert_int_equal(is_marked(mm, BASE), cases[i].marked);
		assert_int_equal(is_marked(mm, BASE + 2 * PG), cases[i].marked);
		assert_int_equal(has_anon_vma(mm, BASE), cases[i].anonymous == 0);
		assert_int_equal(has_anon_vma(mm, BASE + 2 * PG), cases[i].file_faulted);
		/* The child has the pages in either case. */
		assert_int_equal(vms_fork(mm, &child), 0);
		assert_int_equal(vms_fault(child, BASE, 0),
				 cases[i].anonymous ? VMS_FAULT_OK : VMS_SEGV_MAPERR);
		assert_int_equal(vms_fault(child, BASE + 2 * PG, 0),
				 cases[i].file ? VMS_FAULT_OK : VMS_SEGV_MAPERR);
		leave(child);
		leave(mm);
	}
	fput(file);
}

static void what_an_older_kernel_lacks_is_refused(void **state)
{
	static const struct {
		unsigned int version;
		int populate, dontneed_locked, mseal;
		long droppable;
	} cases[] = {
		{V(5, 13), -EINVAL, -EINVAL, -ENOSYS, -EINVAL},
		{V(5, 14), 0, -EINVAL, -ENOSYS, -EINVAL},
		{V(5, 18), 0, 0, -ENOSYS, -EINVAL},
		{V(6, 10), 0, 0, 0, -EINVAL},
		{V(6, 11), 0, 0, 0, (long)(BASE + 4 * PG)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_struct *mm = mm_with(state, cases[i].version);

		vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
		assert_int_equal(vms_madvise(mm, BASE, PG, MADV_POPULATE_READ), cases[i].populate);
		assert_int_equal(vms_madvise(mm, BASE, PG, MADV_POPULATE_WRITE), cases[i].populate);
		assert_int_equal(vms_madvise(mm, BASE, PG, MADV_DONTNEED_LOCKED),
				 cases[i].dontneed_locked);
		assert_int_equal(vms_mseal(mm, BASE, PG, 0), cases[i].mseal);
		assert_int_equal(vms_mmap(mm, BASE + 4 * PG, PG, RW,
					  MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0),
				 cases[i].droppable);
		leave(mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(the_default_is_6_18),
		ON_EVERY_ENGINE(a_child_has_its_parents_rules),
		ON_EVERY_ENGINE(large_anonymous_mappings_are_aligned_by_version),
		ON_EVERY_ENGINE(a_hint_that_is_taken_is_aligned_by_version),
		ON_EVERY_ENGINE(a_faulted_range_joins_an_unfaulted_neighbour_since_6_16),
		ON_EVERY_ENGINE(several_mappings_move_at_once_since_6_17),
		ON_EVERY_ENGINE(discarding_2_mib_makes_way_for_a_huge_page_since_6_14),
		ON_EVERY_ENGINE(guard_pages_came_bit_by_bit),
		ON_EVERY_ENGINE(what_an_older_kernel_lacks_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
