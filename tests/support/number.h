/* SPDX-License-Identifier: MIT */
/*
 * number.h - reads a number from a test's environment, such as the seed of a
 * run to repeat.
 */
#ifndef TESTS_SUPPORT_NUMBER_H
#define TESTS_SUPPORT_NUMBER_H

/**
 * number_of_variable() - The number in the environment variable @name, in
 * [least, most]; @otherwise if it is not set. Any other text ends the program
 * with status 2 and a line that says what was expected, because a mistyped seed
 * must not run as seed 0.
 */
unsigned long number_of_variable(const char *name, unsigned long least, unsigned long most,
				 unsigned long otherwise);

#endif
