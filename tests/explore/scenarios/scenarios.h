/* SPDX-License-Identifier: MIT */
/*
 * scenarios.h - the scenarios, by name. list.c lists them in the order in which
 * they are run.
 */
#ifndef TESTS_EXPLORE_SCENARIOS_H
#define TESTS_EXPLORE_SCENARIOS_H

#include "tests/explore/explore.h"

#define EXPLORE_SCENARIO(scenario_name, scenario_what, ...)                                        \
	const struct explore_scenario scenario_name = {                                            \
		.name = #scenario_name, .what = scenario_what, __VA_ARGS__}

/* vma_lock.c */
//extern const struct explore_scenario stale_stamp;

/* toy.c: of the explorer itself; see README.md. */
extern const struct explore_scenario toy_sound, toy_lost_update, toy_race, toy_deadlock,
	toy_timeout, toy_store_buffer, toy_light_fence, toy_message, toy_published, toy_freed,
	toy_grace_period, toy_callback, toy_early_free;

#endif
