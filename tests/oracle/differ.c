/* SPDX-License-Identifier: MIT */
/*
 * differ.c - the program that compares every engine with the running kernel: it
 * runs random op scripts on both and compares result, layout and VmFlags after
 * every operation. At the first difference it prints the script, reduced to the
 * fewest lines that still differ; at the end it prints how much it compared.
 * tests/oracle/compare builds the programs and starts it.
 *
 * Seeds are taken in order, one script each, in turn for each profile. A batch
 * of seeds is one run of each program. The threads share the batches.
 *
 * Exit status: 0 no difference; 1 a difference; 2 a wrong word, a program that
 * broke, or lost output; 77 this machine does not permit it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/harness/options.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/reduce.h"
#include "tests/oracle/sides.h"
#include "tools/probe/rules.h"

#define EXIT_DIFFERENT 1
#define EXIT_BROKEN 2
#define EXIT_CANNOT PROBE_EXIT_CANNOT
#define NR_MAX 16 /* at most so many profiles, and engines */
/* Operations in one run of a program, so that its start-up is a small part. */
#define BATCH_OPS 3000
#define SEEDS_MAX 1000000000

static const char *const all_engines[] = {"rbtree", "maple", "maple-vma", NULL};

struct tally {
	unsigned long scripts, ops, differences;
};

struct job {
	struct sides sides;
	struct bench_names profiles, engines;
	unsigned long first_seed, seeds, ops, threads, show, batch;
	const char *without_word[BENCH_LIST_MAX + 1];
	bool any_kernel;
	/* rules that the engines must follow, right or wrong; NULL: none */
	const char *force_rule;
	/* No seed is begun after this time of now(); 0: no limit. */
	double deadline;

