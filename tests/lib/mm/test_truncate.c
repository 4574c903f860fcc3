/* SPDX-License-Identifier: MIT */
/*
 * test_truncate.c - removing a file's pages from the address spaces that map
 * it: by the owner (unmap_mapping_range()), because the file ends before them,
 * or because of a hole; without concurrency, and concurrently with faults that
 * map them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <vmastore/page.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define PRIVATE 0x28000000UL
#define PAGES 8UL
#define ROUNDS 2000

/* Return: which pages from @addr on are mapped: "x" mapped, "." not. */
static const char *mapped(struct mm_struct *mm, unsigned long addr)
{
	static char text[PAGES + 1];

	for (unsigned long i = 0; i < PAGES; i++) {
		struct page *page = vms_page_lookup(mm, addr + i * PG);

		text[i] = page ? 'x' : '.';
		if (page)
			vms_page_put(page);
	}
	return text;
}

/*
 * Maps one file twice. The mapping at BASE is shared, and every page is written
 * (word 1). The mapping at PRIVATE is private: its even pages are copies (word
 * 2), the others are the file's.
 */
static struct file *map_twice(struct mm_struct *mm)
{
	struct file *file = world_file(PAGES, true);

	vms_mmap(mm, BASE, PAGES * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, PRIVATE, PAGES * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		assert_int_equal(vms_write_word(mm, BASE + i * PG, 1), VMS_FAULT_OK);
	for (unsigned long i = 0; i < PAGES; i += 2)
		assert_int_equal(vms_write_word(mm, PRIVATE + i * PG, 2), VMS_FAULT_OK);
	for (unsigned long i = 1; i < PAGES; i += 2)
		assert_int_equal(vms_fault(mm, PRIVATE + i * PG, 0), VMS_FAULT_OK);
	return file;
}

static unsigned long word_at(struct mm_struct *mm, unsigned long addr)
{
	unsigned long word = ~0UL;

	assert_int_equal(vms_read_word(mm, addr, &word), VMS_FAULT_OK);
	return word;
}

/* ---- unmap_mapping_range ---- */

static void unmapped_range_is_asked_for_again(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = map_twice(mm);

	/*
	 * Every page that contains one of the bytes is unmapped; copies stay.
	 */
	unmap_mapping_range(file->f_mapping, 2 * PG + 5, 2 * PG, 0);
	assert_string_equal(mapped(mm, BASE), "xx...xxx");
	assert_string_equal(mapped(mm, PRIVATE), "xxx.xxxx");
	assert_int_equal(word_at(mm, BASE + 3 * PG), 1);
	assert_int_equal(word_at(mm, PRIVATE + 3 * PG), 1);
	assert_int_equal(word_at(mm, PRIVATE + 2 * PG), 2);
	unmap_mapping_range(file->f_mapping, 2 * PG, PG, 1);
	assert_string_equal(mapped(mm, PRIVATE), "xx.xxxxx");
	assert_int_equal(word_at(mm, PRIVATE + 2 * PG), 1); /* the copy is dropped */
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	fput(file);
}

static void length_zero_reaches_to_the_end(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = map_twice(mm);

	unmap_mapping_range(file->f_mapping, 6 * PG, 0, 1);
	assert_string_equal(mapped(mm, BASE), "xxxxxx..");
	unmap_mapping_range(file->f_mapping, 5 * PG, ~0UL - 5 * PG, 1);
	assert_string_equal(mapped(mm, BASE), "xxxxx...");
	unmap_mapping_range(file->f_mapping, 4 * PG, ~0UL, 1); /* the sum wraps */
	assert_string_equal(mapped(mm, BASE), "xxxx....");
	unmap_mapping_pages(file->f_mapping, 1, 2, true);
	assert_string_equal(mapped(mm, BASE), "x..x....");
	assert_string_equal(mapped(mm, PRIVATE), "x..x....");
	unmap_mapping_pages(file->f_mapping, PAGES, 5, true); /* nothing maps these pages */
	unmap_mapping_pages(file->f_mapping, 0, 0, true);
	assert_string_equal(mapped(mm, BASE), "........");
	fput(file);
}

static void every_vma_of_the_file_is_found(void **state)
{
	struct world *w = *state;
	struct file *file = map_twice(w->mm);
	struct mm_struct *child;

	/* Split in three, moved, and mapped in another mm. */
	vms_mprotect(w->mm, BASE + 2 * PG, 2 * PG, PROT_READ);
	assert_int_equal(vms_fork(w->mm, &child), 0);
	vms_fault(child, BASE + 3 * PG, 0);
	vms_mremap(w->mm, BASE + 4 * PG, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
		   BASE + 64 * PG);
	unmap_mapping_range(file->f_mapping, 3 * PG, 2 * PG, 1);
	assert_string_equal(mapped(w->mm, BASE), "xxx.....");
	assert_string_equal(mapped(w->mm, BASE + 64 * PG), ".xxx....");
	assert_string_equal(mapped(w->mm, PRIVATE), "xxx..xxx");
	assert_int_equal(mapped(child, BASE)[3], '.');
	assert_int_equal(mapped(child, PRIVATE)[4], '.');
	assert_int_equal(mapped(child, PRIVATE)[6], 'x');
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	mmput(child);
	fput(file);
}

/*
 * An owner with its own fault() takes a page back, and its hook is called for
 * the page again.
 */
static struct page *owned;
static unsigned int asked;

static vm_fault_t owner_fault(struct vm_fault *vmf)
{
	asked++;
	vmf->page = vms_page_get(owned);
	return 0;
}

static const struct vm_operations_struct owner_ops = {.fault = owner_fault};

static void owner_takes_its_pages_back(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(PAGES, true);

	file->f_vm_ops = &owner_ops;
	owned = vms_page_alloc(7);
	asked = 0;
	vms_mmap(mm, BASE, PAGES * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(word_at(mm, BASE + PG), 7);
	assert_int_equal(word_at(mm, BASE + PG), 7);
	assert_int_equal(asked, 1);
	vms_page_put(owned);
	owned = vms_page_alloc(8);
	unmap_mapping_range(file->f_mapping, PG, PG, 1);
	assert_int_equal(word_at(mm, BASE + PG), 8);
	assert_int_equal(asked, 2);
	vms_page_put(owned);
	fput(file);
}

/* ---- truncation ---- */

static void pages_beyond_the_new_end_are_gone_for_good(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = map_twice(mm);
	struct address_space *mapping = file->f_mapping;

	assert_int_equal(vms_file_truncate(mapping, 4 * PG + 1), 0); /* a partial page stays */
	assert_string_equal(mapped(mm, BASE), "xxxxx...");
	assert_string_equal(mapped(mm, PRIVATE), "xxxxx...");
	assert_int_equal(atomic_load(&mapping->nrpages), 5);
	assert_int_equal(vms_fault(mm, BASE + 4 * PG, 0), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, BASE + 5 * PG, 0), VMS_SIGBUS);
	assert_int_equal(vms_fault(mm, BASE + 5 * PG, FAULT_FLAG_WRITE), VMS_SIGBUS);
	assert_int_equal(vms_fault(mm, PRIVATE + 6 * PG, FAULT_FLAG_WRITE), VMS_SIGBUS);
	/*
	 * When the file grows again its new part is empty, and no page is
	 * mapped again without a fault.
	 */
	assert_int_equal(vms_file_truncate(mapping, PAGES * PG), 0);
	assert_string_equal(mapped(mm, BASE), "xxxxx...");
	assert_int_equal(word_at(mm, BASE + 5 * PG), 0);
	assert_int_equal(word_at(mm, PRIVATE + 6 * PG), 0);
	assert_int_equal(word_at(mm, BASE + 4 * PG), 1);
	assert_int_equal(vms_file_truncate(mapping, 0), 0);
	assert_string_equal(mapped(mm, BASE), "........");
	assert_int_equal(atomic_load(&mapping->nrpages), 0);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	fput(file);
}

static void hole_reads_as_zero_and_spares_private_copies(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = map_twice(mm);

	/* The whole pages 2 and 3. */
	assert_int_equal(vms_file_punch_hole(file->f_mapping, PG + 1, 3 * PG), 0);
	assert_string_equal(mapped(mm, BASE), "xx..xxxx");
	assert_string_equal(mapped(mm, PRIVATE), "xxx.xxxx");
	assert_int_equal(word_at(mm, BASE + PG), 1);
	assert_int_equal(word_at(mm, BASE + 2 * PG), 0);
	assert_int_equal(word_at(mm, PRIVATE + 2 * PG), 2);
	assert_int_equal(word_at(mm, PRIVATE + 3 * PG), 0);
	assert_int_equal(atomic_load(&file->f_mapping->i_size), PAGES * PG);
	assert_int_equal(vms_file_punch_hole(file->f_mapping, PG, 0), -EINVAL);
	assert_int_equal(vms_file_punch_hole(file->f_mapping, PG, ~0UL), -EINVAL);
	assert_int_equal(vms_file_punch_hole(file->f_mapping, 1UL << 63, PG), -EINVAL);
	assert_int_equal(vms_file_punch_hole(file->f_mapping, PG, (1UL << 63) - PG), -EFBIG);
	assert_int_equal(vms_file_punch_hole(file->f_mapping, PG + 1, PG), 0); /* no whole page */
	assert_string_equal(mapped(mm, BASE), "xxx.xxxx");
	fput(file);
}

/* The cache has many pages, so that removing some needs memory. */
static void failed_allocation_leaves_the_file_as_it_was(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(600, true);
	struct address_space *mapping = file->f_mapping;
	long n = 0;
	int err;

	vms_mmap(mm, BASE, 600 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	for (unsigned long i = 0; i < 600; i += 2)
		vms_write_word(mm, BASE + i * PG, i);
	do {
		vms__alloc_fail_nth(++n);
		err = vms_file_punch_hole(mapping, 101 * PG, 300 * PG);
		vms__alloc_fail_nth(0);
		assert_int_equal(atomic_load(&mapping->nrpages), err ? 300 : 150);
		assert_true(err == 0 || err == -ENOMEM);
		if (err)
			assert_int_equal(word_at(mm, BASE + 200 * PG), 200);
	} while (err);
	assert_true(n > 1);
	for (n = 1, err = -1; err; n++) {
		vms__alloc_fail_nth(n);
		err = vms_file_truncate(mapping, 501 * PG);
		vms__alloc_fail_nth(0);
		assert_int_equal(atomic_load(&mapping->nrpages), err ? 150 : 101);
		assert_int_equal(atomic_load(&mapping->i_size), err ? 600 * PG : 501 * PG);
	}
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	fput(file);
}

/* ---- concurrently with faults ---- */

#define FAR (1UL << 21) /* the distance of pages with page tables of their own */

struct rush {
	struct mm_struct *mm;
	atomic_bool stop;
	atomic_ulong bad, done;
};

/*
 * Page i of the file is mapped shared at BASE + i * FAR, and privately at
 * PRIVATE + i * FAR.
 */
static void *touch_all(void *arg)
{
	struct rush *r = arg;

	for (unsigned long i = 0; !atomic_load(&r->stop); i++) {
		unsigned long addr = (i & 1 ? BASE : PRIVATE) + (i >> 1) % PAGES * FAR;
		enum vms_fault_result result = vms_write_word(r->mm, addr, i);

		if (result != VMS_FAULT_OK && result != VMS_SIGBUS)
			atomic_fetch_add(&r->bad, 1);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static bool any_mapped_from(struct mm_struct *mm, unsigned long first)
{
	for (unsigned long i = first; i < PAGES; i++) {
		struct page *shared = vms_page_lookup(mm, BASE + i * FAR),
			    *copy = vms_page_lookup(mm, PRIVATE + i * FAR);

		if (shared)
			vms_page_put(shared);
		if (copy)
			vms_page_put(copy);
		if (shared || copy)
			return true;
	}
	return false;
}

/*
 * Symptom: a page beyond the end of a file stays mapped, and what is written to
 * it is lost. Cause: a fault had taken the page when the file was truncated,
 * and mapped it afterwards.
 */
static void no_fault_brings_a_truncated_page_back(void **state)
{
	struct world *w = *state;
	struct file *file = world_file(PAGES, true);
	struct rush r = {.mm = w->mm};
	pthread_t threads[2];
	unsigned long bad = 0;

	for (unsigned long i = 0; i < PAGES; i++) {
		vms_mmap(w->mm, BASE + i * FAR, PG, RW, MAP_SHARED | MAP_FIXED, file, i * PG);
		vms_mmap(w->mm, PRIVATE + i * FAR, PG, RW, MAP_PRIVATE | MAP_FIXED, file, i * PG);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, touch_all, &r), 0);
	for (unsigned long i = 0; i < ROUNDS || atomic_load(&r.done) < 1000; i++) {
		unsigned long left = i % PAGES;

		bad += vms_file_truncate(file->f_mapping, left * PG) != 0;
		bad += any_mapped_from(w->mm, left);
		bad += atomic_load(&file->f_mapping->nrpages) > left;
		bad += vms_file_truncate(file->f_mapping, PAGES * PG) != 0;
		/*
		 * Sometimes the page tables are freed too, and made again
		 * during the truncation.
		 */
		if (i % 3 == 0) {
			unsigned long addr = BASE + i % PAGES * FAR;

			vms_mmap(w->mm, addr, PG, RW, MAP_SHARED | MAP_FIXED, file, i % PAGES * PG);
		}
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(bad, 0);
	assert_int_equal(atomic_load(&r.bad), 0);
	fput(file);
}

/* ---- concurrently with other address spaces ---- */

struct party {
	struct mm_struct *mm;
	struct file *file;
	unsigned int seed;
	atomic_bool *stop;
	unsigned long bad, done;
};

/*
 * Splits, merges, moves and unmaps one file's mappings in an address space of
 * its own.
 */
static void *change_mappings(void *arg)
{
	struct party *p = arg;

	while (p->done < ROUNDS) {
		unsigned long first = (unsigned long)rand_r(&p->seed) % PAGES,
			      addr = BASE + first * PG;

		p->bad += vms_mmap(p->mm, BASE, PAGES * PG, RW, MAP_SHARED | MAP_FIXED, p->file,
				   0) != BASE;
		p->bad += vms_write_word(p->mm, addr, 1) != VMS_FAULT_OK;
		p->bad += vms_mprotect(p->mm, addr, PG, PROT_READ) != 0;
		p->bad += vms_mprotect(p->mm, addr, PG, RW) != 0;
		p->bad += vms_mremap(p->mm, addr, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, PRIVATE) !=
			  PRIVATE;
		p->bad += vms_munmap(p->mm, BASE, PAGES * PG) != 0;
		p->done++;
	}
	return NULL;
}

/*
 * Symptom: ThreadSanitizer reports a race on a VMA's node in its file's tree.
 * Cause: a thread tested without the tree's lock whether the node is linked,
 * while another address space's VMA left the tree.
 */
static void address_spaces_share_a_file_without_a_common_lock(void **state)
{
	struct world *w = *state;
	struct file *file = world_file(PAGES, true);
	struct party party[2];
	pthread_t threads[2];

	for (unsigned int i = 0; i < 2; i++) {
		party[i] = (struct party){.mm = vms_mm_create(w->engine, &world_layout, NULL),
					  .file = file,
					  .seed = i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, change_mappings, &party[i]), 0);
	}
	for (unsigned int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(party[i].bad, 0);
		assert_int_equal(vms_mm_validate(party[i].mm, stderr), 0);
		mmput(party[i].mm);
	}
	fput(file);
}

static void *touch_file(void *arg)
{
	struct party *p = arg;

	for (; !atomic_load(p->stop); p->done++)
		p->bad += vms_fault(p->mm, BASE + p->done % PAGES * PG, FAULT_FLAG_WRITE) !=
			  VMS_FAULT_OK;
	return NULL;
}

static void *unmap_pages(void *arg)
{
	struct party *p = arg;

	for (; !atomic_load(p->stop); p->done++)
		unmap_mapping_pages(p->file->f_mapping, p->done % PAGES, 2, true);
	return NULL;
}

/*
 * Symptom: the validation reports that pages and counters disagree, or reads a
 * freed page. Cause: a thread that unmaps pages through their file needs none
 * of the locks that the validation holds.
 */
static void validation_beside_unmapping_finds_nothing_broken(void **state)
{
	struct world *w = *state;
	struct file *file = world_file(PAGES, true);
	atomic_bool stop = false;
	struct party party[2] = {{.mm = w->mm, .file = file, .stop = &stop},
				 {.mm = w->mm, .file = file, .stop = &stop}};
	pthread_t threads[2];
	unsigned long broken = 0;

	vms_mmap(w->mm, BASE, PAGES * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(pthread_create(&threads[0], NULL, touch_file, &party[0]), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, unmap_pages, &party[1]), 0);
	for (unsigned long i = 0; i < ROUNDS / 10; i++)
		broken += (unsigned long)vms_mm_validate(w->mm, stderr);
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(party[i].bad, 0);
	}
	assert_int_equal(broken, 0);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(unmapped_range_is_asked_for_again),
		ON_EVERY_ENGINE(length_zero_reaches_to_the_end),
		ON_EVERY_ENGINE(every_vma_of_the_file_is_found),
		ON_EVERY_ENGINE(owner_takes_its_pages_back),
		ON_EVERY_ENGINE(pages_beyond_the_new_end_are_gone_for_good),
		ON_EVERY_ENGINE(hole_reads_as_zero_and_spares_private_copies),
		ON_EVERY_ENGINE(failed_allocation_leaves_the_file_as_it_was),
		ON_EVERY_ENGINE(no_fault_brings_a_truncated_page_back),
		ON_EVERY_ENGINE(address_spaces_share_a_file_without_a_common_lock),
		ON_EVERY_ENGINE(validation_beside_unmapping_finds_nothing_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
