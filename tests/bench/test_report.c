/* SPDX-License-Identifier: MIT */
/*
 * test_report.c - the report program on made-up results. Merging takes the
 * median of each point; the table's speed-up is right; losses to the baseline
 * are named; bad files and bad words are refused with status 2 and leave the
 * old output unchanged; the page holds every workload and refers to nothing
 * outside it. Results that are crafted to run commands, or to put tags into the
 * page, are refused by the readers and made harmless by the writers.
 *
 * The first argument is the program's path.
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
#include "tools/report/html.h"
#include "tools/report/plot.h"
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

static bool in_dir_exists(const char *name)
{
	char path[256];

	in_dir(path, name);
	return access(path, F_OK) == 0;
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

/* Three rounds in the order of measurement: the engines take turns. */
static const struct made_up rounds[] = {
	{"mmap1", "rbtree", 1, 100, 0}, {"mmap1", "maple", 1, 150, 0},
	{"mmap1", "rbtree", 2, 100, 0}, {"mmap1", "maple", 2, 40, 0},
	{"brk1", "rbtree", 1, 10, 0},   {"brk1", "maple", 1, 30, 0},
	{"mmap1", "rbtree", 1, 300, 1}, {"mmap1", "maple", 1, 120, 0},
	{"mmap1", "rbtree", 1, 200, 2}, {"mmap1", "maple", 1, 180, 0},
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
	static const struct made_up rows[] = {{"z", "e2", 2, 1, 0},
					      {"a", "e1", 1, 1, 0},
					      {"z", "e1", 1, 1, 0},
					      {"z", "e2", 1, 1, 0}};
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
	assert_non_null(strstr(table.output, "      0.75 ?\n")); /* mmap1, 1 thread: 150 / 200 */
	assert_non_null(strstr(table.output, "      0.40\n"));   /* 2 threads: 40 / 100 */
	assert_non_null(strstr(table.output, "      3.00\n"));   /* brk1: 30 / 10 */
	assert_non_null(strstr(table.output, "maple is slower than rbtree in: mmap1 at 2 threads "
					     "(0.40); 1 of 3 points, and 1 more in "
					     "which the runs of both overlap.\n"));
	free(table.output);
}

/*
 * Symptom: the figures of a crowded machine looked like any others: x 12.72
 * with runs that lay 435 % apart.
 */
static void a_disturbed_run_is_said_on_top(void **state)
{
	static const char row[] =
		"{\"workload\": \"mmap1\", \"engine\": \"%s\", \"threads\": 1, \"vmas\": 1, "
		"\"ops\": 1, \"seconds\": 1, "
		"\"ops_per_sec\": %d, \"p50_ns\": 1, \"p99_ns\": 1, \"p999_ns\": 1, \"max_ns\": 1, "
		"\"errors\": 0, "
		"\"runs\": 3, \"ops_per_sec_min\": %d, \"ops_per_sec_max\": %d%s}\n";
	char text[2048];
	struct command table;

	(void)state;
	/* 1272 to 100, but the runs lie 5533 apart. */
	snprintf(text, sizeof(text), row, "rbtree", 100, 90, 110,
		 ", \"load\": 9.5, \"others_pct\": 8, \"steal_pct\": 1");
	snprintf(text + strlen(text), sizeof(text) - strlen(text), row, "maple", 1272, 67, 5600,
		 ", \"load\": 9.5, \"others_pct\": 41.2, \"steal_pct\": 3");
	snprintf(text + strlen(text), sizeof(text) - strlen(text), row, "maple-vma", 200, 150, 249,
		 "");
	write_text("crowded.jsonl", text);
	table = command_run("%s table %s/crowded.jsonl", program, dir);
	assert_int_equal(table.status, 0);
	assert_true(strncmp(table.output, "DISTURBED: during 1 of 3 rows, marked with !, ", 46) ==
		    0);
	assert_non_null(strstr(
		table.output,
		"other programs up to 41 %, the hypervisor up to 3 %, load average up to 9.5."));
	assert_non_null(strstr(table.output, "\n1 rows, marked with ?, differ from rbtree by less "
					     "than the spread of their runs"));
	assert_non_null(strstr(table.output, "     12.72 ? !\n"));
	/* The spread, 99, is just below the difference. */
	assert_non_null(strstr(table.output, "      2.00\n"));
	assert_non_null(strstr(table.output, "      1.00\n")); /* 9 % is not too much */
	free(table.output);
	table = command_run("%s merge %s/crowded.jsonl", program, dir);
	assert_non_null(
		strstr(table.output, "\"load\": 9.5, \"others_pct\": 41.2, \"steal_pct\": 3.0}\n"));
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
	assert_non_null(strstr(
		table.output,
		"rbtree is slower than maple in: brk1 at 1 thread (0.33); 1 of 3 points.\n"));
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
	assert_refused("tabel rounds.jsonl", "found 'tabel'",
		       "expected one of: merge table html svg");
	assert_refused("table", "found no file",
		       "expected one command and at least one result file");
	assert_refused("", "found ''", "expected one of");
	assert_refused("--nonsense", "nonsense", "--help");
}

