/* SPDX-License-Identifier: MIT */
/*
 * test_revoke.c - pages that their owner takes back by unmap_mapping_range()
 * while one of its hooks is about to return them. Symptom: a page that was
 * taken back is mapped. Cause: the fault did not notice that the range was
 * revoked meanwhile. The page must not be mapped, and the owner must be told
 * again of a first write that it was told of before.
 *
 * An access stops in its hook at a gate while the test does what another thread
 * of the owner would do.
 */
#include <pthread.h>
#include <semaphore.h>

#include <vmastore/page.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct file *file;
static struct page *owned; /* the page that the hooks give */
static unsigned int calls; /* of the hook under test */

static struct mm_struct *begin(void **state, const struct vm_operations_struct *ops)
{
	calls = 0;
	file = world_file(32, true);
	file->f_vm_ops = ops;
	owned = vms_page_alloc(7);
	assert_non_null(owned);
	return ((struct world *)*state)->mm;
}

static void end(struct mm_struct *mm)
{
	vms_munmap(mm, BASE, 32 * PG);
	vms_page_put(owned);
	fput(file);
}

static void map(struct mm_struct *mm, unsigned long at, unsigned long pages, int prot, int flags)
{
	assert_int_equal(vms_mmap(mm, at, pages * PG, (unsigned long)prot,
				  (unsigned long)(flags | MAP_FIXED), file, 0),
			 at);
}

static void zap_all(void)
{
	unmap_mapping_range(file->f_mapping, 0, 0, 0);
}

static vm_fault_t give(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(owned);
	return 0;
}

static struct {
	sem_t chosen, go_on;
	_Atomic bool armed; /* the next call waits */
} gate;

static void pass_gate(void)
{
	if (!atomic_exchange(&gate.armed, false))
		return;
	sem_post(&gate.chosen);
	sem_wait(&gate.go_on);
}

static vm_fault_t choose_and_give(struct vm_fault *vmf)
{
	struct page *page = vms_page_get(owned);

	calls++;
	pass_gate();
	vmf->page = page;
	return 0;
}

static vm_fault_t choose_and_insert(struct vm_fault *vmf)
{
	struct page *page = vms_page_get(owned);
	vm_fault_t ret;

	calls++;
	pass_gate();
	ret = vmf_insert_page(vmf->vma, vmf->address, page);
	vms_page_put(page);
	return ret;
}

static vm_fault_t choose_and_map_around(struct vm_fault *vmf, pgoff_t start, pgoff_t last)
{
	struct page *pages[16] = {NULL};

	calls++;
	for (pgoff_t i = start; i <= last; i++)
		pages[i - start] = vms_page_get(owned);
	pass_gate();
	vms_map_pages(vmf, start, pages, (unsigned int)(last - start + 1));
	return 0;
}

static const struct vm_operations_struct slow_ops[] = {
	{.fault = choose_and_give},
	{.fault = choose_and_insert},
	{.fault = choose_and_insert, .map_pages = choose_and_map_around},
};
#define NR_SLOW (sizeof(slow_ops) / sizeof(slow_ops[0]))

static void *touch_the_second_page(void *mm)
{
	unsigned long word;

	return (void *)(uintptr_t)(vms_read_word(mm, BASE + PG, &word) == VMS_FAULT_OK ? word : 0);
}

static void *write_the_second_page(void *mm)
{
	return (void *)(uintptr_t)vms_write_word(mm, BASE + PG, 1);
}

static pthread_t start_up_to_the_gate(struct mm_struct *mm, void *(*touch)(void *))
{
	pthread_t thread;

	sem_init(&gate.chosen, 0, 0);
	sem_init(&gate.go_on, 0, 0);
	atomic_store(&gate.armed, true);
	assert_int_equal(pthread_create(&thread, NULL, touch, mm), 0);
	sem_wait(&gate.chosen);
	return thread;
}

static void *open_the_gate(pthread_t thread)
{
	void *ret;

	sem_post(&gate.go_on);
	pthread_join(thread, &ret);
	sem_destroy(&gate.chosen);
	sem_destroy(&gate.go_on);
	return ret;
}

/*
 * An access is stopped in its hook, which has chosen the page with the word 7.
 * Meanwhile the owner chooses another page and takes [@first, @first + @nr)
 * back.
 */
static void *touch_beside_a_revocation(struct mm_struct *mm, void *(*touch)(void *), pgoff_t first,
				       pgoff_t nr)
{
	struct page *old = owned;
	pthread_t thread = start_up_to_the_gate(mm, touch);
	void *ret;

	owned = vms_page_alloc(43);
	unmap_mapping_pages(file->f_mapping, first, nr, true);
	vms_page_set_word(old, 666);
	ret = open_the_gate(thread);
	vms_page_put(old);
	return ret;
}

