/* SPDX-License-Identifier: MIT */
/*
 * test_steps.c - the steps that bench/steps counts follow from the structures.
 * A list is walked link by link. A search in a red-black tree visits as many
 * nodes as the depth of the node where it ends, and a walk from node to node
 * follows each edge twice. A search in the maple tree visits one node a level,
 * and the VMA.
 *
 * The first argument is the program's path.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static const char *program;

struct steps {
	double lookup, fork, exit, insert, mean_depth;
	int levels;
};

static struct steps steps_of(const char *structure, unsigned int vmas)
{
	struct command run = command_run("%s --json --vmas=%u", program, vmas);
	struct steps s = {0};
	int found = 0;
	char *rest;

	assert_int_equal(run.status, 0);
	for (char *line = strtok_r(run.output, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		json_t *row = json_loads(line, 0, NULL);
		const char *name;
		int nr;

		assert_non_null(row);
		assert_int_equal(json_unpack(row,
					     "{s:s, s:i, s:f, s:f, s:f, s:f, s:i, s:f, s:{s:s}}",
					     "structure", &name, "vmas", &nr, "lookup", &s.lookup,
					     "fork", &s.fork, "exit", &s.exit, "insert", &s.insert,
					     "levels", &s.levels, "mean_depth", &s.mean_depth,
					     "article", "lookup", &(const char *){NULL}),
				 0);
		assert_int_equal(nr, vmas);
		found = strcmp(name, structure) == 0;
		json_decref(row);
		if (found)
			break;
	}
	free(run.output);
	assert_true(found);
	return s;
}

static void expect(double found, double expected)
{
	if (fabs(found - expected) > 0.001)
		fail_msg("%.3f steps, expected %.3f", found, expected);
}

static void a_list_is_walked_from_its_beginning(void **state)
{
	struct steps s = steps_of("list", 500);

	(void)state;
	expect(s.lookup, 250.5);
	expect(s.fork, 500);
	expect(s.exit, 500);
	assert_true(s.insert > 250);
}

/*
 * In a red-black tree no path is longer than twice the shortest, so there are
 * at most 2 log2(n + 1) levels.
 */
static void expect_balanced(const struct steps *s, unsigned int vmas)
{
	assert_true(s->levels <= 2 * log2(vmas + 1));
	assert_true(s->levels >= log2(vmas + 1));
	expect(s->lookup, s->mean_depth);
	/*
	 * An insertion visits the path down to the place and up again, some
	 * neighbours, and the nodes of a rebalancing that ends after two
	 * rotations.
	 */
	assert_true(s->insert > s->mean_depth);
}

static void a_tree_is_descended_and_its_edges_walked_twice(void **state)
{
	(void)state;
	for (unsigned int vmas = 100; vmas <= 500; vmas += 400) {
		struct steps s = steps_of("tree", vmas);

		expect_balanced(&s, vmas);
		assert_true(s.insert < 3 * s.levels);
		expect(s.fork, 2.0 * vmas - 1);
		expect(s.exit, 2.0 * vmas - 1);
	}
}

static void both_descend_the_tree_and_walk_the_list(void **state)
{
	struct steps s = steps_of("both", 500);

	(void)state;
	expect_balanced(&s, 500);
	/*
	 * The walk descends to the first VMA, then steps from one to the next.
	 */
	assert_true(s.fork >= 500 && s.fork < 500 + s.levels);
	expect(s.exit, s.fork);
}

static void the_maple_tree_costs_a_node_a_level(void **state)
{
	struct steps few = steps_of("maple", 5), many = steps_of("maple", 500);

	(void)state;
	assert_int_equal(few.levels, 1);
	expect(few.lookup, 1 + 1);
	/* Leaves have 15 slots and inner nodes 31, at worst half full. */
	assert_int_equal(many.levels, 3);
	expect(many.lookup, 3 + 1);
	/*
	 * The walk visits each VMA, its leaf again before the next VMA, and
	 * sometimes the path to another leaf.
	 */
	assert_true(many.fork >= 2 * 500 && many.fork <= 3 * 500);
	expect(many.exit, many.fork);
}

static void the_table_stands_beside_the_articles(void **state)
{
	struct command run = command_run("%s", program);

	(void)state;
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.output, "250.5 [250 on average]"));
	assert_non_null(strstr(run.output, "999 [~4500]"));
	free(run.output);
}

static void lost_output_is_an_error(void **state)
{
	static const char *const words[] = {"--vmas=5", "--vmas=5 --json", "--help"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct command run = command_run("(%s %s >/dev/full)", program, words[i]);

		assert_int_equal(run.status, 2);
		assert_string_equal(run.output,
				    "steps: standard output: No space left on device\n");
		free(run.output);
	}
}

static void bad_arguments_are_refused(void **state)
{
	static const char *const bad[] = {"--vmas=0", "--vmas=x", "--nonsense", "word"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct command run = command_run("%s %s", program, bad[i]);

		assert_int_equal(run.status, 2);
		free(run.output);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_walked_from_its_beginning),
		cmocka_unit_test(a_tree_is_descended_and_its_edges_walked_twice),
		cmocka_unit_test(both_descend_the_tree_and_walk_the_list),
		cmocka_unit_test(the_maple_tree_costs_a_node_a_level),
		cmocka_unit_test(the_table_stands_beside_the_articles),
		cmocka_unit_test(lost_output_is_an_error),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s PATH-OF-STEPS\n", argv[0]);
		return 2;
	}
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
