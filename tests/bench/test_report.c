/* SPDX-License-Identifier: MIT */
/*
 * test_report.c - the report program on made-up results: merging takes the median of each point, the table's speed-up is right, losses
 * to the baseline are named, bad files and bad words are refused with status 2 and leave the old output alone, and the page
 * holds every workload and refers to nothing outside it.
 *
 * The program's path is the first argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/row.h"
#include "tests/support/command.h"
#include "tools/report/results.h"

static const char *program;
static char dir[] = "/tmp/test_report.XXXXXX";

static void in_dir(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", dir, name);
}

static void write_text(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	in_dir(path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static char *read_text(const char *name)
{
	struct command cat = command_run("cat %s/%s", dir, name);

	assert_int_equal(cat.status, 0);
	return cat.output;
}

struct made_up {
	const char *workload, *engine;
	unsigned int threads;
	double rate;
	unsigned long errors;
};

static void write_rows(const char *name, const struct made_up *rows, size_t nr)
{
	char path[256];
	FILE *f;

	in_dir(path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	for (size_t i = 0; i < nr; i++) {
		struct bench_row row = {.threads = rows[i].threads,
					.vmas = 7,
					.ops = (unsigned long)rows[i].rate,
					.seconds = 1,
					.ops_per_sec = rows[i].rate,
					.p50_ns = 100,
					.p99_ns = 2000,
					.p999_ns = 30000,
					.max_ns = 400000,
					.errors = rows[i].errors,
					.runs = 1,
					.ops_per_sec_min = rows[i].rate,
					.ops_per_sec_max = rows[i].rate};

		bench_row_name(&row, rows[i].workload, rows[i].engine);
		assert_int_equal(bench_row_print_json(f, &row), 0);
	}
	assert_int_equal(fclose(f), 0);
}

#define WRITE_ROWS(name, rows) write_rows(name, rows, sizeof(rows) / sizeof((rows)[0]))

/* Three rounds in the order in which they are measured: engines in turn. */
static const struct made_up rounds[] = {
	{"mmap1", "rbtree", 1, 100, 0}, {"mmap1", "maple", 1, 150, 0}, {"mmap1", "rbtree", 2, 100, 0},
	{"mmap1", "maple", 2, 40, 0},   {"brk1", "rbtree", 1, 10, 0},  {"brk1", "maple", 1, 30, 0},
	{"mmap1", "rbtree", 1, 300, 1}, {"mmap1", "maple", 1, 120, 0}, {"mmap1", "rbtree", 1, 200, 2},
	{"mmap1", "maple", 1, 180, 0},
};

static void merging_leaves_the_median_of_each_point(void **state)
{
	struct results results = {0};
	char path[256];

	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	in_dir(path, "rounds.jsonl");
	assert_true(results_read(&results, path));
	assert_int_equal(results.nr, 10);
	assert_true(results_merge(&results));
	assert_int_equal(results.nr, 6);
	assert_string_equal(results.row[0].engine, "rbtree");
	assert_true(results.row[0].ops_per_sec == 200);
	assert_true(results.row[0].ops_per_sec_min == 100 && results.row[0].ops_per_sec_max == 300);
	assert_int_equal(results.row[0].runs, 3);
	assert_int_equal(results.row[0].errors, 3);
	assert_string_equal(results.row[1].engine, "maple");
	assert_true(results.row[1].ops_per_sec == 150);
	assert_int_equal(results.row[2].threads, 2);
	assert_string_equal(results.row[4].workload, "brk1");
	results_free(&results);
}

static void merging_keeps_the_order_of_first_appearance(void **state)
{
	static const struct made_up rows[] = {
		{"z", "e2", 2, 1, 0}, {"a", "e1", 1, 1, 0}, {"z", "e1", 1, 1, 0}, {"z", "e2", 1, 1, 0}};
	struct results results = {0};
	char path[256];

	(void)state;
	WRITE_ROWS("order.jsonl", rows);
	in_dir(path, "order.jsonl");
	assert_true(results_read(&results, path));
	assert_true(results_merge(&results));
	assert_string_equal(results.row[0].workload, "z");
	assert_int_equal(results.row[0].threads, 1);
	assert_string_equal(results.row[0].engine, "e2");
	assert_string_equal(results.row[1].engine, "e1");
	assert_int_equal(results.row[2].threads, 2);
	assert_string_equal(results.row[3].workload, "a");
	results_free(&results);
}

