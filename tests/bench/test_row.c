/* SPDX-License-Identifier: MIT */
/*
 * test_row.c - a row's JSON has exactly the documented keys in the documented
 * order and survives a round trip; medians, spread and errors are those of the
 * runs; the table's speed-up is the quotient of the throughputs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/others.h"
#include "bench/harness/row.h"
#include "bench/harness/table.h"

static const struct bench_row sample = {
	.workload = "mmap1",
	.engine = "maple",
	.threads = 2,
	.vmas = 1000,
	.ops = 51234,
	.seconds = 0.5,
	.ops_per_sec = 102468,
	.p50_ns = 9100,
	.p99_ns = 20223,
	.p999_ns = 41215,
	.max_ns = 60112,
	.errors = 1,
	.runs = 3,
	.ops_per_sec_min = 99120.4,
	.ops_per_sec_max = 104300.2,
};

/* Return the printed @row; the caller must free it. */
static char *printed(const struct bench_row *row)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(bench_row_print_json(out, row), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void json_has_the_promised_keys_in_order(void **state)
{
	static const char *const keys[] = {
		"workload",    "engine",          "threads",        "vmas",    "ops",    "seconds",
		"ops_per_sec", "p50_ns",          "p99_ns",         "p999_ns", "max_ns", "errors",
		"runs",        "ops_per_sec_min", "ops_per_sec_max"};
	char *text = printed(&sample);
	json_t *object = json_loads(text, 0, NULL);
	const char *key;
	json_t *value;
	size_t i = 0;

	(void)state;
	assert_non_null(object);
	json_object_foreach(object, key, value)
	{
		assert_true(i < sizeof(keys) / sizeof(keys[0]));
		assert_string_equal(key, keys[i]);
		assert_int_equal(json_is_string(value), i < 2);
		i++;
	}
	assert_int_equal(i, sizeof(keys) / sizeof(keys[0]));
	assert_int_equal(json_integer_value(json_object_get(object, "threads")), 2);
	assert_true(json_real_value(json_object_get(object, "seconds")) == 0.5);
	assert_int_equal(json_integer_value(json_object_get(object, "p999_ns")), 41215);
	json_decref(object);
	free(text);
}

static void json_is_one_line(void **state)
{
	char *text = printed(&sample);

	(void)state;
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_int_equal(
		strncmp(text, "{\"workload\": \"mmap1\", \"engine\": \"maple\", \"threads\": 2, ",
			55),
		0);
	free(text);
}

static void a_printed_row_reads_back_the_same(void **state)
{
	char *text = printed(&sample);
	struct bench_row row;
	char why[256];

	(void)state;
	assert_true(bench_row_parse(&row, text, why, sizeof(why)));
	assert_memory_equal(&row, &sample, sizeof(row));
	free(text);
}

static void a_row_without_spread_is_one_run(void **state)
{
	struct bench_row row;
	char why[256];

	(void)state;
	assert_true(bench_row_parse(&row,
				    "{\"workload\": \"w\", \"engine\": \"e\", \"threads\": 1, "
				    "\"vmas\": 0, \"ops\": 10, \"seconds\": 2, "
				    "\"ops_per_sec\": 5, \"p50_ns\": 1, \"p99_ns\": 2, "
				    "\"p999_ns\": 3, \"max_ns\": 4, \"errors\": 0, \"more\": []}",
				    why, sizeof(why)));
	assert_int_equal(row.runs, 1);
	assert_true(row.ops_per_sec_min == 5 && row.ops_per_sec_max == 5);
}

static void bad_rows_are_refused_with_the_key(void **state)
{
	static const struct {
		const char *line, *found;
	} bad[] = {
		{"", "found no JSON"},
		{"{\"workload\": \"w\"", "found no JSON"},
		{"[1]", "expected an object"},
		{"{}", "\"workload\": found nothing, expected a name"},
		{"{\"workload\": \"w\", \"engine\": 3}", "\"engine\": found 3"},
		{"{\"workload\": \"w\", \"engine\": \"e\", \"threads\": -1}",
		 "\"threads\": found -1"},
		{"{\"workload\": \"w\", \"engine\": \"e\", \"threads\": 1.5}",
		 "\"threads\": found 1.5"},
		{"{\"workload\": \"w\", \"engine\": \"e\", \"threads\": 1, \"vmas\": 1, \"ops\": "
		 "1, \"seconds\": \"x\"}",
		 "\"seconds\": found \"x\""},
	};
	struct bench_row row;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(bench_row_parse(&row, bad[i].line, why, sizeof(why)));
		assert_non_null(strstr(why, bad[i].found));
	}
}

