/* SPDX-License-Identifier: MIT */
/*
 * sides.c - see sides.h. Input and outputs are memfds, so that neither program
 * can block the other.
 */
#include "tests/oracle/sides.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static int input_fd(const char *text, size_t len)
{
	int fd = memfd_create("script", MFD_CLOEXEC);

	if (fd < 0 || (len && pwrite(fd, text, len, 0) != (ssize_t)len))
		fail("memfd");
	return fd;
}

static int run(char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	int err, status, pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		errno = err;
		fail(argv[0]);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct output read_output(int fd)
{
	struct output output = {0};
	struct stat st;

	if (fstat(fd, &st))
		fail("fstat");
	output.len = (size_t)st.st_size;
	output.text = malloc(output.len + 1);
	if (!output.text || pread(fd, output.text, output.len, 0) != (ssize_t)output.len)
		fail("output");
	output.text[output.len] = '\0';
	return output;
}

static struct output run_on(char *const *argv, const char *script, size_t len)
{
	int in = input_fd(script, len), out = memfd_create("output", MFD_CLOEXEC), status;
	struct output output;

	if (out < 0)
		fail("memfd");
	status = run(argv, in, out);
	output = read_output(out);
	output.status = status;
	close(in);
	close(out);
	return output;
}

struct output sides_kernel(const struct sides *sides, const char *script, size_t len)
{
	char *argv[] = {(char *)sides->oracle, "--flags",
			sides->no_zero_page ? "--no-zero-page" : NULL, NULL};

	return run_on(argv, script, len);
}

struct output sides_engine(const struct sides *sides, const char *engine, const char *script,
			   size_t len)
{
	char engine_option[64], rules_option[SIDES_RULES_MAX + 16];
	char *argv[] = {(char *)sides->vmreplay, "ops", "-", "--flags", rules_option,
			engine_option,           NULL};

	snprintf(engine_option, sizeof(engine_option), "--engine=%s", engine);
	snprintf(rules_option, sizeof(rules_option), "--rules=%s", sides->rules);
	return run_on(argv, script, len);
}

void output_free(struct output *output)
{
	free(output->text);
	output->text = NULL;
}

/* ---- comparing ---- */

static const char *next_line(const char *text)
{
	const char *newline = strchr(text, '\n');

	return newline ? newline + 1 : text + strlen(text);
}

static bool at_script(const char *text)
{
	return strncmp(text, "script ", 7) == 0;
}

/*
 * The length of the operation at @text: up to the next operation, the next
 * script, or the end.
 */
static size_t op_length(const char *text)
{
	const char *end = text;

	do {
		end = next_line(end);
	} while (*end && *end != '#' && !at_script(end));
	return (size_t)(end - text);
}

static const char *skip_script(const char *text)
{
	while (*text && !at_script(text))
		text = next_line(text);
	return text;
}

struct verdict sides_compare(struct cursor *c)
{
	struct verdict v = {0};

	if (at_script(c->kernel))
		c->kernel = next_line(c->kernel);
	if (at_script(c->engine))
		c->engine = next_line(c->engine);
	while (*c->kernel == '#' || *c->engine == '#') {
		v.kernel_len = *c->kernel == '#' ? op_length(c->kernel) : 0;
		v.engine_len = *c->engine == '#' ? op_length(c->engine) : 0;
		if (v.kernel_len != v.engine_len ||
		    memcmp(c->kernel, c->engine, v.kernel_len) != 0) {
			v.differs = true;
			v.at = *c;
			break;
		}
		c->kernel += v.kernel_len;
		c->engine += v.engine_len;
		v.same++;
	}
	c->kernel = skip_script(c->kernel);
	c->engine = skip_script(c->engine);
	return v;
}
