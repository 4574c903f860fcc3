/* SPDX-License-Identifier: MIT */
/* say.c - see say.h. */
#include "bench/harness/say.h"

#include <stdlib.h>
#include <string.h>

#define ESCAPE_LEN 4UL /* \xNN */

int bench_is_control(const char *at)
{
	unsigned char c = (unsigned char)*at;

	if (c == 0xc2 && ((unsigned char)at[1] & 0xe0) == 0x80)
		return 2;
	return c && (c < ' ' || c == 0x7f);
}

static void put_escaped(FILE *out, const char *text)
{
	while (*text) {
		int bytes = bench_is_control(text);

		if (!bytes)
			fputc(*text++, out);
		for (; bytes; bytes--)
			fprintf(out, "\\x%02x", (unsigned char)*text++);
	}
}

void bench_vsay(FILE *out, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	put_escaped(out, text ? text : "out of memory while a message was written");
	fputc('\n', out);
	free(text);
}

void bench_say(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bench_vsay(out, format, args);
	va_end(args);
}

const char *bench_shown(const char *text, char buf[BENCH_SHOWN_MAX])
{
	const size_t most = BENCH_SHOWN_MAX - sizeof("...") - 2 * ESCAPE_LEN;
	size_t len = 0;

	while (*text && len < most) {
		int bytes = bench_is_control(text);

		if (!bytes)
			buf[len++] = *text++;
		for (; bytes; bytes--)
			len += (size_t)snprintf(buf + len, ESCAPE_LEN + 1, "\\x%02x",
						(unsigned char)*text++);
	}
	snprintf(buf + len, BENCH_SHOWN_MAX - len, "%s", *text ? "..." : "");
	return buf;
}
