/* SPDX-License-Identifier: MIT */
/*
 * test_guard.c - guard pages: an access is SIGSEGV; what guard pages survive,
 * how they move with their range, and which memory refuses them.
 */
#include <errno.h>
#include <pthread.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static unsigned long at(unsigned long page)
{
	return BASE + page * PG;
}

static void map(struct mm_struct *mm, unsigned long page, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm, at(page), pages * PG, prot, FIXED, NULL, 0), at(page));
}

static int guard(struct mm_struct *mm, unsigned long page, unsigned long pages)
{
	return vms_madvise(mm, at(page), pages * PG, MADV_GUARD_INSTALL);
}

static int unguard(struct mm_struct *mm, unsigned long page, unsigned long pages)
{
	return vms_madvise(mm, at(page), pages * PG, MADV_GUARD_REMOVE);
}

/*
 * Compares the pages, a letter each: G is a guard page, 0 to 9 is the page's
 * content, x is anything else.
 */
static void expect_pages(struct mm_struct *mm, unsigned long page, const char *expected)
{
	char got[64];
	size_t n = strlen(expected);

	for (size_t i = 0; i < n; i++) {
		unsigned long word = 0;
		enum vms_fault_result result = vms_read_word(mm, at(page + i), &word);

		got[i] = result == VMS_SEGV_MAPERR             ? 'G'
			 : result == VMS_FAULT_OK && word < 10 ? '0' + (char)word
							       : 'x';
	}
	got[n] = '\0';
	assert_string_equal(got, expected);
}

/* Maps six pages that hold 1 to 6; the third and the fourth are guarded. */
static void world_with_guards(struct mm_struct *mm)
{
	map(mm, 0, 6, RW);
	for (unsigned long i = 0; i < 6; i++)
		vms_write_word(mm, at(i), i + 1);
	assert_int_equal(guard(mm, 2, 2), 0);
	expect_pages(mm, 0, "12GG56");
}

static const char *flags_at(struct mm_struct *mm, unsigned long addr)
{
	static char text[256];

	mmap_read_lock(mm);
	vms_vmflags_string(vma_lookup(mm, addr)->vm_flags, ' ', text, sizeof(text));
	mmap_read_unlock(mm);
	return text;
}

static void a_guarded_page_is_gone_and_its_vma_whole(void **state)
{
	struct mm_struct *mm = mm_of(state);

	world_with_guards(mm);
	assert_int_equal(vms_fault(mm, at(2), FAULT_FLAG_WRITE), VMS_SEGV_MAPERR);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	expect_layout(mm, "20000000-20006000 rw-p 20000\n");
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me gu ac");
	assert_int_equal(unguard(mm, 0, 6), 0);
	expect_pages(mm, 0, "120056");
	/* A VMA that was marked once stays marked. */
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me gu ac");
}

