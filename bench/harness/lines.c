/* SPDX-License-Identifier: MIT */
/* lines.c - see lines.h. judge() decides which lines are refused. */
#include "bench/harness/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/say.h"

int bench_lines_open(struct bench_lines *lines, const char *path, enum bench_lines_kind kind)
{
	*lines = (struct bench_lines){.path = path, .kind = kind};
	lines->in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	return lines->in ? 0 : -errno;
}

void bench_lines_close(struct bench_lines *lines)
{
	if (lines->in && lines->in != stdin)
		fclose(lines->in);
	free(lines->text);
	lines->in = NULL;
	lines->text = NULL;
}

static enum bench_line bad(struct bench_lines *lines, const char *why)
{
	snprintf(lines->why, sizeof(lines->why), "%s", why);
	return BENCH_LINES_BAD;
}

static bool have_room(struct bench_lines *lines, size_t len)
{
	size_t room = lines->room ? 2 * lines->room : 256;
	char *grown;

	if (len < lines->room)
		return true;
	grown = realloc(lines->text, room);
	if (!grown)
		return false;
	lines->text = grown;
	lines->room = room;
	return true;
}

/*
 * Whether a control character that this kind of file must not hold is at @at.
 */
static bool is_foreign(const struct bench_lines *lines, const char *at)
{
	return lines->kind == BENCH_LINES_TEXT && *at != '\t' && bench_is_control(at);
}

static enum bench_line judge(struct bench_lines *lines, size_t len)
{
	if (len && lines->text[len - 1] == '\r')
		len--;
	lines->text[len] = '\0';
	if (strlen(lines->text) != len)
		return bad(lines, "found a zero byte, expected text");
	for (const char *at = lines->text; *at; at++)
		if (is_foreign(lines, at)) {
			snprintf(lines->why, sizeof(lines->why),
				 "found the control character 0x%02x, expected text",
				 (unsigned char)*at);
			return BENCH_LINES_BAD;
		}
	return BENCH_LINE;
}

enum bench_line bench_lines_next(struct bench_lines *lines, char **line)
{
	size_t len = 0;
	int c;

	lines->number++;
	errno = 0;
	while ((c = getc(lines->in)) != EOF && c != '\n') {
		if (len == BENCH_LINE_MAX)
			return bad(lines,
				   "found a line of more than 1 MiB, expected a shorter one");
		if (!have_room(lines, len + 1))
			return bad(lines, "out of memory");
		lines->text[len++] = (char)c;
	}
	/*
	 * ISO C sets one of the two marks at EOF. If a libc sets neither,
	 * report an error rather than an end.
	 */
	if (c == EOF && (ferror(lines->in) || !feof(lines->in)))
		return bad(lines, errno ? strerror(errno) : "cannot be read further");
	if (c == EOF && len == 0)
		return BENCH_LINES_END;
	if (!have_room(lines, len))
		return bad(lines, "out of memory");
	*line = lines->text;
	return judge(lines, len);
}
