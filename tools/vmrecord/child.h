/* SPDX-License-Identifier: MIT */
/*
 * child.h - runs another program, and passes on to it what should end it.
 */
#ifndef TOOLS_VMRECORD_CHILD_H
#define TOOLS_VMRECORD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int out;    /* read end of its stdout; -1 unless asked for */
	int errors; /* read end of its stderr; -1 unless asked for */
};

/* The file that execvp() would run for @name, executable by us. */
bool program_exists(const char *name);

/*
 * Starts argv[0], found by PATH. @env NULL: ours. @capture: its stdout and
 * stderr come through child->out and child->errors. From now until
 * child_wait(), SIGTERM and SIGHUP to us are passed on to it; SIGINT is not,
 * since a terminal sends it to both.
 * Return: 0 or -errno.
 */
int child_start(struct child *child, char *const argv[], char *const env[], bool capture);

/* Return: its wait status, or -errno. */
int child_wait(struct child *child);

/* "exit status N" or "signal N (name)", into @buf of 64 bytes; returns it. */
const char *status_text(int status, char *buf);

/* SIGINT, SIGTERM or SIGHUP has come since the last child_start(). */
bool asked_to_end(void);

#endif
