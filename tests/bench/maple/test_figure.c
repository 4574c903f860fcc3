/* SPDX-License-Identifier: MIT */
/*
 * test_figure.c - medians, ratios within a round, goals, and their printed form
 * (bench/maple/figure.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <vmastore/maple_tree.h>

#include "bench/maple/figure.h"

static const struct store ours = {.name = "ours"}, kernel = {.name = "kernel"},
			  other = {.name = "other"};
static const struct store *const stores[] = {&ours, &kernel, &other};

/* Five rounds. In each round, the peers and our store had the same machine. */
static struct figure lookup_figure(void)
{
	struct figure f = {
		.name = "lookup",
		.title = "random lookup",
		.unit = "ns",
		.ratio = RATIO_TIME,
		.ranges = 1000,
		.threads = 1,
		.nr_stores = 3,
		.nr_rounds = 5,
		.stores = stores,
		.measured = {true, true, false},
		.value = {{10, 20, 10, 40, 10}, {50, 100, 60, 400, 70}},
	};

	return f;
}

static void assert_near(double found, double expected)
{
	if (found < expected - 1e-9 || found > expected + 1e-9)
		fail_msg("found %.9f, expected %.9f", found, expected);
}

static void a_value_is_the_median_with_its_quartiles(void **state)
{
	struct figure f = lookup_figure();
	struct spread value = figure_value(&f, 1);

	(void)state;
	assert_near(value.median, 70);
	assert_near(value.low, 60);
	assert_near(value.high, 100);
	assert_near(value.least, 50);
}

static void quartiles_lie_between_values_where_they_must(void **state)
{
	struct figure f = lookup_figure();

	(void)state;
	f.nr_rounds = 4;
	/* The values are 50 60 100 400. */
	assert_near(figure_value(&f, 1).median, 80);
	assert_near(figure_value(&f, 1).low, 57.5);
	assert_near(figure_value(&f, 1).high, 175);
	f.nr_rounds = 1;
	assert_near(figure_value(&f, 1).median, 50);
	assert_near(figure_value(&f, 1).high, 50);
}

/*
 * Slow rounds are slow for both stores: the ratios are 5 5 6 10 7, not a ratio
 * of two medians.
 */
static void a_ratio_is_taken_within_each_round(void **state)
{
	struct figure f = lookup_figure();
	struct spread ratio = figure_ratio(&f, 1);

	(void)state;
	assert_near(ratio.median, 6);
	assert_near(ratio.low, 5);
	assert_near(ratio.high, 7);
}

static void rates_and_shares_turn_the_ratio_around(void **state)
{
	struct figure f = lookup_figure();

	(void)state;
	f.ratio = RATIO_RATE;
	assert_near(figure_ratio(&f, 1).median, 1.0 / 6);
	f.ratio = RATIO_SHARE;
	assert_near(figure_ratio(&f, 1).median, 1.0 / 6);
}

static void ours_and_what_was_not_measured_have_no_ratio(void **state)
{
	struct figure f = lookup_figure();

	(void)state;
	assert_false(figure_compared(&f, 0));
	assert_true(figure_compared(&f, 1));
	assert_false(figure_compared(&f, 2));
	f.measured[0] = false;
	assert_false(figure_compared(&f, 1));
}

static void a_goal_depends_on_the_ranges_and_halves_without_simd(void **state)
{
	struct figure f = lookup_figure();

	(void)state;
	assert_true(vms_mt_set_simd("scalar"));
	assert_near(figure_goal(&f), 3.5);
	f.ranges = 1000000;
	assert_near(figure_goal(&f), 2);
	f.ranges = 999;
	assert_near(figure_goal(&f), 0);
	f.ranges = 1000;
	f.name = "bytes";
	f.ratio = RATIO_SHARE;
	assert_near(figure_goal(&f), 0.9);
	if (vms_mt_set_simd("avx2")) {
		f.name = "lookup";
		f.ratio = RATIO_TIME;
		assert_near(figure_goal(&f), 7);
	}
}

/* Return what @print writes of @f. The next call reuses the buffer. */
static char *printed(void (*print)(FILE *, const struct figure *), const struct figure *f)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	print(out, f);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_printed(const struct figure *f, const char *expected)
{
	char *row = printed(figure_table_row, f);

	if (!strstr(row, expected))
		fail_msg("found:\n%sexpected in it: %s", row, expected);
}

static void a_row_says_whether_the_goal_is_met(void **state)
{
	struct figure f = lookup_figure();

	(void)state;
	assert_true(vms_mt_set_simd("scalar"));
	assert_printed(&f, "6.00 ± 17%");
	assert_printed(&f, "| 3.50 met\n");
	f.ratio = RATIO_RATE;
	assert_printed(&f, "| 3.50 missed\n");
	f.name = "bytes";
	f.ratio = RATIO_SHARE;
	assert_printed(&f, "| 0.90 met\n");
	f.ratio = RATIO_TIME;
	f.errors[1] = 3;
	assert_printed(&f, "3 WRONG\n");
	assert_int_equal(figure_errors(&f), 3);
}

static void print_json(FILE *out, const struct figure *f)
{
	assert_int_equal(figure_json(out, f), 0);
}

static void json_has_a_line_for_each_store_measured(void **state)
{
	struct figure f = lookup_figure();
	char *text = printed(print_json, &f), *end = strchr(text, '\n');
	json_t *first, *second;

	(void)state;
	assert_non_null(end);
	*end = '\0';
	first = json_loads(text, 0, NULL);
	second = json_loads(end + 1, 0, NULL);
	assert_true(first && second);
	assert_string_equal(json_string_value(json_object_get(first, "store")), "ours");
	assert_null(json_object_get(first, "ratio"));
	assert_string_equal(json_string_value(json_object_get(second, "store")), "kernel");
	assert_string_equal(json_string_value(json_object_get(second, "ratio_is")), "peer/ours");
	assert_near(json_real_value(json_object_get(second, "ratio")), 6);
	assert_near(json_real_value(json_object_get(second, "ratio_q3")), 7);
	assert_near(json_real_value(json_object_get(second, "value_min")), 50);
	assert_int_equal(json_integer_value(json_object_get(second, "rounds")), 5);
	assert_non_null(json_object_get(second, "goal"));
	json_decref(first);
	json_decref(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_the_median_with_its_quartiles),
		cmocka_unit_test(quartiles_lie_between_values_where_they_must),
		cmocka_unit_test(a_ratio_is_taken_within_each_round),
		cmocka_unit_test(rates_and_shares_turn_the_ratio_around),
		cmocka_unit_test(ours_and_what_was_not_measured_have_no_ratio),
		cmocka_unit_test(a_goal_depends_on_the_ranges_and_halves_without_simd),
		cmocka_unit_test(a_row_says_whether_the_goal_is_met),
		cmocka_unit_test(json_has_a_line_for_each_store_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