/*
 * A valid row with one field replaced by a value that would wrap, overflow a
 * conversion, loop for ever, or have a meaning to another program.
 */
static void fields_out_of_range_are_refused(void **state)
{
	static const struct {
		const char *key, *value, *found;
	} bad[] = {
		{"threads", "4294967297",
		 "\"threads\": found 4294967297, expected a whole number from 1 to 1024"},
		{"threads", "4294967295", "\"threads\": found 4294967295"},
		{"threads", "0", "\"threads\": found 0"},
		{"vmas", "9223372036854775807", "\"vmas\": found 9223372036854775807"},
		{"errors", "9223372036854775807", "\"errors\": found"},
		{"runs", "4294967296",
		 "\"runs\": found 4294967296, expected a whole number from 1 to 1000000"},
		{"ops_per_sec", "1e30",
		 "\"ops_per_sec\": found 1e30, expected a number from 0 to 1e+15"},
		{"ops_per_sec_min", "9",
		 "\"ops_per_sec_min\": found 9, expected a number from 0 to 5"},
		{"ops_per_sec_max", "1",
		 "\"ops_per_sec_max\": found 1, expected a number from 5 to 1e+15"},
		{"engine", "\"a'b\"",
		 "\"engine\": found \"a'b\", expected a name of at most 63 of A-Z"},
		{"engine", "\"a\\nb\"", "\"engine\": found"},
		{"engine", "\"a\\u001b[31m\"",
		 "\"engine\": found \"a\\u001B[31m\", expected a name"},
		{"workload", "\"<b>\"", "\"workload\": found \"<b>\""},
		{"workload", "\"-w\"", "\"workload\": found \"-w\""},
		{"workload", "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\"",
		 "\"workload\": found"},
	};
	char why[BENCH_WHY_MAX];
	struct bench_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bench_row five = sample;
		json_t *object, *value = json_loads(bad[i].value, JSON_DECODE_ANY, NULL);
		char *line;

		five.ops_per_sec = five.ops_per_sec_min = five.ops_per_sec_max = 5;
		object = bench_row_json(&five);
		assert_non_null(value);
		json_object_set_new(object, bad[i].key, value);
		line = json_dumps(object, JSON_REAL_PRECISION(10));
		assert_false(bench_row_parse(&row, line, why, sizeof(why)));
		assert_non_null(strstr(why, bad[i].found));
		free(line);
		json_decref(object);
	}
}

/* A recording may have any name, and its row must still be readable. */
static void names_take_no_character_that_a_reader_refuses(void **state)
{
	struct bench_row row = sample, again;
	char why[BENCH_WHY_MAX], *text;

	(void)state;
	bench_row_name(&row, "replay:it's <my>\n\033trace", "-e");
	assert_string_equal(row.workload, "replay:it_s__my___trace");
	assert_string_equal(row.engine, "_-e");
	text = printed(&row);
	assert_true(bench_row_parse(&again, text, why, sizeof(why)));
	assert_string_equal(again.workload, row.workload);
	free(text);
}

static void fill(struct bench_result *result, unsigned long ops, unsigned long errors,
		 uint64_t latency)
{
	*result = (struct bench_result){.ops = ops, .errors = errors, .seconds = 0.5};
	bench_hist_record(&result->hist, latency);
}

