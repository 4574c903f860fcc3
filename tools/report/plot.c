/* SPDX-License-Identifier: MIT */
/*
 * plot.c - writes one gnuplot script for all panels, runs it (gnuplot.c), and
 * cuts the output into panels.
 *
 * Throughput: linear axes from 0, so that a distance is a difference in speed;
 * the bars span the slowest and the fastest run. Latency: at the largest number
 * of threads; a logarithmic axis, because a p99.9 is often a hundred times a
 * median.
 */
#include "tools/report/plot.h"

#include <stdlib.h>
#include <string.h>

#include "bench/harness/say.h"
#include "tools/report/gnuplot.h"

/*
 * Okabe and Ito's colours, which most colour-blind readers tell apart; the
 * points differ, too. Later engines are drawn thinner, on top, so that all of
 * several lines at the same place are visible.
 */
static const struct {
	const char *colour;
	int point;
	double width;
} styles[PLOT_ENGINES_MAX] = {
	{"#0072b2", 7, 4.5}, {"#e69f00", 5, 3}, {"#009e73", 9, 2}, {"#cc79a7", 11, 2},
	{"#56b4e9", 13, 2},  {"#d55e00", 6, 2}, {"#000000", 4, 2}, {"#999999", 8, 2},
};

#define LATENCIES 4

struct panel {
	FILE *script;
	const struct results *results;
	const char *workload;
	const char *engines[PLOT_ENGINES_MAX];
	unsigned int nr_engines;
};

/*
 * Rates are shown in the unit in which the largest has one to three digits
 * before the point.
 */
