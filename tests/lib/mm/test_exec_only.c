/* SPDX-License-Identifier: MIT */
/*
 * test_exec_only.c - the rule exec_only: on a machine with protection keys
 * memory of PROT_EXEC alone refuses reads and writes, whichever call of the
 * program faults it in; a debugger's access is allowed. The tests cover which
 * calls give memory the key and take it away, and what the key changes in the
 * layout.
 *
 * Each test runs with the rule and without it, on any machine: the library
 * models the key, and asks no processor.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_with(void **state, bool exec_only)
{
	struct mm_rules rules = vms_mm_rules_default;

	rules.exec_only = exec_only;
	return mm_with_rules(state, &rules);
}

static void map(struct mm_struct *mm, unsigned long page, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm, BASE + page * PG, pages * PG, prot, FIXED, NULL, 0),
			 BASE + page * PG);
}

static unsigned long own_pages(struct mm_struct *mm)
{
	return (unsigned long)vms_mm_counter(mm, MM_ANONPAGES);
}

static bool has_key(struct mm_struct *mm, unsigned long addr)
{
	bool has;

	mmap_read_lock(mm);
	has = vma_lookup(mm, addr)->vm_flags & VM_PKEY_BIT0;
	mmap_read_unlock(mm);
	return has;
}

/* The results of a read, a write and an execution of the page at @addr. */
static void expect_touches(struct mm_struct *mm, unsigned long addr, enum vms_fault_result read,
			   enum vms_fault_result write, enum vms_fault_result execute)
{
	unsigned long word = 0;

	for (int again = 0; again < 2; again++) {
		assert_int_equal(vms_fault(mm, addr, 0), read);
		assert_int_equal(vms_read_word(mm, addr, &word), read);
		assert_int_equal(vms_fault(mm, addr, FAULT_FLAG_WRITE), write);
		assert_int_equal(vms_write_word(mm, addr, 1), write);
		/* With the page present from now on, if it may be executed. */
		assert_int_equal(vms_fault(mm, addr, FAULT_FLAG_INSTRUCTION), execute);
	}
}

static void expect_closed(struct mm_struct *mm, unsigned long addr, bool rule)
{
	assert_int_equal(has_key(mm, addr), rule);
	expect_touches(mm, addr, rule ? VMS_SEGV_PKUERR : VMS_FAULT_OK,
		       rule ? VMS_SEGV_PKUERR : VMS_SEGV_ACCERR, VMS_FAULT_OK);
}

static void no_version_has_the_rule_by_itself(void **state)
{
	(void)state;
	assert_false(vms_mm_rules_default.exec_only);
	for (unsigned int minor = 0; minor < 30; minor++)
		assert_false(vms_mm_rules_for(VMS_KERNEL_VERSION(6, minor)).exec_only);
}

static void execute_only_memory_of_every_kind_refuses_reads(void **state)
{
	static const unsigned long kinds[] = {MAP_PRIVATE | MAP_ANONYMOUS,
					      MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED};

	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct mm_struct *mm = mm_with(state, i % 2);
		unsigned long kind = kinds[i / 2];
		struct file *file = kind & MAP_ANONYMOUS ? NULL : world_file(4, true);

		assert_int_equal(vms_mmap(mm, BASE, PG, PROT_EXEC, kind | MAP_FIXED, file, 0),
				 BASE);
		expect_closed(mm, BASE, i % 2);
		if (file)
			fput(file);
		leave(mm);
	}
}

/* The owner of a mapping may add a right to memory that has the key. */
static void the_key_outweighs_rights_that_are_added(void **state)
{
	struct mm_struct *mm = mm_with(state, true);
	struct vm_area_struct *vma;

	map(mm, 0, 1, PROT_EXEC);
	for (int again = 0; again < 2; again++) {
		mmap_write_lock(mm);
		vma = vma_lookup(mm, BASE);
		vm_flags_set(vma, VM_READ | VM_WRITE);
		mmap_write_unlock(mm);
		expect_touches(mm, BASE, VMS_SEGV_PKUERR, VMS_SEGV_PKUERR, VMS_FAULT_OK);
		mmap_write_lock(mm);
		vm_flags_clear(vma, VM_READ | VM_WRITE);
		mmap_write_unlock(mm);
	}
	leave(mm);
}

