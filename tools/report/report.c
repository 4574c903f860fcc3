/* SPDX-License-Identifier: MIT */
/*
 * report.c - the program: turns result files (one JSON object a line, as every
 * program here prints with --json) into merged results, a table, or a page.
 *
 *   report merge FILE...   one row a point, as JSON, and the findings of
 *                          bench/conflicts
 *   report table FILE...   the table, where engines are slower than the
 *                          baseline, and what shared lines mean for many cores
 *   report html FILE...    the page, with gnuplot's plots
 *   report svg FILE...     one workload's throughput over threads, as in the
 *                          page
 *
 * Output goes to --output (outfile.h: bad input leaves the old file) or to
 * standard output. A result file may come from anyone, so its text is checked
 * when it is read (row.h) and quoted when it is written.
 *
 * Exit status: 0; 2 for bad input, or if something could not be read, drawn or
 * written.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/args.h"
#include "bench/harness/outfile.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "bench/harness/table.h"
#include "tools/report/heatmap.h"
#include "tools/report/html.h"
#include "tools/report/plot.h"
#include "tools/report/results.h"
#include "tools/report/slower.h"

struct options {
	const char *command;
	const char *baseline;
	const char *machine;
	const char *workload; /* svg: which; NULL: the first */
	const char *output;   /* NULL: standard output */
	char **files;
	int nr_files;
};

static const char *const commands[] = {"merge", "table", "html", "svg", NULL};

static const struct argp_option known_options[] = {
	{"baseline", 'b', "ENGINE", 0, "What the others are compared to (default: rbtree)", 0},
	{"machine", 'm', "FILE", 0,
	 "\"key: value\" lines for the page, as vmbench --machine prints them", 0},
	{"workload", 'w', "W", 0, "svg: the workload to draw (default: the first)", 0},
	{"output", 'o', "FILE", 0, "Write here instead of to standard output", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static bool write_merged(FILE *out, const struct results *results)
{
	for (size_t i = 0; i < results->nr; i++)
		if (bench_row_print_json(out, &results->row[i]) != 0)
			return false;
	return conflicts_print_json(out, &results->conflicts);
}

static bool write_table(FILE *out, const struct results *results, const char *baseline)
{
	if (results->nr) {
		bench_table_print(out, results->row, results->nr, baseline);
		fputc('\n', out);
		slower_write(out, results, baseline);
	}
	if (results->nr && results->conflicts.nr)
		fputc('\n', out);
	heatmap_write_text(out, &results->conflicts);
	return true;
}

/* Refuse more engines or workloads than a page can show. */
static bool fits(const struct results *results)
{
	const char *names[PLOT_WORKLOADS_MAX + 1];

	if (results_engines(results, names, PLOT_ENGINES_MAX + 1) <= PLOT_ENGINES_MAX &&
	    results_workloads(results, names, PLOT_WORKLOADS_MAX + 1) <= PLOT_WORKLOADS_MAX)
		return true;
	bench_say(stderr,
		  "report: found more than %d engines or %d workloads, expected at most so many in "
		  "one page",
		  PLOT_ENGINES_MAX, PLOT_WORKLOADS_MAX);
	return false;
}

static bool write_html(FILE *out, const struct results *results, const struct options *o)
{
	struct plots plots = {0};
	bool ok = fits(results) && (!results->nr || plot_all(results, &plots)) &&
		  html_write(out, results, o->baseline, o->machine, &plots);

	plots_free(&plots);
	return ok;
}

/* Move the rows of one workload to the front. Return: how many. */
static size_t keep_workload(struct bench_row *row, size_t nr, const char *workload)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++)
		if (strcmp(row[i].workload, workload) == 0)
			row[kept++] = row[i];
	return kept;
}

static bool write_svg(FILE *out, const struct results *results, const struct options *o)
{
	static const char prologue[] =
		"<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\"?>\n";
	char workload[BENCH_NAME_MAX] = "";
	struct results one = *results;
	struct plots plots = {0};
	bool ok;

	/* Copy the name, because its row may be overwritten. */
	snprintf(workload, sizeof(workload), "%s",
		 o->workload   ? o->workload
		 : results->nr ? results->row[0].workload
			       : "");
	one.nr = keep_workload(one.row, one.nr, workload);
	ok = fits(&one) && plot_all(&one, &plots);
	if (ok)
		fprintf(out, "%s%s\n", prologue, plots.svg[0][PLOT_THROUGHPUT]);
	plots_free(&plots);
	return ok;
}