static void bad_files_are_refused_with_line_and_key(void **state)
{
	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	write_text("broken.jsonl",
		   "\n{\"workload\": \"w\", \"engine\": \"e\", \"threads\": \"two\"}\n");
	write_text("empty.jsonl", "\n");
	write_text("cut.jsonl", "{\"workload\": \"w\", \"eng");
	assert_refused("table rounds.jsonl broken.jsonl",
		       "broken.jsonl:2: \"threads\": found \"two\"", "expected a whole number");
	assert_refused("table empty.jsonl", "empty.jsonl:2: found no result",
		       "expected one JSON object a line");
	assert_refused("table cut.jsonl", "cut.jsonl:1: found no JSON",
		       "expected one object a line");
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
	html = command_run("%s html %s/rounds.jsonl --machine=%s/nowhere --output=%s/old.html",
			   program, dir, dir, dir);
	assert_int_equal(html.status, 2);
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
					      {"brk1", "rbtree", 1, 1e6, 3},
					      {"brk1", "maple", 1, 2e6, 0}};
	struct command html;
	char *page;
	int plots = 0;

	(void)state;
	if (!have_gnuplot())
		skip();
	WRITE_ROWS("page.jsonl", rows);
	write_text("machine", "CPU: made up <fast>\n");
	html = command_run("%s html %s/page.jsonl --machine=%s/machine --output=%s/index.html",
			   program, dir, dir, dir);
	assert_string_equal(html.output, "");
	assert_int_equal(html.status, 0);
	free(html.output);
	page = read_text("index.html");
	for (const char *at = page; (at = strstr(at, "<svg")) != NULL; at++)
		plots++;
	assert_int_equal(plots, 4);
	assert_non_null(strstr(page, "<h3>brk1</h3>"));
	assert_non_null(strstr(page, "<dt>CPU</dt><dd>made up &lt;fast&gt;</dd>"));
	assert_non_null(strstr(page, "class=\"bad\">3<"));
	assert_non_null(strstr(page, "class=\"up\">1.50<"));
	/* The page does not explain marks that no row has. */
	assert_null(strstr(page, "class=\"box note\""));
	assert_non_null(strstr(page, "</html>"));
	/*
	 * The page fetches nothing: no script, no style sheet, no image. The
	 * only addresses are the names of XML's own vocabularies.
	 */
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "<link"));
	assert_null(strstr(page, "@import"));
	free(page);
}

/* ---- results that others made ---- */

#define REST                                                                                       \
	"\"threads\": 1, \"vmas\": 1, \"ops\": 1, \"seconds\": 1, \"ops_per_sec\": 1, "            \
	"\"p50_ns\": 1, \"p99_ns\": 1, "                                                           \
	"\"p999_ns\": 1, \"max_ns\": 1, \"errors\": 0}\n"

/*
 * Symptom: gnuplot took an engine's name verbatim. After a quote or a line end
 * in it, the rest was a command of gnuplot, which has one that runs a shell.
 */
