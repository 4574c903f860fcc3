/* SPDX-License-Identifier: MIT */
/*
 * test_read_takes_page.c - the rule read_takes_page: on a machine without a
 * zero page, a read of untouched private anonymous memory takes a page of its
 * own. The tests cover every way to read, the counts and listings afterwards,
 * and how the anon_vma that comes with the page changes the layout.
 *
 * Each test runs with the rule and without it, so that no test passes because
 * the rule is ignored.
 */
#include <pthread.h>

#include <vmastore/query.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_with(void **state, bool read_takes_page)
{
	struct mm_rules rules = vms_mm_rules_default;

	rules.read_takes_page = read_takes_page;
	return mm_with_rules(state, &rules);
}

static void map(struct mm_struct *mm, unsigned long page, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm, BASE + page * PG, pages * PG, prot, FIXED, NULL, 0),
			 BASE + page * PG);
}

static bool has_anon_vma(struct mm_struct *mm, unsigned long addr)
{
	bool has;

	mmap_read_lock(mm);
	has = atomic_load(&vma_lookup(mm, addr)->anon_vma) != NULL;
	mmap_read_unlock(mm);
	return has;
}

static vm_flags_t flags_at(struct mm_struct *mm, unsigned long addr)
{
	vm_flags_t flags;

	mmap_read_lock(mm);
	flags = vma_lookup(mm, addr)->vm_flags;
	mmap_read_unlock(mm);
	return flags;
}

static void no_version_has_the_rule_by_itself(void **state)
{
	(void)state;
	assert_false(vms_mm_rules_default.read_takes_page);
	for (unsigned int minor = 0; minor < 30; minor++)
		assert_false(vms_mm_rules_for(VMS_KERNEL_VERSION(6, minor)).read_takes_page);
}

/* ---- every way to read ---- */

static void by_touch(struct mm_struct *mm)
{
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
}

static void by_word(struct mm_struct *mm)
{
	unsigned long word = 1;

	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
}

static void by_debugger(struct mm_struct *mm)
{
	unsigned long word = 1;

	assert_int_equal(vms_access_word(mm, BASE, &word, false), 0);
	assert_int_equal(word, 0);
}

static void by_populate_read(struct mm_struct *mm)
{
	assert_int_equal(vms_madvise(mm, BASE, PG, MADV_POPULATE_READ), 0);
}

/* Locked or populated memory that is not writable is brought in by reads. */
static void by_mlock(struct mm_struct *mm)
{
	assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_READ), 0);
	assert_int_equal(vms_mlock(mm, BASE, PG), 0);
}

static void by_map_populate(struct mm_struct *mm)
{
	assert_int_equal(vms_mmap(mm, BASE, PG, PROT_READ, FIXED | MAP_POPULATE, NULL, 0), BASE);
}

static void by_map_locked(struct mm_struct *mm)
{
	assert_int_equal(vms_mmap(mm, BASE, PG, PROT_READ, FIXED | MAP_LOCKED, NULL, 0), BASE);
}

static void by_touch_of_zero_device(struct mm_struct *mm)
{
	struct address_space *mapping = vms_address_space_create(0, VMS_AS_ZERO_DEV, 0, 5, 7);
	struct file *file = vms_file_open(mapping, "/dev/zero", FMODE_READ);

	vms_address_space_put(mapping);
	assert_int_equal(vms_mmap(mm, BASE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0), BASE);
	fput(file);
	by_touch(mm);
}

static void every_read_takes_a_page(void **state)
{
	static void (*const reads[])(struct mm_struct *) = {
		by_touch, by_word,         by_debugger,   by_populate_read,
		by_mlock, by_map_populate, by_map_locked, by_touch_of_zero_device,
	};

	for (size_t i = 0; i < 2 * sizeof(reads) / sizeof(reads[0]); i++) {
		bool rule = i % 2;
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 1, RW);
		reads[i / 2](mm);
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), rule);
		assert_int_equal(has_anon_vma(mm, BASE), rule);
		/* Once the page exists, another read changes nothing. */
		by_touch(mm);
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), rule);
		leave(mm);
	}
}

/* Shared memory and files have pages of their own with and without the rule. */
static void other_memory_is_read_as_ever(void **state)
{
	struct mm_struct *mm = mm_with(state, true);
	struct file *file = world_file(4, true);

	vms_mmap(mm, BASE, PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	vms_mmap(mm, BASE + PG, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE + 2 * PG, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	for (unsigned long addr = BASE; addr < BASE + 3 * PG; addr += PG) {
		assert_int_equal(vms_fault(mm, addr, 0), VMS_FAULT_OK);
		assert_false(has_anon_vma(mm, addr));
	}
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	map(mm, 4, 1, PROT_NONE);
	assert_int_equal(vms_fault(mm, BASE + 4 * PG, 0), VMS_SEGV_ACCERR);
	assert_false(has_anon_vma(mm, BASE + 4 * PG));
	fput(file);
	leave(mm);
}

static void a_guard_page_stays_without_a_page(void **state)
{
	struct mm_struct *mm = mm_with(state, true);

	map(mm, 0, 2, RW);
	assert_int_equal(vms_madvise(mm, BASE, PG, MADV_GUARD_INSTALL), 0);
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_SEGV_MAPERR);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(vms_madvise(mm, BASE, PG, MADV_GUARD_REMOVE), 0);
	by_touch(mm);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	leave(mm);
}

/* ---- what the listings say ---- */

static void expect_smaps(struct mm_struct *mm, const char *part)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(vms_smaps_print(mm, out), 0);
	fclose(out);
	if (!strstr(text, part))
		print_error("expected '%s' in:\n%s", part, text);
	assert_non_null(strstr(text, part));
	free(text);
}

