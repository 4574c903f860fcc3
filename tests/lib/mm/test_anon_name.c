/* SPDX-License-Identifier: MIT */
/*
 * test_anon_name.c - names for anonymous memory: which memory may have one, how
 * named ranges split and merge, what the listing shows, and what is refused.
 * (The tear-down requires that every name's count is zero.)
 */
#include <errno.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

/* Compares the listing, each line reduced to "START-END NAME\n". */
static void expect_names_at(struct mm_struct *mm, const char *expected, const char *file, int line)
{
	char *maps = NULL, text[1024] = "";
	size_t size = 0, len = 0;
	FILE *out = open_memstream(&maps, &size);

	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	for (char *at = strtok(maps, "\n"); at; at = strtok(NULL, "\n"))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%.17s %s\n", at,
					strlen(at) > 73 ? at + 73 : "-");
	free(maps);
	if (strcmp(text, expected) != 0)
		print_error("%s:%d: names are\n%sexpected\n%s", file, line, text, expected);
	_assert_true(strcmp(text, expected) == 0, "names", file, line);
	_assert_int_equal(vms_mm_validate(mm, stderr), 0, file, line);
}
#define expect_names(mm, expected) expect_names_at(mm, expected, __FILE__, __LINE__)

static void name_splits_its_range_off(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, 8 * PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_set_anon_name(mm, BASE + 2 * PG, 2 * PG - 1, "my heap"), 0);
	expect_names(
		mm, "20000000-20002000 -\n20002000-20004000 [anon:my heap]\n20004000-20008000 -\n");
	/* Giving the same name again, to all or to a part, changes nothing. */
	assert_int_equal(vms_set_anon_name(mm, BASE + 2 * PG, PG, "my heap"), 0);
	expect_names(
		mm, "20000000-20002000 -\n20002000-20004000 [anon:my heap]\n20004000-20008000 -\n");
	assert_int_equal(vms_set_anon_name(mm, BASE, 8 * PG, NULL), 0);
	expect_names(mm, "20000000-20008000 -\n");
}

static void memory_merges_only_under_equal_names(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, 8 * PG, RW, FIXED, NULL, 0);
	/* Two calls give the same text. */
	assert_int_equal(vms_set_anon_name(mm, BASE, 2 * PG, "one"), 0);
	assert_int_equal(vms_set_anon_name(mm, BASE + 4 * PG, 2 * PG, "one"), 0);
	expect_names(mm, "20000000-20002000 [anon:one]\n20002000-20004000 -\n20004000-20006000 "
			 "[anon:one]\n20006000-20008000 -\n");
	assert_int_equal(vms_set_anon_name(mm, BASE + 2 * PG, 2 * PG, "two"), 0);
	expect_names(mm, "20000000-20002000 [anon:one]\n20002000-20004000 "
			 "[anon:two]\n20004000-20006000 [anon:one]\n"
			 "20006000-20008000 -\n");
	assert_int_equal(vms_set_anon_name(mm, BASE + 2 * PG, 2 * PG, "one"), 0);
	expect_names(mm, "20000000-20006000 [anon:one]\n20006000-20008000 -\n");
	/* A new mapping has no name, so that it joins memory without a name. */
	vms_munmap(mm, BASE + 4 * PG, 2 * PG);
	vms_mmap(mm, BASE + 4 * PG, 2 * PG, RW, FIXED, NULL, 0);
	expect_names(mm, "20000000-20004000 [anon:one]\n20004000-20008000 -\n");
	/*
	 * A change of rights does not join ranges with different names either.
	 */
	vms_mprotect(mm, BASE + 4 * PG, 4 * PG, PROT_READ);
	vms_mprotect(mm, BASE, 8 * PG, PROT_READ);
	expect_names(mm, "20000000-20004000 [anon:one]\n20004000-20008000 -\n");
}

static void name_spreads_over_part_of_each_neighbour(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, 9 * PG, RW, FIXED, NULL, 0);
	vms_set_anon_name(mm, BASE, 3 * PG, "a");
	vms_set_anon_name(mm, BASE + 3 * PG, 3 * PG, "b");
	vms_set_anon_name(mm, BASE + 6 * PG, 3 * PG, "c");
	/* The first part of b joins a, its last part joins c. */
	assert_int_equal(vms_set_anon_name(mm, BASE + 3 * PG, PG, "a"), 0);
	assert_int_equal(vms_set_anon_name(mm, BASE + 5 * PG, PG, "c"), 0);
	expect_names(mm, "20000000-20004000 [anon:a]\n20004000-20005000 "
			 "[anon:b]\n20005000-20009000 [anon:c]\n");
	/*
	 * One call over several VMAs: after a piece that merges with what
	 * follows, the call must continue behind the merged VMA.
	 */
	assert_int_equal(vms_set_anon_name(mm, BASE + 2 * PG, 5 * PG, "c"), 0);
	expect_names(mm, "20000000-20002000 [anon:a]\n20002000-20009000 [anon:c]\n");
}

