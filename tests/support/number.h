/* SPDX-License-Identifier: MIT */
/*
 * number.h - a number that a test takes from its environment, such as the seed
 * of a run that is to be repeated.
 */
#ifndef TESTS_SUPPORT_NUMBER_H
#define TESTS_SUPPORT_NUMBER_H

/**
 * number_of_variable() - The number in the environment variable @name, in
 * [least, most]; @otherwise if it is not set. A mistyped seed must not run as
 * seed 0: anything else ends the program with status 2 and a line that says
 * what was expected.
 */
unsigned long number_of_variable(const char *name, unsigned long least, unsigned long most,
				 unsigned long otherwise);

#endif
