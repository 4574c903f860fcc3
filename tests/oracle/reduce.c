/* SPDX-License-Identifier: MIT */
/* reduce.c - see reduce.h. Runs both sides for every candidate script. */
#include "tests/oracle/reduce.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 4096

/* A script as lines, some of which were removed. */
struct lines {
	const struct sides *sides;
	const char *engine;
	size_t nr;
	/* [0] is `script ...`; each line ends at its newline, without a NUL */
	const char *line[LINES_MAX];
};

static void split(struct lines *lines, const char *script)
{
	for (lines->nr = 0; *script && lines->nr < LINES_MAX; lines->nr++) {
		const char *newline = strchr(script, '\n');

		lines->line[lines->nr] = script;
		script = newline ? newline + 1 : script + strlen(script);
	}
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

/*
 * Return the text without the lines [from, from + nr); the caller must free it.
 */
static char *join(const struct lines *lines, size_t from, size_t nr)
{
	size_t size = 1, len = 0;
	char *text;

	for (size_t i = 0; i < lines->nr; i++)
		size += line_length(lines->line[i]) + 1;
	text = malloc(size);
	if (!text)
		abort();
	for (size_t i = 0; i < lines->nr; i++) {
		if (i >= from && i < from + nr)
			continue;
		memcpy(text + len, lines->line[i], line_length(lines->line[i]));
		len += line_length(lines->line[i]);
		text[len++] = '\n';
	}
	text[len] = '\0';
	return text;
}

/* @kernel and @engine must outlive the verdict, which points into them. */
static struct verdict judge(const struct lines *lines, const char *text, struct output *kernel,
			    struct output *engine)
{
	struct cursor cursor;

	*kernel = sides_kernel(lines->sides, text, strlen(text));
	*engine = sides_engine(lines->sides, lines->engine, text, strlen(text));
	cursor = (struct cursor){kernel->text, engine->text};
	return sides_compare(&cursor);
}

/*
 * Whether the sides differ without those lines. *@same: the operations before
 * the first that differs.
 */
static bool differs_without(const struct lines *lines, size_t from, size_t nr, size_t *same)
{
	char *text = join(lines, from, nr);
	struct output kernel, engine;
	struct verdict v = judge(lines, text, &kernel, &engine);
	/* If the kernel's side broke off, the difference proves nothing. */
	bool differs = v.differs && kernel.status == 0;

	/*
	 * A program that broke off has lost a part of its output, so it came
	 * further than the output shows.
	 */
	*same = engine.status ? lines->nr : v.same;
	output_free(&kernel);
	output_free(&engine);
	free(text);
	return differs;
}

static void leave_out(struct lines *lines, size_t from, size_t nr)
{
	memmove(&lines->line[from], &lines->line[from + nr],
		(lines->nr - from - nr) * sizeof(lines->line[0]));
	lines->nr -= nr;
}

/* Remove the lines after the first difference, which do not matter. */
static void cut_end(struct lines *lines, size_t same)
{
	if (same + 2 < lines->nr)
		lines->nr = same + 2;
}

static bool try_pieces(struct lines *lines, size_t piece)
{
	bool smaller = false;
	size_t same;

	/* Go from the end, because late lines depend on early ones. */
	for (size_t end = lines->nr; end > 1;) {
		size_t from = end - 1 > piece ? end - piece : 1;

		if (differs_without(lines, from, end - from, &same)) {
			leave_out(lines, from, end - from);
			cut_end(lines, same);
			smaller = true;
		}
		end = from < lines->nr ? from : lines->nr;
	}
	return smaller;
}

static void print_part(const char *title, const char *text, size_t len, FILE *out)
{
	const char *end = text + len;

	fprintf(out, "%s:\n", title);
	if (!len)
		fprintf(out, "    (nothing)\n");
	for (; text < end; text += line_length(text) + 1)
		fprintf(out, "    %.*s\n", (int)line_length(text), text);
}

void reduce_and_print(const struct sides *sides, const char *engine, const char *script, FILE *out)
{
	struct lines *lines = malloc(sizeof(*lines));
	struct output kernel, other;
	struct verdict v;
	size_t same, before;
	char *text;

	if (!lines)
		abort();
	lines->sides = sides;
	lines->engine = engine;
	split(lines, script);
	before = lines->nr - 1;
	if (differs_without(lines, 0, 0, &same)) {
		cut_end(lines, same);
		for (size_t piece = lines->nr / 2; piece > 0;
		     piece = piece > 1 ? piece / 2 : try_pieces(lines, 1))
			try_pieces(lines, piece);
		fprintf(out, "reduced from %zu operations to %zu:\n", before, lines->nr - 1);
	} else {
		fprintf(out, "by itself the script does not differ:\n");
	}
	text = join(lines, 0, 0);
	v = judge(lines, text, &kernel, &other);
	print_part("script", text, strlen(text), out);
	if (v.differs) {
		print_part("kernel", v.at.kernel, v.kernel_len, out);
		print_part(engine, v.at.engine, v.engine_len, out);
	}
	if (other.status)
		fprintf(out, "vmreplay ended with %d\n", other.status);
	output_free(&kernel);
	output_free(&other);
	free(text);
	free(lines);
}
