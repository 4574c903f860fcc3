/* SPDX-License-Identifier: MIT */
/* escape.c - see escape.h. */
#include "tools/report/escape.h"

#include "bench/harness/say.h"

void report_escape(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(bench_is_control(text) ? '?' : *text, out);
		}
}