static void a_name_that_would_be_a_command_is_refused(void **state)
{
	static const char *const names[] = {"e'; system('touch canary'); '",
					    "e\\n!touch canary\\n",
					    "`touch canary`",
					    "\\u001b[2J",
					    "<script>",
					    "../../x"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (int workload = 0; workload < 2; workload++) {
			char text[512];

			snprintf(text, sizeof(text),
				 "{\"workload\": \"%s\", \"engine\": \"%s\", " REST,
				 workload ? names[i] : "w", workload ? "e" : names[i]);
			write_text("evil.jsonl", text);
			for (const char *const *command =
				     (const char *const[]){"table", "merge", "html", "svg", NULL};
			     *command; command++) {
				struct command run = command_run("cd %s && %s %s evil.jsonl", dir,
								 program, *command);

				assert_int_equal(run.status, 2);
				assert_non_null(strstr(
					run.output, workload ? "evil.jsonl:1: \"workload\": found"
							     : "evil.jsonl:1: \"engine\": found"));
				assert_null(strchr(run.output, '\033'));
				free(run.output);
			}
		}
	assert_false(in_dir_exists("canary"));
}

static struct bench_row raw_row(const char *workload, const char *engine)
{
	struct bench_row row = {.threads = 1,
				.vmas = 1,
				.ops_per_sec = 5,
				.ops_per_sec_min = 5,
				.ops_per_sec_max = 5,
				.runs = 1};

	/*
	 * Do not use bench_row_name(), because the writers must not rely on the
	 * checks of the readers.
	 */
	snprintf(row.workload, sizeof(row.workload), "%s", workload);
	snprintf(row.engine, sizeof(row.engine), "%s", engine);
	return row;
}

static void gnuplot_is_given_quoted_names(void **state)
{
	struct bench_row row[3];
	struct results results = {.row = row, .nr = 3};
	static struct plots plots;

	(void)state;
	if (!have_gnuplot())
		skip();
	row[0] = raw_row("w", "a'; system('>canary'); '");
	row[1] = raw_row("w", "b\n!>canary\n'");
	row[2] = raw_row("w", "`>canary`&<b>");
	assert_int_equal(chdir(dir), 0);
	assert_true(plot_all(&results, &plots));
	assert_int_equal(chdir("/"), 0);
	assert_false(in_dir_exists("canary"));
	assert_non_null(plots.svg[0][PLOT_THROUGHPUT]);
	assert_non_null(strstr(plots.svg[0][PLOT_THROUGHPUT], "system("));
	assert_null(strstr(plots.svg[0][PLOT_THROUGHPUT], "<b>"));
	plots_free(&plots);
}

static void the_page_escapes_whatever_it_is_given(void **state)
{
	struct bench_row row[] = {raw_row("<s>&\"w'", "<u>e'\033"), raw_row("<s>&\"w'", "<u>base")};
	struct results results = {.row = row, .nr = 2};
	char svg[] = "<svg></svg>", *page = NULL;
	struct plots plots = {.svg = {{svg, svg}}};
	size_t size;
	FILE *out = open_memstream(&page, &size);

	(void)state;
	row[1].ops_per_sec = row[1].ops_per_sec_min = row[1].ops_per_sec_max = 10;
	assert_true(html_write(out, &results, "<u>base", NULL, &plots));
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(page, "<s>"));
	assert_null(strstr(page, "<u>"));
	assert_null(strchr(page, '\033'));
	assert_non_null(strstr(page, "<h3>&lt;s&gt;&amp;&quot;w&#39;</h3>"));
	assert_non_null(
		strstr(page, "&lt;u&gt;e&#39;? is slower than &lt;u&gt;base in: &lt;s&gt;&amp;"));
	free(page);
}

