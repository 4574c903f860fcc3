/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - a failure of every allocation of every operation: the result is
 * -ENOMEM, and nothing has changed that a listing or a count could show. (Where
 * Linux leaves a split behind - munmap, mprotect, madvise of a range that fails
 * at its second end - the test checks that the same memory is still mapped with
 * the same rights.)
 */
#include <errno.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define PAGES 16UL

/*
 * Makes a world in which every operation below has work to do: several VMAs,
 * faulted and not, a file, a stack and a break.
 */
static struct file *populate(struct mm_struct *mm)
{
	struct file *file = world_file(64, true);

	vms_mmap(mm, BASE, 6 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 6 * PG, 2 * PG, PROT_READ, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 8 * PG, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE + 13 * PG, 3 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, 0x30000000, PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	for (unsigned long i = 0; i < 40; i++) /* enough for a tree of several nodes */
		vms_mmap(mm, 0x38000000 + i * 2 * PG, PG, RW, FIXED, NULL, 0);
	vms_brk(mm, mm->start_brk + 2 * PG);
	vms_mlock2(mm, BASE + 13 * PG, 3 * PG, MLOCK_ONFAULT);
	vms_write_word(mm, BASE, 1);
	vms_write_word(mm, BASE + 9 * PG, 2);
	return file;
}

/*
 * Records what a split does not change: each page's access rights, and the
 * offset of what it maps.
 */
static void snapshot(struct mm_struct *mm, unsigned long out[PAGES + 2])
{
	for (unsigned long i = 0; i < PAGES; i++) {
		mmap_read_lock(mm);
		struct vm_area_struct *vma = vma_lookup(mm, BASE + i * PG);

		out[i] = vma ? 1 + (vma->vm_flags << 20) + vma->vm_pgoff +
					 ((BASE + i * PG - vma->vm_start) >> PAGE_SHIFT)
			     : 0;
		mmap_read_unlock(mm);
	}
	/*
	 * A stack that grew before the allocation of its page failed stays
	 * grown, as on Linux.
	 */
	out[PAGES] = atomic_load(&mm->total_vm) - atomic_load(&mm->stack_vm);
	out[PAGES + 1] = atomic_load(&mm->locked_vm);
}

typedef long (*operation)(struct mm_struct *mm, struct file *file);

static long op_mmap(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return (long)vms_mmap(mm, BASE + 12 * PG, PG, PROT_EXEC, FIXED, NULL, 0);
}

static long op_mmap_merge(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return (long)vms_mmap(mm, BASE + 6 * PG, 2 * PG, RW, FIXED, NULL, 0);
}

static long op_mmap_fixed_middle(struct mm_struct *mm, struct file *file)
{
	return (long)vms_mmap(mm, BASE + PG, 9 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file,
			      20 * PG);
}

static long op_mmap_shared(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return (long)vms_mmap(mm, BASE + 12 * PG, PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
			      NULL, 0);
}

static long op_munmap(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_munmap(mm, BASE + PG, 8 * PG);
}

static long op_mprotect(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_mprotect(mm, BASE + 2 * PG, 2 * PG, PROT_READ);
}

static long op_mprotect_merge(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_mprotect(mm, BASE + 4 * PG, 2 * PG, PROT_READ);
}

static long op_mremap(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return (long)vms_mremap(mm, BASE + PG, 2 * PG, 4 * PG, MREMAP_MAYMOVE, 0);
}

static long op_madvise(struct mm_struct *mm, struct file *file)
{
	int err = vms_madvise(mm, BASE + 2 * PG, 2 * PG, MADV_DONTFORK);

	(void)file;
	return err == -EAGAIN ? -ENOMEM : err; /* Linux returns this errno here */
}

static long op_mlock(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_mlock2(mm, BASE + 2 * PG, 2 * PG, MLOCK_ONFAULT);
}

static long op_munlock(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_munlock(mm, BASE + 14 * PG, PG);
}

static long op_mseal(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_mseal(mm, BASE + 9 * PG, 2 * PG, 0);
}

static long op_guard(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_madvise(mm, BASE + 6 * PG, PG, MADV_GUARD_INSTALL);
}

static long op_brk(struct mm_struct *mm, struct file *file)
{
	unsigned long want = mm->start_brk + 5 * PG;

	(void)file;
	return vms_brk(mm, want) == want ? 0 : -ENOMEM;
}

static long op_stack(struct mm_struct *mm, struct file *file)
{
	(void)file;
	/* A growth that fails is a SIGSEGV, whatever made it fail. */
	return vms_fault(mm, 0x30000000 - 4 * PG, FAULT_FLAG_WRITE) == VMS_FAULT_OK ? 0 : -ENOMEM;
}

static long op_fault(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_fault(mm, BASE + 13 * PG, FAULT_FLAG_WRITE) == VMS_FAULT_OOM ? -ENOMEM : 0;
}

static long op_fault_file(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return vms_fault(mm, BASE + 10 * PG, FAULT_FLAG_WRITE) == VMS_FAULT_OOM ? -ENOMEM : 0;
}

static long op_fork(struct mm_struct *mm, struct file *file)
{
	struct mm_struct *child;
	int err = vms_fork(mm, &child);

	(void)file;
	if (!err)
		mmput(child);
	return err;
}

/* ---- the kernel's calls on one VMA, under mmap_lock for writing ---- */

static long op_split_vma(struct mm_struct *mm, struct file *file)
{
	int err;

	(void)file;
	mmap_write_lock(mm);
	err = split_vma(mm, vma_lookup(mm, BASE), BASE + 3 * PG, 0);
	mmap_write_unlock(mm);
	return err;
}

/*
 * The call returns the same for "no memory" and "nothing fits"; here something
 * fits.
 */
static long merge(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long like)
{
	struct vm_area_struct *merged;

	mmap_write_lock(mm);
	merged = vma_merge(mm, NULL, start, end, vma_lookup(mm, like)->vm_flags, NULL,
			   start >> PAGE_SHIFT, NULL);
	mmap_write_unlock(mm);
	return merged ? 0 : -ENOMEM;
}

static long op_vma_merge(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return merge(mm, BASE + 12 * PG, BASE + 13 * PG, BASE + 13 * PG);
}

static long op_vma_merge_part(struct mm_struct *mm, struct file *file)
{
	(void)file;
	return merge(mm, BASE + 4 * PG, BASE + 6 * PG, BASE + 6 * PG);
}

static long op_vma_expand(struct mm_struct *mm, struct file *file)
{
	struct vm_area_struct *vma;
	int err;

	(void)file;
	mmap_write_lock(mm);
	vma = vma_lookup(mm, BASE + 13 * PG);
	err = vma_expand(vma, BASE + 12 * PG, BASE + 16 * PG, vma->vm_pgoff - 1, NULL);
	mmap_write_unlock(mm);
	return err;
}

static long op_vma_expand_next(struct mm_struct *mm, struct file *file)
{
	struct vm_area_struct *vma, *next;
	int err;

	(void)file;
	mmap_write_lock(mm);
	vma = vma_lookup(mm, 0x38000000);
	next = vms_vma_after(vma);
	err = vma_expand(vma, vma->vm_start, next->vm_end, vma->vm_pgoff, next);
	mmap_write_unlock(mm);
	return err;
}

static long op_vma_shrink(struct mm_struct *mm, struct file *file)
{
	struct vm_area_struct *vma;
	int err;

	(void)file;
	mmap_write_lock(mm);
	vma = vma_lookup(mm, BASE + 9 * PG);
	err = vma_shrink(vma, BASE + 10 * PG, BASE + 12 * PG, vma->vm_pgoff + 2);
	mmap_write_unlock(mm);
	return err;
}

static long op_vma_adjust(struct mm_struct *mm, struct file *file)
{
	struct vm_area_struct *vma, *insert;
	int err = -ENOMEM;

	(void)file;
	mmap_write_lock(mm);
	vma = vma_lookup(mm, BASE);
	insert = vm_area_dup(vma);
	if (insert) {
		insert->vm_end = BASE + 2 * PG;
		err = vma_adjust(vma, BASE + 2 * PG, BASE + 6 * PG, vma->vm_pgoff + 2, insert);
		if (err)
			vm_area_free(insert);
	}
	mmap_write_unlock(mm);
	return err;
}

static long op_expand_stack(struct mm_struct *mm, struct file *file)
{
	int err;

	(void)file;
	mmap_write_lock(mm);
	err = expand_stack_locked(vma_lookup(mm, 0x30000000), 0x30000000 - 4 * PG);
	mmap_write_unlock(mm);
	return err;
}

static const struct {
	const char *name;
	operation run;
} operations[] = {
	{"mmap", op_mmap},
	{"mmap that merges", op_mmap_merge},
	{"mmap over several", op_mmap_fixed_middle},
	{"mmap shared", op_mmap_shared},
	{"munmap", op_munmap},
	{"mprotect", op_mprotect},
	{"mprotect that merges", op_mprotect_merge},
	{"mremap", op_mremap},
	{"madvise", op_madvise},
	{"mlock", op_mlock},
	{"munlock", op_munlock},
	{"mseal", op_mseal},
	{"guard pages", op_guard},
	{"brk", op_brk},
	{"stack growth", op_stack},
	{"fault", op_fault},
	{"file fault", op_fault_file},
	{"fork", op_fork},
	{"split_vma", op_split_vma},
	{"vma_merge of free room", op_vma_merge},
	{"vma_merge of a part", op_vma_merge_part},
	{"vma_expand into free room", op_vma_expand},
	{"vma_expand over the next", op_vma_expand_next},
	{"vma_shrink", op_vma_shrink},
	{"vma_adjust with another VMA", op_vma_adjust},
	{"expand_stack", op_expand_stack},
};

static long sweep(const char *engine, const char *name, operation run)
{
	for (long n = 1; n < 1000; n++) {
		struct mm_struct *mm = vms_mm_create(engine, &world_layout, NULL);
		struct file *file = populate(mm);
		unsigned long before[PAGES + 2], after[PAGES + 2];
		long result, asked;

		snapshot(mm, before);
		vms__alloc_fail_nth(n);
		result = run(mm, file);
		asked = vms__alloc_count();
		vms__alloc_fail_nth(0);
		if (asked >= n) {
			if (result != -ENOMEM)
				print_error("%s on %s, allocation %ld failed: answered %ld\n", name,
					    engine, n, result);
			assert_int_equal(result, -ENOMEM);
			snapshot(mm, after);
			assert_memory_equal(before, after, sizeof(before));
		}
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		mmput(mm);
		fput(file);
		assert_int_equal(vms_leak_report(stderr), 0);
		if (asked < n)
			return n - 1;
	}
	fail_msg("%s on %s never passes", name, engine);
	return 0;
}

static void every_failed_allocation_leaves_everything_as_it_was(void **state)
{
	long injected = 0;

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		long n = 0;

		for (const char *const *engine = vms_engine_names(); *engine; engine++)
			n += sweep(*engine, operations[i].name, operations[i].run);
		print_message("%s: %ld\n", operations[i].name, n);
		injected += n;
	}
	/*
	 * More than one failure for each operation and engine: the sweep has
	 * found allocations.
	 */
	assert_true(injected > 3 * (long)(sizeof(operations) / sizeof(operations[0])));
	(void)state;
	print_message("%ld injected failures\n", injected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failed_allocation_leaves_everything_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
