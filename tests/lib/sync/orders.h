/* SPDX-License-Identifier: MIT */
/*
 * orders.h - what the tests of memory orders require of a lock and its
 * scenarios. A test includes it after the lock's source, with MODEL_HOOKS.
 */
#ifndef TESTS_SYNC_ORDERS_H
#define TESTS_SYNC_ORDERS_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/sync/child.h"
#include "tests/lib/sync/model.h"

/*
 * Runs of each scenario with the lock's own orders, and the maximum number of
 * runs to detect one weak order.
 */
#ifndef SOUND_RUNS
#define SOUND_RUNS 150000
#endif
#ifndef WEAK_RUNS
#define WEAK_RUNS 400000
#endif
#define MAX_WEAKNESSES 100

/* A failed assert of the lock fails the run, and does not end the program. */
_Noreturn void vms__assert_failed(const char *file, int line, const char *func, const char *what)
{
	(void)file, (void)line, (void)func;
	model_fail(what);
	abort();
}

static inline void check_sound(const struct model_scenario *scenarios, unsigned int nr)
{
	bool sound = true;

	for (unsigned int i = 0; i < nr; i++) {
		unsigned long runs;
		const char *failure = model_search(&scenarios[i], SOUND_RUNS, NULL, &runs);

		printf("%s: %lu runs%s%s\n", scenarios[i].name, runs,
		       failure ? "; in the last: " : "", failure ? failure : "");
		sound = sound && !failure;
	}
	assert_true(sound);
}

/*
 * Whether any scenario detects a weak order. Each scenario gets few runs first,
 * because the one that detects it needs few.
 */
static inline bool is_found_out(const struct model_scenario *scenarios, unsigned int nr,
				const struct model_weakness *weakness)
{
	for (unsigned long runs = 1000; runs <= WEAK_RUNS; runs *= 20) {
		for (unsigned int i = 0; i < nr; i++) {
			unsigned long done;
			const char *failure = model_search(&scenarios[i], runs, weakness, &done);

			if (failure) {
				printf("run %lu of \"%s\": %s\n", done, scenarios[i].name, failure);
				return true;
			}
		}
	}
	printf("NOT FOUND OUT\n");
	return false;
}

static inline void check_each_order_is_needed(const struct model_scenario *scenarios,
					      unsigned int nr)
{
	struct model_weakness list[MAX_WEAKNESSES];
	unsigned int n = model_weaknesses(__start_model_sites, MODEL_NR_SITES, list,
					  MAX_WEAKNESSES),
		     missed = 0;

	assert_in_range(n, 1, MAX_WEAKNESSES);
	for (unsigned int i = 0; i < n; i++) {
		const struct model_site *site = list[i].site;

		printf("%s, line %d, ", site->func, site->line);
		if (list[i].order != site->order)
			printf("%s weakened to %s: ", model_order_name(site->order),
			       model_order_name(list[i].order));
		else
			printf("%s on failure weakened to %s: ", model_order_name(site->failure),
			       model_order_name(list[i].failure));
		missed += !is_found_out(scenarios, nr, &list[i]);
	}
	assert_int_equal(missed, 0);
}

#endif
