/* SPDX-License-Identifier: MIT */
/*
 * command.h - runs a program and keeps what it printed and how it ended, for
 * tests of programs.
 */
#ifndef TESTS_SUPPORT_COMMAND_H
#define TESTS_SUPPORT_COMMAND_H

#include <stddef.h>

struct command {
	int status;   /* exit status; -1: could not be run, or ended by a signal */
	char *output; /* standard output and standard error together; to be freed */
};

/** command_run() - Have the shell run the printf-formatted command line. */
struct command command_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
