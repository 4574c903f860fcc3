/* SPDX-License-Identifier: MIT */
/*
 * search.c - which schedules are run: all with a bounded number of costly
 * decisions (Musuvathi and Qadeer, "Iterative context bounding for systematic
 * testing of multithreaded programs", PLDI 2007), or random ones by priorities
 * (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of
 * finding bugs", ASPLOS 2010).
 *
 * A decision is a branch only before an access to a place that several threads
 * access, one of them with a write, in this run or in an earlier one: before
 * any other access, a switch can be delayed. When a run finds a new such place,
 * the search begins again, because earlier runs missed branches.
 */
#include "tests/explore/search.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOUND_MAX 8
#define RANDOM_FIRST 30   /* random runs that find shared places */
#define RESTART_EARLY 200 /* so many runs are thrown away at once */
#define CHANGES 3

/* One unusual decision after those of its parent. */
struct node {
	uint32_t parent; /* 0: none */
	uint32_t at;
	uint8_t kind, value, cost;
};

static struct node *nodes;
static size_t nr_nodes, max_nodes;
static struct list {
	uint32_t *node;
	size_t nr, max;
} todo[BOUND_MAX + 2]; /* by cost */

void *__real_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t off);
int __real_clock_gettime(clockid_t clock, struct timespec *now);

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "explore: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double seconds_now(void)
{
	struct timespec t;

	__real_clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void search_prepare(void)
{
	shared = __real_mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		die("shared memory");
}

/* All threads of a run share one CPU, so that the token passes quickly. */
static void stay_on_this_cpu(void)
{
	cpu_set_t all, one;

	CPU_ZERO(&all);
	for (int i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &all);
	sched_setaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* ---- one run ------------------------------------------------------------- */

static void one_run(const struct search *s)
{
	struct run_result *r = &shared->result;
	static unsigned int runs;
	int status;
	pid_t child;

	if (runs++ % 256 == 0)
		stay_on_this_cpu();
	memset(r, 0, offsetof(struct run_result, branch));
	r->nr_steps = 0;
	r->nr_unusual = 0;
	r->text[0] = 0;
	r->pc = r->other_pc = NULL;
	r->signal = 0;
	/* _Fork(): the library's fork handlers are not called. */
	child = _Fork();
	if (child < 0)
		die("fork");
	if (!child)
		run_child(s->scenario);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (r->signal == SIGALRM)
		snprintf(r->text, sizeof(r->text), "thread %s: no step for %d s",
			 r->thread[r->signalled], RUN_STEP_SECONDS);
	else if (r->signal)
		snprintf(r->text, sizeof(r->text),
			 "thread %s: %s, after this step:", r->thread[r->signalled],
			 strsignal(r->signal));
	else if (r->verdict == RUN_RUNS || !WIFEXITED(status) || WEXITSTATUS(status)) {
		r->verdict = RUN_FAILED;
		snprintf(r->text, sizeof(r->text), "the run's process ended with status %#x",
			 status);
	}
	if (r->too_many)
		fprintf(stderr, "explore: a run has more branches than can be kept\n");
}

bool search_replay(const struct search *s, const struct unusual *unusual, unsigned int nr,
		   bool print)
{
	struct run_orders *o = &shared->orders;

	*o = (struct run_orders){.strategy = FOLLOW,
				 .memory = s->memory,
				 .races = s->races,
				 .print = print,
				 .nr_unusual = nr};
	memcpy(o->unusual, unusual, nr * sizeof(*unusual));
	one_run(s);
	return shared->result.verdict == RUN_FAILED;
}

static bool random_run(const struct search *s, uint64_t seed, unsigned int length)
{
	shared->orders = (struct run_orders){.strategy = RANDOM,
					     .memory = s->memory,
					     .races = s->races,
					     .seed = seed,
					     .changes = (unsigned int)(seed % (CHANGES + 1)),
					     .length = length};
	one_run(s);
	return shared->result.verdict == RUN_FAILED;
}

/* ---- all schedules within a bound ---------------------------------------- */

static void push(struct list *list, uint32_t node)
{
	if (list->nr == list->max) {
		list->max = list->max * 2 + 1024;
		list->node = realloc(list->node, list->max * sizeof(*list->node));
		if (!list->node)
			die("memory");
	}
	list->node[list->nr++] = node;
}

static uint32_t new_node(struct node node)
{
	if (nr_nodes == max_nodes) {
		max_nodes = max_nodes * 2 + 1024;
		nodes = realloc(nodes, max_nodes * sizeof(*nodes));
		if (!nodes)
			die("memory");
	}
	nodes[nr_nodes] = node;
	return (uint32_t)nr_nodes++;
}

/* Queue what the last run might have decided at its branches. */
static void add_branches(uint32_t parent, unsigned int bound)
{
	const struct run_result *r = &shared->result;

	for (unsigned int i = r->nr_branches; i-- > 0;) {
		const struct branch *b = &r->branch[i];

		for (unsigned int j = b->nr; j-- > 0;) {
			unsigned int cost = b->cost + b->alt[j].cost;
			uint64_t next = b->alt[j].value | (uint64_t)b->alt[j].kind << 8;

			/* As a run has it that decides so usually. */
			if (b->alt[j].kind == DECIDE_RUN)
				next = b->alt[j].value;
			if (cost > bound || state_seen(mix(b->state, next), cost))
				continue;
			push(&todo[cost], new_node((struct node){parent, b->at, b->alt[j].kind,
								 b->alt[j].value, (uint8_t)cost}));
		}
	}
}

static void follow_node(const struct search *s, uint32_t node)
{
	struct run_orders *o = &shared->orders;
	unsigned int nr = 0;

	*o = (struct run_orders){
		.strategy = FOLLOW, .memory = s->memory, .races = s->races, .prune = true};
	for (uint32_t n = node; n; n = nodes[n].parent)
		nr++;
	if (nr > RUN_UNUSUAL)
		return;
	o->nr_unusual = nr;
	for (uint32_t n = node; n; n = nodes[n].parent)
		o->unusual[--nr] = (struct unusual){nodes[n].at, nodes[n].kind, nodes[n].value};
	one_run(s);
}

static void begin_again(void)
{
	if (madvise(shared->state, sizeof(shared->state), MADV_REMOVE))
		memset(shared->state, 0, sizeof(shared->state));
	nr_nodes = 1;
	if (!max_nodes) {
		max_nodes = 1024;
		nodes = realloc(nodes, max_nodes * sizeof(*nodes));
	}
	for (unsigned int i = 0; i <= BOUND_MAX + 1; i++)
		todo[i].nr = 0;
	push(&todo[0], 0);
}

/*
 * Take any node of the list. If the time does not suffice for all, those that
 * were run lie all over the schedules, and not at one end.
 */
static uint32_t take_any(struct list *list)
{
	static uint64_t count;
	size_t i = mix(count++, 1) % list->nr;
	uint32_t node = list->node[i];

	list->node[i] = list->node[--list->nr];
	return node;
}

/* Run the next schedule of @cost. Return: false if there is none. */
static bool step(const struct search *s, struct found *f, unsigned int cost)
{
	const struct run_result *r = &shared->result;
	uint32_t node;

	if (!todo[cost].nr)
		return false;
	node = take_any(&todo[cost]);
	follow_node(s, node);
	f->runs++;
	f->known += r->verdict == RUN_KNOWN;
	f->longest = r->decisions > f->longest ? r->decisions : f->longest;
	f->failed = r->verdict == RUN_FAILED;
	add_branches(node, s->bound);
	return true;
}

/* Whether the time is up, or a schedule failed. */
static bool must_stop(const struct search *s, const struct found *f, double until)
{
	return f->failed || (s->seconds > 0 && seconds_now() >= until);
}

/* A schedule may lead to others of its own cost, so the list may grow. */
static void search_all(const struct search *s, struct found *f, double until)
{
	unsigned long since = 0;
	bool missed = false;
	unsigned int cost = 0;

	begin_again();
	while (cost <= s->bound && !must_stop(s, f, until)) {
		bool more = step(s, f, cost);

		missed |= more && shared->result.new_shared;
		since += more;
		if (missed && !f->failed && (!more || since < RESTART_EARLY)) {
			begin_again();
			f->restarted = true;
			missed = false;
			since = 0;
			cost = 0;
			f->bound = -1u;
			continue;
		}
		if (!more)
			f->bound = cost++;
	}
	for (unsigned int i = 0; i <= s->bound; i++)
		f->queued += todo[i].nr;
}

static void search_random(const struct search *s, struct found *f, double until)
{
	unsigned int length = 1;

	for (unsigned long i = 0; i < s->random && !must_stop(s, f, until); i++) {
		f->failed = random_run(s, s->seed + i, length);
		f->runs++;
		f->longest = shared->result.decisions > f->longest ? shared->result.decisions
								   : f->longest;
		length = shared->result.points > length ? shared->result.points : length;
	}
}

void search_run(const struct search *s, struct found *f)
{
	double began = seconds_now(), until = began + s->seconds;
	struct search first = *s;

	*f = (struct found){.bound = -1u};
	memset(shared->place, 0, sizeof(shared->place));
	first.random = RANDOM_FIRST;
	if (s->random)
		first = *s;
	search_random(&first, f, until);
	if (!s->random && !f->failed)
		search_all(s, f, until);
	f->seconds = seconds_now() - began;
}