static bool write_output(FILE *out, const struct results *results, const struct options *o)
{
	if (strcmp(o->command, "merge") == 0)
		return write_merged(out, results);
	if (strcmp(o->command, "table") == 0)
		return write_table(out, results, o->baseline);
	if (strcmp(o->command, "svg") == 0)
		return write_svg(out, results, o);
	return write_html(out, results, o);
}

/*
 * Write to @file, which is open already, so that a path that cannot be written
 * is reported before gnuplot draws.
 */
static bool write_file(struct bench_outfile *file, const struct results *results,
		       const struct options *o)
{
	FILE *out = bench_outfile_stream(file);
	bool ok = out && write_output(out, results, o);
	bool failed = out && ferror(out);

	if (!out)
		return false;
	if ((fclose(out) != 0 || failed) && ok) {
		bench_say(stderr, "%s: %s", o->output,
			  errno ? strerror(errno) : "could not be written");
		ok = false;
	}
	return ok && bench_outfile_publish(file);
}

static bool has_workload(const struct results *results, const char *workload)
{
	char shown[BENCH_SHOWN_MAX];

	for (size_t i = 0; i < results->nr; i++)
		if (strcmp(results->row[i].workload, workload) == 0)
			return true;
	bench_say(stderr, "report: --workload: found '%s', expected a workload of the results",
		  bench_shown(workload, shown));
	return false;
}

/* The command svg needs a workload to draw. */
static bool can_be_drawn(const struct results *results, const struct options *o)
{
	if (o->workload)
		return has_workload(results, o->workload);
	if (results->nr || strcmp(o->command, "svg") != 0)
		return true;
	bench_say(stderr, "report: found no workload in the results, expected one to draw");
	return false;
}

static bool write_merged_results(struct results *results, const struct options *o)
{
	struct bench_outfile *file = NULL;
	bool ok;

	if (!results_merge(results)) {
		bench_say(stderr, "report: out of memory");
		return false;
	}
	if (!o->output)
		return write_output(stdout, results, o) && bench_standard_flush();
	file = bench_outfile_open(o->output);
	ok = file && write_file(file, results, o);
	bench_outfile_close(file);
	return ok;
}

static int run(const struct options *o)
{
	struct results results = {0};
	int status = BENCH_EXIT_USAGE;

	for (int i = 0; i < o->nr_files; i++)
		if (!results_read(&results, o->files[i])) {
			results_free(&results);
			return BENCH_EXIT_USAGE;
		}
	if (can_be_drawn(&results, o) && write_merged_results(&results, o))
		status = EXIT_SUCCESS;
	results_free(&results);
	return status;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'b':
		o->baseline = arg;
		return 0;
	case 'm':
		o->machine = arg;
		return 0;
	case 'w':
		o->workload = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->command = state->argv[state->next];
		o->files = state->argv + state->next + 1;
		o->nr_files = state->argc - state->next - 1;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool check(const struct options *o, char *why, size_t why_size)
{
	struct bench_names chosen;

	if (!bench_arg_names("command", o->command ? o->command : "", commands, &chosen, why,
			     why_size))
		return false;
	if (!bench_arg_name("--baseline", o->baseline, why, why_size))
		return false;
	if (o->output && !*o->output) {
		snprintf(why, why_size, "--output: found '', expected the name of a file");
		return false;
	}
	if (chosen.nr == 1 && o->nr_files > 0)
		return true;
	snprintf(why, why_size, "found %s, expected one command and at least one result file",
		 o->nr_files ? "several commands" : "no file");
	return false;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = known_options,
		.parser = parse_option,
		.args_doc = "merge|table|html|svg FILE...",
		.doc = "Turn result files into merged results, a table, a page with plots, or one "
		       "plot.",
	};
	struct options options = {.baseline = "rbtree"};
	char why[BENCH_WHY_MAX];

	bench_standard_begin("report");
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!check(&options, why, sizeof(why))) {
		bench_say(stderr, "report: %s", why);
		return BENCH_EXIT_USAGE;
	}
	return run(&options);
}
