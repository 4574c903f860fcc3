/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. Parses the command line with argp. */
#include "bench/maple/options.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>

#include <vmastore/maple_tree.h>

#include "bench/harness/say.h"
#include "bench/maple/crowd.h"
#include "bench/maple/figure.h"
#include "bench/maple/operation.h"
#include "bench/maple/peers.h"

#define RANGES_MOST 20000000

enum {
	OPT_RANGES = 0x100,
	OPT_REPEAT,
	OPT_SEED,
	OPT_SECONDS,
	OPT_PEERS,
	OPT_STORES,
	OPT_SIMD,
	OPT_JSON,
	OPT_LIST
};

static const struct argp_option known_options[] = {
	{"ops", 'o', "OP,...", 0, "Operations (default: all; see --list)", 0},
	{"ranges", OPT_RANGES, "N,...", 0,
	 "How many ranges the tree holds (default: 64,1000,65000,1000000)", 0},
	{"threads", 't', "N,...", 0,
	 "Threads of `readers' and `beside' (default: 1 and 2, as far as there are CPUs)", 0},
	{"repeat", OPT_REPEAT, "R", 0, "Rounds; each has every store once (default: 11)", 0},
	{"seconds", OPT_SECONDS, "S", 0,
	 "Time of each run of `readers' and `beside' (default: 0.25)", 0},
	{"seed", OPT_SEED, "N", 0, "Of the layout and the queries (default: 1)", 0},
	{"peers", OPT_PEERS, "FOLDER", OPTION_ARG_OPTIONAL,
	 "Measure the peers that bench/maple/peers built, beside ours (default folder: its own)",
	 0},
	{"stores", OPT_STORES, "S,...", 0,
	 "Of all stores only these and ours, for example kernel,absl", 0},
	{"simd", OPT_SIMD, "KIND", 0,
	 "How our tree searches its nodes: scalar, vec128, avx2, avx512 (default: the best)", 0},
	{"json", OPT_JSON, NULL, 0, "One JSON object a line instead of a table", 0},
	{"list", OPT_LIST, NULL, 0, "List operations and stores", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

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

static bool take_simd(const char *arg, char why[BENCH_WHY_MAX])
{
	char shown[BENCH_SHOWN_MAX];

	if (vms_mt_set_simd(arg))
		return true;
	snprintf(why, BENCH_WHY_MAX,
		 "--simd: found '%s', expected one that this CPU has of: scalar vec128 avx2 avx512",
		 bench_shown(arg, shown));
	return false;
}

static bool take_value(int key, const char *arg, struct maplebench_options *o,
		       char why[BENCH_WHY_MAX])
{
	switch (key) {
	case 'o':
		return bench_arg_names("--ops", arg, operation_names(), &o->operations, why,
				       BENCH_WHY_MAX);
	case 't':
		return bench_arg_numbers("--threads", arg, 1, BENCH_THREADS_MAX, &o->threads, why,
					 BENCH_WHY_MAX);
	case OPT_RANGES:
		o->ranges_given = true;
		return bench_arg_numbers("--ranges", arg, 2, RANGES_MOST, &o->ranges, why,
					 BENCH_WHY_MAX);
	case OPT_REPEAT:
		return bench_arg_number("--repeat", arg, 1, ROUNDS_MAX, &o->repeat, why,
					BENCH_WHY_MAX);
	case OPT_SEED:
		return bench_arg_number("--seed", arg, 0, UINT32_MAX, &o->seed, why, BENCH_WHY_MAX);
	case OPT_STORES:
		return bench_arg_names("--stores", arg, store_names, &o->stores, why,
				       BENCH_WHY_MAX);
	case OPT_SECONDS:
		return bench_arg_seconds("--seconds", arg, &o->seconds, why, BENCH_WHY_MAX);
	default:
		return take_simd(arg, why);
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	static char folder[4096];
	struct maplebench_options *o = state->input;
	char why[BENCH_WHY_MAX];

	switch (key) {
	case 'o':
	case 't':
	case OPT_RANGES:
	case OPT_REPEAT:
	case OPT_SEED:
	case OPT_SECONDS:
	case OPT_SIMD:
	case OPT_STORES:
		if (!take_value(key, arg, o, why))
			argp_failure(state, BENCH_EXIT_USAGE, 0, "%s", why);
		return 0;
	case OPT_PEERS:
		o->peers = arg ? arg : peers_folder(folder, sizeof(folder));
		if (!o->peers)
			argp_failure(state, BENCH_EXIT_USAGE, 0,
				     "--peers: found no HOME, expected it or --peers=FOLDER");
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_LIST:
		o->list = true;
		return 0;
	case ARGP_KEY_ARG:
		bench_argp_no_word(state, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void take_defaults(struct maplebench_options *o, const struct bench_cpus *cpus)
{
	*o = (struct maplebench_options){
		.ranges = {.nr = 4, .value = {64, 1000, 65000, 1000000}},
		.threads = {.nr = cpus->nr > 1 ? 2 : 1, .value = {1, 2}},
		.repeat = 11,
		.seconds = 0.25,
		.seed = 1,
	};
	bench_all_names(operation_names(), &o->operations);
}

void maplebench_options(int argc, char **argv, const struct bench_cpus *cpus,
			struct maplebench_options *options)
{
	static const struct argp argp = {
		.options = known_options,
		.parser = parse_option,
		.doc = "Measure the maple tree's operations, beside those of its peers: Linux's "
		       "maple tree, and absl::btree_map under a lock.",
	};

	take_defaults(options, cpus);
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
