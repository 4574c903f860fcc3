/* SPDX-License-Identifier: MIT */
/* listing.c - see listing.h. A line is compared as vms_maps_print() prints it, blanks at its end aside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool is_maps_line(const char *line)
{
	unsigned long start, end, offset, ino;
	unsigned int major, minor;
	char perms[8];

	return sscanf(line, "%lx-%lx %4s %lx %x:%x %lu", &start, &end, perms, &offset, &major, &minor, &ino) == 7 &&
	       strspn(perms, "rwxps-") == 4 && start < end;
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

static bool read_lines(struct listing *listing, FILE *in, const char *path, char *error, size_t size)
{
	char *line = NULL;
	size_t room = 0;
	bool ok = true;

	for (unsigned long n = 1; ok && getline(&line, &room, in) > 0; n++) {
		trim(line);
		if (!is_maps_line(line)) {
			snprintf(error, size, "%s:%lu: found '%.60s', expected a line of /proc/PID/maps", path, n, line);
			ok = false;
		} else if (!strstr(line, "[vsyscall]") && !append(listing, line, n)) {
			snprintf(error, size, "%s:%lu: out of memory", path, n);
			ok = false;
		}
	}
	if (ok && !listing->nr) {
		snprintf(error, size, "%s:1: found an empty file, expected a copy of /proc/PID/maps", path);
		ok = false;
	}
	free(line);
	return ok;
}

struct listing *listing_load(const char *path, char *error, size_t size)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	FILE *in = fopen(path, "r");
	bool ok = false;

	if (!in)
		snprintf(error, size, "%s: %s", path, strerror(errno));
	else if (!listing)
		snprintf(error, size, "%s: out of memory", path);
	else
		ok = read_lines(listing, in, path, error, size);
	if (in)
		fclose(in);
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

/* @line differs from @got: is no other state nearer? Out of memory leaves the message empty, not the answer wrong. */
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

bool listing_equals(const struct listing *listing, struct mm_struct *mm, struct listing_nearest *nearest)
{
	char *text = NULL;
	size_t size = 0;
	bool equal = false;
	FILE *out;

	/* The number of VMAs tells most states apart without printing anything. */
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
