/* SPDX-License-Identifier: MIT */
/*
 * main.c - runs Linux's test of its maple tree, which is compiled as a module
 * against vmastore's header (run, shim/). The last line it prints says how many
 * checks ran, passed and were excluded.
 *
 * Exit: 0 if all passed; 1 if some did not, or if there were none.
 */
#include <stdio.h>

#include <vmastore/maple_tree.h>

#include "tests/lib/maple/kernel/excluded.h"

/* module_init() and module_exit() of shim/linux/module.h define these. */
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