static void other_rights_have_no_key(void **state)
{
	static const struct {
		unsigned long prot;
		enum vms_fault_result read, write, execute;
	} cases[] = {
		{PROT_NONE, VMS_SEGV_ACCERR, VMS_SEGV_ACCERR, VMS_SEGV_ACCERR},
		{PROT_READ, VMS_FAULT_OK, VMS_SEGV_ACCERR, VMS_SEGV_ACCERR},
		{PROT_WRITE, VMS_FAULT_OK, VMS_FAULT_OK, VMS_SEGV_ACCERR},
		{PROT_READ | PROT_EXEC, VMS_FAULT_OK, VMS_SEGV_ACCERR, VMS_FAULT_OK},
		{PROT_WRITE | PROT_EXEC, VMS_FAULT_OK, VMS_FAULT_OK, VMS_FAULT_OK},
		{RW, VMS_FAULT_OK, VMS_FAULT_OK, VMS_SEGV_ACCERR},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_struct *mm = mm_with(state, i % 2);

		/* made so, and become so */
		map(mm, 0, 1, cases[i / 2].prot);
		map(mm, 1, 1, PROT_EXEC);
		assert_int_equal(vms_mprotect(mm, BASE + PG, PG, cases[i / 2].prot), 0);
		for (unsigned long page = 0; page < 2; page++) {
			assert_false(has_key(mm, BASE + page * PG));
			expect_touches(mm, BASE + page * PG, cases[i / 2].read, cases[i / 2].write,
				       cases[i / 2].execute);
		}
		leave(mm);
	}
}

static void mprotect_gives_the_key_to_what_has_pages(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);
		unsigned long word = 0;

		map(mm, 0, 2, RW);
		assert_int_equal(vms_write_word(mm, BASE, 7), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_EXEC), 0);
		expect_closed(mm, BASE, rule);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_READ), 0);
		assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
		assert_int_equal(word, 7);
		leave(mm);
	}
}

/*
 * mmap() compares the whole word with PROT_EXEC, and mprotect() what is left
 * without PROT_GROWSDOWN: here bit 3, PROT_SEM, which means nothing on x86.
 */
static void one_more_bit_and_there_is_no_key(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 2, PROT_EXEC | PROT_GROWSDOWN);
		map(mm, 3, 1, PROT_EXEC | 8);
		assert_false(has_key(mm, BASE) || has_key(mm, BASE + 3 * PG));
		assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_EXEC), 0);
		expect_closed(mm, BASE, rule);
		assert_int_equal(vms_fault(mm, BASE + PG, 0), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_EXEC | 8), 0);
		assert_false(has_key(mm, BASE));
		assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
		assert_int_equal(vms_mmap(mm, BASE + 8 * PG, PG, RW, FIXED | MAP_GROWSDOWN, NULL,
					  0),
				 BASE + 8 * PG);
		assert_int_equal(vms_mprotect(mm, BASE + 8 * PG, PG, PROT_EXEC | PROT_GROWSDOWN),
				 0);
		assert_int_equal(has_key(mm, BASE + 8 * PG), rule);
		leave(mm);
	}
}

static void the_key_comes_before_guards_and_the_end_of_a_file(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);
		struct file *file = world_file(1, true);

		map(mm, 0, 1, PROT_EXEC);
		assert_int_equal(vms_madvise(mm, BASE, PG, MADV_GUARD_INSTALL), 0);
		assert_int_equal(vms_fault(mm, BASE, 0), rule ? VMS_SEGV_PKUERR : VMS_SEGV_MAPERR);
		assert_int_equal(vms_fault(mm, BASE, FAULT_FLAG_INSTRUCTION), VMS_SEGV_MAPERR);
		vms_mmap(mm, BASE + PG, 2 * PG, PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0);
		assert_int_equal(vms_fault(mm, BASE + 2 * PG, 0),
				 rule ? VMS_SEGV_PKUERR : VMS_SIGBUS);
		assert_int_equal(vms_fault(mm, BASE + 3 * PG, 0), VMS_SEGV_MAPERR);
		fput(file);
		leave(mm);
	}
}

