/* SPDX-License-Identifier: MIT */
/*
 * gnuplot.c - see gnuplot.h. Script and drawing are files in memory. A pipe
 * could fill up while gnuplot waits for us, and SIGPIPE would kill us if
 * gnuplot ended early.
 */
#include "tools/report/gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/harness/say.h"

extern char **environ;

static int memory_file(void)
{
	return memfd_create("vmastore-report", MFD_CLOEXEC);
}

static bool write_script(int fd, const char *script, size_t len)
{
	while (len) {
		ssize_t done = write(fd, script, len);

		if (done < 0)
			return false;
		script += done;
		len -= (size_t)done;
	}
	return lseek(fd, 0, SEEK_SET) == 0;
}

/* Read the whole file @fd. Return: a text for free(), or NULL. */
static char *read_whole(int fd)
{
	struct stat st;
	char *text;
	size_t len = 0;

	if (fstat(fd, &st) != 0)
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	while (text && len < (size_t)st.st_size) {
		ssize_t got = pread(fd, text + len, (size_t)st.st_size - len, (off_t)len);

		if (got <= 0) {
			free(text);
			return NULL;
		}
		len += (size_t)got;
	}
	if (text)
		text[len] = '\0';
	return text;
}

/*
 * Return: the environment with LC_ALL set to UTF-8, for the micro sign, and to
 * points in numbers, whatever the user's language is.
 */
static char **environment(void)
{
	static char locale[] = "LC_ALL=C.UTF-8";
	size_t nr = 0;
	char **env;

	while (environ[nr])
		nr++;
	env = calloc(nr + 2, sizeof(*env));
	if (!env)
		return NULL;
	env[0] = locale;
	nr = 1;
	for (char **old = environ; *old; old++)
		if (strncmp(*old, "LC_ALL=", strlen("LC_ALL=")) != 0)
			env[nr++] = *old;
	return env;
}

/* Return: 0, -errno, or gnuplot's wait status. */
static int run(int in, int out)
{
	char name[] = "gnuplot", *argv[] = {name, NULL}, **env = environment();
	posix_spawn_file_actions_t files;
	int status = 0, failed;
	pid_t pid;

	if (!env || posix_spawn_file_actions_init(&files) != 0) {
		free(env);
		return -ENOMEM;
	}
	failed = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!failed)
		failed = posix_spawnp(&pid, name, &files, NULL, argv, env);
	posix_spawn_file_actions_destroy(&files);
	free(env);
	while (!failed && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			failed = errno;
	return failed ? -failed : status;
}

char *gnuplot_run(const char *script, size_t len)
{
	int in = memory_file(), out = memory_file();
	char *drawn = NULL;
	int status;

	if (in < 0 || out < 0 || !write_script(in, script, len)) {
		bench_say(stderr, "gnuplot: no room for its script: %s", strerror(errno));
	} else if ((status = run(in, out)) < 0) {
		bench_say(stderr, "gnuplot: %s; is it installed? (Debian: gnuplot-nox)",
			  strerror(-status));
	} else if (status != 0) {
		bench_say(stderr, "gnuplot: ended with status %d",
			  WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	} else {
		drawn = read_whole(out);
		if (!drawn)
			bench_say(stderr, "gnuplot: what it drew cannot be read");
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return drawn;
}
