/* SPDX-License-Identifier: MIT */
/*
 * command.h - runs a program and keeps its output and its exit status, for
 * tests of programs. One thread at a time.
 */
#ifndef TESTS_SUPPORT_COMMAND_H
#define TESTS_SUPPORT_COMMAND_H

#include <stddef.h>

struct command {
	/* exit status; -1: it could not run, or a signal ended it */
	int status;
	/* standard output and error together; the caller must free it */
	char *output;
};

/**
 * command_run() - Let the shell run the printf-formatted command line.
 */
struct command command_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
