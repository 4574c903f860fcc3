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
static int write_error; /* of the first write that failed; 0: none, or unknown */

static void lose(int err)
{
	if (!lost)
		bench_say(stderr, "%s: standard output: %s", name,
			  err ? strerror(err) : "could not be written");
	lost = true;
}

/*
 * An earlier write of a full buffer may have failed. That leaves a mark on the
 * stream, but no reason, and perhaps nothing that a flush would try to write.
 */
bool bench_standard_flush(void)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout))
		lose(write_error ? write_error : errno);
	return !lost;
}

/* Runs in exit() and closes stdout before libc does so without a check. */
static void end(void)
{
	bool failed = !bench_standard_flush();

	errno = 0;
	if (fclose(stdout) != 0 && !failed)
		lose(write_error ? write_error : errno);
	if (lost)
		_exit(BENCH_EXIT_USAGE);
}

/*
 * stdio writes whenever its buffer is full, and what the program does next
 * overwrites errno. So the reason is noted where the write is made. That takes
 * a stream of our own in the place of stdout, which the GNU C library allows;
 * elsewhere a reason that a flush does not find again stays unknown.
 */
#ifdef __GLIBC__
static ssize_t write_noting_errors(void *cookie, const char *text, size_t size)
{
	size_t done = 0;

	(void)cookie;
	while (done < size) {
		ssize_t n = write(STDOUT_FILENO, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (!write_error)
				write_error = errno;
			break;
		}
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int close_standard(void *cookie)
{
	(void)cookie;
	return close(STDOUT_FILENO);
}

/* Return: false if memory is out. */
static bool note_errors(void)
{
	FILE *noting = fopencookie(NULL, "w",
				   (cookie_io_functions_t){
					   .write = write_noting_errors,
					   .close = close_standard,
				   });

	if (!noting)
		return false;
	/* A terminal shows each line at once, as with stdio's own stream. */
	if (isatty(STDOUT_FILENO))
		(void)setvbuf(noting, NULL, _IOLBF, BUFSIZ);
	stdout = noting;
	return true;
}
#else
static bool note_errors(void)
{
	return true;
}
#endif

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
	if (!note_errors() || atexit(end) != 0) {
		bench_say(stderr, "%s: out of memory", program);
		exit(EXIT_FAILURE);
	}
}
