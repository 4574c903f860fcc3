/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. */
#include "bench/vmbench/options.h"

#include <string.h>

#include "bench/harness/options.h"

#define NAMES_MAX BENCH_LIST_MAX

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

void vmbench_options(int argc, char **argv, const struct bench_cpus *cpus,
		     struct vmbench_options *o)
{
	const struct bench_option options[] = {
		{"engine", 'e', "E,...", "Engines to compare (default: all)", .names = &o->engines,
		 .known = vms_engine_names()},
		{"threads", 't', "N,...", "Numbers of threads (default: from 1 to all CPUs)",
		 .numbers = &o->threads, .least = 1, .most = BENCH_THREADS_MAX},
		{"workload", 'w', "W,...", "Workloads (default: all; see --list)",
		 .names = &o->workloads, .known = workload_names()},
		{"seconds", 0, "S", "Time of each run (default: 0.5)", .seconds = &o->seconds},
		{"repeats", 0, "R",
		 "Runs of each point, the engines taking turns; the median is shown (default: 3)",
		 .number = &o->repeats, .least = 1, .most = 1000},
		{"warmup", 0, "S", "Time to drop before each run (default: a quarter of --seconds)",
		 .seconds = &o->warmup},
		{"vmas", 0, "N",
		 "VMAs that are mapped beforehand, and that `lookup' looks among (default: 1000)",
		 .number = &o->vmas, .least = 1, .most = 10000000},
		{"json", 0, NULL, "One JSON object a line instead of a table", .flag = &o->json},
		{"list", 0, NULL, "List workloads, engines and the default numbers of threads",
		 .flag = &o->list},
		{"machine", 0, NULL, "Describe this machine", .flag = &o->machine},
		{0},
	};

	*o = (struct vmbench_options){.vmas = 1000, .repeats = 3, .seconds = 0.5, .warmup = -1};
	bench_default_threads(cpus->nr, &o->threads);
	bench_options(argc, argv,
		      "Measure the operations of an address space, with all threads in one: "
		      "throughput and latency, by engine and number of threads.",
		      options);
	if (o->warmup < 0)
		o->warmup = o->seconds / 4;
}
