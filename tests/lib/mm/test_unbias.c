/* SPDX-License-Identifier: MIT */
/*
 * test_unbias.c - readers that hold VMAs by their threads' slots
 * (lib/sync/vma_bias.h): which VMAs become biased after readers have met, and
 * that a writer of many such VMAs makes one fence, not one for each.
 */
#include "tests/lib/mm/world.h"

#include "lib/sync/vma_lock.h"

#define BASE 0x20000000UL
#define VMAS 400UL
#define AT(i) (BASE + (i)*4 * PG)

/* Maps adjacent VMAs with different rights, so that none merge. */
static struct mm_struct *filled(void **state, unsigned long vmas)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	if (!vms__fence_is_asymmetric())
		skip();
	for (unsigned long i = 0; i < vmas; i++)
		assert_int_equal(
			vms_mmap(mm, AT(i), 4 * PG, i & 1 ? RW : PROT_READ, FIXED, NULL, 0), AT(i));
	return mm;
}

static void lock_once(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);

	assert_non_null(vma);
	vma_end_read(vma);
}

static bool biased(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool is;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	assert_non_null(vma);
	is = atomic_load(&vma->vm_lock_seq) == VMS__VLOCK_BIASED;
	mmap_read_unlock(mm);
	return is;
}

static unsigned long count_biased(struct mm_struct *mm, unsigned long vmas)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < vmas; i++)
		n += biased(mm, AT(i));
	return n;
}

/*
 * Holds the VMA twice until it is biased: a thread that does so counts as two
 * readers that met. For a while after a revocation that has no effect.
 */
static void meet(struct mm_struct *mm, unsigned long addr)
{
	while (!biased(mm, addr)) {
		struct vm_area_struct *one = lock_vma_under_rcu(mm, addr),
				      *two = lock_vma_under_rcu(mm, addr);

		assert_non_null(one);
		assert_ptr_equal(two, one);
		vma_end_read(two);
		vma_end_read(one);
	}
}

static void meet_everywhere(struct mm_struct *mm, unsigned long vmas)
{
	for (unsigned long i = 0; i < vmas; i++)
		meet(mm, AT(i));
	assert_int_equal(count_biased(mm, vmas), vmas);
}

static void a_thread_that_met_nobody_biases_nothing(void **state)
{
	struct mm_struct *mm = filled(state, VMAS);

	/* This uses up what an earlier test's meetings left. */
	for (unsigned long i = 0; i < VMAS; i++)
		lock_once(mm, AT(i));
	mmap_write_lock(mm);
	for (unsigned long i = 0; i < VMAS; i++)
		vma_start_write(vma_lookup(mm, AT(i)));
	mmap_write_unlock(mm);
	for (unsigned long i = 0; i < VMAS; i++)
		lock_once(mm, AT(i));
	assert_int_equal(count_biased(mm, VMAS), 0);
}

static void after_a_meeting_a_thread_biases_what_it_counts_on(void **state)
{
	struct mm_struct *mm = filled(state, VMAS);
	unsigned long n;

	meet(mm, AT(0UL));
	for (unsigned long i = 1; i < VMAS; i++)
		lock_once(mm, AT(i));
	n = count_biased(mm, VMAS);
	/*
	 * A hint of the thread may find a few of them, and then the thread does
	 * not ask.
	 */
	assert_in_range(n, VMS__BIAS_KEEN - 16, VMS__BIAS_KEEN + 1);
}

static unsigned long fences(void)
{
	return atomic_load(&vms__bias_fences);
}

#define BURST 50UL
#define BURST_LEN (BURST * 4 * PG)

static void many_biased_vmas_cost_a_writer_one_fence(void **state)
{
	struct mm_struct *mm = filled(state, BURST), *child;
	unsigned long before;

	meet_everywhere(mm, BURST);
	before = fences();
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(fences() - before, 1);
	assert_int_equal(count_biased(mm, BURST), 0);

	meet_everywhere(child, BURST);
	before = fences();
	mmput(child);
	assert_int_equal(fences() - before, 1);

	meet_everywhere(mm, BURST);
	before = fences();
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT | MCL_ONFAULT), 0);
	assert_int_equal(fences() - before, 1);

	meet_everywhere(mm, BURST);
	before = fences();
	assert_int_equal(vms_munlock(mm, BASE, BURST_LEN), 0);
	assert_int_equal(fences() - before, 1);

	meet_everywhere(mm, BURST);
	before = fences();
	assert_int_equal(vms_mprotect(mm, BASE, BURST_LEN, PROT_NONE), 0);
	assert_int_equal(fences() - before, 1);
}

static void munmap_of_many_biased_vmas_costs_one_fence_and_spares_the_rest(void **state)
{
	struct mm_struct *mm = filled(state, BURST);
	unsigned long before;

	meet_everywhere(mm, BURST);
	before = fences();
	assert_int_equal(vms_munmap(mm, AT(10UL), 20UL * 4 * PG), 0);
	assert_int_equal(fences() - before, 1);
	assert_true(biased(mm, AT(9UL)));
	assert_true(biased(mm, AT(30UL)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ENGINE(a_thread_that_met_nobody_biases_nothing, "maple-vma"),
		ON_ENGINE(after_a_meeting_a_thread_biases_what_it_counts_on, "maple-vma"),
		ON_ENGINE(many_biased_vmas_cost_a_writer_one_fence, "maple-vma"),
		ON_ENGINE(munmap_of_many_biased_vmas_costs_one_fence_and_spares_the_rest,
			  "maple-vma"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
