/* SPDX-License-Identifier: MIT */
/*
 * goals.c - how far we mean to be ahead of the kernel's maple tree: ratios as figure.h reads them, with SIMD. Without, half of each
 * speed will do.
 */
#include <string.h>

#include <vmastore/maple_tree.h>

#include "bench/maple/figure.h"

struct goal {
	const char *name;
	unsigned long ranges; /* 0: any */
	double ratio;
};

static const struct goal goals[] = {
	{"lookup", 64, 7},         {"lookup", 1000, 7},        {"lookup", 65000, 7},        {"lookup", 1000000, 4},
	{"chained", 64, 1.5},      {"chained", 1000, 1.7},     {"chained", 65000, 1.7},     {"chained", 1000000, 1.5},
	{"replace", 64, 10},       {"replace", 1000, 10},      {"replace", 65000, 10},      {"replace", 1000000, 6},
	{"churn", 64, 3.2},        {"churn", 1000, 3.3},       {"churn", 65000, 3.5},       {"churn", 1000000, 2.5},
	{"iterate", 64, 7},        {"iterate", 1000, 7},       {"iterate", 65000, 4},       {"iterate", 1000000, 6},
	{"lowest-gap", 64, 1.3},   {"lowest-gap", 1000, 1.5},  {"lowest-gap", 65000, 1.8},  {"lowest-gap", 1000000, 1.6},
	{"highest-gap", 64, 1.3},  {"highest-gap", 1000, 1.5}, {"highest-gap", 65000, 1.8}, {"highest-gap", 1000000, 1.6},
	{"bytes", 64, 1.0},        {"bytes", 1000, 0.9},       {"bytes", 65000, 0.8},       {"bytes", 1000000, 0.8},
	{"beside-reader", 0, 4.5}, {"beside-writer", 0, 3.5},  {"beside-p999", 0, 0.5},
};

double figure_goal(const struct figure *f)
{
	bool scalar = strcmp(vms_mt_simd(), "scalar") == 0;

	for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++) {
		const struct goal *g = &goals[i];

		if (strcmp(g->name, f->name) == 0 && (g->ranges == 0 || g->ranges == f->ranges))
			return scalar && f->ratio != RATIO_SHARE ? g->ratio / 2 : g->ratio;
	}
	return 0;
}
