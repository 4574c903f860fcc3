/* SPDX-License-Identifier: MIT */
/*
 * test_no_membarrier.c - without membarrier(2) no VMA is biased towards its
 * readers (lib/sync/vma_bias.h), because a writer could not wait for readers
 * that hold the VMA by their threads' slots.
 *
 * The program starts itself again with a filter that refuses the system call.
 * The library asks for the system call when it is loaded.
 */
#include "tests/lib/mm/world.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vmastore/task.h>

#include "lib/sync/vma_lock.h"
#include "tests/lib/sync/child.h"

#define BASE 0x20000000UL
#define VMAS 8UL
#define AT(i) (BASE + (i)*4 * PG)
#define ROUNDS 200U

static bool has_membarrier(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) >= 0;
}

static struct mm_struct *filled(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	if (has_membarrier())
		skip();
	for (unsigned long i = 0; i < VMAS; i++)
		assert_int_equal(
			vms_mmap(mm, AT(i), 4 * PG, i & 1 ? RW : PROT_READ, FIXED, NULL, 0), AT(i));
	return mm;
}

/*
 * Holds the VMA at @addr twice: a thread that does so counts as two readers,
 * which bias a VMA. Return: whether the VMA was biased meanwhile.
 */
static bool meet(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *one = lock_vma_under_rcu(mm, addr),
			      *two = lock_vma_under_rcu(mm, addr);
	bool biased;

	assert_non_null(one);
	assert_ptr_equal(two, one);
	biased = atomic_load(&one->vm_lock_seq) == VMS__VLOCK_BIASED;
	vma_end_read(two);
	vma_end_read(one);
	return biased;
}

static void readers_that_meet_bias_no_vma(void **state)
{
	struct mm_struct *mm = filled(state);

	assert_false(vms__fence_is_asymmetric());
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned long i = 0; i < VMAS; i++)
			assert_false(meet(mm, AT(i)));
	}
}

static void writers_pay_no_fence(void **state)
{
	struct mm_struct *mm = filled(state), *child;
	unsigned long before = atomic_load(&vms__bias_fences);

	for (unsigned long i = 0; i < VMAS; i++)
		meet(mm, AT(i));
	assert_int_equal(vms_fork(mm, &child), 0);
	mmput(child);
	for (unsigned long i = 0; i < VMAS; i++)
		meet(mm, AT(i));
	assert_int_equal(vms_mprotect(mm, BASE, VMAS * 4 * PG, RW), 0);
	assert_int_equal(vms_munmap(mm, BASE, VMAS * 4 * PG), 0);
	assert_int_equal(atomic_load(&vms__bias_fences), before);
}

/* ---- readers that another thread's writer waits for ---- */

static struct {
	struct mm_struct *mm;
	_Atomic bool over;
	unsigned long wrong; /* written by the reader only, until it has been joined */
} beside;

static void *read_beside(void *arg)
{
	(void)arg;
	while (!atomic_load(&beside.over)) {
		struct vm_area_struct *vma = lock_vma_under_rcu(beside.mm, BASE);
		unsigned long flags;

		if (!vma)
			continue;
		flags = vma->vm_flags;
		for (unsigned int look = 0; look < 8; look++)
			beside.wrong += vma->vm_flags != flags;
		vma_end_read(vma);
	}
	return NULL;
}

static void a_writer_waits_for_readers_that_count(void **state)
{
	pthread_t reader;

	beside.mm = filled(state);
	beside.wrong = 0;
	atomic_store(&beside.over, false);
	assert_int_equal(pthread_create(&reader, NULL, read_beside, NULL), 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		meet(beside.mm, AT(1UL));
		assert_int_equal(vms_mprotect(beside.mm, BASE, 4 * PG,
					      round & 1 ? PROT_READ : PROT_NONE),
				 0);
	}
	atomic_store(&beside.over, true);
	pthread_join(reader, NULL);
	assert_int_equal(beside.wrong, 0);
}

/*
 * Starts the program again without the system call. Returns if the system has
 * no filters; the system call then stays available.
 */
static void start_without_membarrier(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	    !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ON_ENGINE(readers_that_meet_bias_no_vma, "maple-vma"),
		ON_ENGINE(writers_pay_no_fence, "maple-vma"),
		ON_ENGINE(a_writer_waits_for_readers_that_count, "maple-vma"),
	};

	(void)argc;
	if (has_membarrier())
		start_without_membarrier(argv);
	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
