/* SPDX-License-Identifier: MIT */
/*
 * html.c - the page: the machine, how to read it, a grid of throughput panels,
 * a grid of latency panels, the heat maps, the table. It is one file without
 * scripts, with the plots in it as SVG.
 */
#include "tools/report/html.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/lines.h"
#include "bench/harness/say.h"
#include "bench/harness/table.h"
#include "tools/report/escape.h"
#include "tools/report/heatmap.h"
#include "tools/report/plot.h"
#include "tools/report/slower.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	/* Even if text in the page asks for it, no script runs, no fetch. */
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, "
	"initial-scale=1\">\n<title>vmastore: engines "
	"compared</title>\n<style>\n"
	"body { font: 15px/1.5 system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; color: #222; "
	"background: #f6f7f8; margin: 0; "
	"}\n"
	"main { max-width: 1400px; margin: 0 auto; padding: 24px; }\n"
	"h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 36px 0 8px; } h3 { "
	"font-size: 15px; margin: 0 0 "
	"4px; }\n"
	".grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(390px, 1fr)); gap: "
	"14px; }\n"
	".panel, .box { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: "
	"12px 14px; }\n"
	".panel svg { width: 100%; height: auto; display: block; }\n"
	".two { display: grid; grid-template-columns: repeat(auto-fit, minmax(390px, 1fr)); gap: "
	"14px; margin-top: 14px; }\n"
	"dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; } "
	"dt { color: #666; } dd { margin: "
	"0; }\n"
	".box p { margin: 0 0 8px; } .sum { color: #555; } code { font-size: 13px; background: "
	"#eef0f2; padding: 0 3px; }\n"
	"table { border-collapse: collapse; background: #fff; font-size: 13px; "
	"font-variant-numeric: tabular-nums; width: 100%; }\n"
	"th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid #eee; "
	"white-space: nowrap; }\n"
	"th { position: sticky; top: 0; background: #eef0f2; } th.l, td.l { text-align: left; }\n"
	"tr.first td { border-top: 2px solid #bbb; } .up { color: #00664a; font-weight: 600; }\n"
	".down { color: #b3261e; font-weight: 600; } .bad { background: #b3261e; color: #fff; } "
	".wide { overflow-x: auto; }\n"
	".note { border-left: 6px solid #b3261e; }\n";

static const char after_style[] =
	"</style>\n</head>\n<body>\n<main>\n<h1>vmastore: engines compared</h1>\n";

static const char how_to_read[] = "<div class=\"box\"><h3>How to read this</h3>\n"
				  "<p><b>Throughput</b>: operations of all threads together, in "
				  "one address space, over the number of threads. Both axes are "
				  "linear "
				  "and begin at 0: a line through the origin is perfect scaling, a "
				  "flat line is a lock. The marks are the median of several "
				  "runs, between which the engines took turns; the bars span the "
				  "slowest and the fastest run. Threads are pinned, and what "
				  "is measured begins after a warm-up.</p>\n"
				  "<p><b>Latency</b>: one operation, at the largest number of "
				  "threads, on a logarithmic axis. Lower is better. Fast "
				  "operations are "
				  "sampled, so that reading the clock does not slow them down; "
				  "<i>max</i> is the largest one that was timed. The loops are "
				  "closed: a thread that waits issues nothing meanwhile, so stalls "
				  "weigh less here than they would on a service.</p>\n"
				  "<p><b>Others</b> is what part of the CPUs' time went to other "
				  "programs and to the hypervisor during the runs; more than "
				  "10&thinsp;% voids the row. A ratio marked with <b>?</b> is "
				  "smaller than the spread of the runs behind it.</p>\n"
				  "<p><b>Errors</b> are results that the workload did not expect. "
				  "Any but 0 voids the row.</p></div>\n";

/* jansson accepts only UTF-8 as a string. */
static bool is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

/* Write a line "key: value"; skip an empty one. false: another line. */
static bool write_machine_line(FILE *out, char *line)
{
	char *value = strstr(line, ": ");

	if (!*line)
		return true;
	if (!value || value == line || !is_utf8(line))
		return false;
	*value = '\0';
	fputs("<dt>", out);
	report_escape(out, line);
	fputs("</dt><dd>", out);
	report_escape(out, value + 2);
	fputs("</dd>\n", out);
	return true;
}

