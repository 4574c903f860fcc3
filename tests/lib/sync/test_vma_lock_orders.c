/* SPDX-License-Identifier: MIT */
/*
 * test_vma_lock_orders.c - the per-VMA lock under the C11 memory model: with
 * its own memory orders no run fails, and with any one order weakened some run
 * must fail.
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
#include "tests/lib/sync/model.h"

/* Each thread of the model has a slot of lib/sync/vma_bias.h. */
#define VMS__BIAS_SELF (model_thread() + VMS__BIAS_FIRST)
#define VMS__BIAS_MODEL

static unsigned long now(void)
{
	return 0;
}

#include "lib/sync/vma_bias.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/vma_lock.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */

#define SOUND_RUNS 25000 /* there are many scenarios */
#include "tests/lib/sync/orders.h"

/* Replaces lib/sync/spinlock.c. */
unsigned int vms__spin_budget(void)
{
	return SPIN_LOOKS;
}

/* Replaces lib/sync/thread_slot.c. */
unsigned int vms__thread_slots_used(void)
{
	return VMS__BIAS_FIRST + MODEL_MAX_THREADS - 1;
}

VMS__TLS unsigned int vms__thread_slot_plus_one;
unsigned int vms__thread_slot_take(void)
{
	return 0;
}

/* Two address spaces, and a VMA that is in one of them or in none. */
static _Atomic unsigned int refcnt;
static _Atomic unsigned long lock_seq, mm_seq[2];

/*
 * The plain variables. OWNER is the VMA's vm_mm: a reader reads it only while
 * it holds the VMA, so that it need not be atomic here.
 */
enum { FIELDS, OWNER };

static void begin(void)
{
	model_asymmetric = false;
	for (int mm = 0; mm < 2; mm++)
		atomic_init(&mm_seq[mm], 2);
	atomic_init(&not_before, 0);
	atomic_init(&vms__bias_fences, 0);
	for (unsigned int i = 0; i <= vms__thread_slots_used(); i++) {
		atomic_init(&vms__bias_slots[i].held, 0);
		atomic_init(&vms__bias_slots[i].sleeper, 0);
		vms__bias_slots[i].nested = 0;
	}
	vms__vlock_init(&refcnt, &lock_seq);
	model_write(OWNER, 0);
	vms__vlock_attach(&refcnt);
}

/* Begins like begin(), except that readers may bias the VMA. */
static void begin_with_slots(void)
{
	begin();
	model_asymmetric = true;
}

static void begin_biased(void)
{
	begin_with_slots();
	atomic_init(&refcnt, 1 | VMS__VLOCK_MAY_HOLD);
	atomic_init(&lock_seq, VMS__VLOCK_BIASED);
}