static void page_taken_back_on_its_way_is_not_mapped(void **state)
{
	static const pgoff_t taken[][2] = {{0, 0}, {1, 1}, {0, 32}};
	struct mm_struct *mm = begin(state, NULL);
	unsigned long word;

	for (size_t i = 0; i < NR_SLOW * 3 * 2; i++) {
		size_t kind = i % NR_SLOW;

		file->f_vm_ops = &slow_ops[kind];
		map(mm, BASE, 4, RW, i % 2 ? MAP_PRIVATE : MAP_SHARED);
		vms_page_put(owned);
		owned = vms_page_alloc(7);
		assert_int_equal((uintptr_t)touch_beside_a_revocation(mm, touch_the_second_page,
								      taken[i / NR_SLOW % 3][0],
								      taken[i / NR_SLOW % 3][1]),
				 43);
		for (unsigned long page = 0; page < 4; page++) {
			/*
			 * Mapped by map_pages(): only the range that was taken
			 * back is asked for again.
			 */
			if (kind == 2 && page != 1 && taken[i / NR_SLOW % 3][1] == 1)
				continue;
			assert_int_equal(vms_read_word(mm, BASE + page * PG, &word), VMS_FAULT_OK);
			assert_int_equal(word, 43);
		}
		vms_munmap(mm, BASE, 4 * PG);
	}
	end(mm);
}

/* The copy would contain what the page holds by then. */
static void page_taken_back_on_its_way_is_not_copied(void **state)
{
	struct mm_struct *mm = begin(state, &slow_ops[0]);

	map(mm, BASE, 4, RW, MAP_PRIVATE);
	assert_int_equal((uintptr_t)touch_beside_a_revocation(mm, write_the_second_page, 1, 1),
			 VMS_FAULT_OK);
	assert_int_equal(calls, 2);
	end(mm);
}

static void other_pages_are_mapped_beside_a_revocation(void **state)
{
	struct mm_struct *mm = begin(state, &slow_ops[0]);

	map(mm, BASE, 4, RW, MAP_SHARED);
	/* The hook has chosen the second page; the third page is taken back. */
	assert_int_equal((uintptr_t)touch_beside_a_revocation(mm, touch_the_second_page, 2, 1),
			 666);
	assert_int_equal(calls, 1);
	end(mm);
}

static vm_fault_t note_write_slowly(struct vm_fault *vmf)
{
	(void)vmf;
	calls++;
	pass_gate();
	return 0;
}

/*
 * The owner notes that a page is written, and drops the note when it takes the
 * page back (writeback). It must therefore be told of the first write since,
 * even if a read has mapped the page again meanwhile.
 */
static void first_write_since_a_page_was_taken_back_is_told(void **state)
{
	static const struct vm_operations_struct by_page = {.fault = give,
							    .page_mkwrite = note_write_slowly};
	struct mm_struct *mm = begin(state, &by_page);
	unsigned long word;
	pthread_t thread;

	for (int mapped_before = 0; mapped_before < 2; mapped_before++) {
		map(mm, BASE, 4, RW, MAP_SHARED);
		if (mapped_before)
			assert_int_equal(vms_read_word(mm, BASE + PG, &word), VMS_FAULT_OK);
		calls = 0;
		thread = start_up_to_the_gate(mm, write_the_second_page);
		unmap_mapping_pages(file->f_mapping, 1, 1, false);
		assert_int_equal(vms_read_word(mm, BASE + PG, &word), VMS_FAULT_OK);
		assert_int_equal((uintptr_t)open_the_gate(thread), VMS_FAULT_OK);
		assert_int_equal(calls, 2);
		vms_munmap(mm, BASE, 4 * PG);
	}
	end(mm);
}

static vm_fault_t zap_and_give(struct vm_fault *vmf)
{
	calls++;
	zap_all();
	vmf->page = vms_page_get(owned);
	return 0;
}

static vm_fault_t zap_and_insert(struct vm_fault *vmf)
{
	calls++;
	zap_all();
	return vmf_insert_page(vmf->vma, vmf->address, owned);
}

/* An owner that has room for only one page at a time. */
static void hook_that_unmaps_does_not_take_its_own_page_back(void **state)
{
	static const struct vm_operations_struct gives = {.fault = zap_and_give},
						 inserts = {.fault = zap_and_insert};
	struct mm_struct *mm = begin(state, &gives);

	for (unsigned long i = 0; i < 8; i++) {
		file->f_vm_ops = i % 2 ? &inserts : &gives;
		map(mm, BASE, 4, RW, MAP_SHARED);
		calls = 0;
		assert_int_equal(vms_write_word(mm, BASE + i / 2 * PG, 1), VMS_FAULT_OK);
		assert_int_equal(calls, 1);
		assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 1);
		vms_munmap(mm, BASE, 4 * PG);
	}
	end(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(page_taken_back_on_its_way_is_not_mapped),
		ON_EVERY_ENGINE(page_taken_back_on_its_way_is_not_copied),
		ON_EVERY_ENGINE(other_pages_are_mapped_beside_a_revocation),
		ON_EVERY_ENGINE(first_write_since_a_page_was_taken_back_is_told),
		ON_EVERY_ENGINE(hook_that_unmaps_does_not_take_its_own_page_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