static double rate_unit(double largest, const char **name)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = {{1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (largest >= units[i].unit) {
			*name = units[i].name;
			return units[i].unit;
		}
	*name = "";
	return 1;
}

static double largest_rate(const struct panel *p)
{
	double largest = 0;

	for (size_t i = 0; i < p->results->nr; i++)
		if (strcmp(p->results->row[i].workload, p->workload) == 0 &&
		    p->results->row[i].ops_per_sec_max > largest)
			largest = p->results->row[i].ops_per_sec_max;
	return largest;
}

/* One line of data for each number of threads: it, median, slowest, fastest. */
static void write_rates(const struct panel *p, unsigned int engine, double unit)
{
	unsigned int most = results_threads_max(p->results, p->workload);

	fprintf(p->script, "$d%u << EOD\n", engine);
	for (unsigned int threads = 1; threads <= most; threads++) {
		const struct bench_row *row =
			results_find(p->results, p->workload, p->engines[engine], threads);

		if (row)
			fprintf(p->script, "%u %g %g %g\n", threads, row->ops_per_sec / unit,
				row->ops_per_sec_min / unit, row->ops_per_sec_max / unit);
	}
	fputs("EOD\n", p->script);
}

/*
 * Write the latencies of @engine at the largest number of threads. Return:
 * false if they were not measured.
 */
static bool latencies(const struct panel *p, unsigned int engine, uint64_t ns[LATENCIES])
{
	unsigned int threads = results_threads_max(p->results, p->workload);
	const struct bench_row *row =
		results_find(p->results, p->workload, p->engines[engine], threads);

	if (!row)
		return false;
	ns[0] = row->p50_ns;
	ns[1] = row->p99_ns;
	ns[2] = row->p999_ns;
	ns[3] = row->max_ns;
	/* A logarithmic axis has no 0. */
	for (int i = 0; i < LATENCIES; i++)
		ns[i] = ns[i] ? ns[i] : 1;
	return true;
}

static void write_latencies(const struct panel *p, unsigned int engine)
{
	uint64_t ns[LATENCIES];

	fprintf(p->script, "$d%u << EOD\n", engine);
	if (latencies(p, engine, ns))
		for (int i = 0; i < LATENCIES; i++)
			fprintf(p->script, "%d %llu\n", i + 1, (unsigned long long)ns[i]);
	fputs("EOD\n", p->script);
}

/*
 * The axis has whole decades around all latencies, and a little more, because
 * rounding could hide the tics at both ends.
 */
static void write_latency_range(const struct panel *p)
{
	double low = 1e9, high = 1;
	uint64_t ns[LATENCIES];

	for (unsigned int engine = 0; engine < p->nr_engines; engine++)
		if (latencies(p, engine, ns)) {
			while (low > (double)ns[0])
				low /= 10;
			while (high < (double)ns[LATENCIES - 1])
				high *= 10;
		}
	fprintf(p->script, "set yrange [%g:%g]\n", 0.98 * low,
		1.02 * (high > low ? high : low * 10));
}

/*
 * Write tics at the measured numbers of threads, except for tics that would
 * overlap.
 */
static void write_thread_tics(const struct panel *p)
{
	unsigned int most = results_threads_max(p->results, p->workload);
	unsigned int apart = (most + 15) / 16;
	unsigned int next = 0;

	fputs("set xtics (\"0\" 0", p->script);
	for (unsigned int threads = 1; threads <= most; threads++)
		if ((threads >= next || threads == most) &&
		    results_find(p->results, p->workload, p->engines[0], threads)) {
			fprintf(p->script, ", \"%u\" %u", threads, threads);
			next = threads + apart;
		}
	fprintf(p->script, ")\nset xrange [0:%g]\n", most * 1.08);
}

/*
 * Write @text as a string of gnuplot. Between single quotes only the quote
 * itself, which is doubled, and the end of the line are special.
 */
static void write_quoted(FILE *script, const char *text)
{
	fputc('\'', script);
	for (; *text; text++)
		if (*text == '\'')
			fputs("''", script);
		else
			fputc(bench_is_control(text) ? '?' : *text, script);
	fputc('\'', script);
}

static void begin_panel(const struct panel *p, enum plot_kind kind, unsigned int workload)
{
	/*
	 * Each panel has a name of its own, because all panels of a page share
	 * its ids.
	 */
	fprintf(p->script,
		"reset\n"
		"set terminal svg size 430,300 dynamic noenhanced font "
		"'Helvetica,Arial,sans-serif,12' background '#ffffff' name "
		"'%s%u'\n"
		"set border 3 lc rgb '#666666'\nset tics nomirror textcolor rgb '#333333'\n"
		"set grid ytics lc rgb '#e4e4e4' lt 1\nset key tmargin center horizontal reverse "
		"Left samplen 2 textcolor rgb "
		"'#222222'\n",
		kind == PLOT_THROUGHPUT ? "t" : "l", workload);
}

static void plot_lines(const struct panel *p, const char *with)
{
	for (unsigned int i = 0; i < p->nr_engines; i++) {
		fprintf(p->script, "%s$d%u %s lw %g pt %d ps %g lc rgb '%s' title ",
			i ? ", " : "plot ", i, with, styles[i].width, styles[i].point,
			0.3 + styles[i].width / 5, styles[i].colour);
		write_quoted(p->script, p->engines[i]);
	}
	fputs("\n", p->script);
}

static void plot_throughput(const struct panel *p, unsigned int workload)
{
	const char *unit_name;
	double unit = rate_unit(largest_rate(p), &unit_name);

	begin_panel(p, PLOT_THROUGHPUT, workload);
	for (unsigned int i = 0; i < p->nr_engines; i++)
		write_rates(p, i, unit);
	write_thread_tics(p);
	fprintf(p->script, "set yrange [0:*]\nset xlabel 'threads'\nset ylabel '%s operations/s'\n",
		unit_name);
	plot_lines(p, "using 1:2:3:4 with yerrorlines");
}

static void plot_latency(const struct panel *p, unsigned int workload)
{
	begin_panel(p, PLOT_LATENCY, workload);
	for (unsigned int i = 0; i < p->nr_engines; i++)
		write_latencies(p, i);
	fputs("set logscale y\nset xrange [0.7:4.3]\nset xtics ('p50' 1, 'p99' 2, 'p99.9' 3, 'max' "
	      "4)\n"
	      "set ytics ('1 ns' 1, '10 ns' 1e1, '100 ns' 1e2, '1 µs' 1e3, '10 µs' 1e4, "
	      "'100 µs' 1e5, '1 ms' 1e6, '10 ms' 1e7, '100 ms' 1e8, '1 s' 1e9, '10 s' 1e10)\n"
	      "set ylabel 'latency'\n",
	      p->script);
	write_latency_range(p);
	plot_lines(p, "using 1:2 with linespoints");
}

static void write_script(FILE *script, const struct results *results)
{
	const char *workloads[PLOT_WORKLOADS_MAX];
	unsigned int nr = results_workloads(results, workloads, PLOT_WORKLOADS_MAX);
	struct panel p = {.script = script, .results = results};

	p.nr_engines = results_engines(results, p.engines, PLOT_ENGINES_MAX);
	fputs("set encoding utf8\n", script);
	for (unsigned int i = 0; i < nr; i++) {
		p.workload = workloads[i];
		plot_throughput(&p, i);
		plot_latency(&p, i);
	}
}

static char *script_for(const struct results *results, size_t *len)
{
	char *text = NULL;
	FILE *script = open_memstream(&text, len);

	if (!script)
		return NULL;
	write_script(script, results);
	if (fclose(script) == 0)
		return text;
	free(text);
	return NULL;
}

/*
 * Copy the next SVG element from *@at on, and move *@at behind it. Return: a
 * text for free(); NULL: there is none, or memory is out.
 */
static char *cut_panel(const char **at)
{
	static const char close[] = "</svg>";
	const char *begin = strstr(*at, "<svg"), *end = begin ? strstr(begin, close) : NULL;

	if (!end)
		return NULL;
	*at = end + strlen(close);
	return strndup(begin, (size_t)(*at - begin));
}

static bool cut_panels(const struct results *results, const char *drawn, struct plots *plots)
{
	const char *workloads[PLOT_WORKLOADS_MAX];
	unsigned int nr = results_workloads(results, workloads, PLOT_WORKLOADS_MAX);

	for (unsigned int i = 0; i < nr; i++)
		for (int kind = PLOT_THROUGHPUT; kind < NR_PLOT_KINDS; kind++) {
			plots->svg[i][kind] = cut_panel(&drawn);
			if (plots->svg[i][kind])
				continue;
			bench_say(stderr, "gnuplot: drew %u of %u panels",
				  2 * i + (unsigned int)kind, 2 * nr);
			return false;
		}
	return true;
}

bool plot_all(const struct results *results, struct plots *plots)
{
	size_t len = 0;
	char *script = script_for(results, &len);
	char *drawn = script ? gnuplot_run(script, len) : NULL;
	bool ok = drawn && cut_panels(results, drawn, plots);

	if (!script)
		bench_say(stderr, "report: out of memory");
	free(drawn);
	free(script);
	return ok;
}

void plots_free(struct plots *plots)
{
	for (unsigned int i = 0; i < PLOT_WORKLOADS_MAX; i++)
		for (int kind = PLOT_THROUGHPUT; kind < NR_PLOT_KINDS; kind++) {
			free(plots->svg[i][kind]);
			plots->svg[i][kind] = NULL;
		}
}
