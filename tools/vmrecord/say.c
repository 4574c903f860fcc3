/* SPDX-License-Identifier: MIT */
/*
 * say.c - messages and the progress line.
 */
#include "tools/vmrecord/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool line_is_open;

void progress_end(void)
{
	if (line_is_open)
		fputs("\r\033[K", stderr);
	line_is_open = false;
}

void say(const char *format, ...)
{
	va_list args;

	progress_end();
	fputs("vmrecord: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void progress(const char *format, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	fputs("\r\033[Kvmrecord: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fflush(stderr);
	line_is_open = true;
}
