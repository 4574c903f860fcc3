/* SPDX-License-Identifier: MIT */
/*
 * test_places.c - the accesses of a reverse-map walk grow about as the number
 * of places does. Symptom: with 4 times the places, the walk took 16 times as
 * long. Cause: each place was compared with all places found before it.
 *
 * The first argument is the path of bench/steps/places, which counts accesses
 * to memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static const char *program;

static unsigned long accesses(const char *output, const char *kind, unsigned int places)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "%s %u ", kind, places);
	at = strstr(output, line);
	assert_non_null(at);
	return strtoul(at + strlen(line), NULL, 10);
}

static void steps_grow_with_the_number_of_places(void **state)
{
	static const char *const kinds[] = {"children", "mappings"};
	struct command run = command_run("%s 250 1000", program);

	(void)state;
	assert_int_equal(run.status, 0);
	for (size_t i = 0; i < 2; i++) {
		unsigned long few = accesses(run.output, kinds[i], 250),
			      many = accesses(run.output, kinds[i], 1000);

		print_message("%s: %lu accesses for 250 places, %lu for 1000\n", kinds[i], few,
			      many);
		assert_true(few > 250);
		/*
		 * Four times as many are expected, or with the steps of a sort
		 * 4 * log 1000 / log 250 = 5 times; the bug made it 16 times.
		 */
		assert_true(many < 6 * few);
	}
	free(run.output);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_grow_with_the_number_of_places),
	};

	if (argc < 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