/* A page in writable memory is mapped ready for the write. */
static void a_read_page_is_dirty_where_it_may_be_written(void **state)
{
	static const struct {
		bool rule;
		unsigned long prot;
		const char *expected;
	} cases[] = {
		{true, RW,
		 "Private_Clean:         0 kB\nPrivate_Dirty:         4 kB\n"
		 "Referenced:            4 kB\nAnonymous:             4 kB\n"},
		{true, PROT_READ,
		 "Private_Clean:         4 kB\nPrivate_Dirty:         0 kB\n"
		 "Referenced:            4 kB\nAnonymous:             4 kB\n"},
		{false, RW,
		 "Private_Clean:         0 kB\nPrivate_Dirty:         0 kB\n"
		 "Referenced:            0 kB\nAnonymous:             0 kB\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_struct *mm = mm_with(state, cases[i].rule);

		map(mm, 0, 3, cases[i].prot);
		by_touch(mm);
		expect_smaps(mm, cases[i].expected);
		expect_smaps(mm, cases[i].rule ? "Rss:                   4 kB\n"
					       : "Rss:                   0 kB\n");
		leave(mm);
	}
}

static void a_clean_page_is_written_in_place_later(void **state)
{
	struct mm_struct *mm = mm_with(state, true);
	unsigned long word;

	map(mm, 0, 1, PROT_READ);
	by_touch(mm);
	assert_int_equal(vms_fault(mm, BASE, FAULT_FLAG_WRITE), VMS_SEGV_ACCERR);
	assert_int_equal(vms_mprotect(mm, BASE, PG, RW), 0);
	assert_int_equal(vms_write_word(mm, BASE, 7), VMS_FAULT_OK);
	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 7);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	expect_smaps(mm, "Private_Dirty:         4 kB\n");
	leave(mm);
}

/* ---- what the anon_vma changes ---- */

/*
 * Memory that loses the right to write stays accounted if it has pages of its
 * own.
 */
static void the_account_stays_with_memory_that_was_read(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 4, RW);
		by_touch(mm);
		assert_int_equal(vms_mprotect(mm, BASE + 2 * PG, PG, PROT_READ), 0);
		assert_int_equal(!!(flags_at(mm, BASE + 2 * PG) & VM_ACCOUNT), rule);
		leave(mm);
	}
}

/*
 * Two areas that were read separately have separate anon_vmas, so that no
 * mapping between them can join both.
 */
static void areas_that_were_read_apart_do_not_join(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule);

		map(mm, 0, 1, RW);
		map(mm, 2, 1, RW);
		vms_fault(mm, BASE, 0);
		vms_fault(mm, BASE + 2 * PG, 0);
		map(mm, 1, 1, RW);
		expect_layout(mm,
			      rule ? "20000000-20002000 rw-p 20000\n20002000-20003000 rw-p 20002\n"
				   : "20000000-20003000 rw-p 20000\n");
		leave(mm);
	}
}

/*
 * A neighbour that differs only in rights shares the anon_vma, because
 * mprotect() may join the two.
 */
static void a_read_area_shares_its_neighbours_anon_vma(void **state)
{
	struct mm_struct *mm = mm_with(state, true);

	map(mm, 0, 1, RW);
	map(mm, 1, 1, RW | PROT_EXEC);
	vms_fault(mm, BASE, 0);
	vms_fault(mm, BASE + PG, 0);
	assert_int_equal(vms_mprotect(mm, BASE + PG, PG, RW), 0);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	leave(mm);
}

/* ---- fork ---- */

static void a_child_has_the_rule_and_its_parents_pages(void **state)
{
	struct mm_struct *mm = mm_with(state, true), *child;
	unsigned long word;

	map(mm, 0, 2, RW);
	by_touch(mm);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_true(child->rules.read_takes_page);
	assert_int_equal(vms_mm_counter(child, MM_ANONPAGES), 1);
	expect_smaps(child, "Shared_Dirty:          4 kB\n");
	assert_int_equal(vms_write_word(child, BASE, 5), VMS_FAULT_OK);
	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
	assert_int_equal(vms_fault(child, BASE + PG, 0), VMS_FAULT_OK);
	assert_int_equal(vms_mm_counter(child, MM_ANONPAGES), 2);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	leave(child);
	leave(mm);
}