static void guards_survive_advice_protection_and_truncation(void **state)
{
	static const int advice[] = {MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_COLD,
				     MADV_NOHUGEPAGE};
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	world_with_guards(mm);
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		assert_int_equal(vms_madvise(mm, BASE, 6 * PG, advice[i]), 0);
	expect_pages(mm, 0, "00GG00");
	vms_mprotect(mm, BASE, 6 * PG, PROT_NONE);
	assert_int_equal(vms_fault(mm, at(2), 0), VMS_SEGV_ACCERR);
	vms_mprotect(mm, BASE, 6 * PG, RW);
	expect_pages(mm, 0, "00GG00");

	vms_mmap(mm, at(8), 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_write_word(mm, at(8), 7);
	vms_write_word(mm, at(9), 8);
	assert_int_equal(guard(mm, 9, 1), 0);
	unmap_mapping_range(file->f_mapping, 0, 0, 1);
	expect_pages(mm, 8, "7G00");
	assert_int_equal(unguard(mm, 9, 1), 0);
	expect_pages(mm, 8, "7800"); /* the file kept it */
	fput(file);
}

static void guards_go_with_their_range(void **state)
{
	struct mm_struct *mm = mm_of(state);

	world_with_guards(mm);
	map(mm, 2, 1, RW);
	expect_pages(mm, 0, "120G56");
	vms_munmap(mm, at(3), PG);
	map(mm, 3, 1, RW);
	expect_pages(mm, 0, "120056");
}

static void guards_go_where_their_pages_move(void **state)
{
	struct mm_struct *mm = mm_of(state);

	world_with_guards(mm);
	assert_int_equal(vms_mremap(mm, BASE, 6 * PG, 6 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    at(16)),
			 at(16));
	expect_pages(mm, 16, "12GG56");
	map(mm, 0, 6, RW);
	expect_pages(mm, 0, "000000");
	/*
	 * The range that a move leaves behind has no guard pages, and a move
	 * that shrinks leaves those at the end behind.
	 */
	assert_int_equal(vms_mremap(mm, at(16), 6 * PG, 6 * PG,
				    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(32)),
			 at(32));
	expect_pages(mm, 16, "000000");
	assert_int_equal(vms_mremap(mm, at(32), 6 * PG, 3 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    at(48)),
			 at(48));
	expect_pages(mm, 48, "12G");
}

static void a_child_has_them_unless_its_memory_is_wiped(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	struct file *file = world_file(8, true);

	world_with_guards(mm);
	map(mm, 8, 2, RW);
	guard(mm, 8, 1);
	vms_madvise(mm, at(8), 2 * PG, MADV_WIPEONFORK);
	/* A file's pages can come back by faults, a guard page cannot. */
	vms_mmap(mm, at(12), 2 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	guard(mm, 12, 1);
	assert_int_equal(vms_fork(mm, &child), 0);
	expect_pages(child, 0, "12GG56");
	expect_pages(child, 8, "00");
	expect_pages(child, 12, "G0");
	assert_int_equal(unguard(child, 2, 2), 0);
	expect_pages(mm, 0, "12GG56");
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	mmput(child);
	fput(file);
}

static void locked_memory_takes_none_and_gives_them_up(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 4, RW);
	vms_mlock(mm, at(2), PG);
	assert_int_equal(guard(mm, 0, 4), -EINVAL);
	expect_pages(mm, 0, "GG00"); /* the range before it is done */
	assert_int_equal(vms_mlock(mm, BASE, 4 * PG), -ENOMEM);
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me gu lo ac");
	assert_int_equal(unguard(mm, 0, 4), 0);
	expect_pages(mm, 0, "0000");
}

static void holes_are_passed_over_and_told(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	map(mm, 3, 2, RW);
	assert_int_equal(guard(mm, 0, 5), -ENOMEM);
	expect_pages(mm, 0, "GG");
	expect_pages(mm, 3, "GG");
	assert_int_equal(unguard(mm, 0, 5), -ENOMEM);
	expect_pages(mm, 0, "00");
	expect_pages(mm, 3, "00");
}

static void a_seal_keeps_what_cannot_be_put_back(void **state)
{
	struct mm_struct *mm = mm_of(state);

	world_with_guards(mm);
	vms_mprotect(mm, BASE, 6 * PG, PROT_READ);
	vms_mseal(mm, BASE, 6 * PG, 0);
	assert_int_equal(guard(mm, 0, 1), -EPERM);
	assert_int_equal(unguard(mm, 2, 1), 0);
	expect_pages(mm, 0, "120G56");
}

static void the_mark_does_not_keep_from_merging(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	guard(mm, 0, 1);
	map(mm, 2, 2, RW);
	expect_layout(mm, "20000000-20004000 rw-p 20000\n");
	assert_string_equal(flags_at(mm, at(3)), "rd wr mr mw me gu ac");
}

/* Private memory counts as written to afterwards; a file's memory does not. */
static void guards_make_private_memory_faulted(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	map(mm, 0, 1, RW);
	guard(mm, 0, 1);
	vms_mprotect(mm, BASE, PG, PROT_READ);
	/* A faulted VMA keeps its account. */
	assert_string_equal(flags_at(mm, BASE), "rd mr mw me gu ac");
	vms_mmap(mm, at(4), PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	guard(mm, 4, 1);
	mmap_read_lock(mm);
	assert_non_null(atomic_load(&vma_lookup(mm, BASE)->anon_vma));
	assert_null(atomic_load(&vma_lookup(mm, at(4))->anon_vma));
	mmap_read_unlock(mm);
	fput(file);
}

/* ---- no memory ---- */

static void no_memory_leaves_the_pages(void **state)
{
	struct mm_struct *mm = mm_of(state);
	long n;

	for (n = 1; n < 100; n++) {
		long asked, tables;
		int err;

		/* Two leaves of the page table, of which one exists. */
		assert_int_equal(vms_mmap(mm, 0x201ff000, 2 * PG, RW, FIXED, NULL, 0), 0x201ff000);
		tables = vms_mm_counter(mm, MM_PGTABLES);
		vms__alloc_fail_nth(n);
		err = vms_madvise(mm, 0x201ff000, 2 * PG, MADV_GUARD_INSTALL);
		asked = vms__alloc_count();
		vms__alloc_fail_nth(0);
		assert_int_equal(err, asked < n ? 0 : -ENOMEM);
		if (err)
			assert_int_equal(vms_mm_counter(mm, MM_PGTABLES), tables);
		assert_int_equal(vms_fault(mm, 0x20200000, FAULT_FLAG_WRITE),
				 asked < n ? VMS_SEGV_MAPERR : VMS_FAULT_OK);
		assert_string_equal(flags_at(mm, 0x201ff000),
				    asked < n ? "rd wr mr mw me gu ac" : "rd wr mr mw me ac");
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		if (asked < n)
			break;
		vms_munmap(mm, 0x201ff000, 2 * PG);
	}
	assert_in_range(n, 4, 99);
}

/* ---- concurrent faults ---- */

#define ROUNDS 2000

struct toucher {
	struct mm_struct *mm;
	_Atomic bool stop;
	unsigned long wrong;
};

/*
 * Writes a page that another thread guards and unguards in turn: the page must
 * be either accessible or guarded.
 */
static void *touch(void *arg)
{
	struct toucher *t = arg;

	for (unsigned long i = 0; !atomic_load(&t->stop); i++) {
		enum vms_fault_result result = vms_write_word(t->mm, at(i % 4), 5);

		t->wrong += result != VMS_FAULT_OK && result != VMS_SEGV_MAPERR;
	}
	return NULL;
}

static void faults_beside_find_a_page_or_a_guard(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct toucher t = {.mm = mm};
	unsigned long wrong = 0;
	pthread_t thread;

	map(mm, 0, 4, RW);
	assert_int_equal(pthread_create(&thread, NULL, touch, &t), 0);
	for (int i = 0; i < ROUNDS; i++) {
		wrong += guard(mm, 1, 2) != 0;
		for (unsigned long page = 0; page < 4; page++)
			wrong += (vms_fault(mm, at(page), 0) == VMS_SEGV_MAPERR) !=
				 (page == 1 || page == 2);
		wrong += unguard(mm, 0, 4) != 0;
		wrong += vms_fault(mm, at(1), 0) != VMS_FAULT_OK;
	}
	atomic_store(&t.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(t.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(a_guarded_page_is_gone_and_its_vma_whole),
		ON_EVERY_ENGINE(guards_survive_advice_protection_and_truncation),
		ON_EVERY_ENGINE(guards_go_with_their_range),
		ON_EVERY_ENGINE(guards_go_where_their_pages_move),
		ON_EVERY_ENGINE(a_child_has_them_unless_its_memory_is_wiped),
		ON_EVERY_ENGINE(locked_memory_takes_none_and_gives_them_up),
		ON_EVERY_ENGINE(holes_are_passed_over_and_told),
		ON_EVERY_ENGINE(a_seal_keeps_what_cannot_be_put_back),
		ON_EVERY_ENGINE(the_mark_does_not_keep_from_merging),
		ON_EVERY_ENGINE(guards_make_private_memory_faulted),
		ON_EVERY_ENGINE(no_memory_leaves_the_pages),
		ON_EVERY_ENGINE(faults_beside_find_a_page_or_a_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