static void named_memory_keeps_its_name_when_it_is_split_moved_and_grown(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, 6 * PG, RW, FIXED, NULL, 0);
	vms_set_anon_name(mm, BASE, 6 * PG, "n");
	vms_munmap(mm, BASE + 2 * PG, PG);
	vms_mprotect(mm, BASE, PG, PROT_READ);
	expect_names(mm, "20000000-20001000 [anon:n]\n20001000-20002000 "
			 "[anon:n]\n20003000-20006000 [anon:n]\n");
	assert_int_equal(vms_mremap(mm, BASE + 4 * PG, 2 * PG, 2 * PG,
				    MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 16 * PG),
			 BASE + 16 * PG);
	assert_int_equal(vms_mremap(mm, BASE + 16 * PG, 2 * PG, 3 * PG, 0, 0), BASE + 16 * PG);
	expect_names(mm, "20000000-20001000 [anon:n]\n20001000-20002000 "
			 "[anon:n]\n20003000-20004000 [anon:n]\n"
			 "20010000-20013000 [anon:n]\n");
}

static void child_has_the_names_of_its_parent(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm, *child;

	vms_mmap(mm, BASE, 2 * PG, RW, FIXED, NULL, 0);
	vms_set_anon_name(mm, BASE, 2 * PG, "inherited");
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(vms_set_anon_name(mm, BASE, 2 * PG, "other"), 0);
	expect_names(child, "20000000-20002000 [anon:inherited]\n");
	expect_names(mm, "20000000-20002000 [anon:other]\n");
	mmput(child);
}

static void shared_anonymous_memory_shows_its_name_as_such(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, 2 * PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	expect_names(mm, "20000000-20002000 /dev/zero (deleted)\n");
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, "ring"), 0);
	expect_names(
		mm, "20000000-20001000 [anon_shmem:ring]\n20001000-20002000 /dev/zero (deleted)\n");
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, NULL), 0);
	expect_names(mm, "20000000-20002000 /dev/zero (deleted)\n");
}

/*
 * The break is listed as the break, whatever its name: only a part outside it
 * shows a name.
 */
static void heap_and_stack_are_shown_as_what_they_are(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_brk(mm, mm->start_brk + 2 * PG);
	assert_int_equal(vms_set_anon_name(mm, mm->start_brk, 2 * PG, "malloc"), 0);
	expect_names(mm, "10000000-10002000 [heap]\n");
	/* However, the break does not grow into memory without a name. */
	vms_brk(mm, mm->start_brk + 3 * PG);
	expect_names(mm, "10000000-10002000 [heap]\n10002000-10003000 [heap]\n");
}

static void file_memory_has_no_name(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(8, true);

	vms_mmap(mm, BASE, 2 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 2 * PG, 2 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE + 4 * PG, 2 * PG, RW, FIXED, NULL, 0);
	/*
	 * The range before the file's mapping gets the name, the range after it
	 * does not.
	 */
	assert_int_equal(vms_set_anon_name(mm, BASE, 6 * PG, "x"), -EBADF);
	expect_names(mm,
		     "20000000-20002000 [anon:x]\n20002000-20004000 /data\n20004000-20006000 -\n");
	fput(file);
}

static void holes_are_passed_over_and_reported(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE + PG, PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 3 * PG, PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_set_anon_name(mm, BASE, 2 * PG, "y"), -ENOMEM);
	expect_names(mm, "20001000-20002000 [anon:y]\n20003000-20004000 -\n");
	assert_int_equal(vms_set_anon_name(mm, BASE + PG, 4 * PG, "z"), -ENOMEM);
	expect_names(mm, "20001000-20002000 [anon:z]\n20003000-20004000 [anon:z]\n");
	assert_int_equal(vms_set_anon_name(mm, BASE + 8 * PG, PG, "z"), -ENOMEM);
}

