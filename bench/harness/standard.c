/* SPDX-License-Identifier: MIT */
/* standard.c - see standard.h. */
#include "bench/harness/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"

static const char *name = "";
static bool lost;

static void lose(int err)
{
	if (!lost)
		bench_say(stderr, "%s: standard output: %s", name,
			  err ? strerror(err) : "could not be written");
	lost = true;
}

bool bench_standard_flush(void)
{
	errno = 0;
	/*
	 * An earlier write of a full buffer may have failed; then only the
	 * stream's error mark shows it.
	 */
	if (fflush(stdout) != 0 || ferror(stdout))
		lose(errno);
	return !lost;
}

/* Runs in exit() and closes stdout before libc does so without a check. */
static void end(void)
{
	bool failed = !bench_standard_flush();

	errno = 0;
	if (fclose(stdout) != 0 && !failed)
		lose(errno);
	if (lost)
		_exit(BENCH_EXIT_USAGE);
}

static void occupy_closed(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			/*
			 * open() returns the lowest free number, which is @fd.
			 * It is opened for the wrong direction, so that every
			 * use still fails with EBADF.
			 */
			(void)open("/dev/null",
				   (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

void bench_standard_rename(const char *program)
{
	name = program;
}

void bench_standard_begin(const char *program)
{
	name = program;
	occupy_closed();
	if (atexit(end) != 0) {
		bench_say(stderr, "%s: out of memory", program);
		exit(EXIT_FAILURE);
	}
}
