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
extern const struct explore_scenario stale_stamp, settle, reborn, lock_vma, replace_vma, move_vma;

/* bias.c */
extern const struct explore_scenario bias_protect, bias_unmap, other_mm_vma;

/* cache.c */
extern const struct explore_scenario cache_barrier;

/* rwsem.c */
extern const struct explore_scenario rwsem_timed, rwsem_timed_reader, rwsem_downgrade,
	rwsem_downgrade_reader, rwsem_downgrade_two;

/* maple.c */
extern const struct explore_scenario maple_next_leaf, maple_prev_leaf, maple_split_begin,
	maple_split_end, maple_split_middle;

/* fault.c */
extern const struct explore_scenario fault_munmap, fault_other, fault_mprotect, fault_truncate,
	first_anon_vma, same_page, fork_truncate, fork_write, held_page, mkwrite_zap, note_zap,
	stack_map, stack_unmap, stack_twice;

/* file.c */
extern const struct explore_scenario truncate_twice, truncate_longer, punch_second, revoke_fault,
	rmap_recycled, rmap_split, mm_next_fork;

/* toy.c: of the explorer itself; see README.md. */
extern const struct explore_scenario toy_sound, toy_lost_update, toy_race, toy_published,
	toy_deadlock, toy_timeout, toy_store_buffer, toy_light_fence, toy_message, toy_freed,
	toy_grace_period, toy_callback, toy_early_free;

#endif
