/* SPDX-License-Identifier: MIT */
/*
 * child.h - runs a part of a test in a child process, to check how the child
 * ends and what it prints; and a watchdog for tests that can fail only by
 * hanging.
 */
#ifndef TESTS_SYNC_CHILD_H
#define TESTS_SYNC_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A test that hangs is ended by SIGALRM. The limit is far above any test's
 * time, because sanitizers and loaded machines are slow.
 */
#define WATCHDOG_SECONDS 480

/* In a child process: signals end it, and the test framework hears of none. */
static inline void child_signals(void)
{
	signal(SIGABRT, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
}

/*
 * Runs @fn in a child, which a signal ends if it hangs or crashes. @fn returns
 * 0, or the line that found something wrong, and the child prints that line.
 * Return: whether @fn returned 0.
 */
static inline bool child_succeeds(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		int line;

		child_signals();
		alarm(WATCHDOG_SECONDS / 2);
		line = fn();
		if (line)
			fprintf(stderr, "line %d\n", line);
		_exit(line != 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/*
 * Runs @fn in a child. The calling process must have one thread. Return:
 * whether the child ended by abort() after it wrote every one of @words (up to
 * NULL) to stderr.
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
		/*
		 * The test framework's handler would report the signal as a
		 * failure.
		 */
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