static void the_median_run_is_shown_whole_and_errors_are_summed(void **state)
{
	static struct bench_result a, b, c;
	struct bench_result *runs[] = {&a, &b, &c};
	struct bench_row row = {0};

	(void)state;
	fill(&a, 300, 1, 30);
	fill(&b, 100, 2, 10);
	fill(&c, 200, 0, 20);
	bench_row_fill(&row, runs, 3);
	assert_int_equal(row.ops, 200);
	assert_true(row.ops_per_sec == 400);
	assert_true(row.ops_per_sec_min == 200 && row.ops_per_sec_max == 600);
	assert_int_equal(row.p50_ns, 20);
	assert_int_equal(row.max_ns, 20);
	assert_int_equal(row.errors, 3);
	assert_int_equal(row.runs, 3);
}

/*
 * Busy time that this process did not use belongs to others. Only the CPUs of
 * workers count.
 */
static void others_are_found_in_what_the_kernel_counts(void **state)
{
	static char text[] = "cpu  9 9 9 9 9 9 9 9 9 9\n"
			     "cpu0 9 9 9 9 9 9 9 9 9 9\n"
			     "cpu3 100 20 30 400 50 1 2 7 55 66\n"
			     "cpu31 9 9 9 9 9 9 9 9 9 9\n"
			     "cpu5 10 0 0 90 0 0 0 0 0 0\n"
			     "intr 9\n";
	unsigned int order[] = {3, 5, 0};
	struct bench_cpus cpus = {.nr = 3, .os_index = order};
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	FILE *stat = fmemopen(text, sizeof(text) - 1, "r");
	struct bench_cpu_time time;

	(void)state;
	assert_non_null(stat);
	time = bench_others_read(stat, &cpus, 2);
	assert_true(time.known);
	assert_true(fabs(time.busy - 163 * tick) < 1e-9);
	assert_true(fabs(time.steal - 7 * tick) < 1e-9);
	assert_true(fabs(time.all - 710 * tick) < 1e-9);
	rewind(stat);
	cpus.os_index[0] = 7;
	assert_false(bench_others_read(stat, &cpus, 1).known);
	fclose(stat);
}

static void others_share_of_all_runs_is_in_the_row(void **state)
{
	static struct bench_result a, b;
	struct bench_result *runs[] = {&a, &b};
	struct bench_row row = {0}, again;
	char why[BENCH_WHY_MAX], *text;

	(void)state;
	fill(&a, 300, 0, 30);
	fill(&b, 100, 0, 10);
	a.cpu = (struct bench_cpu_time){
		.known = true, .all = 8, .busy = 6, .own = 5.5, .steal = 0.2};
	b.cpu = (struct bench_cpu_time){.known = true, .all = 2, .busy = 1.5, .own = 1.48};
	a.load = 1.5;
	bench_row_fill(&row, runs, 2);
	assert_true(row.others_known && fabs(row.others_pct - 5) < 0.01 &&
		    fabs(row.steal_pct - 2) < 0.01 && row.load == 1.5);
	assert_false(bench_row_disturbed(&row));
	a.cpu.busy = 6.4;
	bench_row_fill(&row, runs, 2);
	assert_true(bench_row_disturbed(&row));
	bench_row_name(&row, "w", "e");
	row.threads = 1;
	text = printed(&row);
	assert_true(bench_row_parse(&again, text, why, sizeof(why)));
	assert_true(bench_row_disturbed(&again) && again.load == 1.5);
	free(text);
	b.cpu.known = false;
	bench_row_fill(&row, runs, 2);
	assert_false(row.others_known || bench_row_disturbed(&row));
}

static void each_latency_column_has_its_quantile(void **state)
{
	static struct bench_hist hist;
	struct bench_row row = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		bench_hist_record(&hist, i < 9000 ? 10 : i < 9950 ? 20 : i < 9999 ? 30 : 40);
	bench_row_latency(&row, &hist);
	assert_int_equal(row.p50_ns, 10);
	assert_int_equal(row.p99_ns, 20);
	assert_int_equal(row.p999_ns, 30);
	assert_int_equal(row.max_ns, 40);
}

