/* SPDX-License-Identifier: MIT */
/*
 * goals.c - how far ahead of the kernel's maple tree ours is meant to be:
 * ratios as figure.h defines them, for a tree that searches with SIMD. Without
 * SIMD, half of each speed is the goal.
 */
#include <string.h>

#include <vmastore/maple_tree.h>

#include "bench/maple/figure.h"

#define NR_SIZES 4

static const unsigned long sizes[NR_SIZES] = {64, 1000, 65000, 1000000};

struct goal {
	const char *name;
	double ratio[NR_SIZES]; /* for each of sizes[]; 0: none */
};

static const struct goal goals[] = {
	{"lookup", {7, 7, 7, 4}},
	{"chained", {1.5, 1.7, 1.7, 1.5}},
	{"replace", {10, 10, 10, 6}},
	{"churn", {3.2, 3.3, 3.5, 2.5}},
	{"iterate", {7, 7, 4, 6}},
	{"lowest-gap", {1.3, 1.5, 1.8, 1.6}},
	{"highest-gap", {1.3, 1.5, 1.8, 1.6}},
	{"bytes", {1.0, 0.9, 0.8, 0.8}},
	{"beside-reader", {0, 0, 4.5, 0}},
	{"beside-writer", {0, 0, 3.5, 0}},
	{"beside-p999", {0, 0, 0.5, 0}},
};

static double goal_with_simd(const struct figure *f)
{
	for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++)
		for (unsigned int size = 0; size < NR_SIZES; size++)
			if (strcmp(goals[i].name, f->name) == 0 && sizes[size] == f->ranges)
				return goals[i].ratio[size];
	return 0;
}

double figure_goal(const struct figure *f)
{
	bool half = strcmp(vms_mt_simd(), "scalar") == 0 && f->ratio != RATIO_SHARE;

	return half ? goal_with_simd(f) / 2 : goal_with_simd(f);
}
