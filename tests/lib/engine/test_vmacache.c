/* SPDX-License-Identifier: MIT */
/*
 * test_vmacache.c - the per-thread vmacache: when it answers, and when it must
 * not. Symptom: a lookup returns a VMA that was removed. Cause: the cache did
 * not notice the removal. The tests therefore free the memory of a removed VMA,
 * or reuse it, as early as the rules allow.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/engine/engine.h"
#include "lib/engine/vmacache.h"

static const struct vms__engine engine = {
	.name = "rbtree", .index = &vms__index_rbtree, .lock = &vms__lock_mmap};

static struct mm_struct mm vms_cacheline_aligned;

/*
 * Holds mmap_lock for writing from here to mm_end(), except where a test says
 * otherwise.
 */
static void mm_begin(void) VMS_NO_TSA
{
	memset((void *)&mm, 0, sizeof(mm));
	mm.engine = &engine;
	init_rwsem(&mm.mmap_lock);
	engine.index->init(&mm);
	mmap_write_lock(&mm);
}

static void mm_end(void) VMS_NO_TSA
{
	engine.index->destroy(&mm);
	mmap_write_unlock(&mm);
}

static void set_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	memset((void *)vma, 0, sizeof(*vma));
	vma->vm_start = start;
	vma->vm_end = end;
}

/*
 * [@start, @end) goes to @vma; no field of another VMA changes. The caller must
 * hold mmap_lock for writing. Return: the VMAs that the store removed.
 */
static struct vm_area_struct *put(unsigned long start, unsigned long end,
				  struct vm_area_struct *vma)
{
	struct vms__store store = {.start = start, .end = end, .vma = vma};

	if (vms__index_prepare(&mm, &store))
		abort();
	if (vma) {
		vma->vm_start = start;
		vma->vm_end = end;
	}
	vms__index_commit(&mm, &store);
	return store.victims;
}

/* Whether the cache answers a lookup of @addr with @vma. */
static bool hits(unsigned long addr, const struct vm_area_struct *vma)
{
	unsigned long before = vms__vmacache.hits;

	return vms__find(&mm, addr) == vma && vms__vmacache.hits == before + 1;
}

static bool misses(unsigned long addr, const struct vm_area_struct *vma)
{
	unsigned long before = vms__vmacache.misses;

	return vms__find(&mm, addr) == vma && vms__vmacache.misses == before + 1;
}

static void second_lookup_in_a_vma_hits(void **state)
{
	struct vm_area_struct vma;

	(void)state;
	mm_begin();
	set_range(&vma, 0x10000, 0x20000);
	put(0x10000, 0x20000, &vma);
	assert_true(misses(0x10000, &vma));
	assert_true(hits(0x10000, &vma));
	assert_true(hits(0x1ffff, &vma));
	assert_true(misses(0x20000, NULL));
	mm_end();
}

static void four_places_far_apart_are_kept(void **state)
{
	struct vm_area_struct vmas[4];

	(void)state;
	mm_begin();
	for (unsigned long i = 0; i < 4; i++) {
		set_range(&vmas[i], 0, 0);
		put(i << VMS__VMACACHE_SHIFT, (i << VMS__VMACACHE_SHIFT) + 0x1000, &vmas[i]);
	}
	for (unsigned long i = 0; i < 4; i++)
		assert_true(misses(i << VMS__VMACACHE_SHIFT, &vmas[i]));
	for (unsigned long i = 0; i < 4; i++)
		assert_true(hits(i << VMS__VMACACHE_SHIFT, &vmas[i]));
	mm_end();
}

static void vma_of_another_slot_hits_too(void **state)
{
	struct vm_area_struct vma;
	unsigned long middle = 3UL << VMS__VMACACHE_SHIFT;

	(void)state;
	mm_begin();
	set_range(&vma, 0, 0);
	put(0x1000, 2 * middle, &vma);
	assert_true(misses(0x1000, &vma));
	assert_true(hits(middle, &vma));
	mm_end();
}

static void answer_beyond_the_address_drives_nothing_out(void **state)
{
	struct vm_area_struct near, beyond;

	(void)state;
	mm_begin();
	set_range(&near, 0, 0);
	set_range(&beyond, 0, 0);
	put(0x10000, 0x20000, &near);
	put(0x40000, 0x50000, &beyond);
	assert_true(misses(0x10000, &near));
	assert_true(misses(0x30000, &beyond));
	assert_true(hits(0x10000, &near));
	mm_end();
}

