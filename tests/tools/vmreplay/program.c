/* SPDX-License-Identifier: MIT */
/*
 * program.c - see program.h.
 */
#include "tests/tools/vmreplay/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

const char *const program_engines[] = {"rbtree", "maple", "maple-vma", NULL};
const char *const program_recordings[] = {"chromium", "gcc",    "git",    "java",
					  "mariadb",  "memory", "node",   "postgres",
					  "python",   "sh",     "sqlite", NULL};

static const char *program;

int program_init(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s PATH-OF-VMREPLAY\n", argv[0]);
		return 2;
	}
	program = argv[1];
	return 0;
}

const char *program_run(int status, const char *format, ...)
{
	static struct command last;
	char words[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	free(last.output);
	last = command_run("{ %s %s; }", program, words);
	assert_non_null(last.output);
	if (last.status != status)
		fail_msg("vmreplay %s: exit %d, expected %d\n%.2000s", words, last.status, status,
			 last.output);
	return last.output;
}

void program_expect(const char *output, const char *part)
{
	if (!strstr(output, part))
		fail_msg("expected '%s' in:\n%.4000s", part, output);
}

void program_expect_none(const char *output, const char *part)
{
	if (strstr(output, part))
		fail_msg("did not expect '%s' in:\n%.4000s", part, output);
}

void program_expect_text(const char *output, const char *expected, const char *what)
{
	unsigned long line = 1;
	size_t start = 0;

	if (strcmp(output, expected) == 0)
		return;
	for (size_t i = 0; output[i] && output[i] == expected[i]; i++)
		if (output[i] == '\n') {
			start = i + 1;
			line++;
		}
	fail_msg("%s: line %lu of the output is '%.*s', expected '%.*s'", what, line,
		 (int)strcspn(output + start, "\n"), output + start,
		 (int)strcspn(expected + start, "\n"), expected + start);
}

char *program_file(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t len;

	if (!in)
		fail_msg("%s cannot be opened", path);
	len = getdelim(&text, &room, '\0', in);
	fclose(in);
	assert_true(len > 0);
	return text;
}
