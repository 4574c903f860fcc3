/* SPDX-License-Identifier: MIT */
/*
 * row.c - see row.h. Fills rows from runs, and writes and reads them as JSON
 * (jansson).
 */
#include "bench/harness/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/say.h"

static void set_name(char *to, const char *from)
{
	/*
	 * bench_is_name() accepts it if its second character may stand in a
	 * name.
	 */
	char name[] = "_?";

	snprintf(to, BENCH_NAME_MAX, "%s%s", strchr(".:+-/", *from) ? "_" : "", from);
	for (char *at = to; *at; at++) {
		name[1] = *at;
		if (!bench_is_name(name))
			*at = '_';
	}
}

void bench_row_name(struct bench_row *row, const char *workload, const char *engine)
{
	set_name(row->workload, workload);
	set_name(row->engine, engine);
}

void bench_row_latency(struct bench_row *row, const struct bench_hist *h)
{
	row->p50_ns = bench_hist_quantile(h, 1, 2);
	row->p99_ns = bench_hist_quantile(h, 99, 100);
	row->p999_ns = bench_hist_quantile(h, 999, 1000);
	row->max_ns = h->max;
}

static double rate(const struct bench_result *r)
{
	return r->seconds > 0 ? (double)r->ops / r->seconds : 0;
}

static int by_rate(const void *a, const void *b)
{
	double x = rate(*(struct bench_result *const *)a);
	double y = rate(*(struct bench_result *const *)b);

	return (x > y) - (x < y);
}

static double rounded(double x, double unit)
{
	return round(x / unit) * unit;
}

static double share(double part, double all)
{
	double pct = all > 0 ? 100 * part / all : 0;

	return rounded(pct < 0 ? 0 : pct > 100 ? 100 : pct, 0.1);
}

/*
 * The kernel counts a CPU's time in ticks, so this much of each run's
 * difference, in seconds, may be rounding.
 */
#define ROUNDING 0.01

static void fill_others(struct bench_row *row, struct bench_result **runs, unsigned int nr)
{
	struct bench_cpu_time sum = {.known = true};
	static const struct bench_cpu_time none = {.known = true};

	row->load = 0;
	row->others_known = true;
	for (unsigned int i = 0; i < nr; i++) {
		sum.known = sum.known && runs[i]->cpu.known && runs[i]->load >= 0;
		bench_others_add(&sum, &none, &runs[i]->cpu);
		row->load = runs[i]->load > row->load ? rounded(runs[i]->load, 0.01) : row->load;
	}
	row->others_known = sum.known;
	row->others_pct = share(sum.busy - sum.own - nr * ROUNDING, sum.all);
	row->steal_pct = share(sum.steal, sum.all);
}

bool bench_row_disturbed(const struct bench_row *row)
{
	return row->others_known && row->others_pct + row->steal_pct > BENCH_DISTURBED_PCT;
}

void bench_row_fill(struct bench_row *row, struct bench_result **runs, unsigned int nr)
{
	/*
	 * If the number of runs is even, the row shows the lower of the middle
	 * two, because it is a run that took place and a mean of two is not.
	 */
	const struct bench_result *median;

	qsort(runs, nr, sizeof(*runs), by_rate);
	median = runs[(nr - 1) / 2];
	row->ops = median->ops;
	row->seconds = rounded(median->seconds, 1e-6);
	row->ops_per_sec = rounded(rate(median), 0.1);
	bench_row_latency(row, &median->hist);
	row->runs = nr;
	row->ops_per_sec_min = rounded(rate(runs[0]), 0.1);
	row->ops_per_sec_max = rounded(rate(runs[nr - 1]), 0.1);
	row->errors = 0;
	for (unsigned int i = 0; i < nr; i++)
		row->errors += runs[i]->errors;
	fill_others(row, runs, nr);
}