static void vma_that_left_is_forgotten(void **state)
{
	struct vm_area_struct *vma = aligned_alloc(VMS_CACHELINE, sizeof(*vma));

	(void)state;
	assert_non_null(vma);
	mm_begin();
	set_range(vma, 0, 0);
	put(0x10000, 0x20000, vma);
	assert_true(misses(0x10000, vma));
	assert_ptr_equal(put(0x10000, 0x20000, NULL), vma);
	free(vma);
	assert_true(misses(0x10000, NULL));
	mm_end();
}

static void many_that_leave_at_once_move_the_sequence_by_one(void **state)
{
	struct vm_area_struct vmas[3];
	unsigned long seq;

	(void)state;
	mm_begin();
	for (unsigned long i = 0; i < 3; i++) {
		set_range(&vmas[i], 0, 0);
		put(0x1000 * (i + 1), 0x1000 * (i + 2), &vmas[i]);
	}
	seq = mm.vmacache_seq;
	assert_ptr_equal(put(0, 0x10000, NULL), &vmas[0]);
	assert_int_equal(mm.vmacache_seq, seq + 1);
	mm_end();
}

static void growing_trimming_and_inserting_forget_nothing(void **state)
{
	struct vm_area_struct vma, other;
	struct vms__store trim = {.start = 0x10000, .end = 0x18000};

	(void)state;
	mm_begin();
	set_range(&vma, 0, 0);
	put(0x10000, 0x20000, &vma);
	assert_true(misses(0x1f000, &vma));
	set_range(&other, 0, 0);
	put(0x40000, 0x50000, &other);
	assert_true(hits(0x1f000, &vma));
	put(0x10000, 0x30000, &vma);
	assert_true(hits(0x2f000, &vma));
	assert_int_equal(vms__index_prepare(&mm, &trim), 0);
	vma.vm_start = 0x18000;
	vms__index_commit(&mm, &trim);
	assert_true(hits(0x18000, &vma));
	assert_true(misses(0x17000, &vma)); /* found as the VMA that follows */
	mm_end();
}

static void next_mm_in_the_same_memory_is_another(void **state)
{
	struct vm_area_struct old, new;
	unsigned long seq;

	(void)state;
	mm_begin();
	set_range(&old, 0, 0);
	put(0x10000, 0x20000, &old);
	assert_true(misses(0x10000, &old));
	seq = mm.vmacache_seq;
	mm_end();

	mm_begin();
	atomic_store(&mm.vmacache_seq, seq);
	set_range(&new, 0, 0);
	put(0x10000, 0x20000, &new);
	assert_true(misses(0x10000, &new));
	mm_end();
}

/*
 * Symptom: a VMA is used after it was freed (CVE-2018-17182). Cause: the
 * sequence had 32 bits and wrapped to the value under which an old entry was
 * stored.
 */
static void sequence_does_not_come_round_after_32_bits(void **state)
{
	struct vm_area_struct *vma = aligned_alloc(VMS_CACHELINE, sizeof(*vma)), other;
	unsigned long seq;

	(void)state;
	assert_non_null(vma);
	mm_begin();
	seq = mm.vmacache_seq;
	set_range(vma, 0, 0);
	put(0x10000, 0x20000, vma);
	assert_true(misses(0x10000, vma));
	put(0x10000, 0x20000, NULL);
	free(vma);
	for (unsigned int bits = 8; bits < 64; bits++) {
		atomic_store(&mm.vmacache_seq, seq + (1UL << bits) - 1);
		vms__vmacache_invalidate(&mm);
		assert_true(misses(0x10000, NULL));
		/*
		 * The miss stored nothing, so that the old entry is still there
		 * for the next round.
		 */
	}
	set_range(&other, 0, 0);
	put(0x10000, 0x20000, &other);
	assert_true(misses(0x10000, &other));
	assert_true(hits(0x10000, &other));
	mm_end();
}

/* ---- threads ------------------------------------------------------------- */

static pthread_barrier_t barrier;

struct worker {
	struct vm_area_struct *vma;
	bool noted, forgot;
};

static void *looks_before_and_after(void *arg)
{
	struct worker *worker = arg;

	mmap_read_lock(&mm);
	worker->noted = misses(0x10000, worker->vma) && hits(0x10000, worker->vma);
	mmap_read_unlock(&mm);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier); /* meanwhile the VMA is removed and freed */
	mmap_read_lock(&mm);
	worker->forgot = misses(0x10000, NULL);
	mmap_read_unlock(&mm);
	return NULL;
}

