/* SPDX-License-Identifier: MIT */
/* say.c - see say.h. */
#include "tools/vmrecord/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/harness/say.h"

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
	char *text = NULL;

	progress_end();
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	bench_say(stderr, "vmrecord: %s", text ? text : "out of memory");
	free(text);
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
