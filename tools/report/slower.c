/* SPDX-License-Identifier: MIT */
/*
 * slower.c - where an engine is slower than the baseline.
 */
#include "tools/report/slower.h"

#include <string.h>

#include "bench/harness/table.h"
#include "tools/report/plot.h"

/* Less of a loss than this is not told from noise. */
#define SLOWER_BELOW 0.95

static void write_engine(FILE *out, const struct results *results, const char *engine, const char *baseline)
{
	unsigned int points = 0, compared = 0;

	fprintf(out, "%s is slower than %s in: ", engine, baseline);
	for (size_t i = 0; i < results->nr; i++) {
		const struct bench_row *row = &results->row[i];
		double speedup;

		if (strcmp(row->engine, engine) != 0)
			continue;
		speedup = bench_table_speedup(results->row, results->nr, row, baseline);
		if (speedup == 0)
			continue;
		compared++;
		if (speedup < SLOWER_BELOW)
			fprintf(out, "%s%s at %u thread%s (%.2f)", points++ ? ", " : "", row->workload, row->threads,
				row->threads == 1 ? "" : "s", speedup);
	}
	fprintf(out, "%s%s%u of %u points.", points ? "; " : "", points ? "" : "none, ", points, compared);
}

void slower_write(FILE *out, const struct results *results, const char *baseline, const char *before, const char *after)
{
	const char *engines[PLOT_ENGINES_MAX];
	unsigned int nr = results_engines(results, engines, PLOT_ENGINES_MAX);

	for (unsigned int i = 0; i < nr; i++)
		if (strcmp(engines[i], baseline) != 0) {
			fputs(before, out);
			write_engine(out, results, engines[i], baseline);
			fputs(after, out);
		}
}
