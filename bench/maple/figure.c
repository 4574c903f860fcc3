/* SPDX-License-Identifier: MIT */
/* figure.c - see figure.h. Medians, ratios, and how they are printed. */
#include "bench/maple/figure.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/maple_tree.h>

#include "bench/harness/row.h"
#include "bench/harness/table.h"

#define GOAL_PEER "kernel" /* the store that the goals refer to */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Interpolate between neighbours if the rank is no whole number. */
static double quantile(const double *sorted, unsigned int nr, double share)
{
	double place = share * (nr - 1);
	unsigned int i = (unsigned int)place;

	return i + 1 < nr ? sorted[i] + (place - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static struct spread spread_of(const double *values, unsigned int nr)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), by_value);
	return (struct spread){
		.median = quantile(sorted, nr, 0.5),
		.low = quantile(sorted, nr, 0.25),
		.high = quantile(sorted, nr, 0.75),
		.least = sorted[0],
	};
}

struct spread figure_value(const struct figure *f, unsigned int store)
{
	return spread_of(f->value[store], f->nr_rounds);
}

bool figure_compared(const struct figure *f, unsigned int store)
{
	return store > 0 && f->measured[0] && f->measured[store];
}

struct spread figure_ratio(const struct figure *f, unsigned int peer)
{
	double ratios[ROUNDS_MAX];

	for (unsigned int i = 0; i < f->nr_rounds; i++) {
		double ours = f->value[0][i], theirs = f->value[peer][i];

		ratios[i] = f->ratio == RATIO_TIME ? theirs / ours : ours / theirs;
	}
	return spread_of(ratios, f->nr_rounds);
}

unsigned long figure_errors(const struct figure *f)
{
	unsigned long errors = 0;

	for (unsigned int i = 0; i < f->nr_stores; i++)
		errors += f->errors[i];
	return errors;
}

static bool is_goal_peer(const struct figure *f, unsigned int store)
{
	return figure_compared(f, store) && strcmp(f->stores[store]->name, GOAL_PEER) == 0;
}

static bool goal_met(const struct figure *f, double ratio, double goal)
{
	return f->ratio == RATIO_SHARE ? ratio <= goal : ratio >= goal;
}

/*
 * Print one column for our store, then three for each peer: its value, the
 * ratio, and half the distance of the ratio's quartiles.
 */
void figure_table_head(FILE *out, const struct figure *f)
{
	fprintf(out, "%-42s %9s %-5s", "operation", "ranges", "unit");
	for (unsigned int i = 0; i < f->nr_stores; i++)
		fprintf(out, i ? " | %11s %6s      " : " %9s", f->stores[i]->name, "ratio");
	fputs(" | goal\n", out);
}

static void print_compared(FILE *out, const struct figure *f, unsigned int store)
{
	struct spread ratio = figure_ratio(f, store);

	fprintf(out, " | %11.2f %6.2f ±%3.0f%%", figure_value(f, store).median, ratio.median,
		50 * (ratio.high - ratio.low) / ratio.median);
}

static void print_goal(FILE *out, const struct figure *f)
{
	double goal = figure_goal(f);

	for (unsigned int i = 1; goal > 0 && i < f->nr_stores; i++)
		if (is_goal_peer(f, i))
			fprintf(out, " | %.2f %s", goal,
				goal_met(f, figure_ratio(f, i).median, goal) ? "met" : "missed");
}

void figure_table_row(FILE *out, const struct figure *f)
{
	char ranges[BENCH_GROUPED_MAX];

	fprintf(out, "%-42s %9s %-5s", f->title, bench_grouped(f->ranges, ranges), f->unit);
	for (unsigned int i = 0; i < f->nr_stores; i++) {
		if (figure_compared(f, i))
			print_compared(out, f, i);
		else if (f->measured[i])
			fprintf(out, i ? " | %11.2f %6s      " : " %9.2f",
				figure_value(f, i).median, "");
		else
			fprintf(out, i ? " | %11s %6s      " : " %9s", "-", "");
	}
	print_goal(out, f);
	if (figure_errors(f))
		fprintf(out, " | %lu WRONG", figure_errors(f));
	fputc('\n', out);
}

static json_t *json_of(const struct figure *f, unsigned int store)
{
	static const char *const readings[] = {"peer/ours", "ours/peer", "share"};
	struct spread value = figure_value(f, store);
	json_t *object =
		json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:I, s:I}",
			  "operation", f->name, "ranges", (json_int_t)f->ranges, "threads",
			  (json_int_t)f->threads, "store", f->stores[store]->name, "simd",
			  vms_mt_simd(), "unit", f->unit, "value", value.median, "value_min",
			  value.least, "value_q1", value.low, "value_q3", value.high, "rounds",
			  (json_int_t)f->nr_rounds, "errors", (json_int_t)f->errors[store]);

	if (object && figure_compared(f, store)) {
		struct spread ratio = figure_ratio(f, store);

		json_object_set_new(object, "ratio_is", json_string(readings[f->ratio]));
		json_object_set_new(object, "ratio", json_real(ratio.median));
		json_object_set_new(object, "ratio_q1", json_real(ratio.low));
		json_object_set_new(object, "ratio_q3", json_real(ratio.high));
		if (is_goal_peer(f, store) && figure_goal(f) > 0)
			json_object_set_new(object, "goal", json_real(figure_goal(f)));
	}
	return object;
}

int figure_json(FILE *out, const struct figure *f)
{
	for (unsigned int i = 0; i < f->nr_stores; i++)
		if (f->measured[i] && bench_json_print(out, json_of(f, i)) != 0)
			return -1;
	return 0;
}
