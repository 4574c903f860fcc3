/* SPDX-License-Identifier: MIT */
/*
 * child.c - see child.h: one child process at a time.
 *
 * The signal handler reads one word, the child's pid. It is set while the child
 * runs, and cleared after the wait.
 */
#include "tools/vmrecord/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile sig_atomic_t child_pid;
static volatile sig_atomic_t ending;

static void pass_on(int signal)
{
	int saved = errno;

	ending = 1;
	if (child_pid > 0 && signal != SIGINT)
		kill((pid_t)child_pid, signal);
	errno = saved;
}

static void catch_signals(void)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = pass_on};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaction(caught[i], &action, NULL);
}

bool asked_to_end(void)
{
	return ending;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

bool program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (strchr(name, '/'))
		return is_program(name);
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t len = strcspn(path, ":");

		if ((size_t)snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name) <
			    sizeof(file) &&
		    is_program(file))
			return true;
		path += len;
	}
	return false;
}

/* Make a pipe; both ends are closed in a child that runs another program. */
static int make_pipe(int *read_end, int *write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	*read_end = ends[0];
	*write_end = ends[1];
	return 0;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(struct child *child, char *const argv[], char *const env[], int out, int errors)
{
	posix_spawn_file_actions_t files;
	int failed = posix_spawn_file_actions_init(&files);

	if (failed)
		return -failed;
	if (out >= 0)
		failed = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!failed && errors >= 0)
		failed = posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
	if (!failed)
		failed =
			posix_spawnp(&child->pid, argv[0], &files, NULL, argv, env ? env : environ);
	posix_spawn_file_actions_destroy(&files);
	return -failed;
}

int child_start(struct child *child, char *const argv[], char *const env[], bool capture)
{
	int out = -1, errors = -1, failed = 0;

	*child = (struct child){.out = -1, .errors = -1};
	catch_signals();
	ending = 0;
	if (capture) {
		failed = make_pipe(&child->out, &out);
		if (!failed)
			failed = make_pipe(&child->errors, &errors);
	}
	if (!failed)
		failed = spawn(child, argv, env, out, errors);
	close_end(&out);
	close_end(&errors);
	if (failed) {
		close_end(&child->out);
		close_end(&child->errors);
		return failed;
	}
	child_pid = child->pid;
	return 0;
}

int child_wait(struct child *child)
{
	int status, failed = 0;

	while (waitpid(child->pid, &status, 0) < 0) {
		if (errno != EINTR) {
			failed = -errno;
			break;
		}
	}
	child_pid = 0;
	close_end(&child->out);
	close_end(&child->errors);
	return failed ? failed : status;
}

const char *status_text(int status, char *buf)
{
	if (WIFSIGNALED(status))
		snprintf(buf, 64, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(buf, 64, "exit status %d", WEXITSTATUS(status));
	return buf;
}
