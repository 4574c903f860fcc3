/* SPDX-License-Identifier: MIT */
/* results.c - see results.h: reads, merges and finds rows. */
#include "tools/report/results.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/lines.h"
#include "bench/harness/say.h"

static bool append(struct results *results, const struct bench_row *row)
{
	struct bench_row *grown;

	/* The size is a power of two whenever the array is full. */
	if ((results->nr & (results->nr - 1)) == 0) {
		grown = realloc(results->row, (results->nr ? results->nr * 2 : 1) * sizeof(*grown));
		if (!grown)
			return false;
		results->row = grown;
	}
	results->row[results->nr++] = *row;
	return true;
}

static bool read_line(struct results *results, const struct bench_lines *lines, const char *line)
{
	struct bench_row row;
	char why[BENCH_WHY_MAX];

	if (line[strspn(line, " \t")] == '\0')
		return true;
	if (conflicts_is_one(line)) {
		if (conflicts_add(&results->conflicts, line, why, sizeof(why)))
			return true;
		bench_say(stderr, "%s:%lu: %s", lines->path, lines->number, why);
		return false;
	}
	if (!bench_row_parse(&row, line, why, sizeof(why))) {
		bench_say(stderr, "%s:%lu: %s", lines->path, lines->number, why);
		return false;
	}
	if (!append(results, &row)) {
		bench_say(stderr, "%s:%lu: out of memory", lines->path, lines->number);
		return false;
	}
	return true;
}

static bool read_lines(struct results *results, struct bench_lines *lines)
{
	size_t before = results->nr + results->conflicts.nr;
	enum bench_line got;
	char *line;

	while ((got = bench_lines_next(lines, &line)) == BENCH_LINE)
		if (!read_line(results, lines, line))
			return false;
	if (got == BENCH_LINES_BAD) {
		bench_say(stderr, "%s:%lu: %s", lines->path, lines->number, lines->why);
		return false;
	}
	if (results->nr + results->conflicts.nr == before) {
		bench_say(stderr, "%s:%lu: found no result, expected one JSON object a line",
			  lines->path, lines->number);
		return false;
	}
	return true;
}

bool results_read(struct results *results, const char *path)
{
	struct bench_lines lines;
	int err = bench_lines_open(&lines, path, BENCH_LINES_TEXT);
	bool ok = !err;

	if (err)
		bench_say(stderr, "%s: %s", path, strerror(-err));
	ok = ok && read_lines(results, &lines);
	bench_lines_close(&lines);
	return ok;
}

void results_free(struct results *results)
{
	free(results->row);
	conflicts_free(&results->conflicts);
	*results = (struct results){0};
}

/* ---- merging ---- */

static bool same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->threads == b->threads && a->vmas == b->vmas &&
	       strcmp(a->workload, b->workload) == 0 && strcmp(a->engine, b->engine) == 0;
}

static int by_rate(const void *a, const void *b)
{
	double x = ((const struct bench_row *)a)->ops_per_sec;
	double y = ((const struct bench_row *)b)->ops_per_sec;

	return (x > y) - (x < y);
}

/* Move all rows of @first's point behind it. Return: how many there are. */
static size_t gather(struct results *results, size_t first)
{
	size_t nr = 1;

	for (size_t i = first + 1; i < results->nr; i++)
		if (same_point(&results->row[first], &results->row[i])) {
			struct bench_row found = results->row[i];

			/* The rows between move up by one, in their order. */
			memmove(&results->row[first + nr + 1], &results->row[first + nr],
				(i - first - nr) * sizeof(found));
			results->row[first + nr++] = found;
		}
	return nr;
}

static unsigned long at_most(unsigned long value, unsigned long most)
{
	return value < most ? value : most;
}

/* A disturbance of one row counts for the whole point. */
static void worst_of_others(struct bench_row *worst, const struct bench_row *row)
{
	if (!row->others_known)
		return;
	worst->others_known = true;
	worst->load = row->load > worst->load ? row->load : worst->load;
	worst->others_pct =
		row->others_pct > worst->others_pct ? row->others_pct : worst->others_pct;
	worst->steal_pct = row->steal_pct > worst->steal_pct ? row->steal_pct : worst->steal_pct;
}

static struct bench_row merged(struct bench_row *row, size_t nr)
{
	struct bench_row median, worst = {0};
	unsigned long errors = 0;
	unsigned int runs = 0;