/* ---- faulted in from inside: refused ---- */

static void mlock_locks_and_says_that_it_failed(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 2, PROT_EXEC);
		assert_int_equal(vms_mlock(mm, BASE, 2 * PG), rule ? -ENOMEM : 0);
		assert_int_equal(mm->locked_vm, 2);
		assert_int_equal(vms_munlock(mm, BASE, 2 * PG), 0);
		assert_int_equal(vms_mlock2(mm, BASE, PG, MLOCK_ONFAULT), 0);
		/* Pages that are there already do not help. */
		map(mm, 4, 1, RW);
		assert_int_equal(vms_write_word(mm, BASE + 4 * PG, 1), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE + 4 * PG, PG, PROT_EXEC), 0);
		assert_int_equal(vms_mlock(mm, BASE + 4 * PG, PG), rule ? -ENOMEM : 0);
		leave(mm);
	}
}

/*
 * With read_takes_page each page that was faulted in for reading counts, so
 * that the counts tell which were.
 */
static void nothing_beyond_the_key_is_faulted_in_by_mlock(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_rules rules = vms_mm_rules_default;
		struct mm_struct *mm;

		rules.exec_only = rule;
		rules.read_takes_page = true;
		mm = mm_with_rules(state, &rules);
		map(mm, 0, 2, PROT_READ);
		map(mm, 2, 2, PROT_EXEC);
		map(mm, 4, 2, PROT_READ);
		assert_int_equal(vms_mlock(mm, BASE, 6 * PG), rule ? -ENOMEM : 0);
		assert_int_equal(mm->locked_vm, 6);
		assert_int_equal(own_pages(mm), rule ? 2 : 6);
		/* mlockall() goes on behind it. */
		assert_int_equal(vms_mlockall(mm, MCL_CURRENT), 0);
		assert_int_equal(own_pages(mm), rule ? 4 : 6);
		vms_munlockall(mm);
		assert_int_equal(vms_mmap(mm, BASE + 8 * PG, PG, PROT_EXEC, FIXED | MAP_POPULATE,
					  NULL, 0),
				 BASE + 8 * PG);
		assert_int_equal(vms_mmap(mm, BASE + 10 * PG, PG, PROT_EXEC, FIXED | MAP_LOCKED,
					  NULL, 0),
				 BASE + 10 * PG);
		assert_int_equal(own_pages(mm), rule ? 4 : 8);
		assert_int_equal(vms_madvise(mm, BASE + 8 * PG, PG, MADV_POPULATE_READ), -EINVAL);
		assert_int_equal(vms_madvise(mm, BASE + 8 * PG, PG, MADV_POPULATE_WRITE), -EINVAL);
		leave(mm);
	}
}

static void locked_memory_that_loses_the_key_is_faulted_in(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 2, PROT_EXEC);
		(void)vms_mlock(mm, BASE, 2 * PG);
		assert_int_equal(vms_mprotect(mm, BASE, 2 * PG, RW), 0);
		assert_int_equal(own_pages(mm), 2);
		leave(mm);
	}
}

/* ---- from outside: no key ---- */

static void a_debugger_passes_the_key(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);
		unsigned long word = 0;

		map(mm, 0, 1, RW);
		assert_int_equal(vms_write_word(mm, BASE, 7), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_EXEC), 0);
		assert_int_equal(vms_access_word(mm, BASE, &word, 0), -EFAULT);
		assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_FORCE), 0);
		assert_int_equal(word, 7);
		word = 8;
		assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_FORCE | FOLL_WRITE), 0);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_READ), 0);
		assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
		assert_int_equal(word, 8);
		leave(mm);
	}
}

/* ---- layout, fork, moves ---- */

