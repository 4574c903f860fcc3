/* SPDX-License-Identifier: MIT */
/*
 * child.h - runs another program, and passes on to it the signals that should
 * end it.
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

/* Whether execvp() would find a file for @name that we may execute. */
bool program_exists(const char *name);

/*
 * Start argv[0], which is searched in PATH. @env: NULL: our environment.
 * @capture: the caller reads its stdout and stderr from child->out and
 * child->errors. Until child_wait(), a SIGTERM or SIGHUP to us is passed on to
 * the child; SIGINT is not, because a terminal sends it to both.
 * Return: 0 or -errno.
 */
int child_start(struct child *child, char *const argv[], char *const env[], bool capture);

/* Wait for the child's end. Return: its wait status, or -errno. */
int child_wait(struct child *child);

/* Print "exit status N" or "signal N (name)" into @buf, 64 bytes; return it. */
const char *status_text(int status, char *buf);

/* Whether we got SIGINT, SIGTERM or SIGHUP since the last child_start(). */
bool asked_to_end(void);

#endif
