/* SPDX-License-Identifier: MIT */
/*
 * test_vma_lock_schedules.c - the per-VMA lock under every schedule of a few
 * threads, with delayed stores.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#define EXPLORE_HOOKS
#include "tests/lib/sync/explore.h"

#include <unistd.h>

/* One CPU, so that no waiter spins: every wait sleeps. */
#define sysconf(name) 1L
#include "lib/sync/spinlock.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
/*
 * Without the heavy half of a fence no VMA is biased, and nothing calls these.
 */
#define VMS__BIAS_MODEL
static unsigned long now(void)
{
	return 0;
}
#include "lib/sync/vma_bias.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/vma_lock.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#undef sysconf

#include "tests/lib/sync/child.h"

VMS__TLS unsigned int vms__thread_slot_plus_one;
unsigned int vms__thread_slot_take(void)
{
	return 0;
}

unsigned int vms__thread_slots_used(void)
{
	return 0;
}

void vms__fence_heavy(void)
{
}

bool vms__fence_is_asymmetric(void)
{
	return false;
}

static _Atomic unsigned int refcnt;
static _Atomic unsigned long lock_seq, mm_seq;
static int readers, writers; /* holders of the lock; one thread runs at a time */
static bool detached;

static void begin(void)
{
	mm_seq = 2;
	readers = writers = 0;
	detached = false;
	vms__vlock_init(&refcnt, &lock_seq);
	vms__vlock_attach(&refcnt);
}

static void end_attached(void)
{
	if (refcnt != 1)
		explore_fail("the count does not come back to 1");
}

static void end_detached(void)
{
	if (refcnt != 0)
		explore_fail("the count does not come back to 0");
}

static void look(void)
{
	if (writers)
		explore_fail("a reader is in beside a writer");
	if (detached)
		explore_fail("a reader is in after the VMA was detached");
}

static void reader(void)
{
	if (vms__vlock_try_read(&refcnt, &lock_seq, &mm_seq) > VMS__VLOCK_MET)
		return;
	vms__vlock_settle(&lock_seq, &mm_seq);
	readers++;
	look();
	explore_step();
	look();
	readers--;
	vms__vlock_end_read(&refcnt);
}

static void reader_twice(void)
{
	reader();
	reader();
}

static void change(void)
{
	if (readers)
		explore_fail("a writer is in beside a reader");
	writers++;
	explore_step();
	writers--;
}

static void writer(void)
{
	unsigned long seq = vms__vlock_seq_begin(&mm_seq);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	change();
	vms__vlock_seq_end(&mm_seq);
}

static void writer_twice(void)
{
	writer();
	writer();
}

static void detacher(void)
{
	unsigned long seq = vms__vlock_seq_begin(&mm_seq);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	change();
	vms__vlock_detach(&refcnt);
	if (refcnt)
		explore_fail("detached, but somebody counts");
	detached = true;
	vms__vlock_seq_end(&mm_seq);
}

static void retirer(void)
{
	unsigned long seq = vms__vlock_seq_begin(&mm_seq);

	vms__vlock_retire(&refcnt, &lock_seq, seq);
	if (refcnt)
		explore_fail("retired, but somebody counts");
	detached = true;
	change();
	vms__vlock_seq_end(&mm_seq);
}

static void check(const struct explore_scenario *scenario)
{
	unsigned long runs;
	const char *failure = explore(scenario, &runs);

	printf("%lu schedules%s%s\n", runs, failure ? "; in the last: " : "",
	       failure ? failure : "");
	assert_null(failure);
	assert_true(runs > 100);
}

static void a_writer_and_readers_exclude_each_other(void **state)
{
	static const struct explore_scenario one = {
		begin, end_attached, {writer_twice, reader_twice}, 3};
	static const struct explore_scenario two = {
		begin, end_attached, {writer, reader, reader}, 3};

	(void)state;
	check(&one);
	check(&two);
}

static void a_detached_vma_has_no_reader(void **state)
{
	static const struct explore_scenario one = {
		begin, end_detached, {detacher, reader_twice}, 4};
	static const struct explore_scenario two = {
		begin, end_detached, {detacher, reader, reader}, 3};
	static const struct explore_scenario three = {
		begin, end_detached, {retirer, reader_twice}, 4};
	static const struct explore_scenario four = {
		begin, end_detached, {retirer, reader, reader}, 3};

	(void)state;
	check(&one);
	check(&two);
	check(&three);
	check(&four);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_and_readers_exclude_each_other),
		cmocka_unit_test(a_detached_vma_has_no_reader),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
