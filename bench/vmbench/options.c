/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. Parses vmbench's command line with argp. */
#include "bench/vmbench/options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX BENCH_LIST_MAX

enum { OPT_SECONDS = 0x100, OPT_REPEATS, OPT_WARMUP, OPT_VMAS, OPT_JSON, OPT_LIST, OPT_MACHINE };

static const struct argp_option known_options[] = {
	{"engine", 'e', "E,...", 0, "Engines to compare (default: all)", 0},
	{"threads", 't', "N,...", 0, "Numbers of threads (default: from 1 to all CPUs)", 0},
	{"workload", 'w', "W,...", 0, "Workloads (default: all; see --list)", 0},
	{"seconds", OPT_SECONDS, "S", 0, "Time of each run (default: 0.5)", 0},
	{"repeats", OPT_REPEATS, "R", 0,
	 "Runs of each point, the engines taking turns; the median is shown (default: 3)", 0},
	{"warmup", OPT_WARMUP, "S", 0,
	 "Time to drop before each run (default: a quarter of --seconds)", 0},
	{"vmas", OPT_VMAS, "N", 0,
	 "VMAs that are mapped beforehand, and that `lookup' looks among (default: 1000)", 0},
	{"json", OPT_JSON, NULL, 0, "One JSON object a line instead of a table", 0},
	{"list", OPT_LIST, NULL, 0, "List workloads, engines and the default numbers of threads",
	 0},
	{"machine", OPT_MACHINE, NULL, 0, "Describe this machine", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

const struct vmbench_case *vmbench_case_named(const char *name)
{
	for (const struct vmbench_case *const *c = vmbench_cases(); *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

/* All workloads in the order in which they run, NULL-terminated. */
static const char *const *workload_names(void)
{
	static const char *names[NAMES_MAX + 1];
	unsigned int nr = 0;

	for (const struct vmbench_case *const *c = vmbench_cases(); *c && nr < NAMES_MAX; c++)
		names[nr++] = (*c)->name;
	names[nr] = NULL;
	return names;
}

/* Return: false, with the reason in @why. */
static bool take_value(int key, const char *arg, struct vmbench_options *o, char why[BENCH_WHY_MAX])
{
	switch (key) {
	case 'e':
		return bench_arg_names("--engine", arg, vms_engine_names(), &o->engines, why,
				       BENCH_WHY_MAX);
	case 't':
		return bench_arg_numbers("--threads", arg, 1, BENCH_THREADS_MAX, &o->threads, why,
					 BENCH_WHY_MAX);
	case 'w':
		return bench_arg_names("--workload", arg, workload_names(), &o->workloads, why,
				       BENCH_WHY_MAX);
	case OPT_SECONDS:
		return bench_arg_seconds("--seconds", arg, &o->seconds, why, BENCH_WHY_MAX);
	case OPT_WARMUP:
		return bench_arg_seconds("--warmup", arg, &o->warmup, why, BENCH_WHY_MAX);
	case OPT_REPEATS:
		return bench_arg_number("--repeats", arg, 1, 1000, &o->repeats, why, BENCH_WHY_MAX);
	default:
		return bench_arg_number("--vmas", arg, 1, 10000000, &o->vmas, why, BENCH_WHY_MAX);
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct vmbench_options *o = state->input;
	char why[BENCH_WHY_MAX];

	switch (key) {
	case 'e':
	case 't':
	case 'w':
	case OPT_SECONDS:
	case OPT_WARMUP:
	case OPT_REPEATS:
	case OPT_VMAS:
		if (!take_value(key, arg, o, why))
			argp_failure(state, BENCH_EXIT_USAGE, 0, "%s", why);
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_LIST:
		o->task = VMBENCH_LIST;
		return 0;
	case OPT_MACHINE:
		o->task = VMBENCH_MACHINE;
		return 0;
	case ARGP_KEY_ARG:
		bench_argp_no_word(state, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void vmbench_options(int argc, char **argv, const struct bench_cpus *cpus,
		     struct vmbench_options *options)
{
	static const struct argp argp = {
		.options = known_options,
		.parser = parse_option,
		.doc = "Measure the operations of an address space, with all threads in one: "
		       "throughput and latency, by engine and number of threads.",
	};

	*options =
		(struct vmbench_options){.vmas = 1000, .repeats = 3, .seconds = 0.5, .warmup = -1};
	bench_all_names(vms_engine_names(), &options->engines);
	bench_all_names(workload_names(), &options->workloads);
	bench_default_threads(cpus->nr, &options->threads);
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
	if (options->warmup < 0)
		options->warmup = options->seconds / 4;
}
