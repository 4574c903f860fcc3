/* SPDX-License-Identifier: MIT */
/*
 * report.c - the program: turns result files (one JSON object a line, as every program here prints with --json) into merged
 * results, a table, or a page.
 *
 *	report merge FILE...	one row a point, as JSON
 *	report table FILE...	the table, and where engines are slower than the baseline
 *	report html FILE...	the page; gnuplot draws
 *	report svg FILE...	one workload's throughput over threads, as on the page
 *
 * Output goes to --output or to standard output. A file is written beside its name and then renamed: bad input leaves the old one.
 *
 * Exit status: 0; 1 if something could not be read, drawn or written; 2 for bad input.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/harness/args.h"
#include "bench/harness/table.h"
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
	{"machine", 'm', "FILE", 0, "\"key: value\" lines for the page, as vmbench --machine prints them", 0},
	{"workload", 'w', "W", 0, "svg: the workload to draw (default: the first)", 0},
	{"output", 'o', "FILE", 0, "Write here instead of to standard output", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static bool write_merged(FILE *out, const struct results *results)
{
	for (size_t i = 0; i < results->nr; i++)
		if (bench_row_print_json(out, &results->row[i]) != 0)
			return false;
	return true;
}

static bool write_table(FILE *out, const struct results *results, const char *baseline)
{
	bench_table_print(out, results->row, results->nr, baseline);
	fputc('\n', out);
	slower_write(out, results, baseline, "", "\n");
	return true;
}

/* The plots pass through a folder that is gone afterwards. */
static void remove_plots(const struct results *results, const char *dir)
{
	const char *workloads[PLOT_WORKLOADS_MAX];
	unsigned int nr = results_workloads(results, workloads, PLOT_WORKLOADS_MAX);
	char path[512];

	for (unsigned int i = 0; i < nr; i++)
		for (int kind = PLOT_THROUGHPUT; kind <= PLOT_LATENCY; kind++) {
			plot_path(path, sizeof(path), dir, (enum plot_kind)kind, i);
			unlink(path);
		}
	rmdir(dir);
}

static bool write_html(FILE *out, const struct results *results, const struct options *o)
{
	char dir[] = "/tmp/vmastore-plots.XXXXXX";
	bool ok;

	if (!mkdtemp(dir)) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		return false;
	}
	ok = plot_all(results, dir) && html_write(out, results, o->baseline, o->machine, dir);
	remove_plots(results, dir);
	return ok;
}

/* The rows of one workload, at the front. Return: how many. */
static size_t keep_workload(struct bench_row *row, size_t nr, const char *workload)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++)
		if (strcmp(row[i].workload, workload) == 0)
			row[kept++] = row[i];
	return kept;
}

static bool copy_file(FILE *out, const char *path)
{
	FILE *in = fopen(path, "re");
	char buf[4096];
	size_t len;

	if (!in)
		return false;
	while ((len = fread(buf, 1, sizeof(buf), in)) > 0)
		if (fwrite(buf, 1, len, out) != len)
			break;
	fclose(in);
	return len == 0 && !ferror(out);
}

static bool write_svg(FILE *out, const struct results *results, const struct options *o)
{
	char dir[] = "/tmp/vmastore-plots.XXXXXX", path[512], workload[BENCH_NAME_MAX] = "";
	struct results one = *results;
	bool ok;

	/* The name outlives the row that it stands in. */
	snprintf(workload, sizeof(workload), "%s", o->workload ? o->workload : results->nr ? results->row[0].workload : "");
	one.nr = keep_workload(one.row, one.nr, workload);
	if (!mkdtemp(dir)) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		return false;
	}
	plot_path(path, sizeof(path), dir, PLOT_THROUGHPUT, 0);
	ok = plot_all(&one, dir) && copy_file(out, path);
	remove_plots(&one, dir);
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

static bool write_file(const struct results *results, const struct options *o)
{
	char path[PATH_MAX];
	bool ok = (size_t)snprintf(path, sizeof(path), "%s.new", o->output) < sizeof(path);
	FILE *out = ok ? fopen(path, "we") : NULL;

	if (!out) {
		fprintf(stderr, "%s: %s\n", o->output, ok ? strerror(errno) : "the name is too long");
		return false;
	}
	ok = write_output(out, results, o);
	if (fclose(out) != 0 || (ok && rename(path, o->output) != 0)) {
		fprintf(stderr, "%s: %s\n", o->output, strerror(errno));
		ok = false;
	}
	if (!ok)
		unlink(path);
	return ok;
}

static bool has_workload(const struct results *results, const char *workload)
{
	for (size_t i = 0; i < results->nr; i++)
		if (strcmp(results->row[i].workload, workload) == 0)
			return true;
	fprintf(stderr, "report: --workload: found '%s', expected a workload of the results\n", workload);
	return false;
}

static int run(const struct options *o)
{
	struct results results = {0};
	int status = EXIT_FAILURE;

	for (int i = 0; i < o->nr_files; i++)
		if (!results_read(&results, o->files[i])) {
			results_free(&results);
			return BENCH_EXIT_USAGE;
		}
	if (o->workload && !has_workload(&results, o->workload))
		status = BENCH_EXIT_USAGE;
	else if (!results_merge(&results))
		fprintf(stderr, "report: out of memory\n");
	else if (o->output ? write_file(&results, o) : write_output(stdout, &results, o) && fflush(stdout) == 0)
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

	if (!bench_arg_names("command", o->command ? o->command : "", commands, &chosen, why, why_size))
		return false;
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
		.doc = "Turn result files into merged results, a table, a page with plots, or one plot.",
	};
	struct options options = {.baseline = "rbtree"};
	char why[512];

	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!check(&options, why, sizeof(why))) {
		fprintf(stderr, "report: %s\n", why);
		return BENCH_EXIT_USAGE;
	}
	return run(&options);
}
