/* SPDX-License-Identifier: MIT */
/*
 * assert.c - the message and the abort behind the checks, and the warning that
 * does not abort. Read first: lib/sync/assert.h.
 */
#include "lib/sync/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Each message is one call of stdio, so that lines of several threads do not
 * mix.
 */
#define WARN_MAX 512

_Noreturn void vms__assert_failed(const char *file, int line, const char *func, const char *what)
{
	fprintf(stderr, "vmastore: %s:%d: %s: %s\n", file, line, func, what);
	abort();
}

void vms__warn(const char *fmt, ...)
{
	char text[WARN_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "vmastore: %s\n", text);
}
