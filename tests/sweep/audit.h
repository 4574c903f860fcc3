/* SPDX-License-Identifier: MIT */
/*
 * audit.h - compares every reference count of a world (pages, anon_vmas, files,
 * their contents) with the references that exist, and every live object with
 * its owners. A leak of one operation is reported at once, not only when the
 * world ends.
 */
#ifndef TESTS_SWEEP_AUDIT_H
#define TESTS_SWEEP_AUDIT_H

#include <stdio.h>

#include "tests/sweep/state.h"

/*
 * @state: the state of @world, the only world of the program.
 * Return: the number of wrong counts, each printed to @why.
 */
int audit(struct world *world, const struct state *state, FILE *why);

#endif
