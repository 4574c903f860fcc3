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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmastore/mm.h>

#include "bench/harness/options.h"
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

static const enum kind kinds[] = {REPLACE, SPARSE, HOLES, GROW, WIDE,  ALLOC,
				  REPLACE, SPARSE, WIDE,  GROW, ALLOC, HOLES};
#define NR_TERRITORIES (sizeof(kinds) / sizeof(kinds[0]))

static bool take_simd(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	char shown[BENCH_SHOWN_MAX];

	(void)to;
	if (vms_mt_set_simd(arg))
		return true;
	snprintf(why, BENCH_WHY_MAX,
		 "--simd: found '%s', expected scalar, vec128, avx2 or avx512, as far as this CPU "
		 "has it",
		 bench_shown(arg, shown));
	return false;
}

static void choose_writers(struct arguments *a)
{
	if (!a->writers)
		a->writers = a->threads / 3 ? a->threads / 3 : 1;
	if (a->writers > NR_TERRITORIES)
		a->writers = NR_TERRITORIES;
	if (a->writers >= a->threads)
		bench_refuse("--writers: found '%lu', expected less than the %lu threads",
			     a->writers, a->threads);
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
	struct arguments a = {.threads = 4, .seconds = 10, .seed = (unsigned long)time(NULL)};
	const struct bench_option options[] = {
		BENCH_STRESS_OPTIONS(&a, 2, READERS_AND_WRITERS_MAX,
				     "readers and writers, 2 to 63 (default 4); the slow reader is "
				     "one more"),
		{"writers", 'w', "N", "how many of them write, 1 to 12 (default: a third)",
		 .number = &a.writers, .least = 1, .most = NR_TERRITORIES},
		{"simd", 'i', "NAME",
		 "scalar, vec128, avx2 or avx512: how nodes are searched (default: the best there "
		 "is)",
		 .take = take_simd},
		{"no-gaps", 'g', NULL, "a tree without MT_FLAGS_ALLOC_RANGE", .flag = &a.no_gaps},
		{"json", 'j', NULL, "the summary as JSON, on one line", .flag = &a.json},
		{0},
	};
	char again[160];
	struct run r;
	int err;

	bench_standard_begin("maplestress");
	bench_options(argc, argv, doc, options);
	choose_writers(&a);
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
