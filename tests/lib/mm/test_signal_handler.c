/* SPDX-License-Identifier: MIT */
/*
 * test_signal_handler.c - lookups in a signal handler, at any moment of the
 * thread that it interrupts: one that maps and unmaps, one that stores into a
 * tree, one that looks up, one that starts and exits threads. The handler must
 * always find what is always there.
 *
 * A timer sends the signals. Symptom: the watchdog ends the program. Cause: a
 * lookup waits for something that its own thread has half done.
 */
#include "tests/lib/mm/world.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <vmastore/maple_tree.h>
#include <vmastore/rcu.h>

#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

#define SIGNALS 1000u    /* number to handle in each place */
#define PERIOD_NS 20000L /* between two signals */
/* The indexes below STEADY always hold their own number; the others change. */
#define STEADY 8ul
#define INDEXES 64ul

static struct mm_struct *mm;
static unsigned long steady_page, work_start, work_end;
static struct maple_tree tree;

static _Atomic unsigned int handled, wrong;
static _Atomic bool stop;

/* ---- the handler --------------------------------------------------------- */

static void look_into_tree(unsigned long index)
{
	unsigned long at = index;
	void *want = xa_mk_value(index);
	void *entry = mtree_load(&tree, index);
	MA_STATE(mas, &tree, index, index);

	if (entry != want && (entry || index < STEADY))
		atomic_fetch_add(&wrong, 1);
	rcu_read_lock();
	entry = mas_walk(&mas);
	if ((entry != want && (entry || index < STEADY)) || mas.index > index || mas.last < index)
		atomic_fetch_add(&wrong, 1);
	for (unsigned int i = 0; i < 4 && mas_next(&mas, INDEXES); i++)
		;
	rcu_read_unlock();
	entry = mt_find(&tree, &at, index);
	if (index < STEADY && entry != want)
		atomic_fetch_add(&wrong, 1);
}

static void look_up_vma(unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);

	if (!vma)
		return;
	if (vma->vm_start > addr || vma->vm_end <= addr)
		atomic_fetch_add(&wrong, 1);
	vma_end_read(vma);
}

static void look_up(int sig)
{
	unsigned int n = atomic_fetch_add(&handled, 1);
	int saved = errno;

	(void)sig;
	look_into_tree(n % INDEXES);
	look_into_tree(n % STEADY);
	look_up_vma(steady_page);
	look_up_vma(work_start + (n * PG) % (work_end - work_start));
	errno = saved;
}

/* ---- the interrupted threads --------------------------------------------- */

static void map_and_unmap(unsigned int n)
{
	unsigned long addr = work_start + n % 7ul * 2 * PG;

	if (IS_ERR_VALUE(vms_mmap(mm, addr, 3 * PG, RW, FIXED, NULL, 0)))
		atomic_fetch_add(&wrong, 1);
	(void)vms_mprotect(mm, addr + PG, PG, PROT_READ);
	(void)vms_fault(mm, addr, FAULT_FLAG_WRITE);
	if (vms_munmap(mm, addr, 2 * PG))
		atomic_fetch_add(&wrong, 1);
}

static void store_and_erase(unsigned int n)
{
	unsigned long index = STEADY + n % (INDEXES - STEADY);

	if (mtree_store(&tree, index, xa_mk_value(index), GFP_KERNEL))
		atomic_fetch_add(&wrong, 1);
	(void)mtree_erase(&tree, STEADY + n * 7ul % (INDEXES - STEADY));
}

static void look_up_too(unsigned int n)
{
	look_into_tree(n % INDEXES);
	look_up_vma(steady_page);
	look_up_vma(work_start + (n * PG) % (work_end - work_start));
}

static void *be_there(void *arg)
{
	look_up_too(1);
	return arg;
}

/*
 * On the new thread the signals come before its first lookup, during it, and at
 * its exit.
 */
static void come_and_go(unsigned int n)
{
	pthread_t thread;

	(void)n;
	if (pthread_create(&thread, NULL, be_there, NULL))
		return;
	for (int i = 0; i < 20; i++)
		pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
}

static void *suffer(void *step)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	for (unsigned int n = 0; !atomic_load(&stop); n++)
		(*(void (**)(unsigned int))step)(n);
	return NULL;
}

/*
 * Repeats @step on a thread that alone receives the timer's signals, until
 * enough signals were handled.
 */
static void interrupt(void (*step)(unsigned int n))
{
	const struct itimerspec period = {{.tv_nsec = PERIOD_NS}, {.tv_nsec = PERIOD_NS}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	pthread_t victim;
	timer_t timer;

	atomic_store(&stop, false);
	atomic_store(&handled, 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &period, NULL), 0);
	assert_int_equal(pthread_create(&victim, NULL, suffer, (void *)&step), 0);
	while (atomic_load(&handled) < SIGNALS)
		usleep(1000);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(victim, NULL), 0);
	assert_int_equal(timer_delete(timer), 0);
	assert_int_equal(atomic_load(&wrong), 0);
	synchronize_rcu();
}

static void a_handler_may_look_up_whatever_it_interrupts(void **state)
{
	struct world *w = *state;

	mm = w->mm;
	steady_page = vms_mmap(mm, 0, PG, RW, ANON, NULL, 0);
	assert_false(IS_ERR_VALUE(steady_page));
	work_start = 0x100000;
	work_end = work_start + 64 * PG;
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	for (unsigned long i = 0; i < STEADY; i++)
		assert_int_equal(mtree_store(&tree, i, xa_mk_value(i), GFP_KERNEL), 0);
	interrupt(map_and_unmap);
	interrupt(store_and_erase);
	interrupt(look_up_too);
	interrupt(come_and_go);
	mtree_destroy(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(a_handler_may_look_up_whatever_it_interrupts),
	};
	struct sigaction action = {.sa_handler = look_up, .sa_flags = SA_RESTART};
	sigset_t usr1;

	alarm(WATCHDOG_SECONDS);
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