static void end(void)
{
	if ((atomic_load_explicit(&refcnt, memory_order_relaxed) & ~VMS__VLOCK_MAY_HOLD) > 1)
		model_fail("the count does not come back");
	for (unsigned int i = 0; i <= vms__thread_slots_used(); i++) {
		if (atomic_load_explicit(&vms__bias_slots[i].held, memory_order_relaxed))
			model_fail("a slot does not come back");
	}
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

static void look(void)
{
	uint64_t seen = model_read(FIELDS);

	if (model_read(FIELDS) != seen)
		model_fail("a reader is in beside a writer");
}

static void end_read(void)
{
	if (atomic_load_explicit(&lock_seq, memory_order_relaxed) && vms__bias_end_read(&lock_seq))
		return;
	vms__vlock_end_read(&refcnt);
}

/* Works like lock_vma_under_rcu(), whose pointer to the VMA may be old. */
static void read_as(unsigned int mm)
{
	bool counted;

	if (atomic_load_explicit(&lock_seq, memory_order_relaxed) == VMS__VLOCK_BIASED &&
	    vms__bias_try_read(&lock_seq, &counted)) {
		if (model_read(OWNER) == mm)
			look();
		end_read();
		return;
	}
	if (vms__vlock_try_read(&refcnt, &lock_seq, &mm_seq[mm]) > VMS__VLOCK_MET)
		return;
	if (model_read(OWNER) == mm) {
		vms__vlock_settle(&lock_seq, &mm_seq[mm]);
		vms__vlock_bias(&refcnt, &lock_seq);
		look();
	}
	end_read();
}

/* Works like the short lookup, which guesses no stamp. */
static void read_alone(void)
{
	if (!vms__vlock_try_read_alone(&refcnt, &lock_seq))
		return;
	if (model_read(OWNER) == 0)
		look();
	end_read();
}

/*
 * P1 is only a guess. This reader omits it, and reads the stamp only after it
 * has taken its slot, possibly late.
 */
static void reader_without_a_guess(void)
{
	bool counted;

	for (unsigned int n = model_random(64); n; n--)
		model_yield();
	if (!vms__bias_try_read(&lock_seq, &counted))
		return;
	if (model_read(OWNER) == 0)
		look();
	end_read();
}

static void reader_alone_twice(void)
{
	read_alone();
	read_alone();
}

/* Holds the VMA twice: by its slot and by its count. */
static void reader_that_nests(void)
{
	if (vms__vlock_try_read(&refcnt, &lock_seq, &mm_seq[0]) > VMS__VLOCK_MET)
		return;
	vms__vlock_settle(&lock_seq, &mm_seq[0]);
	vms__vlock_bias(&refcnt, &lock_seq);
	read_as(0);
	look();
	end_read();
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

/*
 * Works like a writer of many VMAs, which makes the fence before it waits for
 * the readers that count.
 */
static void writer_of_a_batch(void)
{
	unsigned long seq = write_begin(0);

	if (!vms__vlock_batch_begin(&lock_seq, seq)) {
		vms__vlock_start_write(&refcnt, &lock_seq, seq);
	} else {
		vms__bias_fence();
		if (vms__vlock_in_batch(&refcnt, &lock_seq, seq))
			vms__vlock_batch_finish(&refcnt, &lock_seq);
		else
			model_fail("a batch misses its VMA");
	}
	model_write(FIELDS, model_read(FIELDS) + 1);
	write_end(0);
}

static void writer_of_two_batches(void)
{
	writer_of_a_batch();
	writer_of_a_batch();
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

/* Releases the VMA while its section continues, and takes it again. */
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

/* Tries some time after a change; meanwhile readers may have biased the VMA. */
static void writer_and_trier(void)
{
	write_once();
	for (unsigned int n = model_random(32); n; n--)
		model_yield();
	writer_that_tries();
}

static void reader_once_and_late(void)
{
	read_as(0);
	reader_without_a_guess();
}

/* A write section that does not touch the VMA. */
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

/* Locks and detaches the VMA in one step. */
static void retire(unsigned int mm)
{
	unsigned long seq = write_begin(mm);

	vms__vlock_retire(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
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

/* A VMA that is complete when it is attached needs no stamp. */
static void successor(void)
{
	take_out(0);
	model_lock(0);
	vms__vlock_init(&refcnt, &lock_seq);
	model_write(OWNER, 0);
	model_write(FIELDS, model_read(FIELDS) + 1);
	vms__vlock_attach(&refcnt);
	model_unlock(0);
}

static void successor_of_a_retired(void)
{
	retire(0);
	model_lock(0);
	vms__vlock_init(&refcnt, &lock_seq);
	model_write(OWNER, 0);
	model_write(FIELDS, model_read(FIELDS) + 1);
	vms__vlock_attach(&refcnt);
	model_unlock(0);
}

/* The memory moves to the other address space and back, retired both times. */
static void wanderer_that_retires(void)
{
	retire(0);
	put_in(1);
	retire(1);
	put_in(0);
}

/* Changes the VMA, and retires it in the same section or in the next one. */
static void writer_that_retires(void)
{
	unsigned long seq = write_begin(0);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	if (model_random(2)) {
		write_end(0);
		seq = write_begin(0);
	}
	vms__vlock_retire(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	write_end(0);
}

/* The memory moves to the other address space and back. */
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
	{"a writer that lets go early, a reader twice",
	 begin,
	 end,
	 {writer_that_lets_go, reader_twice}},
	{"a writer that tries, a writer, a reader",
	 begin,
	 end,
	 {writer_that_tries, writer, reader}},
	{"a VMA that changes its mm, a reader of each",
	 begin,
	 end,
	 {wanderer, reader_twice, reader_of_the_other}},
	{"two writers, a reader that finds nobody",
	 begin,
	 end,
	 {writer, writer, reader_alone_twice}},
	{"a writer twice, a reader that finds nobody",
	 begin,
	 end,
	 {writer_twice, reader_alone_twice}},
	{"a writer that lets go, a reader that finds nobody",
	 begin,
	 end,
	 {writer_that_lets_go, reader_alone_twice}},
	{"a biased VMA, a writer, two readers", begin_biased, end, {writer, reader_twice, reader}},
	{"a biased VMA, a writer twice, a reader twice",
	 begin_biased,
	 end,
	 {writer_twice, reader_twice}},
	{"readers that bias, a writer twice",
	 begin_with_slots,
	 end,
	 {writer_twice, reader_twice, reader}},
	{"a reader that nests, a writer twice",
	 begin_with_slots,
	 end,
	 {writer_twice, reader_that_nests}},
	{"a biased VMA, a writer that tries, a writer",
	 begin_biased,
	 end,
	 {writer_that_tries, writer, reader_twice}},
	{"readers that bias, a writer that lets go",
	 begin_with_slots,
	 end,
	 {writer_that_lets_go, reader_twice, reader}},
	{"readers that bias, one without a guess",
	 begin_with_slots,
	 end,
	 {writer_twice, reader_twice, reader_without_a_guess}},
	{"readers between a change and a try",
	 begin_with_slots,
	 end,
	 {writer_and_trier, reader_once_and_late, reader_without_a_guess}},
	{"a biased VMA, a batch, two readers",
	 begin_biased,
	 end,
	 {writer_of_a_batch, reader_twice, reader}},
	{"readers that bias, two batches",
	 begin_with_slots,
	 end,
	 {writer_of_two_batches, reader_twice, reader}},
	{"readers that bias, two batches, a late one",
	 begin_with_slots,
	 end,
	 {writer_of_two_batches, reader_twice, reader_without_a_guess}},
	{"a VMA without a stamp, readers that bias",
	 begin_with_slots,
	 end,
	 {successor, reader_twice, reader_without_a_guess}},
	{"a VMA that is retired, a reader of each mm",
	 begin,
	 end,
	 {wanderer_that_retires, reader_twice, reader_of_the_other}},
	{"a writer that retires, two readers",
	 begin,
	 end,
	 {writer_that_retires, reader_twice, reader}},
	{"a retired VMA without a stamp, readers that bias",
	 begin_with_slots,
	 end,
	 {successor_of_a_retired, reader_twice, reader_without_a_guess}},
	{"a biased VMA that is retired",
	 begin_biased,
	 end,
	 {wanderer_that_retires, reader_twice, reader_of_the_other}},
	{"a retired VMA, a reader that finds nobody",
	 begin,
	 end,
	 {successor_of_a_retired, reader_alone_twice, reader}},
	{"a biased VMA that changes its mm",
	 begin_biased,
	 end,
	 {wanderer, reader_twice, reader_of_the_other}},
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

/* Biases the VMA without holding it. */
static void setter(void)
{
	unsigned long free = 0;

	atomic_fetch_or_explicit(&refcnt, VMS__VLOCK_MAY_HOLD, memory_order_relaxed);
	for (unsigned int n = model_random(32); n; n--)
		model_yield();
	atomic_compare_exchange_strong_explicit(&lock_seq, &free, VMS__VLOCK_BIASED,
						memory_order_relaxed, memory_order_relaxed);
}

/* Gives other threads time between its two looks at the VMA. */
static void writer_with_a_pause(void)
{
	unsigned long seq = write_begin(0);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	vms__vlock_end_write(&lock_seq, seq);
	for (int i = 0; i < 20; i++)
		model_yield();
	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	model_write(FIELDS, model_read(FIELDS) + 1);
	write_end(0);
}

static void bias_is_set_by_readers_alone(void **state)
{
	static const struct model_scenario scenario = {
		"a setter", begin, NULL, {setter, writer_with_a_pause, reader_without_a_guess}};
	unsigned long runs;
	const char *failure = model_search(&scenario, WEAK_RUNS, NULL, &runs);

	(void)state;
	printf("run %lu: %s\n", runs, failure ? failure : "nothing");
	assert_non_null(failure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bias_is_set_by_readers_alone),
		cmocka_unit_test(nothing_goes_wrong_under_the_c11_model),
		cmocka_unit_test(each_order_is_needed),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