static void names_that_would_spoil_the_listing_are_refused(void **state)
{
	static const char *const bad[] = {"a[b",  "a]b",   "a\\b",     "a$b",  "a`b",
					  "a\nb", "a\x7f", "\xc3\xa4", "tab\t"};
	struct mm_struct *mm = ((struct world *)*state)->mm;
	char text[ANON_VMA_NAME_MAX_LEN + 1], expected[256];

	vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(vms_set_anon_name(mm, BASE, PG, bad[i]), -EINVAL);
	memset(text, 'n', sizeof(text));
	text[ANON_VMA_NAME_MAX_LEN] = '\0';
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, text), -EINVAL);
	expect_names(mm, "20000000-20001000 -\n");
	text[ANON_VMA_NAME_MAX_LEN - 1] = '\0';
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, text), 0);
	snprintf(expected, sizeof(expected), "20000000-20001000 [anon:%s]\n", text);
	expect_names(mm, expected);
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, " !\"#%&'()*+,-./:;<=>?@^_{|}~"), 0);
	expect_names(mm, "20000000-20001000 [anon: !\"#%&'()*+,-./:;<=>?@^_{|}~]\n");
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, ""), 0);
	expect_names(mm, "20000000-20001000 [anon:]\n");
}

static void senseless_ranges_are_refused(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_set_anon_name(mm, BASE + 1, PG, "n"), -EINVAL);
	assert_int_equal(vms_set_anon_name(mm, BASE, -1UL, "n"), -EINVAL);
	assert_int_equal(vms_set_anon_name(mm, BASE, -PG, "n"), -EINVAL);
	assert_int_equal(vms_set_anon_name(mm, BASE, 0, "n"), 0);
	/* The range is empty, but the name is not valid. */
	assert_int_equal(vms_set_anon_name(mm, BASE, 0, "$"), -EINVAL);
	expect_names(mm, "20000000-20001000 -\n");
}

static void split_for_a_name_is_refused_at_the_limit_of_vmas(void **state)
{
	struct world *w = *state;
	struct mm_struct *mm = vms_mm_create(w->engine, &world_layout, NULL);

	limit_map_count(mm, 2);
	vms_mmap(mm, BASE, 4 * PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_set_anon_name(mm, BASE, PG, "n"), 0);
	assert_int_equal(vms_set_anon_name(mm, BASE + 2 * PG, PG, "n"), -EAGAIN);
	assert_int_equal(vms_set_anon_name(mm, BASE + PG, PG, "n"), 0);
	expect_names(mm, "20000000-20002000 [anon:n]\n20002000-20004000 -\n");
	mmput(mm);
}

/*
 * Each allocation fails in turn. The call must return -ENOMEM or -EAGAIN, and
 * every page must keep its name.
 */
static void failed_allocation_leaves_the_names_as_they_were(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	long n = 0;
	int err;

	vms_mmap(mm, BASE, 4 * PG, RW, FIXED, NULL, 0);
	vms_write_word(mm, BASE + PG, 1); /* so that a split has links to allocate */
	do {
		struct vm_area_struct *vma;

		vms__alloc_fail_nth(++n);
		err = vms_set_anon_name(mm, BASE + PG, PG, "n");
		vms__alloc_fail_nth(0);
		mmap_read_lock(mm);
		vma = vma_lookup(mm, BASE + PG);
		assert_true((vma->anon_name != NULL) == (err == 0));
		mmap_read_unlock(mm);
		assert_true(err == 0 || err == -ENOMEM || err == -EAGAIN);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
	} while (err);
	assert_true(n > 3);
	expect_names(mm, "20000000-20001000 -\n20001000-20002000 [anon:n]\n20002000-20004000 -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(name_splits_its_range_off),
		ON_EVERY_ENGINE(memory_merges_only_under_equal_names),
		ON_EVERY_ENGINE(name_spreads_over_part_of_each_neighbour),
		ON_EVERY_ENGINE(named_memory_keeps_its_name_when_it_is_split_moved_and_grown),
		ON_EVERY_ENGINE(child_has_the_names_of_its_parent),
		ON_EVERY_ENGINE(shared_anonymous_memory_shows_its_name_as_such),
		ON_EVERY_ENGINE(heap_and_stack_are_shown_as_what_they_are),
		ON_EVERY_ENGINE(file_memory_has_no_name),
		ON_EVERY_ENGINE(holes_are_passed_over_and_reported),
		ON_EVERY_ENGINE(names_that_would_spoil_the_listing_are_refused),
		ON_EVERY_ENGINE(senseless_ranges_are_refused),
		ON_EVERY_ENGINE(split_for_a_name_is_refused_at_the_limit_of_vmas),
		ON_EVERY_ENGINE(failed_allocation_leaves_the_names_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
