/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c - the memory behind an address space: it returns to the system
 * when the address space is freed, and it is bounded while readers keep
 * replaced nodes from being reused.
 */
#include <errno.h>
#include <unistd.h>

#include "lib/sync/objcache/internal.h"
#include "tests/lib/mm/world.h"

#define WATCHDOG_SECONDS 480

extern struct vms__objcache vms__mt_leaves, vms__mt_nodes, vms__mt_gap_nodes;

static struct vms__objcache *const node_caches[] = {&vms__mt_leaves, &vms__mt_nodes,
						    &vms__mt_gap_nodes};

/* ---- memory returns to the system ---------------------------------------- */

/* Maps every second page, so that none merge. */
static void map_many(struct mm_struct *mm, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		unsigned long addr = vms_mmap(mm, 0x20000000 + i * 2 * PG, PG, RW, FIXED, NULL, 0);

		assert_int_equal(addr, 0x20000000 + i * 2 * PG);
		assert_int_equal(vms_write_word(mm, addr, i), VMS_FAULT_OK);
	}
}

static void all_goes_back_with_the_address_space(void **state)
{
	const struct world *w = *state;
	enum { MANY = 20000 };
	struct mm_struct *mm = vms_mm_create(w->engine, &world_layout, NULL);
	/* A VMA, a page, and an anon_vma's link: at least three cache lines. */
	const size_t least = (size_t)MANY * 3 * 64;

	assert_non_null(mm);
	(void)vms_trim();
	map_many(mm, MANY);
	assert_true(vms_trim() < least / 4);
	for (unsigned long i = 0; i < MANY; i++) {
		unsigned long word = 0;

		assert_int_equal(vms_read_word(mm, 0x20000000 + i * 2 * PG, &word), VMS_FAULT_OK);
		assert_int_equal(word, i);
	}
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	mmput(mm);
	assert_true(vms_trim() > least);
	assert_int_equal(vms_trim(), 0);
}

/*
 * Symptom: a lookup returns a VMA that was freed. Cause: a thread remembers
 * VMAs that it locked (lib/engine/hint.h) and tries them again; their memory
 * may have been returned to the system meanwhile.
 */
static void a_remembered_vma_that_went_back_is_not_taken_for_one(void **state)
{
	const struct world *w = *state;
	struct mm_struct *mm = w->mm;

	for (int round = 0; round < 3; round++) {
		map_many(mm, 1000);
		for (unsigned long i = 0; i < 1000; i++)
			assert_int_equal(vms_fault(mm, 0x20000000 + i * 2 * PG, FAULT_FLAG_WRITE),
					 VMS_FAULT_OK);
		assert_int_equal(vms_munmap(mm, 0x20000000, 2000 * PG), 0);
		(void)vms_trim();
		for (unsigned long i = 0; i < 1000; i++)
			assert_int_equal(vms_fault(mm, 0x20000000 + i * 2 * PG, FAULT_FLAG_WRITE),
					 VMS_SEGV_MAPERR);
	}
}

/* ---- memory is bounded --------------------------------------------------- */

static void set_bound(unsigned int batches)
{
	for (size_t i = 0; i < sizeof(node_caches) / sizeof(node_caches[0]); i++)
		node_caches[i]->max_inflight = batches;
}

static size_t all_deferred(void)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(node_caches) / sizeof(node_caches[0]); i++)
		n += vms__objcache_deferred(node_caches[i]);
	return n;
}

/*
 * Results from inside a section, where a failed assertion would leave the
 * section open.
 */
struct outcome {
	int done;        /* rounds */
	size_t most;     /* most nodes that waited for readers */
	bool changed;    /* the layout differed after a round, or after a failed call */
	int munmap_errs; /* munmaps that failed */
	unsigned long mmap, brk, mremap;
	int insert, expand;
	bool merged;
};