static bool write_machine_lines(FILE *out, struct bench_lines *lines)
{
	enum bench_line got;
	char *line;

	while ((got = bench_lines_next(lines, &line)) == BENCH_LINE)
		if (!write_machine_line(out, line)) {
			bench_say(stderr, "%s:%lu: found '%.60s', expected \"key: value\" in UTF-8",
				  lines->path, lines->number, line);
			return false;
		}
	if (got == BENCH_LINES_BAD)
		bench_say(stderr, "%s:%lu: %s", lines->path, lines->number, lines->why);
	return got == BENCH_LINES_END;
}

static bool write_machine(FILE *out, const char *path)
{
	struct bench_lines lines;
	int err = bench_lines_open(&lines, path, BENCH_LINES_TEXT);
	bool ok = !err;

	if (err)
		bench_say(stderr, "%s: %s", path, strerror(-err));
	fputs("<div class=\"box\"><h3>Machine</h3>\n<dl>\n", out);
	ok = ok && write_machine_lines(out, &lines);
	fputs("</dl></div>\n", out);
	bench_lines_close(&lines);
	return ok;
}

/* Write each line of @text, escaped, between @before and @after. */
static void write_lines(FILE *out, char *text, const char *before, const char *after)
{
	char *rest;

	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		fputs(before, out);
		report_escape(out, line);
		fputs(after, out);
	}
}

/* Write the text of slower_write() as HTML. */
static void write_losses(FILE *out, const struct results *results, const char *baseline)
{
	char *text = NULL;
	size_t len;
	FILE *plain = open_memstream(&text, &len);

	if (!plain)
		return;
	slower_write(plain, results, baseline);
	fclose(plain);
	write_lines(out, text, "<br>", "\n");
	free(text);
}

/*
 * A figure that was measured on a busy machine looks like any other. Therefore
 * the disturbances are listed at the top.
 */
static void write_notes(FILE *out, const struct results *results, const char *baseline)
{
	char *text = NULL;
	size_t len;
	FILE *plain = open_memstream(&text, &len);

	if (!plain)
		return;
	bench_table_notes(plain, results->row, results->nr, baseline);
	fclose(plain);
	write_lines(out, text, "<p class=\"box note\">", "</p>\n");
	free(text);
}

static void write_summary(FILE *out, const struct results *results, const char *baseline)
{
	const char *names[PLOT_WORKLOADS_MAX];
	unsigned int nr_workloads = results_workloads(results, names, PLOT_WORKLOADS_MAX);
	unsigned int nr_engines = results_engines(results, names, PLOT_WORKLOADS_MAX);
	unsigned long errors = 0;

	for (size_t i = 0; i < results->nr; i++)
		errors += results->row[i].errors;
	fprintf(out,
		"<p class=\"sum\">%u workloads on %u engines; %zu points; <span%s>%lu "
		"error%s</span>. ",
		nr_workloads, nr_engines, results->nr, errors ? " class=\"bad\"" : "", errors,
		errors == 1 ? "" : "s");
	write_losses(out, results, baseline);
	fputs("</p>\n", out);
}

static void write_panels(FILE *out, const struct results *results, const struct plots *plots,
			 enum plot_kind kind)
{
	const char *workloads[PLOT_WORKLOADS_MAX];
	unsigned int nr = results_workloads(results, workloads, PLOT_WORKLOADS_MAX);

	fputs("<div class=\"grid\">\n", out);
	for (unsigned int i = 0; i < nr; i++) {
		fputs("<div class=\"panel\"><h3>", out);
		report_escape(out, workloads[i]);
		if (kind == PLOT_LATENCY)
			fprintf(out, ", %u threads", results_threads_max(results, workloads[i]));
		fputs("</h3>\n", out);
		fputs(plots->svg[i][kind], out);
		fputs("\n</div>\n", out);
	}
	fputs("</div>\n", out);
}

/*
 * The throughput as a multiple of one thread's on the same engine; 0: not
 * measured.
 */
static double scaling(const struct results *results, const struct bench_row *row)
{
	const struct bench_row *one = results_find(results, row->workload, row->engine, 1);

	return one && one->ops_per_sec > 0 ? row->ops_per_sec / one->ops_per_sec : 0;
}

