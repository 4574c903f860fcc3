/* SPDX-License-Identifier: MIT */
/* slower.c - see slower.h. */
#include "tools/report/slower.h"

#include <string.h>

#include "bench/harness/table.h"
#include "tools/report/plot.h"

/* A smaller loss than this may be noise. */
#define SLOWER_BELOW 0.95

struct tally {
	unsigned int compared, slower, unsure;
};

static void write_point(FILE *out, const struct bench_row *row, const struct bench_row *base,
			struct tally *tally)
{
	tally->compared++;
	if (row->ops_per_sec >= SLOWER_BELOW * base->ops_per_sec)
		return;
	if (row->ops_per_sec_max >= base->ops_per_sec_min)
		tally->unsure++;
	else
		fprintf(out, "%s%s at %u thread%s (%.2f)", tally->slower++ ? ", " : "",
			row->workload, row->threads, row->threads == 1 ? "" : "s",
			row->ops_per_sec / base->ops_per_sec);
}

static void write_engine(FILE *out, const struct results *results, const char *engine,
			 const char *baseline)
{
	struct tally tally = {0};

	fprintf(out, "%s is slower than %s in: ", engine, baseline);
	for (size_t i = 0; i < results->nr; i++) {
		const struct bench_row *row = &results->row[i];
		const struct bench_row *base =
			bench_table_baseline(results->row, results->nr, row, baseline);

		if (base && strcmp(row->engine, engine) == 0)
			write_point(out, row, base, &tally);
	}
	fprintf(out, "%s; %u of %u points", tally.slower ? "" : "none", tally.slower,
		tally.compared);
	if (tally.unsure)
		fprintf(out, ", and %u more in which the runs of both overlap", tally.unsure);
	fputc('.', out);
}

void slower_write(FILE *out, const struct results *results, const char *baseline)
{
	const char *engines[PLOT_ENGINES_MAX];
	unsigned int nr = results_engines(results, engines, PLOT_ENGINES_MAX);

	for (unsigned int i = 0; i < nr; i++)
		if (strcmp(engines[i], baseline) != 0) {
			write_engine(out, results, engines[i], baseline);
			fputc('\n', out);
		}
}