	atomic_ulong next; /* index of the first seed that is free */
	atomic_int status;
	pthread_mutex_t lock;               /* protects the fields below, and standard output */
	struct tally tally[NR_MAX][NR_MAX]; /* [profile][engine] */
	unsigned long shown;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *profile_of(const struct job *job, unsigned long index, unsigned int *number)
{
	*number = (unsigned int)((job->first_seed + index) % job->profiles.nr);
	return job->profiles.name[*number];
}

static void write_script(const struct job *job, unsigned long index, FILE *out)
{
	unsigned int number;
	struct generate g = {
		.profile = profile_of(job, index, &number),
		.seed = job->first_seed + index,
		.ops = job->ops,
		.without = job->without_word[0] ? job->without_word : NULL,
	};

	generate_script(&g, out);
}

/* Return the scripts of @nr seeds from @index on; the caller must free them. */
static char *write_scripts(const struct job *job, unsigned long index, unsigned long nr,
			   size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		abort();
	for (unsigned long i = 0; i < nr; i++)
		write_script(job, index + i, out);
	if (fclose(out))
		abort();
	return text;
}

/* ---- one batch ---- */

static void stop(struct job *job, int status)
{
	int fine = 0;

	/*
	 * Relaxed, here and below: the number stands alone, and pthread_join()
	 * orders what main() reads.
	 */
	atomic_compare_exchange_strong_explicit(&job->status, &fine, status, memory_order_relaxed,
						memory_order_relaxed);
}

static void show(struct job *job, unsigned long index, const char *engine)
{
	unsigned int number;
	const char *profile = profile_of(job, index, &number);
	size_t len;
	char *script;

	pthread_mutex_lock(&job->lock);
	if (job->shown < job->show) {
		job->shown++;
		script = write_scripts(job, index, 1, &len);
		printf("difference: engine %s, profile %s, seed %lu, %lu operations\n", engine,
		       profile, job->first_seed + index, job->ops);
		reduce_and_print(&job->sides, engine, script, stdout);
		if (!bench_standard_flush())
			stop(job, EXIT_BROKEN);
		free(script);
	}
	pthread_mutex_unlock(&job->lock);
}

static void count(struct job *job, unsigned long index, unsigned int engine,
		  const struct verdict *v)
{
	unsigned int profile;
	struct tally *t;

	profile_of(job, index, &profile);
	pthread_mutex_lock(&job->lock);
	t = &job->tally[profile][engine];
	t->scripts++;
	t->ops += v->same + v->differs;
	t->differences += v->differs;
	pthread_mutex_unlock(&job->lock);
}

/* @shown: for each script, whether a difference of another engine was shown. */
static void compare_engine(struct job *job, unsigned long index, unsigned long nr,
			   const struct output *kernel, const struct output *engine, unsigned int e,
			   bool *shown)
{
	struct cursor cursor = {kernel->text, engine->text};

	for (unsigned long i = 0; i < nr; i++) {
		struct verdict v = sides_compare(&cursor);

		count(job, index + i, e, &v);
		if (!v.differs && v.same != job->ops)
			/*
			 * Both sides left something out, so nothing was
			 * compared.
			 */
			stop(job, EXIT_BROKEN);
		if (v.differs && !shown[i])
			show(job, index + i, job->engines.name[e]);
		shown[i] |= v.differs;
	}
}

static void run_batch(struct job *job, unsigned long index, unsigned long nr)
{
	size_t len;
	char *script = write_scripts(job, index, nr, &len);
	struct output kernel = sides_kernel(&job->sides, script, len);
	bool shown[BATCH_OPS] = {false};

	if (kernel.status) {
		fprintf(stderr, "the oracle ended with %d in the batch of seeds %lu to %lu\n",
			kernel.status, job->first_seed + index, job->first_seed + index + nr - 1);
		stop(job, kernel.status == EXIT_CANNOT ? EXIT_CANNOT : EXIT_BROKEN);
	}
	for (unsigned int e = 0; e < job->engines.nr && !kernel.status; e++) {
		struct output engine = sides_engine(&job->sides, job->engines.name[e], script, len);

		/*
		 * A program that broke off has lost a part of its output, so
		 * run the scripts one by one to find the cause.
		 */
		if (engine.status && nr > 1) {
			for (unsigned long i = 0; i < nr; i++)
				run_batch(job, index + i, 1);
			e = job->engines.nr;
		} else {
			compare_engine(job, index, nr, &kernel, &engine, e, shown);
		}
		output_free(&engine);
	}
	output_free(&kernel);
	free(script);
}

static void *work(void *arg)
{
	struct job *job = arg;

	while (!atomic_load_explicit(&job->status, memory_order_relaxed) &&
	       (!job->deadline || now() < job->deadline)) {
		unsigned long index =
			atomic_fetch_add_explicit(&job->next, job->batch, memory_order_relaxed);

		if (index >= job->seeds)
			break;
		run_batch(job, index,
			  job->seeds - index < job->batch ? job->seeds - index : job->batch);
	}
	return NULL;
}

/* ---- the whole ---- */

static void add(struct tally *sum, const struct tally *t)
{
	sum->scripts += t->scripts;
	sum->ops += t->ops;
	sum->differences += t->differences;
}

static void print_row(const char *profile, const char *engine, const struct tally *t)
{
	printf("%-12s %-12s %10lu %12lu %12lu\n", profile, engine, t->scripts, t->ops,
	       t->differences);
}

static unsigned long print_tables(const struct job *job, const char *release, double seconds)
{
	struct tally all = {0};
	unsigned long ops = 0;

	printf("%-12s %-12s %10s %12s %12s\n", "profile", "engine", "scripts", "operations",
	       "differences");
	for (unsigned int p = 0; p < job->profiles.nr; p++)
		for (unsigned int e = 0; e < job->engines.nr; e++)
			print_row(job->profiles.name[p], job->engines.name[e], &job->tally[p][e]);
	for (unsigned int e = 0; e < job->engines.nr; e++) {
		struct tally sum = {0};

		for (unsigned int p = 0; p < job->profiles.nr; p++)
			add(&sum, &job->tally[p][e]);
		print_row("all", job->engines.name[e], &sum);
		ops = sum.ops > ops ? sum.ops : ops;
		add(&all, &sum);
	}
	printf("%lu operations on each of %u engines compared with Linux %s in %.1f s (%.0f a "
	       "minute), %lu differences\n",
	       ops, job->engines.nr, release, seconds, 60 * (double)ops / seconds, all.differences);
	return all.differences;
}

/* ---- the machine ---- */

static bool oracle_can(const struct job *job, const char *script)
{
	struct output output = sides_kernel(&job->sides, script, strlen(script));

	output_free(&output);
	return output.status == 0;
}

static void leave_out(struct job *job, const char *word)
{
	unsigned int nr = 0;

	while (job->without_word[nr])
		nr++;
	if (nr < BENCH_LIST_MAX)
		job->without_word[nr] = word;
}

/*
 * Ask the oracle, which prints its objections to this machine.
 * Return: whether anything can be compared.
 */
static bool ask_machine(struct job *job)
{
	static const char *const locking[] = {"mlock",    "mlock2",     "munlock",
					      "mlockall", "munlockall", "locked"};

	if (!oracle_can(job, "brk 0\n"))
		return false;
	if (oracle_can(job, "munlockall\nmlockall future\n"))
		return true;
	printf("without the right to lock memory: mlock and its kin are left out\n");
	for (size_t i = 0; i < sizeof(locking) / sizeof(locking[0]); i++)
		leave_out(job, locking[i]);
	return true;
}

/*
 * Set job->sides.rules from the probe's findings.
 * Return: whether the rules cover them all.
 */
static bool take_rules(struct job *job, const struct probe *probe)
{
	const char *why =
		probe_obstacle(probe, PROBE_LAYOUT | (job->any_kernel ? PROBE_ANY_KERNEL : 0));
	struct rules rules = rules_of_machine(probe);
	char refused[256];

	if (why) {
		printf("cannot compare: %s\n", why);
		return false;
	}
	if (job->sides.no_zero_page)
		rules.mm.read_takes_page = true;
	/* The options' parser has accepted these rules already. */
	if (job->force_rule && !rules_set(&rules, job->force_rule, refused, sizeof(refused)))
		abort();
	rules_text(&rules, job->sides.rules, sizeof(job->sides.rules));
	printf("rules: %s%s%s\n", job->sides.rules, job->force_rule ? "; forced: " : "",
	       job->force_rule ? job->force_rule : "");
	if (job->sides.no_zero_page)
		printf("every read of the kernel's side takes a page: a machine without a zero "
		       "page is imitated\n");
	return true;
}

static int run(struct job *job, const char *release)
{
	pthread_t thread[BENCH_LIST_MAX];
	double began = now();
	unsigned int nr = 0;
	int status;

	while (nr < job->threads && pthread_create(&thread[nr], NULL, work, job) == 0)
		nr++;
	if (!nr)
		work(job);
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	status = atomic_load_explicit(&job->status, memory_order_relaxed);
	if (status == EXIT_CANNOT)
		return status;
	return print_tables(job, release, now() - began) ? EXIT_DIFFERENT : status;
}

/* ---- arguments ---- */

static bool take_without(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	const char **word = to;
	char *rest;
	int nr = 0;

	for (char *w = strtok_r(arg, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
		if (nr == BENCH_LIST_MAX) {
			snprintf(why, BENCH_WHY_MAX, "--without: found more than %d words",
				 BENCH_LIST_MAX);
			return false;
		}
		word[nr++] = w;
	}
	return true;
}

static bool take_force_rule(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	struct rules scratch = rules_default();
	const char **force_rule = to;
	char wrong[BENCH_WHY_MAX];

	*force_rule = arg;
	if (rules_set(&scratch, arg, wrong, sizeof(wrong)))
		return true;
	snprintf(why, BENCH_WHY_MAX, "--force-rule: %.900s", wrong);
	return false;
}

static void parse(int argc, char **argv, struct job *job)
{
	double seconds = 0;
	const struct bench_option options[] = {
		{"seeds", 's', "N", "scripts, shared out among the profiles (1000)",
		 .number = &job->seeds, .least = 1, .most = SEEDS_MAX},
		{"ops", 0, "N", "operations in each (60)", .number = &job->ops, .least = 1,
		 .most = 4000},
		{"profile", 'p', "P,...",
		 "placement merging locking mremap fork growth files huge everything (all)",
		 .names = &job->profiles, .known = generate_profiles},
		{"engine", 'e', "E,...", "rbtree maple maple-vma (all)", .names = &job->engines,
		 .known = all_engines},
		{"first-seed", 0, "N", "begin with this one (0)", .number = &job->first_seed,
		 .most = 1000000000000},
		{"seconds", 0, "N", "as many seeds as can be done in that time, instead of --seeds",
		 .seconds = &seconds},
		{"without", 0, "WORD,...",
		 "leave out operations, flags and advice, for example mseal,GUARD_INSTALL",
		 .take = take_without, .to = job->without_word},
		{"jobs", 'j', "N", "threads (2)", .number = &job->threads, .least = 1,
		 .most = BENCH_LIST_MAX},
		{"show", 0, "N", "reduce and print the first N scripts that differ (1)",
		 .number = &job->show, .most = 1000000},
		{"any-kernel", 0, NULL,
		 "compare even with a kernel whose rules are others than 6.18's",
		 .flag = &job->any_kernel},
		{"no-zero-page", 0, NULL,
		 "imitate a machine whose kernel gives every read a page of its own",
		 .flag = &job->sides.no_zero_page},
		{"force-rule", 0, "NAME=VALUE,...",
		 "let the engines follow these rules, such as read_takes_page=1, whatever the "
		 "probe finds",
		 .take = take_force_rule, .to = &job->force_rule},
		{"oracle", 0, "PATH", "the program oracle", .text = &job->sides.oracle},
		{"vmreplay", 0, "PATH", "the program vmreplay", .text = &job->sides.vmreplay},
		{0},
	};

	bench_options(argc, argv, "Hold the engines against the running kernel.", options);
	if (seconds > 0) {
		job->deadline = now() + seconds;
		job->seeds = SEEDS_MAX;
	}
}

int main(int argc, char **argv)
{
	static struct job job = {.seeds = 1000,
				 .ops = 60,
				 .threads = 2,
				 .show = 1,
				 .lock = PTHREAD_MUTEX_INITIALIZER};
	char line[1024];
	struct probe probe;

	bench_standard_begin("differ");
	parse(argc, argv, &job);
	if (!job.sides.oracle || !job.sides.vmreplay) {
		fprintf(stderr, "differ: found no --oracle or no --vmreplay, expected both\n");
		return EXIT_BROKEN;
	}
	job.batch = job.ops < BATCH_OPS ? BATCH_OPS / job.ops : 1;
	/* The oracle does the same for itself. */
	probe_narrow_huge_pages(true);
	probe_machine(&probe);
	probe_line(&probe, line, sizeof(line));
	printf("%s\n", line);
	if (!take_rules(&job, &probe))
		return EXIT_CANNOT;
	if (!ask_machine(&job)) {
		printf("cannot compare: the oracle does not run here\n");
		return EXIT_CANNOT;
	}
	return run(&job, probe.release);
}
