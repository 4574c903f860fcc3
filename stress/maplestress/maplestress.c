/* SPDX-License-Identifier: MIT */
/*
 * maplestress.c - readers and writers use one maple tree for a time. Every
 * index that a reader sees is judged (world.h). Several times a second all
 * threads rest, and the tree is validated and compared. One more reader is
 * slow: it pauses in its read section while nodes are replaced. Read next:
 * run.h.
 *
 * Exit status: 0 all promises kept, 1 a broken one, 2 bad arguments, or lost
 * output. A run is repeated with the seed that it prints: each thread's choices
 * are the same, though not how they interleave.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmastore/mm.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "stress/maplestress/run.h"

#define READERS_AND_WRITERS_MAX 63

const char *argp_program_version = "maplestress 1";
static const char doc[] =
	"Read one maple tree while it is written to, and check every promise it makes to readers.";

struct arguments {
	unsigned long threads, writers, seconds, seed;
	const char *simd;
	bool no_gaps, json;
};

static const struct argp_option options[] = {
	{"threads", 't', "N", 0,
	 "readers and writers, 2 to 63 (default 4); the slow reader is one more", 0},
	{"writers", 'w', "N", 0, "how many of them write, 1 to 12 (default: a third)", 0},
	{"seconds", 's', "N", 0, "how long (default 10)", 0},
	{"seed", 'r', "N", 0, "seed of the random streams (default: the time)", 0},
	{"simd", 'i', "NAME", 0,
	 "scalar, vec128, avx2 or avx512: how nodes are searched (default: the best there is)", 0},
	{"no-gaps", 'g', NULL, 0, "a tree without MT_FLAGS_ALLOC_RANGE", 0},
	{"json", 'j', NULL, 0, "the summary as JSON, on one line", 0},
	{0},
};

static const enum kind kinds[] = {REPLACE, SPARSE, HOLES, GROW, WIDE,  ALLOC,
				  REPLACE, SPARSE, WIDE,  GROW, ALLOC, HOLES};
#define NR_TERRITORIES (sizeof(kinds) / sizeof(kinds[0]))

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	char shown[BENCH_SHOWN_MAX];

	switch (key) {
	case 'w':
		a->writers = bench_argp_number(state, "--writers", arg, 1, NR_TERRITORIES);
		return 0;
	case 'i':
		if (!vms_mt_set_simd(arg))
			argp_failure(state, BENCH_EXIT_USAGE, 0,
				     "--simd: found '%s', expected scalar, vec128, avx2 or avx512, "
				     "as far as this CPU has it",
				     bench_shown(arg, shown));
		return 0;
	case 'g':
		a->no_gaps = true;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	case ARGP_KEY_END:
		if (!a->writers)
			a->writers = a->threads / 3 ? a->threads / 3 : 1;
		if (a->writers > NR_TERRITORIES)
			a->writers = NR_TERRITORIES;
		if (a->writers >= a->threads)
			argp_failure(state, BENCH_EXIT_USAGE, 0,
				     "--writers: found '%lu', expected less than the %lu threads",
				     a->writers, a->threads);
		return 0;
	default:
		return bench_argp_stress(key, arg, state, 2, READERS_AND_WRITERS_MAX, &a->threads,
					 &a->seconds, &a->seed);
	}
}

static void progress(double done, double total, unsigned long errors)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3.0f %%  %.0f s left  %lu errors ", 100 * done / total,
			total - done, errors);
}

static void print_text(const struct arguments *a, const struct run *r)
{
	printf("simd %s writers %u readers %u seconds %lu seed %lu: %lu writes, %lu reads, %lu "
	       "slow ones, %lu cells judged, "
	       "%lu changed too often for that, %lu checks at rest, %lu errors\n",
	       vms_mt_simd(), r->writers, r->readers, a->seconds, a->seed, r->written, r->reads,
	       r->slow_reads, r->judged, r->unjudged, r->rests, r->errors);
}

static void print_json(const struct arguments *a, const struct run *r)
{
	printf("{\"program\": \"maplestress\", \"simd\": \"%s\", \"writers\": %u, \"readers\": %u, "
	       "\"seconds\": %lu, \"seed\": "
	       "%lu, "
	       "\"writes\": %lu, \"reads\": %lu, \"slow_reads\": %lu, \"judged\": %lu, "
	       "\"unjudged\": %lu, \"rests\": %lu, "
	       "\"errors\": %lu}\n",
	       vms_mt_simd(), r->writers, r->readers, a->seconds, a->seed, r->written, r->reads,
	       r->slow_reads, r->judged, r->unjudged, r->rests, r->errors);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc, NULL, NULL, NULL};
	struct arguments a = {.threads = 4, .seconds = 10, .seed = (unsigned long)time(NULL)};
	char again[160];
	struct run r;
	int err;

	bench_standard_begin("maplestress");
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	snprintf(again, sizeof(again),
		 "maplestress --threads=%lu --writers=%lu --seed=%lu --simd=%s%s", a.threads,
		 a.writers, a.seed, vms_mt_simd(), a.no_gaps ? " --no-gaps" : "");
	r = (struct run){
		.flags = a.no_gaps ? 0 : MT_FLAGS_ALLOC_RANGE,
		.kinds = kinds,
		.nr_kinds = NR_TERRITORIES,
		.writers = (unsigned int)a.writers,
		.readers = (unsigned int)(a.threads - a.writers),
		.slow = true,
		.tight_width = 4096,
		.seconds = a.seconds,
		.seed = a.seed,
		.again = again,
		.progress = progress,
	};
	err = run(&r);
	if (err) {
		fprintf(stderr, "maplestress: cannot be run: %s\n", strerror(-err));
		return 2;
	}
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	r.errors += vms_leak_report(stderr);
	if (a.json)
		print_json(&a, &r);
	else
		print_text(&a, &r);
	return r.errors ? 1 : 0;
}
