/* SPDX-License-Identifier: MIT */
/*
 * list.c - the list of scenarios. To add one: README.md.
 */
#include "tests/explore/scenarios/scenarios.h"

const struct explore_scenario *const explore_scenarios[] = {
	&toy_sound,        &toy_lost_update,  &toy_race,        &toy_published, &toy_deadlock,
	&toy_timeout,      &toy_store_buffer, &toy_light_fence, &toy_message,   &toy_freed,
	&toy_grace_period, &toy_callback,     &toy_early_free,  NULL,
};
