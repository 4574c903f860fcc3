/* SPDX-License-Identifier: MIT */
/*
 * test_vma_lock_orders.c - the per-VMA lock under the C11 memory model: as it
 * stands nothing goes wrong, and with any one of its memory orders weakened
 * something does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MODEL_HOOKS
#include "tests/sync/model.h"

#include "lib/sync/vma_lock.c" /* NOLINT(bugprone-suspicious-include): with the hooks in its atomics */

#include "tests/sync/orders.h"

/* In the place of lib/sync/spinlock.c. */
unsigned int vms__spin_budget(void)
{
	return SPIN_LOOKS;
}

/* Two address spaces, and a VMA that is in one of them or in none. */
static _Atomic unsigned int refcnt;
static _Atomic unsigned long lock_seq, mm_seq[2];

/*
 * The plain variables. OWNER is the VMA's vm_mm: a reader looks at it only
 * while it counts, so it need not be atomic here.
 */
enum { FIELDS, OWNER };

static void begin(void)
{
	for (int mm = 0; mm < 2; mm++)
		atomic_init(&mm_seq[mm], 2);
	vms__vlock_init(&refcnt, &lock_seq);
	model_write(OWNER, 0);
	vms__vlock_attach(&refcnt);
}

static void end(void)
{
	if (atomic_load_explicit(&refcnt, memory_order_relaxed) > 1)
		model_fail("the count does not come back");
}

static unsigned long write_begin(unsigned int mm)
{
	model_lock(mm);
	return vms__vlock_seq_begin(&mm_seq[mm]);
}

static void write_end(unsigned int mm)
{
	vms__vlock_seq_end(&mm_seq[mm]);
	model_unlock(mm);
}

/* As lock_vma_under_rcu(), whose pointer to the VMA may be old. */
static void read_as(unsigned int mm)
{
	if (vms__vlock_try_read(&refcnt, &lock_seq, &mm_seq[mm]) != VMS__VLOCK_OK)
		return;
	if (model_read(OWNER) == mm) {
		uint64_t seen;

		vms__vlock_settle(&lock_seq, &mm_seq[mm]);
		seen = model_read(FIELDS);
		if (model_read(FIELDS) != seen)
			model_fail("a reader is in beside a writer");
	}
	vms__vlock_end_read(&refcnt);
}

static void reader(void)
{
	read_as(0);
}

static void reader_twice(void)
{
	read_as(0);
	read_as(0);
}

static void reader_of_the_other(void)
{
	read_as(1);
}

static void write_once(void)
{
	unsigned long seq = write_begin(0);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	write_end(0);
}

static void writer(void)
{
	write_once();
}

static void writer_twice(void)
{
	write_once();
	write_once();
}

/* Lets the VMA go while its section goes on, and takes it once more. */
static void writer_that_lets_go(void)
{
	unsigned long seq = write_begin(0);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	vms__vlock_end_write(&lock_seq, seq);
	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	vms__vlock_end_write(&lock_seq, seq);
	write_end(0);
}

static void writer_that_tries(void)
{
	unsigned long seq = write_begin(0);

	if (vms__vlock_try_write(&refcnt, &lock_seq, seq))
		model_write(FIELDS, model_read(FIELDS) + 1);
	write_end(0);
}

/* A write section that leaves the VMA alone. */
static void passer(void)
{
	write_begin(0);
	write_end(0);
}

static void take_out(unsigned int mm)
{
	unsigned long seq = write_begin(mm);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	vms__vlock_detach(&refcnt);
	write_end(mm);
}

static void put_in(unsigned int mm)
{
	unsigned long seq = write_begin(mm);

	vms__vlock_init(&refcnt, &lock_seq);
	model_write(OWNER, mm);
	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	vms__vlock_attach(&refcnt);
	model_write(FIELDS, model_read(FIELDS) + 1);
	write_end(mm);
}

/* The memory goes to the other address space and comes back. */
static void wanderer(void)
{
	take_out(0);
	put_in(1);
	take_out(1);
	put_in(0);
}

static const struct model_scenario scenarios[] = {
	{"two writers, a reader", begin, end, {writer, writer, reader}},
	{"a writer twice, a reader twice", begin, end, {writer_twice, reader_twice}},
	{"a writer, two readers", begin, end, {writer, reader_twice, reader}},
	{"a writer, a section without it, a reader", begin, end, {writer, passer, reader}},
	{"a writer that lets go early, a reader twice", begin, end, {writer_that_lets_go, reader_twice}},
	{"a writer that tries, a writer, a reader", begin, end, {writer_that_tries, writer, reader}},
	{"a VMA that changes its mm, a reader of each", begin, end, {wanderer, reader_twice, reader_of_the_other}},
};

static void nothing_goes_wrong_under_the_c11_model(void **state)
{
	(void)state;
	check_sound(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

static void each_order_is_needed(void **state)
{
	(void)state;
	check_each_order_is_needed(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_wrong_under_the_c11_model),
		cmocka_unit_test(each_order_is_needed),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
