/* SPDX-License-Identifier: MIT */
/*
 * test_host_threads.c - several threads in a host's memory: some map, fault and
 * unmap, while another gives idle memory back and makes the callbacks, so that
 * late readers meet memory that the host has discarded and that is cleared for
 * its next user. ThreadSanitizer and AddressSanitizer watch.
 */
#include "tests/lib/mm/world.h"

#include <pthread.h>
#include <unistd.h>

#include <vmastore/host.h>
#include <vmastore/rcu.h>

#include "lib/sync/tsan.h"
#include "tests/lib/sync/arena.h"
#include "tests/lib/sync/child.h"

#define THREADS 3
#define GENERATIONS 20 /* of threads, which leave their objects when they exit */
#define ROUNDS (VMS__TSAN ? 100UL : 400UL)
#define SPAN (256 * PG)
#define COMMON 0x30000000UL /* mapped throughout; each thread faults here, too */

static struct mm_struct *mm;
static _Atomic int wrong, running;

static void *map_and_unmap(void *arg)
{
	unsigned long own = 0x20000000UL + (unsigned long)(uintptr_t)arg * SPAN * 2;

	for (unsigned long i = 0; i < ROUNDS; i++) {
		unsigned long at = own + i % 32 * 8 * PG, word = 0;

		wrong += vms_mmap(mm, at, 4 * PG, RW, FIXED, NULL, 0) != at;
		wrong += vms_write_word(mm, at + PG, i) != VMS_FAULT_OK;
		wrong += vms_read_word(mm, at + PG, &word) != VMS_FAULT_OK || word != i;
		wrong += vms_read_word(mm, COMMON + i % 16 * PG, &word) != VMS_FAULT_OK;
		/* A neighbour's address, which may or may not be mapped. */
		(void)vms_read_word(mm, (at ^ SPAN * 2) + PG, &word);
		if (i % 2)
			wrong += vms_munmap(mm, own, SPAN) != 0;
	}
	running--;
	return NULL;
}

/* Return: callbacks made. */
static size_t one_generation(void)
{
	pthread_t thread[THREADS];
	size_t ran = 0;

	running = THREADS;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, map_and_unmap, (void *)i), 0);
	while (running) {
		ran += vms_rcu_run_callbacks();
		(void)vms_trim();
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	return ran;
}

static void work_on(const char *engine)
{
	size_t ran = 0, discards = arena.discards;

	mm = vms_mm_create(engine, &world_layout, NULL);
	assert_non_null(mm);
	assert_int_equal(vms_mmap(mm, COMMON, 16 * PG, RW, FIXED, NULL, 0), COMMON);
	wrong = 0;
	for (int i = 0; i < GENERATIONS; i++)
		ran += one_generation();
	assert_int_equal(wrong, 0);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	mmput(mm);
	assert_int_equal(vms_leak_report(stderr), 0);
	print_message("%s: %zu chunks, %zu times discarded, %zu callbacks\n", engine, arena.chunks,
		      arena.discards - discards, ran);
}

static void threads_share_the_hosts_memory(void **state)
{
	(void)state;
	for (const char *const *name = vms_engine_names(); *name; name++)
		work_on(*name);
	if (arena.wrong)
		print_error("%s\n", arena.wrong);
	assert_null(arena.wrong);
	assert_true(arena.discards > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_the_hosts_memory),
	};

	alarm(WATCHDOG_SECONDS);
	arena_init();
	if (vms_set_allocator(&arena.hooks) || vms_rcu_host_callbacks())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