	qsort(row, nr, sizeof(*row), by_rate);
	/* Like bench_row_fill(), take the lower of two middle rows. */
	median = row[(nr - 1) / 2];
	for (size_t i = 0; i < nr; i++) {
		/*
		 * Merged files may be merged again, so a sum must not exceed
		 * the limit of a row.
		 */
		errors = at_most(errors + row[i].errors, BENCH_NUMBER_MAX);
		runs = (unsigned int)at_most(runs + row[i].runs, BENCH_RUNS_MAX);
		if (row[i].ops_per_sec_min < median.ops_per_sec_min)
			median.ops_per_sec_min = row[i].ops_per_sec_min;
		if (row[i].ops_per_sec_max > median.ops_per_sec_max)
			median.ops_per_sec_max = row[i].ops_per_sec_max;
		worst_of_others(&worst, &row[i]);
	}
	median.others_known = worst.others_known;
	median.load = worst.load;
	median.others_pct = worst.others_pct;
	median.steal_pct = worst.steal_pct;
	median.errors = errors;
	median.runs = runs;
	return median;
}

/* The index of the first row that has @name at @offset. */
static size_t first_appearance(const struct results *results, size_t offset, const char *name)
{
	size_t i = 0;

	while (strcmp((const char *)&results->row[i] + offset, name) != 0)
		i++;
	return i;
}

static int compare(const struct results *order, const struct bench_row *a,
		   const struct bench_row *b)
{
	size_t x = first_appearance(order, offsetof(struct bench_row, workload), a->workload);
	size_t y = first_appearance(order, offsetof(struct bench_row, workload), b->workload);

	if (x != y)
		return x < y ? -1 : 1;
	if (a->threads != b->threads)
		return a->threads < b->threads ? -1 : 1;
	x = first_appearance(order, offsetof(struct bench_row, engine), a->engine);
	y = first_appearance(order, offsetof(struct bench_row, engine), b->engine);
	if (x != y)
		return x < y ? -1 : 1;
	return (a->vmas > b->vmas) - (a->vmas < b->vmas);
}

static int compare_rows(const void *a, const void *b, void *order)
{
	return compare(order, a, b);
}

bool results_merge(struct results *results)
{
	struct results order = {.nr = results->nr};
	size_t kept = 0;

	/* A file may hold only objects of bench/conflicts. */
	if (!results->nr)
		return true;
	order.row = malloc(results->nr * sizeof(*order.row));
	if (!order.row)
		return false;
	memcpy(order.row, results->row, results->nr * sizeof(*order.row));
	for (size_t i = 0; i < results->nr;) {
		size_t nr = gather(results, i);

		results->row[kept++] = merged(&results->row[i], nr);
		i += nr;
	}
	results->nr = kept;
	qsort_r(results->row, results->nr, sizeof(*results->row), compare_rows, &order);
	free(order.row);
	return true;
}

/* ---- looking up ---- */

static unsigned int distinct(const struct results *results, size_t offset, const char **names,
			     unsigned int most)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < results->nr && nr < most; i++) {
		const char *name = (const char *)&results->row[i] + offset;

		if (first_appearance(results, offset, name) == i)
			names[nr++] = name;
	}
	return nr;
}

unsigned int results_workloads(const struct results *results, const char **names, unsigned int most)
{
	return distinct(results, offsetof(struct bench_row, workload), names, most);
}

unsigned int results_engines(const struct results *results, const char **names, unsigned int most)
{
	return distinct(results, offsetof(struct bench_row, engine), names, most);
}

const struct bench_row *results_find(const struct results *results, const char *workload,
				     const char *engine, unsigned int threads)
{
	const struct bench_row *best = NULL;

	for (size_t i = 0; i < results->nr; i++) {
		const struct bench_row *row = &results->row[i];

		if (row->threads == threads && strcmp(row->workload, workload) == 0 &&
		    strcmp(row->engine, engine) == 0 && (!best || row->vmas < best->vmas))
			best = row;
	}
	return best;
}

unsigned int results_threads_max(const struct results *results, const char *workload)
{
	unsigned int max = 0;

	for (size_t i = 0; i < results->nr; i++)
		if (strcmp(results->row[i].workload, workload) == 0 &&
		    results->row[i].threads > max)
			max = results->row[i].threads;
	return max;
}