static void of_two_runs_the_slower_is_shown(void **state)
{
	static struct bench_result a, b;
	struct bench_result *runs[] = {&a, &b};
	struct bench_row row = {0};

	(void)state;
	fill(&a, 300, 0, 30);
	fill(&b, 100, 0, 10);
	bench_row_fill(&row, runs, 2);
	assert_int_equal(row.ops, 100);
}

static void names_too_long_are_cut(void **state)
{
	char long_name[3 * BENCH_NAME_MAX];
	struct bench_row row = {0};

	(void)state;
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	bench_row_name(&row, long_name, "e");
	assert_int_equal(strlen(row.workload), BENCH_NAME_MAX - 1);
	assert_string_equal(row.engine, "e");
}

static struct bench_row point(const char *workload, const char *engine, unsigned int threads,
			      unsigned long vmas, double rate)
{
	struct bench_row row = {.threads = threads,
				.vmas = vmas,
				.ops_per_sec = rate,
				.ops_per_sec_min = rate,
				.ops_per_sec_max = rate};

	bench_row_name(&row, workload, engine);
	return row;
}

static void speed_up_compares_same_workload_and_threads(void **state)
{
	const struct bench_row rows[] = {
		point("w", "rbtree", 1, 10, 100), point("w", "maple", 1, 10, 150),
		point("w", "rbtree", 2, 10, 50),  point("w", "maple", 2, 10, 150),
		point("v", "rbtree", 1, 10, 10),  point("v", "maple", 1, 10, 5),
		point("u", "maple", 1, 10, 5),    point("z", "rbtree", 1, 10, 0),
		point("z", "maple", 1, 10, 5),
	};
	static const double expected[] = {1, 1.5, 1, 3, 1, 0.5, 0, 0, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(bench_table_speedup(rows, sizeof(rows) / sizeof(rows[0]), &rows[i],
						"rbtree") == expected[i]);
}

static void speed_up_takes_the_baseline_with_the_nearest_vmas(void **state)
{
	const struct bench_row rows[] = {
		point("w", "rbtree", 1, 1000, 100),
		point("w", "rbtree", 1, 10, 200),
		point("w", "maple", 1, 11, 400),
		point("w", "maple", 1, 999, 400),
	};

	(void)state;
	assert_true(bench_table_speedup(rows, 4, &rows[2], "rbtree") == 2);
	assert_true(bench_table_speedup(rows, 4, &rows[3], "rbtree") == 4);
}

static void the_table_shows_figures_and_speed_up(void **state)
{
	const struct bench_row rows[] = {point("w", "rbtree", 1, 10, 1234567),
					 point("w", "maple", 1, 10, 2469134), sample};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	bench_table_print(out, rows, 3, "rbtree");
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "x rbtree"));
	assert_non_null(strstr(text, " 1,234,567 "));
	assert_non_null(strstr(text, "2.00\n"));
	assert_non_null(strstr(text, "\n\nmmap1")); /* an empty line between workloads */
	assert_non_null(strstr(text, "5.1%"));
	assert_int_equal(strcmp(text + size - 3, " -\n"), 0); /* mmap1 has no baseline */
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_the_promised_keys_in_order),
		cmocka_unit_test(json_is_one_line),
		cmocka_unit_test(a_printed_row_reads_back_the_same),
		cmocka_unit_test(a_row_without_spread_is_one_run),
		cmocka_unit_test(bad_rows_are_refused_with_the_key),
		cmocka_unit_test(fields_out_of_range_are_refused),
		cmocka_unit_test(names_take_no_character_that_a_reader_refuses),
		cmocka_unit_test(the_median_run_is_shown_whole_and_errors_are_summed),
		cmocka_unit_test(others_are_found_in_what_the_kernel_counts),
		cmocka_unit_test(others_share_of_all_runs_is_in_the_row),
		cmocka_unit_test(each_latency_column_has_its_quantile),
		cmocka_unit_test(of_two_runs_the_slower_is_shown),
		cmocka_unit_test(names_too_long_are_cut),
		cmocka_unit_test(speed_up_compares_same_workload_and_threads),
		cmocka_unit_test(speed_up_takes_the_baseline_with_the_nearest_vmas),
		cmocka_unit_test(the_table_shows_figures_and_speed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