static void the_key_takes_part_in_merging(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 2, PROT_EXEC | PROT_GROWSDOWN);
		map(mm, 2, 2, PROT_EXEC);
		map(mm, 4, 2, PROT_EXEC);
		expect_layout(mm, rule ? "20000000-20002000 --xp 20000\n"
					 "20002000-20006000 --xp 20002\n"
				       : "20000000-20006000 --xp 20000\n");
		assert_int_equal(vms_mprotect(mm, BASE + PG, PG, PROT_EXEC), 0);
		expect_layout(mm, rule ? "20000000-20001000 --xp 20000\n"
					 "20001000-20006000 --xp 20001\n"
				       : "20000000-20006000 --xp 20000\n");
		assert_int_equal(vms_mprotect(mm, BASE, 6 * PG, PROT_READ), 0);
		expect_layout(mm, "20000000-20006000 r--p 20000\n");
		leave(mm);
	}
}

static void neighbours_with_and_without_a_key_share_no_anon_vma(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 1, RW);
		assert_int_equal(vms_write_word(mm, BASE, 1), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_EXEC), 0);
		map(mm, 1, 1, RW);
		assert_int_equal(vms_write_word(mm, BASE + PG, 1), VMS_FAULT_OK);
		assert_int_equal(vms_mprotect(mm, BASE, PG, RW), 0);
		expect_layout(mm, rule ? "20000000-20001000 rw-p 20000\n"
					 "20001000-20002000 rw-p 20001\n"
				       : "20000000-20002000 rw-p 20000\n");
		leave(mm);
	}
}

static void children_and_moved_memory_keep_the_key(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule), *child;

		map(mm, 0, 2, PROT_EXEC);
		assert_int_equal(vms_fork(mm, &child), 0);
		assert_int_equal(child->rules.exec_only, rule);
		expect_closed(child, BASE, rule);
		map(child, 4, 1, PROT_EXEC);
		expect_closed(child, BASE + 4 * PG, rule);
		leave(child);
		assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 2 * PG,
					    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
					    BASE + 8 * PG),
				 BASE + 8 * PG);
		expect_closed(mm, BASE, rule);
		expect_closed(mm, BASE + 8 * PG, rule);
		leave(mm);
	}
}

static void a_stack_grows_before_the_key_refuses(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		vms_mmap(mm, BASE + 0x100000, PG, PROT_EXEC, FIXED | MAP_GROWSDOWN, NULL, 0);
		assert_int_equal(vms_fault(mm, BASE + 0xff000, 0),
				 rule ? VMS_SEGV_PKUERR : VMS_FAULT_OK);
		expect_layout(mm, "200ff000-20101000 --xp 200ff\n");
		leave(mm);
	}
}

/* A key where the rule or the rights have none is told by the validator. */
static void a_key_out_of_place_is_told(void **state)
{
	struct mm_struct *mm = mm_with(state, true);

	map(mm, 0, 1, PROT_EXEC);
	mm->rules.exec_only = false;
	assert_int_equal(vms_mm_validate(mm, NULL), 1);
	mm->rules.exec_only = true;
	leave(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(no_version_has_the_rule_by_itself),
		ON_EVERY_ENGINE(execute_only_memory_of_every_kind_refuses_reads),
		ON_EVERY_ENGINE(the_key_outweighs_rights_that_are_added),
		ON_EVERY_ENGINE(other_rights_have_no_key),
		ON_EVERY_ENGINE(mprotect_gives_the_key_to_what_has_pages),
		ON_EVERY_ENGINE(one_more_bit_and_there_is_no_key),
		ON_EVERY_ENGINE(the_key_comes_before_guards_and_the_end_of_a_file),
		ON_EVERY_ENGINE(mlock_locks_and_says_that_it_failed),
		ON_EVERY_ENGINE(nothing_beyond_the_key_is_faulted_in_by_mlock),
		ON_EVERY_ENGINE(locked_memory_that_loses_the_key_is_faulted_in),
		ON_EVERY_ENGINE(a_debugger_passes_the_key),
		ON_EVERY_ENGINE(the_key_takes_part_in_merging),
		ON_EVERY_ENGINE(neighbours_with_and_without_a_key_share_no_anon_vma),
		ON_EVERY_ENGINE(children_and_moved_memory_keep_the_key),
		ON_EVERY_ENGINE(a_stack_grows_before_the_key_refuses),
		ON_EVERY_ENGINE(a_key_out_of_place_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