/* Maps and unmaps a page @rounds times, or until a call fails. */
static void map_and_unmap(struct mm_struct *mm, int rounds, struct outcome *out)
{
	*out = (struct outcome){0};
	for (; out->done < rounds && !IS_ERR_VALUE(out->mmap) && !out->munmap_errs; out->done++) {
		char *before = layout_text(mm), *after;

		out->mmap = vms_mmap(mm, 0, PG, PROT_READ, ANON, NULL, 0);
		if (!IS_ERR_VALUE(out->mmap))
			out->munmap_errs += vms_munmap(mm, out->mmap, PG) != 0;
		out->most = all_deferred() > out->most ? all_deferred() : out->most;
		after = layout_text(mm);
		out->changed |= strcmp(after, before) != 0;
		free(before);
		free(after);
	}
}

/*
 * Calls the kernel's functions that map free room: @vma, which is not in @mm
 * yet, and the page below the mapping at @addr.
 */
static void map_by_kernel_calls(struct mm_struct *mm, struct vm_area_struct *vma,
				unsigned long addr, struct outcome *out)
{
	struct vm_area_struct *there;

	mmap_write_lock(mm);
	there = vma_lookup(mm, addr);
	out->insert = insert_vm_struct(mm, vma);
	out->merged = vma_merge(mm, NULL, addr - PG, addr, there->vm_flags, NULL,
				(addr - PG) >> PAGE_SHIFT, NULL);
	there = vma_lookup(mm, addr);
	out->expand =
		vma_expand(there, there->vm_start - PG, there->vm_end, there->vm_pgoff - 1, NULL);
	mmap_write_unlock(mm);
}

/*
 * The writer is in a section itself, so that none of the nodes that it replaces
 * becomes free. It must be refused without waiting, and mappings must be
 * refused first. Engines without readers under RCU have nothing to bound.
 */
static void a_writer_inside_a_section_is_stopped(void **state)
{
	enum { ROUNDS = 5000, BATCHES = 2 };
	const struct world *w = *state;
	struct mm_struct *mm = w->mm, *other = vms_mm_create(w->engine, &world_layout, NULL);
	struct vm_area_struct *vma = vm_area_alloc(other);
	bool rcu = !strcmp(w->engine, "maple-vma");
	struct outcome out;

	assert_non_null(other);
	vma->vm_start = 0x30000000;
	vma->vm_end = 0x30000000 + PG;
	vm_flags_init(vma, VM_READ | VM_MAYREAD);
	assert_int_equal(vms_mmap(other, 0x20000000, 3 * PG, RW, FIXED, NULL, 0), 0x20000000);
	vms_rcu_barrier();
	(void)vms_trim();
	set_bound(BATCHES);
	rcu_read_lock();
	map_and_unmap(mm, ROUNDS, &out);
	out.brk = vms_brk(other, other->start_brk + PG);
	out.mremap = vms_mremap(other, 0x20000000, 3 * PG, 4 * PG, 0, 0);
	map_by_kernel_calls(other, vma, 0x20000000, &out);
	out.munmap_errs += vms_munmap(other, 0x20000000 + PG, PG) != 0;
	rcu_read_unlock();
	if (out.insert)
		vm_area_free(vma);
	assert_int_equal(out.insert, rcu ? -ENOMEM : 0);
	assert_int_equal(out.expand, rcu ? -ENOMEM : 0);
	assert_int_equal(out.merged, !rcu);
	assert_int_equal(out.munmap_errs, 0);
	assert_false(out.changed);
	if (rcu) {
		assert_in_range(out.done, 1, ROUNDS - 1);
		assert_int_equal(out.mmap, -ENOMEM);
		assert_int_equal(out.brk, other->start_brk);
		assert_int_equal(out.mremap, -ENOMEM);
	} else {
		assert_int_equal(out.done, ROUNDS);
	}
	/*
	 * Only one kind of node is replaced here. In addition this thread keeps
	 * nodes that it has not deferred yet.
	 */
	assert_true(out.most <= (size_t)(VMS__OBJCACHE_BOUND / 2 * BATCHES + 4) * VMS__MAG_SIZE);
	assert_int_equal(vms_mm_validate(other, stderr), 0);
	mmput(other);
	vms_rcu_barrier();
	set_bound(1024);
	map_and_unmap(mm, 100, &out);
	assert_int_equal(out.done, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(all_goes_back_with_the_address_space),
		ON_EVERY_ENGINE(a_remembered_vma_that_went_back_is_not_taken_for_one),
		ON_EVERY_ENGINE(a_writer_inside_a_section_is_stopped),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