static void the_page_says_on_top_that_a_run_was_disturbed(void **state)
{
	struct bench_row row[] = {raw_row("w", "maple"), raw_row("w", "<u>base")};
	struct results results = {.row = row, .nr = 2};
	char svg[] = "<svg></svg>", *page = NULL;
	struct plots plots = {.svg = {{svg, svg}}};
	size_t size;
	FILE *out = open_memstream(&page, &size);

	(void)state;
	row[0].ops_per_sec_max = 50;
	row[1].ops_per_sec = row[1].ops_per_sec_min = row[1].ops_per_sec_max = 2;
	row[1].others_known = true;
	row[1].steal_pct = 10.1;
	assert_true(html_write(out, &results, "<u>base", NULL, &plots));
	assert_int_equal(fclose(out), 0);
	assert_non_null(
		strstr(page, "</h1>\n<p class=\"box note\">DISTURBED: during 1 of 2 rows, "));
	assert_non_null(strstr(
		page,
		"<p class=\"box note\">1 rows, marked with ?, differ from &lt;u&gt;base by less"));
	/* 2.5 times as fast, but not coloured as a gain. */
	assert_non_null(strstr(page, "<td>2.50&thinsp;?</td>"));
	assert_non_null(strstr(page, "<td class=\"bad\">10&thinsp;%</td>"));
	free(page);
}

/* A lost output file is handled like lost standard output: bench/README.md. */
static void an_output_file_that_is_lost_is_status_2(void **state)
{
	static const struct {
		const char *place, *said;
	} bad[] = {
		{"/dev/full", "/dev/full: No space left on device"},
		{"nowhere/index.html", "nowhere/index.html: cannot write beside it: No such file"},
	};

	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct command run;

		run = command_run("cd %s && %s merge rounds.jsonl --output=%s", dir, program,
				  bad[i].place);
		assert_int_equal(run.status, 2);
		assert_non_null(strstr(run.output, bad[i].said));
		free(run.output);
	}
}

static void the_machine_file_is_held_to_its_form(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{"CPU: one\nno colon\n", "machine:2: found 'no colon', expected \"key: value\""},
		{"CPU: \033[31m\n", "machine:1: found the control character 0x1b, expected text"},
		{"CPU: \xff\n", "machine:1: found"},
	};

	(void)state;
	if (!have_gnuplot())
		skip();
	WRITE_ROWS("rounds.jsonl", rounds);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct command run;

		write_text("machine", bad[i].text);
		run = command_run(
			"cd %s && %s html rounds.jsonl --machine=machine --output=out.html", dir,
			program);
		assert_int_equal(run.status, 2);
		assert_non_null(strstr(run.output, bad[i].said));
		free(run.output);
		assert_false(in_dir_exists("out.html"));
	}
}

static void words_of_the_command_line_are_names_too(void **state)
{
	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	assert_refused("table rounds.jsonl --baseline='<b>'", "--baseline: found '<b>'",
		       "expected a name");
	assert_refused("table rounds.jsonl --output=", "--output: found ''",
		       "expected the name of a file");
	assert_refused("svg rounds.jsonl --workload=\"$(printf '\\033[31m')\"",
		       "--workload: found '\\x1b[31m'", "expected a workload");
}

/* ---- lines that cannot be read ---- */

static void a_file_that_cannot_be_read_to_its_end_gives_no_result(void **state)
{
	struct command run;

	(void)state;
	WRITE_ROWS("rounds.jsonl", rounds);
	run = command_run("cd %s && (cat rounds.jsonl; printf '{\\000}\\n') >zero.jsonl && %s "
			  "table zero.jsonl",
			  dir, program);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.output, "zero.jsonl:11: found a zero byte, expected text\n");
	free(run.output);
	run = command_run("cd %s && (cat rounds.jsonl; head -c 2000000 /dev/zero | tr '\\0' x) "
			  ">long.jsonl && %s table long.jsonl",
			  dir, program);
	assert_int_equal(run.status, 2);
	assert_string_equal(
		run.output,
		"long.jsonl:11: found a line of more than 1 MiB, expected a shorter one\n");
	free(run.output);
	run = command_run("cd %s && %s table .", dir, program);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.output, ".:1: Is a directory\n");
	free(run.output);
}