/* A factor that may be noise has a question mark instead of a colour. */
static void write_factor(FILE *out, double factor, bool judged, bool unsure)
{
	const char *class = !judged || unsure ? ""
			    : factor >= 1.05  ? " class=\"up\""
			    : factor < 0.95   ? " class=\"down\""
					      : "";

	if (factor > 0)
		fprintf(out, "<td%s>%.2f%s</td>", class, factor, unsure ? "&thinsp;?" : "");
	else
		fputs("<td>&ndash;</td>", out);
}

static void write_number(FILE *out, double value)
{
	char buf[BENCH_GROUPED_MAX];

	fprintf(out, "<td>%s</td>", bench_grouped((uint64_t)(value + 0.5), buf));
}

static void write_others(FILE *out, const struct bench_row *row)
{
	if (row->others_known)
		fprintf(out, "<td%s>%.0f&thinsp;%%</td>",
			bench_row_disturbed(row) ? " class=\"bad\"" : "",
			row->others_pct + row->steal_pct);
	else
		fputs("<td>&ndash;</td>", out);
}

static void write_table_row(FILE *out, const struct results *results, const struct bench_row *row,
			    const char *baseline, bool first)
{
	fprintf(out, "<tr%s><td class=\"l\">", first ? " class=\"first\"" : "");
	report_escape(out, row->workload);
	fputs("</td><td class=\"l\">", out);
	report_escape(out, row->engine);
	fprintf(out, "</td><td>%u</td>", row->threads);
	write_number(out, (double)row->vmas);
	write_number(out, row->ops_per_sec);
	fprintf(out, "<td>%.1f&thinsp;%%</td>",
		row->ops_per_sec > 0
			? 100 * (row->ops_per_sec_max - row->ops_per_sec_min) / row->ops_per_sec
			: 0);
	write_factor(out, bench_table_speedup(results->row, results->nr, row, baseline),
		     strcmp(row->engine, baseline) != 0,
		     bench_table_unsure(results->row, results->nr, row, baseline));
	write_factor(out, scaling(results, row), false, false);
	write_number(out, (double)row->p50_ns);
	write_number(out, (double)row->p99_ns);
	write_number(out, (double)row->p999_ns);
	write_number(out, (double)row->max_ns);
	write_others(out, row);
	fprintf(out, "<td%s>%lu</td></tr>\n", row->errors ? " class=\"bad\"" : "", row->errors);
}

static void write_table(FILE *out, const struct results *results, const char *baseline)
{
	fputs("<div class=\"wide\"><table>\n<tr><th class=\"l\">workload</th><th "
	      "class=\"l\">engine</th><th>threads</th><th>VMAs</th>"
	      "<th>ops/s</th><th>spread</th><th>&times; ",
	      out);
	report_escape(out, baseline);
	fputs("</th><th>&times; 1 thread</th><th>p50 ns</th><th>p99 ns</th><th>p99.9 "
	      "ns</th><th>max "
	      "ns</th><th>others</th><th>errors</th></tr>\n",
	      out);
	for (size_t i = 0; i < results->nr; i++)
		write_table_row(out, results, &results->row[i], baseline,
				i == 0 || strcmp(results->row[i].workload,
						 results->row[i - 1].workload) != 0);
	fputs("</table></div>\n", out);
}

bool html_write(FILE *out, const struct results *results, const char *baseline, const char *machine,
		const struct plots *plots)
{
	bool ok;

	fputs(head, out);
	fputs(heatmap_style, out);
	fputs(after_style, out);
	write_notes(out, results, baseline);
	write_summary(out, results, baseline);
	fputs("<div class=\"two\">\n", out);
	ok = !machine || write_machine(out, machine);
	fputs(how_to_read, out);
	fputs("</div>\n<h2>Throughput over threads</h2>\n", out);
	write_panels(out, results, plots, PLOT_THROUGHPUT);
	fputs("<h2>Latency</h2>\n", out);
	write_panels(out, results, plots, PLOT_LATENCY);
	heatmap_write(out, &results->conflicts);
	fputs("<h2>All figures</h2>\n<p class=\"sum\">The same rows, one JSON object a line, are "
	      "in "
	      "<code>results.jsonl</code>.</p>\n",
	      out);
	write_table(out, results, baseline);
	fputs("</main>\n</body>\n</html>\n", out);
	return ok;
}
