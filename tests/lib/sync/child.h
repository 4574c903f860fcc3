/* SPDX-License-Identifier: MIT */
/*
 * child.h - run a piece of a test in a child process, to see how it ends and
 * what it says; and a watchdog for tests that can only fail by waiting for
 * ever.
 */
#ifndef TESTS_SYNC_CHILD_H
#define TESTS_SYNC_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A hang ends the program by SIGALRM. Sanitizers and loaded machines are slow:
 * far more than any test takes.
 */
#define WATCHDOG_SECONDS 120

/*
 * Run @fn in a child. Return: whether it stopped by abort() after writing every
 * one of @words (up to NULL) to stderr. The calling process has one thread.
 */
static inline bool child_aborts_saying(void (*fn)(void), const char *const *words)
{
	static char text[8192];
	size_t len = 0;
	ssize_t n;
	int fds[2], status = 0;
	pid_t pid;

	if (pipe(fds))
		return false;
	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0) {
		/* The test framework must not report the signal as its own. */
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		fn();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		return false;
	for (; *words; words++) {
		if (!strstr(text, *words))
			return false;
	}
	return true;
}

#endif