static void merged_output_reads_back(void **state)
{
	struct command merge;
	struct results results = {0};
	char path[256];

	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	merge = command_run("%s merge %s/rounds.jsonl --output=%s/merged.jsonl", program, dir, dir);
	assert_int_equal(merge.status, 0);
	assert_string_equal(merge.output, "");
	free(merge.output);
	in_dir(path, "merged.jsonl");
	assert_true(results_read(&results, path));
	assert_int_equal(results.nr, 6);
	results_free(&results);
}

static void the_table_has_the_speed_up_and_names_losses(void **state)
{
	struct command table;

	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	table = command_run("%s table %s/rounds.jsonl", program, dir);
	assert_int_equal(table.status, 0);
	assert_non_null(strstr(table.output, "  x rbtree\n"));
	assert_non_null(strstr(table.output, "      0.75\n")); /* mmap1, 1 thread: 150 / 200 */
	assert_non_null(strstr(table.output, "      0.40\n")); /* 2 threads: 40 / 100 */
	assert_non_null(strstr(table.output, "      3.00\n")); /* brk1: 30 / 10 */
	assert_non_null(strstr(table.output,
			       "maple is slower than rbtree in: mmap1 at 2 threads (0.40); 1 of 3 points, and 1 more in "
			       "which the runs of both overlap.\n"));
	free(table.output);
}

static void another_baseline_can_be_chosen(void **state)
{
	struct command table;

	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	table = command_run("%s table %s/rounds.jsonl --baseline=maple", program, dir);
	assert_int_equal(table.status, 0);
	assert_non_null(strstr(table.output, "  x maple\n"));
	assert_non_null(strstr(table.output, "rbtree is slower than maple in: brk1 at 1 thread (0.33); 1 of 3 points.\n"));
	free(table.output);
}

static void assert_refused(const char *arguments, const char *found, const char *expected)
{
	struct command run = command_run("cd %s && %s %s", dir, program, arguments);

	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.output, found));
	assert_non_null(strstr(run.output, expected));
	free(run.output);
}

static void bad_words_are_refused(void **state)
{
	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	assert_refused("tabel rounds.jsonl", "found 'tabel'", "expected one of: merge table html svg");
	assert_refused("table", "found no file", "expected one command and at least one result file");
	assert_refused("", "found ''", "expected one of");
	assert_refused("--nonsense", "nonsense", "--help");
}

static void bad_files_are_refused_with_line_and_key(void **state)
{
	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	write_text("broken.jsonl", "\n{\"workload\": \"w\", \"engine\": \"e\", \"threads\": \"two\"}\n");
	write_text("empty.jsonl", "\n");
	write_text("cut.jsonl", "{\"workload\": \"w\", \"eng");
	assert_refused("table rounds.jsonl broken.jsonl", "broken.jsonl:2: \"threads\": found \"two\"", "expected a whole number");
	assert_refused("table empty.jsonl", "empty.jsonl:2: found no result", "expected one JSON object a line");
	assert_refused("table cut.jsonl", "cut.jsonl:1: found no JSON", "expected one object a line");
	assert_refused("table nowhere.jsonl", "nowhere.jsonl", "No such file");
}

static void bad_input_leaves_the_old_output(void **state)
{
	struct command merge;
	char *text;

	(void)state;
	write_text("broken.jsonl", "{}\n");
	write_text("old.jsonl", "what was there\n");
	merge = command_run("%s merge %s/broken.jsonl -o %s/old.jsonl", program, dir, dir);
	assert_int_equal(merge.status, 2);
	free(merge.output);
	text = read_text("old.jsonl");
	assert_string_equal(text, "what was there\n");
	free(text);
}

static bool have_gnuplot(void)
{
	struct command found = command_run("command -v gnuplot");

	free(found.output);
	return found.status == 0;
}