static void a_long_path_is_said_whole(void **state)
{
	char name[251];
	struct command run;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	run = command_run("(cd %s && mkdir -p %s/%s/%s && echo '{}' >%s/%s/%s/f && %s table "
			  "%s/%s/%s/f; rm -r %s)",
			  dir, name, name, name, name, name, name, program, name, name, name, name);
	assert_non_null(
		strstr(run.output, "nnn/f:1: \"workload\": found nothing, expected a name"));
	free(run.output);
}

/* ---- the output of bench/conflicts ---- */

#define CONFLICT(engine, a, b, lines, rare, names)                                                 \
	"{\"a\": \"" a "\", \"b\": \"" b "\", \"relation\": \"same\", \"engine\": \"" engine       \
	"\", \"shared_written_lines\": " lines ", \"rare\": " rare ", \"lines\": [" names "]}\n"

static const char some_conflicts[] =
	CONFLICT("rbtree", "fault", "fault", "1", "0", "\"mm.mmap_lock\"")
		CONFLICT("rbtree", "fault", "munmap", "2", "0", "\"mm.mmap_lock\", \"<b>mm & co\"")
			CONFLICT("rbtree", "munmap", "munmap", "602", "1",
				 "\"mm.mmap_lock\", \"vma.vm_lock_seq x 600\", \"depot (1 of 64)\"")
				CONFLICT("maple", "fault", "fault", "0", "0", "");

static void conflicts_are_merged_drawn_and_explained(void **state)
{
	struct command run;
	char *page;

	(void)state;
	write_text("conflicts.jsonl", some_conflicts);
	/* A row that occurs twice is merged into one. */
	run = command_run("cd %s && cat conflicts.jsonl conflicts.jsonl >twice.jsonl && %s merge "
			  "twice.jsonl >merged.jsonl && "
			  "cmp merged.jsonl conflicts.jsonl",
			  dir, program);
	assert_int_equal(run.status, 0);
	free(run.output);

	run = command_run("cd %s && %s table conflicts.jsonl", dir, program);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(
		run.output,
		"rbtree, same: Every fault meets the others at 1 written line (mm.mmap_lock)"));
	assert_non_null(strstr(run.output, "share 602 to 602 written lines, mmap_lock among them"));
	assert_non_null(
		strstr(run.output, "at most 2 written lines (munmap: mm.mmap_lock; <b>mm & co)"));
	assert_non_null(strstr(run.output, "maple, same: Faults share no written line"));
	free(run.output);

	run = command_run("cd %s && %s html conflicts.jsonl --output=heat.html", dir, program);
	assert_int_equal(run.status, 0);
	free(run.output);
	page = read_text("heat.html");
	assert_non_null(strstr(page, "<td class=\"c0\" title=\"\">0</td>"));
	assert_non_null(strstr(page, "<td class=\"c4\" title=\"mm.mmap_lock; vma.vm_lock_seq x "
				     "600; depot (1 of 64)\">602&thinsp;(1)</td>"));
	assert_non_null(strstr(page, "mm.mmap_lock; &lt;b&gt;mm &amp; co"));
	assert_null(strstr(page, "<b>mm"));
	free(page);
}

