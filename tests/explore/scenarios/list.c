/* SPDX-License-Identifier: MIT */
/*
 * list.c - the list of scenarios. To add one: README.md.
 */
#include "tests/explore/scenarios/scenarios.h"

const struct explore_scenario *const explore_scenarios[] = {
	&stale_stamp,
	&settle,
	&reborn,
	&lock_vma,
	&replace_vma,
	&rwsem_timed,
	&rwsem_timed_reader,
	&rwsem_downgrade,
	&rwsem_downgrade_two,
	&maple_next_leaf,
	&maple_prev_leaf,
	&maple_split_begin,
	&maple_split_end,
	&maple_split_middle,
	&fault_munmap,
	&fault_other,
	&fault_mprotect,
	&fault_truncate,
	&first_anon_vma,
	&same_page,
	&fork_truncate,
	&fork_write,
	&toy_sound,
	&toy_lost_update,
	&toy_race,
	&toy_published,
	&toy_deadlock,
	&toy_timeout,
	&toy_store_buffer,
	&toy_light_fence,
	&toy_message,
	&toy_freed,
	&toy_grace_period,
	&toy_callback,
	&toy_early_free,
	NULL,
};