static void a_page_that_fails_half_way_leaves_the_old_one(void **state)
{
	struct command html;
	char *text;

	(void)state;
	if (!have_gnuplot())
		skip();
	WRITE_ROWS("rounds.jsonl", rounds);
	write_text("old.html", "what was there\n");
	html = command_run("%s html %s/rounds.jsonl --machine=%s/nowhere --output=%s/old.html", program, dir, dir, dir);
	assert_int_equal(html.status, 1);
	assert_non_null(strstr(html.output, "nowhere: No such file"));
	free(html.output);
	text = read_text("old.html");
	assert_string_equal(text, "what was there\n");
	free(text);
}

static void the_page_is_whole_and_self_contained(void **state)
{
	static const struct made_up rows[] = {{"mmap1", "rbtree", 1, 100, 0},
					      {"mmap1", "maple", 1, 150, 0},
					      {"<b>&", "rbtree", 1, 1e6, 3},
					      {"<b>&", "maple", 1, 2e6, 0}};
	struct command html;
	char *page;
	int plots = 0;

	(void)state;
	if (!have_gnuplot())
		skip();
	WRITE_ROWS("page.jsonl", rows);
	write_text("machine", "CPU: made up <fast>\n");
	html = command_run("%s html %s/page.jsonl --machine=%s/machine --output=%s/index.html", program, dir, dir, dir);
	assert_string_equal(html.output, "");
	assert_int_equal(html.status, 0);
	free(html.output);
	page = read_text("index.html");
	for (const char *at = page; (at = strstr(at, "<svg")) != NULL; at++)
		plots++;
	assert_int_equal(plots, 4);
	assert_non_null(strstr(page, "<h3>&lt;b&gt;&amp;</h3>"));
	assert_null(strstr(page, "<b>&</"));
	assert_non_null(strstr(page, "<dt>CPU</dt><dd>made up &lt;fast&gt;</dd>"));
	assert_non_null(strstr(page, "class=\"bad\">3<"));
	assert_non_null(strstr(page, "class=\"up\">1.50<"));
	assert_non_null(strstr(page, "</html>"));
	/* Nothing is fetched: no script, no style sheet, no image. The only addresses are the names of XML's own vocabularies. */
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "<link"));
	assert_null(strstr(page, "@import"));
	free(page);
}

static void one_workload_is_drawn_alone(void **state)
{
	static const struct made_up rows[] = {
		{"first", "rbtree", 1, 100, 0},
		{"second", "rbtree", 1, 100, 0},
		{"second", "maple", 1, 150, 0},
	};
	struct command svg;

	(void)state;
	WRITE_ROWS("two.jsonl", rows);
	svg = command_run("%s svg --workload=third %s/two.jsonl", program, dir);
	assert_int_equal(svg.status, 2);
	assert_non_null(strstr(svg.output, "found 'third'"));
	free(svg.output);
	if (!have_gnuplot())
		skip();
	svg = command_run("%s svg --workload=second %s/two.jsonl", program, dir);
	assert_int_equal(svg.status, 0);
	assert_non_null(strstr(svg.output, "<svg"));
	assert_non_null(strstr(svg.output, "maple"));
	free(svg.output);
	svg = command_run("%s svg %s/two.jsonl", program, dir);
	assert_non_null(strstr(svg.output, "<svg"));
	assert_null(strstr(svg.output, "maple"));
	free(svg.output);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	struct command rm = command_run("rm -r %s", dir);

	(void)state;
	free(rm.output);
	return rm.status;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merging_leaves_the_median_of_each_point),
		cmocka_unit_test(merging_keeps_the_order_of_first_appearance),
		cmocka_unit_test(merged_output_reads_back),
		cmocka_unit_test(the_table_has_the_speed_up_and_names_losses),
		cmocka_unit_test(another_baseline_can_be_chosen),
		cmocka_unit_test(bad_words_are_refused),
		cmocka_unit_test(bad_files_are_refused_with_line_and_key),
		cmocka_unit_test(bad_input_leaves_the_old_output),
		cmocka_unit_test(a_page_that_fails_half_way_leaves_the_old_one),
		cmocka_unit_test(the_page_is_whole_and_self_contained),
		cmocka_unit_test(one_workload_is_drawn_alone),
	};
	static char absolute[4096];

	if (argc != 2 || !realpath(argv[1], absolute)) {
		fprintf(stderr, "usage: test_report PATH-OF-REPORT\n");
		return 2;
	}
	program = absolute;
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
