/* SPDX-License-Identifier: MIT */
/*
 * check.c - `vmreplay check`: replays a recording in the order in which it
 * happened, and compares every record of it with the engine:
 *
 *   MMAP2        the VMA as the kernel listed it after the call: range, rights,
 *                offset, file
 *   placement    the address that mmap chose by itself
 *   result       the result of each call, address or errno
 *   fault        the touch succeeds, or is refused if the rights last recorded
 *                forbid it
 *   --maps=FILE  a listing that the program took of itself; some state must
 *                equal it
 *
 * After a wrong placement the replay moves the mapping to the recorded address,
 * so that one difference gives one report. Read next: replay.h.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/harness/options.h"
#include "bench/harness/row.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/vmreplay/replay.h"
#include "tools/vmreplay/vmreplay.h"

struct arguments {
	const char *path, *maps;
	const char *rules_words; /* override the recording's; NULL: none */
	struct rules rules;
	struct bench_names engines;
	bool json;
};

/* Return: false if the JSON object could not be made or written. */
static bool print_counts(const struct replay *r, const struct arguments *a)
{
	if (a->json) {
		json_t *object =
			json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:i, s:I, s:I}", "recording",
				  r->path, "engine", r->engine, "mmap2", (json_int_t)r->mmap2,
				  "placements", (json_int_t)r->placements, "results",
				  (json_int_t)r->results, "faults", (json_int_t)r->faults, "spaces",
				  r->order->nr_spaces, "skipped", (json_int_t)r->skipped,
				  "mismatches", (json_int_t)r->mismatches);

		if (object && r->maps)
			json_object_set_new(object, "maps_passed_through",
					    json_boolean(r->maps_seen));
		if (!object)
			bench_say(stderr, "%s: no JSON: out of memory, or the name is not UTF-8",
				  r->path);
		return bench_json_print(stdout, object) == 0;
	}
	bench_say(stdout,
		  "%s: engine %s: %lu MMAP2 records, %lu placements, %lu results, %lu faults in %d "
		  "address spaces; %lu not replayed; "
		  "%lu mismatches%s",
		  r->path, r->engine, r->mmap2, r->placements, r->results, r->faults,
		  r->order->nr_spaces, r->skipped, r->mismatches,
		  !r->maps       ? ""
		  : r->maps_seen ? "; passed through the given listing"
				 : "; NEVER passed through the given listing");
	return true;
}

static void progress(const struct replay *r, unsigned long done)
{
	if (isatty(STDERR_FILENO) && done % 4096 == 0)
		fprintf(stderr, "\r%s: %3lu %% ", r->engine, 100 * done / r->order->nr_effects);
}

/* Print where the listing differs from the state that is nearest to it. */
static void print_nearest(const struct replay *r, const struct arguments *a)
{
	if (r->nearest.line)
		bench_say(r->reports, "%s:%lu: [%s] expected %s, the nearest state has %s", a->maps,
			  r->nearest.line, r->engine,
			  r->nearest.expected ? r->nearest.expected : "?",
			  r->nearest.got ? r->nearest.got : "?");
	else
		bench_say(r->reports,
			  "%s:1: [%s] expected as many mappings as the file has lines, no state "
			  "has so many",
			  a->maps, r->engine);
}

