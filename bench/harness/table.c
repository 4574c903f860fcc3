/* SPDX-License-Identifier: MIT */
/*
 * table.c - see table.h. Columns have a fixed width; times are whole
 * nanoseconds, rates whole operations a second.
 */
#include "bench/harness/table.h"

#include <math.h>
#include <string.h>

static bool same_point(const struct bench_row *a, const struct bench_row *b)
{
	return strcmp(a->workload, b->workload) == 0 && a->threads == b->threads;
}

static unsigned long vmas_apart(const struct bench_row *a, const struct bench_row *b)
{
	return a->vmas > b->vmas ? a->vmas - b->vmas : b->vmas - a->vmas;
}

const struct bench_row *bench_table_baseline(const struct bench_row *rows, size_t nr,
					     const struct bench_row *row, const char *baseline)
{
	const struct bench_row *best = NULL;

	for (size_t i = 0; i < nr; i++)
		if (strcmp(rows[i].engine, baseline) == 0 && same_point(&rows[i], row) &&
		    (!best || vmas_apart(&rows[i], row) < vmas_apart(best, row)))
			best = &rows[i];
	return best && best->ops_per_sec > 0 ? best : NULL;
}

double bench_table_speedup(const struct bench_row *rows, size_t nr, const struct bench_row *row,
			   const char *baseline)
{
	const struct bench_row *base = bench_table_baseline(rows, nr, row, baseline);

	return base ? row->ops_per_sec / base->ops_per_sec : 0;
}

static double run_distance(const struct bench_row *row)
{
	return row->ops_per_sec_max - row->ops_per_sec_min;
}

bool bench_table_unsure(const struct bench_row *rows, size_t nr, const struct bench_row *row,
			const char *baseline)
{
	const struct bench_row *base =
		baseline ? bench_table_baseline(rows, nr, row, baseline) : NULL;

	if (!base || strcmp(row->engine, baseline) == 0)
		return false;
	return fmax(run_distance(row), run_distance(base)) >
	       fabs(row->ops_per_sec - base->ops_per_sec);
}

static void note_disturbance(FILE *out, const struct bench_row *rows, size_t nr)
{
	double others = 0, steal = 0, load = 0;
	size_t disturbed = 0;

	for (size_t i = 0; i < nr; i++) {
		if (!bench_row_disturbed(&rows[i]))
			continue;
		disturbed++;
		others = fmax(others, rows[i].others_pct);
		steal = fmax(steal, rows[i].steal_pct);
		load = fmax(load, rows[i].load);
	}
	if (disturbed)
		fprintf(out,
			"DISTURBED: during %zu of %zu rows, marked with !, others had more than "
			"%.0f %% of the CPUs: other programs up to %.0f %%, the hypervisor up to "
			"%.0f %%, load average up to %.1f. These figures do not count: measure "
			"again on a quiet machine.\n",
			disturbed, nr, BENCH_DISTURBED_PCT, others, steal, load);
}

void bench_table_notes(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline)
{
	size_t unsure = 0;

	note_disturbance(out, rows, nr);
	for (size_t i = 0; i < nr; i++)
		unsure += bench_table_unsure(rows, nr, &rows[i], baseline);
	if (unsure)
		fprintf(out,
			"%zu rows, marked with ?, differ from %s by less than the spread of their "
			"runs: no difference is shown.\n",
			unsure, baseline);
}

const char *bench_grouped(uint64_t value, char buf[BENCH_GROUPED_MAX])
{
	char *at = buf + BENCH_GROUPED_MAX;
	unsigned int digits = 0;

	*--at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + value % 10);
		digits++;
		value /= 10;
	} while (value);
	return at;
}

void bench_table_head(FILE *out, const char *baseline)
{
	fprintf(out, "%-24s %-12s %7s %7s %15s %7s %11s %11s %11s %13s %7s", "workload", "engine",
		"threads", "vmas", "ops/s", "spread", "p50 ns", "p99 ns", "p99.9 ns", "max ns",
		"errors");
	if (baseline)
		fprintf(out, "  x %s", baseline);
	fputc('\n', out);
}

static void print_row(FILE *out, const struct bench_row *row)
{
	char ops[BENCH_GROUPED_MAX], p50[BENCH_GROUPED_MAX], p99[BENCH_GROUPED_MAX],
		p999[BENCH_GROUPED_MAX], max[BENCH_GROUPED_MAX];
	double spread = row->ops_per_sec > 0 ? 100 * (row->ops_per_sec_max - row->ops_per_sec_min) /
						       row->ops_per_sec
					     : 0;

	fprintf(out, "%-24s %-12s %7u %7lu %15s %6.1f%% %11s %11s %11s %13s %7lu", row->workload,
		row->engine, row->threads, row->vmas,
		bench_grouped((uint64_t)(row->ops_per_sec + 0.5), ops), spread,
		bench_grouped(row->p50_ns, p50), bench_grouped(row->p99_ns, p99),
		bench_grouped(row->p999_ns, p999), bench_grouped(row->max_ns, max), row->errors);
}

void bench_table_rows(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline)
{
	for (size_t i = 0; i < nr; i++) {
		if (i > 0 && strcmp(rows[i].workload, rows[i - 1].workload) != 0)
			fputc('\n', out);
		print_row(out, &rows[i]);
		if (baseline) {
			double speedup = bench_table_speedup(rows, nr, &rows[i], baseline);

			if (speedup > 0)
				fprintf(out, "  %*.2f", (int)strlen(baseline) + 2, speedup);
			else
				fprintf(out, "  %*s", (int)strlen(baseline) + 2, "-");
		}
		fputs(bench_table_unsure(rows, nr, &rows[i], baseline) ? " ?" : "", out);
		fputs(bench_row_disturbed(&rows[i]) ? " !" : "", out);
		fputc('\n', out);
	}
}

void bench_table_print(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline)
{
	bench_table_notes(out, rows, nr, baseline);
	bench_table_head(out, baseline);
	bench_table_rows(out, rows, nr, baseline);
}
