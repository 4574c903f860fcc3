/* SPDX-License-Identifier: MIT */
/*
 * main.c - runs Linux's test of its maple tree, compiled as a module against
 * vmastore's header (run, shim/), and has the last word: how many checks were
 * excluded, and whether all others passed.
 *
 * Exit: 0 all passed; 1 some did not, or there were none.
 */
#include <stdio.h>

#include <vmastore/maple_tree.h>

#include "tests/lib/maple/kernel/excluded.h"

/* What module_init() and module_exit() make: shim/linux/module.h. */
int run_module(void);
void end_module(void);

static unsigned int nr_excluded;

void note_excluded(const char *func, const char *check)
{
	nr_excluded++;
	fprintf(stderr, "excluded, for it asks for Linux's node layout: %s: %s\n", func, check);
}

int main(void)
{
	int err = run_module();

	end_module();
	printf("%u checks, %u passed, %u excluded\n", maple_tree_tests_run, maple_tree_tests_passed,
	       nr_excluded);
	return err || !maple_tree_tests_run || maple_tree_tests_run != maple_tree_tests_passed;
}