/* Return: the exit status. */
static int check_on(const struct arguments *a, const struct trace_order *order,
		    const struct listing *maps, const char *engine)
{
	struct replay r = {
		.path = a->path,
		.engine = engine,
		.rules = &a->rules,
		.reports = a->json ? stderr : stdout,
		.order = order,
		.maps = maps,
	};

	r.mm = calloc((size_t)order->nr_spaces + 1, sizeof(struct mm_struct *));
	r.break_known = calloc((size_t)order->nr_spaces + 1, sizeof(bool));
	if (!r.mm || !r.break_known) {
		r.out_of_memory = 1;
	} else {
		for (unsigned long i = 0; i < order->nr_effects && !r.out_of_memory; i++) {
			replay_effect(&r, &order->effects[i]);
			progress(&r, i);
		}
		for (int i = 0; i < order->nr_spaces; i++) {
			if (r.mm[i] && vms_mm_validate(r.mm[i], stderr))
				r.mismatches++;
			replay_end_space(&r, i);
		}
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	free(r.mm);
	free(r.break_known);
	files_free(&r.files);
	mtree_destroy(&r.segments);
	if (r.out_of_memory) {
		fprintf(stderr, "vmreplay: out of memory\n");
		listing_nearest_free(&r.nearest);
		return EXIT_USAGE;
	}
	if (maps && !r.maps_seen)
		print_nearest(&r, a);
	listing_nearest_free(&r.nearest);
	if (!print_counts(&r, a))
		return EXIT_USAGE;
	return r.mismatches || (maps && !r.maps_seen) ? EXIT_MISMATCH : 0;
}

static void print_problems(const struct arguments *a, const struct trace_order *order)
{
	char *problems = trace_order_describe(order);

	if (problems && *problems) {
		bench_say(stderr, "%s: what the recording lacks:", a->path);
		fputs(problems, stderr); /* sentences of ours, and numbers */
	}
	if (!order->by_locks)
		bench_say(stderr,
			  "%s: no mmap_lock events: calls are replayed in the order of their exits",
			  a->path);
	free(problems);
}

/*
 * Set the rules of the machine that recorded, which need not be this machine:
 * the rules that vmrecord wrote down, or those of 6.18 with a zero page.
 * Return: false, after a message, if the recording has unknown rules.
 */
static bool take_rules(struct arguments *a, const struct trace_order *order)
{
	char why[BENCH_WHY_MAX];

	a->rules = rules_default();
	if (order->counts.rules[0] &&
	    !rules_set(&a->rules, order->counts.rules, why, sizeof(why))) {
		bench_say(stderr, "%s: rules of the machine that recorded: %s", a->path, why);
		return false;
	}
	/* The option's parser has accepted these words already. */
	return !a->rules_words || rules_set(&a->rules, a->rules_words, why, sizeof(why));
}

static bool take_rules_words(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	struct rules scratch = rules_default();
	const char **words = to;

	*words = arg;
	return vmreplay_take_rules(arg, &scratch, why);
}

int vmreplay_check(int argc, char **argv)
{
	struct arguments a = {0};
	const struct bench_option options[] = {
		{"engine", 'e', "E,...", "engines to replay on (default: all)", .names = &a.engines,
		 .known = vms_engine_names()},
		{"maps", 'm', "FILE", "a copy of /proc/PID/maps that the replay must pass through",
		 .text = &a.maps},
		{"rules", 'r', "NAME=VALUE,...",
		 "the rules of the machine that recorded, such as kernel=6.12,read_takes_page=1, "
		 "over what the recording says",
		 .take = take_rules_words, .to = &a.rules_words},
		{"json", 'j', NULL, "print counts as one JSON object a line", .flag = &a.json},
		{.arg = "FILE", .help = "a recording", .text = &a.path},
		{0},
	};
	char error[TRACE_ERROR_MAX];
	struct listing *maps = NULL;
	struct trace_order *order;
	int status = 0;

	bench_options(argc, argv,
		      "Replay a recording and hold every record of it against the engines.",
		      options);
	if (a.maps) {
		maps = listing_load(a.maps);
		if (!maps)
			return EXIT_USAGE;
	}
	order = trace_order_load(a.path, error);
	if (!order) {
		bench_say(stderr, "%s", error);
		listing_free(maps);
		return EXIT_USAGE;
	}
	if (!take_rules(&a, order)) {
		trace_order_free(order);
		listing_free(maps);
		return EXIT_USAGE;
	}
	print_problems(&a, order);
	for (unsigned int i = 0; i < a.engines.nr && bench_standard_flush(); i++) {
		int one = check_on(&a, order, maps, a.engines.name[i]);

		status = one > status ? one : status;
	}
	trace_order_free(order);
	listing_free(maps);
	return status;
}
