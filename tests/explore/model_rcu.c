/* SPDX-License-Identifier: MIT */
/*
 * model_rcu.c - stands for liburcu's membarrier flavour: a grace period ends as
 * soon as every section has ended that was open when it began. The read side is
 * the library's own code, which stores the global word's generation in the
 * thread's word. A grace period begins a new generation, and waits until no
 * thread is in a section of an older one.
 */
#include "tests/explore/sched.h"

#include <urcu/static/urcu-memb.h>

#define GENERATION (URCU_GP_CTR_PHASE << 1)

struct urcu_gp urcu_memb_gp = {.ctr = URCU_GP_COUNT};
int urcu_memb_has_sys_membarrier = 1;
DEFINE_URCU_TLS(struct urcu_reader, urcu_memb_reader);

static struct urcu_reader *readers[RUN_THREADS];
static unsigned long generation[RUN_THREADS]; /* what a thread waits for */

void urcu_memb_register_thread(void)
{
	readers[self] = &URCU_TLS(urcu_memb_reader);
	readers[self]->registered = 1;
}

void urcu_memb_unregister_thread(void)
{
	readers[self]->registered = 0;
	readers[self] = NULL;
}

/* Whether the grace period is over that @thread waits for. */
static bool is_over(int thread)
{
	for (int i = 0; i < RUN_THREADS; i++) {
		unsigned long word = readers[i] ? readers[i]->ctr : 0;

		if ((word & URCU_GP_CTR_NEST_MASK) &&
		    (long)((word & -GENERATION) - generation[thread]) < 0)
			return false;
	}
	return true;
}

void urcu_memb_synchronize_rcu(void)
{
	struct access a = {WAIT, &urcu_memb_gp.ctr, sizeof(urcu_memb_gp.ctr), -1,
			   __builtin_return_address(0)};

	sched_point(&a);
	memory_heavy_fence();
	urcu_memb_gp.ctr += GENERATION;
	generation[self] = urcu_memb_gp.ctr & -GENERATION;
	while (!is_over(self))
		sched_block(&a, is_over, NULL);
	for (int i = 0; live && i < RUN_THREADS; i++) {
		if (!readers[i])
			continue;
		sched_hash(&(struct access){VOLATILE_LOAD, &readers[i]->ctr, 8, -1, a.pc});
		race_acquire(&readers[i]->ctr);
	}
	memory_heavy_fence();
}

/* No grace period sleeps on liburcu's futex, so no reader wakes one. */
int compat_futex_async(int32_t *uaddr, int op, int32_t val, const struct timespec *timeout,
		       int32_t *uaddr2, int32_t val3)
{
	(void)uaddr, (void)op, (void)val, (void)timeout, (void)uaddr2, (void)val3;
	run_failed(__builtin_return_address(0), NULL, "a reader wakes a grace period");
}