static void bad_conflicts_are_refused_with_line_and_key(void **state)
{
	static const struct {
		const char *line, *found, *expected;
	} bad[] = {
		{CONFLICT("rbtree", "fault", "$(ls)", "0", "0", ""), "\"b\": found \"$(ls)\"",
		 "expected a name"},
		{CONFLICT("", "fault", "fault", "0", "0", ""), "\"engine\": found \"\"",
		 "expected a name"},
		{CONFLICT("rbtree", "fault", "fault", "-1", "0", ""),
		 "\"shared_written_lines\": found -1", "a whole number from 0"},
		{CONFLICT("rbtree", "fault", "fault", "1", "2", "\"x\""), "\"rare\": found 2",
		 "a whole number from 0 to 1"},
		{CONFLICT("rbtree", "fault", "fault", "1", "0", "\"x\", \"y\""),
		 "\"lines\": found [\"x\", \"y\"]", "expected an array"},
		{CONFLICT("rbtree", "fault", "fault", "1", "0", ""), "\"lines\": found []",
		 "expected an array"},
		{CONFLICT("rbtree", "fault", "fault", "1", "0", "7"), "\"lines\": found [7]",
		 "expected names"},
		{CONFLICT("rbtree", "fault", "fault", "1", "0", "\"\\u001b[2J\""),
		 "\"lines\": found", "without control characters"},
		{"{\"relation\": \"same\"}\n", "\"a\": found nothing", "expected a name"},
		{"{\"relation\": \"same\", \"relation\": \"same\"}\n",
		 "found no JSON (duplicate object key", "expected one object a line"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[4096], found[256];

		snprintf(text, sizeof(text), "%s%s", some_conflicts, bad[i].line);
		write_text("bad.jsonl", text);
		snprintf(found, sizeof(found), "bad.jsonl:5: %s", bad[i].found);
		assert_refused("table bad.jsonl", found, bad[i].expected);
	}
	write_text("conflicts.jsonl", some_conflicts);
	assert_refused("svg conflicts.jsonl", "found no workload", "expected one to draw");
}

/* Symptom: a map without room for a name left it out silently. */
static void more_names_than_a_map_has_room_for_are_refused(void **state)
{
	static const char *const keys[] = {"a", "b", "relation", "engine"};

	(void)state;
	for (size_t key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
		char *text = NULL, found[64];
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		for (unsigned int i = 0; i <= 64; i++) {
			char name[4][16] = {"fault", "fault", "same", "maple"};

			snprintf(name[key], sizeof(name[key]), i ? "name%u" : "fault", i);
			fprintf(out,
				"{\"a\": \"%s\", \"b\": \"%s\", \"relation\": \"%s\", \"engine\": "
				"\"%s\", "
				"\"shared_written_lines\": 0, \"rare\": 0, \"lines\": []}\n",
				name[0], name[1], name[2], name[3]);
		}
		fclose(out);
		write_text("names.jsonl", text);
		free(text);
		snprintf(found, sizeof(found), "names.jsonl:65: \"%s\": found \"name64\"",
			 keys[key]);
		assert_refused("table names.jsonl", found,
			       "expected no more than 64 different names");
	}
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
		cmocka_unit_test(a_disturbed_run_is_said_on_top),
		cmocka_unit_test(another_baseline_can_be_chosen),
		cmocka_unit_test(bad_words_are_refused),
		cmocka_unit_test(bad_files_are_refused_with_line_and_key),
		cmocka_unit_test(conflicts_are_merged_drawn_and_explained),
		cmocka_unit_test(bad_conflicts_are_refused_with_line_and_key),
		cmocka_unit_test(more_names_than_a_map_has_room_for_are_refused),
		cmocka_unit_test(bad_input_leaves_the_old_output),
		cmocka_unit_test(a_page_that_fails_half_way_leaves_the_old_one),
		cmocka_unit_test(the_page_is_whole_and_self_contained),
		cmocka_unit_test(one_workload_is_drawn_alone),
		cmocka_unit_test(a_name_that_would_be_a_command_is_refused),
		cmocka_unit_test(gnuplot_is_given_quoted_names),
		cmocka_unit_test(the_page_escapes_whatever_it_is_given),
		cmocka_unit_test(the_page_says_on_top_that_a_run_was_disturbed),
		cmocka_unit_test(an_output_file_that_is_lost_is_status_2),
		cmocka_unit_test(the_machine_file_is_held_to_its_form),
		cmocka_unit_test(words_of_the_command_line_are_names_too),
		cmocka_unit_test(a_file_that_cannot_be_read_to_its_end_gives_no_result),
		cmocka_unit_test(a_long_path_is_said_whole),
	};
	static char absolute[4096];

	if (argc != 2 || !realpath(argv[1], absolute)) {
		fprintf(stderr, "usage: test_report PATH-OF-REPORT\n");
		return 2;
	}
	program = absolute;
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