static void every_thread_forgets_a_vma_that_left(void **state) VMS_NO_TSA
{
	struct worker workers[3] = {0};
	pthread_t threads[3];
	struct vm_area_struct *vma = aligned_alloc(VMS_CACHELINE, sizeof(*vma));

	(void)state;
	assert_non_null(vma);
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 4), 0);
	mm_begin();
	set_range(vma, 0, 0);
	put(0x10000, 0x20000, vma);
	mmap_write_unlock(&mm);
	for (int i = 0; i < 3; i++) {
		workers[i].vma = vma;
		assert_int_equal(
			pthread_create(&threads[i], NULL, looks_before_and_after, &workers[i]), 0);
	}
	pthread_barrier_wait(&barrier);
	mmap_write_lock(&mm);
	put(0x10000, 0x20000, NULL);
	mmap_write_unlock(&mm);
	free(vma);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_true(workers[i].noted);
		assert_true(workers[i].forgot);
	}
	pthread_barrier_destroy(&barrier);
	mmap_write_lock(&mm);
	mm_end();
}

#define SLOTS 64u
#define SLOT_BYTES 0x4000UL

struct reader {
	unsigned int seed;
	unsigned long wrong;
};

/*
 * Slot 0 always has a VMA; the writer maps and unmaps the others. An answer
 * must cover the address or lie beyond it, and must still be in the index.
 */
static void *reads_at_random(void *arg)
{
	struct reader *reader = arg;

	for (int i = 0; i < 20000; i++) {
		unsigned long addr = (unsigned int)rand_r(&reader->seed) % SLOTS * SLOT_BYTES;
		const struct vm_area_struct *vma;

		mmap_read_lock(&mm);
		vma = vms__find(&mm, addr);
		if (vma ? vma->vm_end <= addr || vma->vm_index_state != 1 : addr == 0)
			reader->wrong++;
		mmap_read_unlock(&mm);
	}
	return NULL;
}

static void lookups_beside_a_writer_answer_only_living_vmas(void **state) VMS_NO_TSA
{
	struct vm_area_struct *vmas[SLOTS] = {NULL};
	struct reader readers[2] = {{.seed = 1}, {.seed = 2}};
	pthread_t threads[2];
	unsigned int seed = 3;

	(void)state;
	mm_begin();
	vmas[0] = aligned_alloc(VMS_CACHELINE, sizeof(*vmas[0]));
	assert_non_null(vmas[0]);
	set_range(vmas[0], 0, 0);
	put(0, SLOT_BYTES, vmas[0]);
	mmap_write_unlock(&mm);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reads_at_random, &readers[i]),
				 0);
	for (int i = 0; i < 20000; i++) {
		unsigned int slot = 1 + (unsigned int)rand_r(&seed) % (SLOTS - 1);
		unsigned long start = slot * SLOT_BYTES;

		mmap_write_lock(&mm);
		if (vmas[slot]) {
			put(start, start + SLOT_BYTES, NULL);
			free(vmas[slot]);
			vmas[slot] = NULL;
		} else {
			vmas[slot] = aligned_alloc(VMS_CACHELINE, sizeof(*vmas[slot]));
			if (!vmas[slot])
				abort();
			set_range(vmas[slot], 0, 0);
			put(start, start + SLOT_BYTES, vmas[slot]);
		}
		mmap_write_unlock(&mm);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	mmap_write_lock(&mm);
	assert_int_equal(engine.index->validate(&mm, stderr), 0);
	mm_end();
	for (unsigned int slot = 0; slot < SLOTS; slot++)
		free(vmas[slot]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_lookup_in_a_vma_hits),
		cmocka_unit_test(four_places_far_apart_are_kept),
		cmocka_unit_test(vma_of_another_slot_hits_too),
		cmocka_unit_test(answer_beyond_the_address_drives_nothing_out),
		cmocka_unit_test(vma_that_left_is_forgotten),
		cmocka_unit_test(many_that_leave_at_once_move_the_sequence_by_one),
		cmocka_unit_test(growing_trimming_and_inserting_forget_nothing),
		cmocka_unit_test(next_mm_in_the_same_memory_is_another),
		cmocka_unit_test(sequence_does_not_come_round_after_32_bits),
		cmocka_unit_test(every_thread_forgets_a_vma_that_left),
		cmocka_unit_test(lookups_beside_a_writer_answer_only_living_vmas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
