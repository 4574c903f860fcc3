/* SPDX-License-Identifier: MIT */
/*
 * audit.h - every reference count of a world against what refers: pages,
 * anon_vmas, files, their contents; and every object that is alive against who
 * has it. What one operation leaks shows at once, and not only when the world
 * ends.
 */
#ifndef TESTS_SWEEP_AUDIT_H
#define TESTS_SWEEP_AUDIT_H

#include <stdio.h>

#include "tests/sweep/state.h"

/*
 * @state: of @world, the only one there is. Return: how many counts are wrong,
 * each printed to @why.
 */
int audit(struct world *world, const struct state *state, FILE *why);

#endif
