/* SPDX-License-Identifier: MIT */
/* test_seed.c - a mistyped seed ends a test; it does not run as seed 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/number.h"

/*
 * Return the exit status of a process that reads the variable with the value
 * @text.
 */
static int status_with(const char *text)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setenv("TEST_NUMBER", text, 1);
		_exit(number_of_variable("TEST_NUMBER", 0, 10, 7) == 5 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void only_a_number_is_a_seed(void **state)
{
	static const char *const bad[] = {"",   "x",   "5x", " 5",
					  "-5", "0x5", "11", "18446744073709551621"};

	(void)state;
	unsetenv("TEST_NUMBER");
	assert_int_equal(number_of_variable("TEST_NUMBER", 0, 10, 7), 7);
	assert_int_equal(status_with("5"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(status_with(bad[i]), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_number_is_a_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
