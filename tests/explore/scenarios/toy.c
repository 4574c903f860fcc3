/* SPDX-License-Identifier: MIT */
/*
 * toy.c - small programs that show what the explorer finds, and that it finds
 * nothing where there is nothing. tests/explore/selftest knows which of them
 * fail, and in which memory model.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <vmastore/rcu.h>

#include "lib/sync/asym_fence.h"
#include "lib/sync/clock.h"
#include "lib/sync/cond.h"
#include "lib/sync/futex.h"
#include "tests/explore/scenarios/scenarios.h"

#define LOAD(p) atomic_load_explicit(p, memory_order_relaxed)
#define STORE(p, v) atomic_store_explicit(p, v, memory_order_relaxed)

static _Atomic unsigned int x, y, seen_x, seen_y;
static int plain;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;

static void nothing(void)
{
}

/* ---- a counter with a lock, and one without ------------------------------ */

static void add_locked(void)
{
	pthread_mutex_lock(&lock);
	STORE(&x, LOAD(&x) + 1);
	plain++;
	pthread_mutex_unlock(&lock);
}

static void add(void)
{
	STORE(&x, LOAD(&x) + 1);
}

static void three_added(void)
{
	explore_check(LOAD(&x) == 3);
}

EXPLORE_SCENARIO(toy_sound, "a counter under a mutex", .begin = nothing,
		 .threads = {add_locked, add_locked, add_locked}, .end = three_added);
EXPLORE_SCENARIO(toy_lost_update, "a counter without a mutex loses an addition", .begin = nothing,
		 .threads = {add, add, add}, .end = three_added);

/* ---- a data race --------------------------------------------------------- */

static void write_plain(void)
{
	plain = 1;
	atomic_store_explicit(&x, 1, memory_order_relaxed);
}

static void read_plain(void)
{
	if (atomic_load_explicit(&x, memory_order_acquire))
		explore_check(plain == 1);
}

EXPLORE_SCENARIO(toy_race, "a flag without release", .begin = nothing,
		 .threads = {write_plain, read_plain});

static void publish_plain(void)
{
	plain = 1;
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&x, 1, memory_order_relaxed);
}

static void bump(void)
{
	/* A read-modify-write continues the release sequence. */
	atomic_fetch_add_explicit(&x, 2, memory_order_relaxed);
}

static void read_published(void)
{
	if (LOAD(&x) & 1) {
		atomic_thread_fence(memory_order_acquire);
		explore_check(plain == 1);
	}
}

EXPLORE_SCENARIO(toy_published, "a flag with fences, and a release sequence", .begin = nothing,
		 .threads = {publish_plain, bump, read_published});

/* ---- locks --------------------------------------------------------------- */

static void one_way(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&other);
	pthread_mutex_unlock(&other);
	pthread_mutex_unlock(&lock);
}

static void other_way(void)
{
	pthread_mutex_lock(&other);
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	pthread_mutex_unlock(&other);
}

EXPLORE_SCENARIO(toy_deadlock, "two mutexes in both orders", .begin = nothing,
		 .threads = {one_way, other_way});

static void wait_for_x(void)
{
	struct timespec until = {.tv_sec = vms__clock_ns() / VMS__NS_PER_S + 1};

	while (!LOAD(&x)) {
		if (vms__futex_wait(&x, 0, &until) == -ETIMEDOUT)
			break;
	}
	explore_check(LOAD(&x));
}

static void set_x(void)
{
	STORE(&x, 1);
	vms__futex_wake(&x, 1);
}

EXPLORE_SCENARIO(toy_timeout, "a timed wait may end before the wake", .begin = nothing,
		 .threads = {wait_for_x, set_x});

/* ---- memory models ------------------------------------------------------- */

static void store_x_load_y(void)
{
	STORE(&x, 1);
	STORE(&seen_y, LOAD(&y) + 1);
}

static void store_y_load_x(void)
{
	STORE(&y, 1);
	STORE(&seen_x, LOAD(&x) + 1);
}

static void one_was_seen(void)
{
	explore_check(LOAD(&seen_x) == 2 || LOAD(&seen_y) == 2);
}

EXPLORE_SCENARIO(toy_store_buffer, "each stores, then loads the other's word: needs a full fence",
		 .begin = nothing, .threads = {store_x_load_y, store_y_load_x},
		 .end = one_was_seen);

static void store_x_light(void)
{
	STORE(&x, 1);
	vms__fence_light();
	STORE(&seen_y, LOAD(&y) + 1);
}

static void store_y_heavy(void)
{
	STORE(&y, 1);
	vms__fence_heavy();
	STORE(&seen_x, LOAD(&x) + 1);
}

EXPLORE_SCENARIO(toy_light_fence, "the same with a light and a heavy fence", .begin = nothing,
		 .threads = {store_x_light, store_y_heavy}, .end = one_was_seen);

static void send(void)
{
	STORE(&x, 1);
	STORE(&y, 1);
}

static void receive(void)
{
	if (LOAD(&y))
		explore_check(LOAD(&x));
}

EXPLORE_SCENARIO(toy_message, "two relaxed stores, seen in the other order", .begin = nothing,
		 .threads = {send, receive});

/* ---- memory and grace periods -------------------------------------------- */

struct thing {
	struct vms_rcu_head rcu;
	int value;
};

static struct thing *_Atomic thing;

static void make_thing(void)
{
	struct thing *t = malloc(sizeof(*t));

	t->value = 7;
	atomic_store_explicit(&thing, t, memory_order_release);
	vms_rcu_read_lock(); /* register the main thread */
	vms_rcu_read_unlock();
}

static void read_thing(void)
{
	struct thing *t;

	vms_rcu_read_lock();
	t = atomic_load_explicit(&thing, memory_order_acquire);
	if (t)
		explore_check(t->value == 7);
	vms_rcu_read_unlock();
}

static void free_thing(void)
{
	free(atomic_exchange_explicit(&thing, NULL, memory_order_acq_rel));
}

static void free_thing_later(void)
{
	struct thing *t = atomic_exchange_explicit(&thing, NULL, memory_order_acq_rel);

	vms_synchronize_rcu();
	t->value = 0;
	free(t);
}

static void free_callback(struct vms_rcu_head *head)
{
	struct thing *t = (struct thing *)head;

	t->value = 0;
	free(t);
}

static void free_thing_by_callback(void)
{
	struct thing *t = atomic_exchange_explicit(&thing, NULL, memory_order_acq_rel);

	vms_call_rcu(&t->rcu, free_callback);
	vms_rcu_barrier();
}

/* Wrong: the grace period begins before the pointer is taken away. */
static void free_thing_early(void)
{
	vms_synchronize_rcu();
	free_thing();
}

EXPLORE_SCENARIO(toy_freed, "memory is freed under a reader", .begin = make_thing,
		 .threads = {read_thing, free_thing});
EXPLORE_SCENARIO(toy_grace_period, "memory is freed after a grace period", .begin = make_thing,
		 .threads = {read_thing, read_thing, free_thing_later});
EXPLORE_SCENARIO(toy_callback, "memory is freed by a callback", .begin = make_thing,
		 .threads = {read_thing, free_thing_by_callback});
EXPLORE_SCENARIO(toy_early_free, "the grace period comes before the unpublishing",
		 .begin = make_thing, .threads = {read_thing, free_thing_early});
