/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. */
#include "bench/maple/options.h"

#include <stdio.h>
#include <string.h>

#include <vmastore/maple_tree.h>

#include "bench/harness/options.h"
#include "bench/harness/say.h"
#include "bench/maple/crowd.h"
#include "bench/maple/figure.h"
#include "bench/maple/operation.h"
#include "bench/maple/peers.h"

#define RANGES_MOST 20000000

/* Our store, and the stores of all peers, built or not. */
static const char *const store_names[] = {"ours",       "kernel",      "kernel/memb", "absl",
					  "absl/Mutex", "absl/shared", NULL};

static const char *const *operation_names(void)
{
	static const char *names[BENCH_LIST_MAX + 1];
	unsigned int nr = 0;

	for (const struct operation *op = operations; op->name; op++)
		names[nr++] = op->name;
	names[nr++] = "bytes";
	names[nr++] = CROWD_READERS;
	names[nr++] = CROWD_BESIDE;
	names[nr] = NULL;
	return names;
}

bool maplebench_listed(const struct bench_names *list, const char *name)
{
	for (unsigned int i = 0; i < list->nr; i++)
		if (strcmp(list->name[i], name) == 0)
			return true;
	return false;
}

static bool take_simd(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	char shown[BENCH_SHOWN_MAX];

	(void)to;
	if (vms_mt_set_simd(arg))
		return true;
	snprintf(why, BENCH_WHY_MAX,
		 "--simd: found '%s', expected one that this CPU has of: scalar vec128 avx2 avx512",
		 bench_shown(arg, shown));
	return false;
}

static bool take_peers(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	static char folder[4096];
	const char **peers = to;

	*peers = arg ? arg : peers_folder(folder, sizeof(folder));
	if (!*peers)
		snprintf(why, BENCH_WHY_MAX,
			 "--peers: found no HOME, expected it or --peers=FOLDER");
	return *peers != NULL;
}

static void parse(int argc, char **argv, struct maplebench_options *o)
{
	const struct bench_option options[] = {
		{"ops", 'o', "OP,...", "Operations (default: all; see --list)",
		 .names = &o->operations, .known = operation_names()},
		{"ranges", 0, "N,...",
		 "How many ranges the tree holds (default: 64,1000,65000,1000000)",
		 .numbers = &o->ranges, .least = 2, .most = RANGES_MOST},
		{"threads", 't', "N,...",
		 "Threads of `readers' and `beside' (default: 1 and 2, as far as there are CPUs)",
		 .numbers = &o->threads, .least = 1, .most = BENCH_THREADS_MAX},
		{"repeat", 0, "R", "Rounds; each has every store once (default: 11)",
		 .number = &o->repeat, .least = 1, .most = ROUNDS_MAX},
		{"seconds", 0, "S", "Time of each run of `readers' and `beside' (default: 0.25)",
		 .seconds = &o->seconds},
		{"seed", 0, "N", "Of the layout and the queries (default: 1)", .number = &o->seed,
		 .most = UINT32_MAX},
		{"peers", 0, "FOLDER",
		 "Measure the peers that bench/maple/peers built, beside ours (default folder: its "
		 "own)",
		 OPTION_ARG_OPTIONAL, .take = take_peers, .to = &o->peers},
		{"stores", 0, "S,...", "Of all stores only these and ours, for example kernel,absl",
		 .names = &o->stores, .known = store_names},
		{"simd", 0, "KIND",
		 "How our tree searches its nodes: scalar, vec128, avx2, avx512 (default: the "
		 "best)",
		 .take = take_simd},
		{"json", 0, NULL, "One JSON object a line instead of a table", .flag = &o->json},
		{"list", 0, NULL, "List operations and stores", .flag = &o->list},
		{0},
	};

	bench_options(argc, argv,
		      "Measure the maple tree's operations, beside those of its peers: Linux's "
		      "maple tree, and absl::btree_map under a lock.",
		      options);
}

void maplebench_options(int argc, char **argv, const struct bench_cpus *cpus,
			struct maplebench_options *o)
{
	*o = (struct maplebench_options){
		.threads = {.nr = cpus->nr > 1 ? 2 : 1, .value = {1, 2}},
		.repeat = 11,
		.seconds = 0.25,
		.seed = 1,
	};
	parse(argc, argv, o);
	o->ranges_given = o->ranges.nr != 0;
	if (!o->ranges_given)
		o->ranges = (struct bench_numbers){.nr = 4, .value = {64, 1000, 65000, 1000000}};
}