/*
 * Memory from a fork does not join fresh memory; with the rule, memory that was
 * only read counts as memory from a fork too.
 */
static void memory_that_was_read_joins_nothing_fresh_in_a_child(void **state)
{
	for (int rule = 0; rule < 2; rule++) {
		struct mm_struct *mm = mm_with(state, rule), *child;

		map(mm, 0, 1, RW);
		by_touch(mm);
		assert_int_equal(vms_fork(mm, &child), 0);
		map(child, 1, 1, RW);
		expect_layout(child,
			      rule ? "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p 20001\n"
				   : "20000000-20002000 rw-p 20000\n");
		leave(child);
		leave(mm);
	}
}

/* ---- locks and memory ---- */

/*
 * The first read makes the anon_vma under mmap_lock too, which it only tries to
 * take. It counts as a fault under the VMA's lock.
 */
static void reads_avoid_mmap_lock_as_writes_do(void **state)
{
	struct mm_struct *mm = mm_with(state, true);
	bool has_vma_locks = strcmp(((struct world *)*state)->engine, "maple-vma") == 0;

	map(mm, 0, 100, RW);
	for (unsigned long i = 0; i < 100; i++)
		vms_fault(mm, BASE + i * PG, 0);
	assert_int_equal(vms_mm_counter(mm, VMS_FAULTS_MMAP), has_vma_locks ? 0 : 100);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 100);
	leave(mm);
}

static void no_memory_for_a_read_leaves_nothing_behind(void **state)
{
	unsigned int failed = 0;

	for (long nth = 1;; nth++) {
		struct mm_struct *mm = mm_with(state, true);
		enum vms_fault_result result;

		map(mm, 0, 1, RW);
		vms__alloc_fail_nth(nth);
		result = vms_fault(mm, BASE, 0);
		vms__alloc_fail_nth(0);
		if (result == VMS_FAULT_OK) {
			leave(mm);
			break;
		}
		assert_int_equal(result, VMS_FAULT_OOM);
		assert_false(has_anon_vma(mm, BASE));
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
		failed++;
		leave(mm);
	}
	/*
	 * At least the page, the anon_vma and its link, in addition to the
	 * tables.
	 */
	assert_true(failed >= 3);
}

#define RACE_PAGES 256UL

static void *read_all(void *arg)
{
	struct mm_struct *mm = arg;
	unsigned long bad = 0;

	for (unsigned long i = 0; i < RACE_PAGES; i++)
		bad += vms_fault(mm, BASE + i * PG, 0) != VMS_FAULT_OK;
	return (void *)bad;
}

static void *write_all(void *arg)
{
	struct mm_struct *mm = arg;
	unsigned long bad = 0;

	for (unsigned long i = 0; i < RACE_PAGES; i++)
		bad += vms_write_word(mm, BASE + i * PG, i + 1) != VMS_FAULT_OK;
	return (void *)bad;
}

/*
 * A reader and a writer of one page must install one page, and what was written
 * must stay.
 */
static void a_reader_beside_a_writer_takes_no_second_page(void **state)
{
	void *(*const run[])(void *) = {read_all, write_all, read_all};

	for (int round = 0; round < 10; round++) {
		struct mm_struct *mm = mm_with(state, true);
		pthread_t thread[3];
		void *bad;

		map(mm, 0, RACE_PAGES, RW);
		for (int i = 0; i < 3; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, run[i], mm), 0);
		for (int i = 0; i < 3; i++) {
			pthread_join(thread[i], &bad);
			assert_null(bad);
		}
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), RACE_PAGES);
		for (unsigned long i = 0; i < RACE_PAGES; i++) {
			unsigned long word = 0;

			vms_read_word(mm, BASE + i * PG, &word);
			assert_int_equal(word, i + 1);
		}
		leave(mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(no_version_has_the_rule_by_itself),
		ON_EVERY_ENGINE(every_read_takes_a_page),
		ON_EVERY_ENGINE(other_memory_is_read_as_ever),
		ON_EVERY_ENGINE(a_guard_page_stays_without_a_page),
		ON_EVERY_ENGINE(a_read_page_is_dirty_where_it_may_be_written),
		ON_EVERY_ENGINE(a_clean_page_is_written_in_place_later),
		ON_EVERY_ENGINE(the_account_stays_with_memory_that_was_read),
		ON_EVERY_ENGINE(areas_that_were_read_apart_do_not_join),
		ON_EVERY_ENGINE(a_read_area_shares_its_neighbours_anon_vma),
		ON_EVERY_ENGINE(a_child_has_the_rule_and_its_parents_pages),
		ON_EVERY_ENGINE(memory_that_was_read_joins_nothing_fresh_in_a_child),
		ON_EVERY_ENGINE(reads_avoid_mmap_lock_as_writes_do),
		ON_EVERY_ENGINE(no_memory_for_a_read_leaves_nothing_behind),
		ON_EVERY_ENGINE(a_reader_beside_a_writer_takes_no_second_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