json_t *bench_row_json(const struct bench_row *row)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}",
		"workload", row->workload, "engine", row->engine, "threads",
		(json_int_t)row->threads, "vmas", (json_int_t)row->vmas, "ops",
		(json_int_t)row->ops, "seconds", row->seconds, "ops_per_sec", row->ops_per_sec,
		"p50_ns", (json_int_t)row->p50_ns, "p99_ns", (json_int_t)row->p99_ns, "p999_ns",
		(json_int_t)row->p999_ns, "max_ns", (json_int_t)row->max_ns, "errors",
		(json_int_t)row->errors, "runs", (json_int_t)row->runs, "ops_per_sec_min",
		row->ops_per_sec_min, "ops_per_sec_max", row->ops_per_sec_max);

	if (object && row->others_known &&
	    (json_object_set_new(object, "load", json_real(row->load)) ||
	     json_object_set_new(object, "others_pct", json_real(row->others_pct)) ||
	     json_object_set_new(object, "steal_pct", json_real(row->steal_pct)))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/*
 * Ten digits hold every rate to 0.1 and every time to a microsecond, without
 * the long tails of binary fractions.
 */
#define DIGITS JSON_REAL_PRECISION(10)

int bench_json_print(FILE *out, json_t *object)
{
	int err = object ? json_dumpf(object, out, DIGITS) : -1;

	json_decref(object);
	return err || fputc('\n', out) == EOF ? -1 : 0;
}

int bench_row_print_json(FILE *out, const struct bench_row *row)
{
	return bench_json_print(out, bench_row_json(row));
}

/* ---- reading ---- */

struct reader {
	const json_t *object;
	char *why; /* receives the first refusal */
	size_t why_size;
	bool ok;
};

static void refuse(struct reader *r, const char *key, const char *expected)
{
	const json_t *found = json_object_get(r->object, key);
	char *text = found ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
	char shown[BENCH_SHOWN_MAX];

	if (r->ok)
		snprintf(r->why, r->why_size, "\"%s\": found %s, expected %s", key,
			 text ? bench_shown(text, shown) : "nothing", expected);
	r->ok = false;
	free(text);
}

static void read_name(struct reader *r, const char *key, char *to)
{
	const char *text = json_string_value(json_object_get(r->object, key));

	if (text && bench_is_name(text))
		snprintf(to, BENCH_NAME_MAX, "%s", text);
	else
		refuse(r, key,
		       "a name of at most 63 of A-Z a-z 0-9 . _ : + - /, a letter, digit or _ "
		       "first");
}

static unsigned long read_count(struct reader *r, const char *key, json_int_t least,
				json_int_t most)
{
	const json_t *value = json_object_get(r->object, key);
	char expected[80];

	if (json_is_integer(value) && json_integer_value(value) >= least &&
	    json_integer_value(value) <= most)
		return (unsigned long)json_integer_value(value);
	snprintf(expected, sizeof(expected), "a whole number from %lld to %lld", (long long)least,
		 (long long)most);
	refuse(r, key, expected);
	return 0;
}

static double read_real(struct reader *r, const char *key, double least, double most)
{
	const json_t *value = json_object_get(r->object, key);
	char expected[80];

	if (json_is_number(value) && json_number_value(value) >= least &&
	    json_number_value(value) <= most)
		return json_number_value(value);
	snprintf(expected, sizeof(expected), "a number from %.10g to %.10g", least, most);
	refuse(r, key, expected);
	return 0;
}

static void read_row(struct reader *r, struct bench_row *row)
{
	read_name(r, "workload", row->workload);
	read_name(r, "engine", row->engine);
	row->threads = (unsigned int)read_count(r, "threads", 1, BENCH_THREADS_MAX);
	row->vmas = read_count(r, "vmas", 0, BENCH_NUMBER_MAX);
	row->ops = read_count(r, "ops", 0, BENCH_NUMBER_MAX);
	row->seconds = read_real(r, "seconds", 0, BENCH_NUMBER_MAX);
	row->ops_per_sec = read_real(r, "ops_per_sec", 0, BENCH_NUMBER_MAX);
	row->p50_ns = read_count(r, "p50_ns", 0, BENCH_NUMBER_MAX);
	row->p99_ns = read_count(r, "p99_ns", 0, BENCH_NUMBER_MAX);
	row->p999_ns = read_count(r, "p999_ns", 0, BENCH_NUMBER_MAX);
	row->max_ns = read_count(r, "max_ns", 0, BENCH_NUMBER_MAX);
	row->errors = read_count(r, "errors", 0, BENCH_NUMBER_MAX);
	/*
	 * A row of another program may lack the spread: it is then a single
	 * run.
	 */
	row->runs = 1;
	row->ops_per_sec_min = row->ops_per_sec_max = row->ops_per_sec;
	if (json_object_get(r->object, "runs")) {
		row->runs = (unsigned int)read_count(r, "runs", 1, BENCH_RUNS_MAX);
		row->ops_per_sec_min = read_real(r, "ops_per_sec_min", 0, row->ops_per_sec);
		row->ops_per_sec_max =
			read_real(r, "ops_per_sec_max", row->ops_per_sec, BENCH_NUMBER_MAX);
	}
	row->others_known = json_object_get(r->object, "load");
	if (row->others_known) {
		row->load = read_real(r, "load", 0, BENCH_NUMBER_MAX);
		row->others_pct = read_real(r, "others_pct", 0, 100);
		row->steal_pct = read_real(r, "steal_pct", 0, 100);
	}
}

bool bench_row_parse(struct bench_row *row, const char *line, char *why, size_t why_size)
{
	json_error_t error;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	struct reader r = {.object = object, .why = why, .why_size = why_size, .ok = true};
	char shown[BENCH_SHOWN_MAX];

	*row = (struct bench_row){0};
	if (!object) {
		snprintf(why, why_size, "found no JSON (%s), expected one object a line",
			 bench_shown(error.text, shown));
		return false;
	}
	if (!json_is_object(object)) {
		snprintf(why, why_size, "found another JSON value, expected an object");
		r.ok = false;
	} else {
		read_row(&r, row);
	}
	json_decref(object);
	return r.ok;
}
