/* SPDX-License-Identifier: MIT */
/* stage.c - see stage.h. Uses static buffers and raw writes only. */
#include "tests/oracle/stage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAY_MAX 1024

struct stage *stage;

void stage_create(void)
{
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (stage == MAP_FAILED)
		cannot("no memory: %s", strerror(errno));
}

static void lose_output(void)
{
	int err = errno;

	/*
	 * Drop the pending output before the message, because it cannot be
	 * written.
	 */
	stage->out_len = 0;
	if (stage->trouble != STAGE_LOST)
		complain("oracle: standard output: %s", strerror(err));
	stage->trouble = STAGE_LOST;
}

/* Return: false if the disk is full, or if the reader has closed the pipe. */
static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

void stage_flush(void)
{
	if (!write_all(STDOUT_FILENO, stage->out, stage->out_len))
		lose_output();
	stage->out_len = 0;
}

void say(const char *format, ...)
{
	va_list args;
	int len;

	if (STAGE_OUT_MAX - stage->out_len < SAY_MAX)
		stage_flush();
	va_start(args, format);
	len = vsnprintf(stage->out + stage->out_len, SAY_MAX, format, args);
	va_end(args);
	stage->out_len += len < SAY_MAX ? (size_t)len : SAY_MAX - 1;
}

static void complain_va(const char *format, va_list args)
{
	char text[SAY_MAX];
	int len = vsnprintf(text, sizeof(text) - 1, format, args);

	if (stage && stage != MAP_FAILED)
		stage_flush();
	if (len > (int)sizeof(text) - 2)
		len = sizeof(text) - 2;
	/*
	 * Replace control characters of a script, which a terminal would obey.
	 */
	for (int i = 0; i < len; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = '?';
	text[len] = '\n';
	/* a failure of this write cannot be reported */
	(void)write_all(STDERR_FILENO, text, (size_t)len + 1);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_va(format, args);
	va_end(args);
}

void cannot(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_va(format, args);
	va_end(args);
	_exit(EXIT_CANNOT);
}
