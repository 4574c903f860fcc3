/* SPDX-License-Identifier: MIT */
/* command.c - see command.h. Uses popen(), with both outputs in one string. */
#include "tests/support/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES 4096

static char *read_all(FILE *in)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int c;

	if (!out)
		return NULL;
	while ((c = fgetc(in)) != EOF)
		fputc(c, out);
	fclose(out);
	return text;
}

struct command command_run(const char *format, ...)
{
	struct command done = {.status = -1};
	char line[LINE_MAX_BYTES];
	va_list args;
	int len, status;
	FILE *in;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0 || (size_t)len + sizeof(" 2>&1") > sizeof(line))
		return done;
	snprintf(line + len, sizeof(line) - (size_t)len, " 2>&1");
	in = popen(line, "r");
	if (!in)
		return done;
	done.output = read_all(in);
	status = pclose(in);
	if (WIFEXITED(status))
		done.status = WEXITSTATUS(status);
	return done;
}
