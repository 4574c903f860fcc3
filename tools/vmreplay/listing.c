/* SPDX-License-Identifier: MIT */
/*
 * listing.c - see listing.h. A line is compared as vms_maps_print() prints it,
 * except for blanks at its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/import.h>

#include "bench/harness/lines.h"
#include "bench/harness/say.h"
#include "tools/vmreplay/listing.h"

struct line {
	char *text;
	unsigned long nr; /* in the file */
};

struct listing {
	struct line *line;
	size_t nr, room;
};

static void trim(char *line)
{
	size_t len = strlen(line);

	while (len && (line[len - 1] == '\n' || line[len - 1] == ' '))
		line[--len] = '\0';
}

static bool append(struct listing *listing, const char *text, unsigned long nr)
{
	if (listing->nr == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 128;
		struct line *grown = realloc(listing->line, room * sizeof(*grown));

		if (!grown)
			return false;
		listing->line = grown;
		listing->room = room;
	}
	listing->line[listing->nr] = (struct line){strdup(text), nr};
	return listing->line[listing->nr++].text != NULL;
}

static bool read_line(struct listing *listing, const struct bench_lines *lines, char *line)
{
	struct vms_maps_line fields;

	trim(line);
	if (vms_maps_line_read(line, strlen(line), &fields)) {
		bench_say(stderr, "%s:%lu: found '%.60s', expected a line of /proc/PID/maps",
			  lines->path, lines->number, line);
		return false;
	}
	if (!strstr(line, "[vsyscall]") && !append(listing, line, lines->number)) {
		bench_say(stderr, "%s:%lu: out of memory", lines->path, lines->number);
		return false;
	}
	return true;
}

static bool read_lines(struct listing *listing, struct bench_lines *lines)
{
	enum bench_line got;
	char *line;

	while ((got = bench_lines_next(lines, &line)) == BENCH_LINE)
		if (!read_line(listing, lines, line))
			return false;
	if (got == BENCH_LINES_BAD)
		bench_say(stderr, "%s:%lu: %s", lines->path, lines->number, lines->why);
	else if (!listing->nr)
		bench_say(stderr, "%s:1: found an empty file, expected a copy of /proc/PID/maps",
			  lines->path);
	return got == BENCH_LINES_END && listing->nr;
}

struct listing *listing_load(const char *path)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	struct bench_lines lines;
	/* The name of a mapped file may hold any byte. */
	int err = bench_lines_open(&lines, path, BENCH_LINES_RAW);
	bool ok = false;

	if (err)
		bench_say(stderr, "%s: %s", path, strerror(-err));
	else if (!listing)
		bench_say(stderr, "%s: out of memory", path);
	else
		ok = read_lines(listing, &lines);
	bench_lines_close(&lines);
	if (ok)
		return listing;
	listing_free(listing);
	return NULL;
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	for (size_t i = 0; i < listing->nr; i++)
		free(listing->line[i].text);
	free(listing->line);
	free(listing);
}

/*
 * Keep the difference between @line and @got, if no other state agreed in more
 * lines. When memory is out, the message is empty, but no result is wrong.
 */
static void note_nearest(struct listing_nearest *nearest, const struct line *line, const char *got)
{
	if (line->nr <= nearest->line)
		return;
	listing_nearest_free(nearest);
	*nearest = (struct listing_nearest){line->nr, strdup(line->text), strdup(got)};
}

static bool equals_text(const struct listing *listing, char *text, struct listing_nearest *nearest)
{
	size_t n = 0;
	char *rest, *got;

	for (got = strtok_r(text, "\n", &rest); got; got = strtok_r(NULL, "\n", &rest)) {
		trim(got);
		if (n == listing->nr)
			return false;
		if (strcmp(got, listing->line[n].text) != 0) {
			note_nearest(nearest, &listing->line[n], got);
			return false;
		}
		n++;
	}
	return n == listing->nr;
}

bool listing_equals(const struct listing *listing, struct mm_struct *mm,
		    struct listing_nearest *nearest)
{
	char *text = NULL;
	size_t size = 0;
	bool equal = false;
	FILE *out;

	/* The number of VMAs rules out most states without any printing. */
	if ((size_t)atomic_load_explicit(&mm->map_count, memory_order_relaxed) != listing->nr)
		return false;
	out = open_memstream(&text, &size);
	if (!out)
		return false;
	if (vms_maps_print(mm, out) == 0 && fclose(out) == 0)
		equal = equals_text(listing, text, nearest);
	free(text);
	return equal;
}

void listing_nearest_free(struct listing_nearest *nearest)
{
	free(nearest->expected);
	free(nearest->got);
	*nearest = (struct listing_nearest){0};
}
