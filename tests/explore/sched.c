/* SPDX-License-Identifier: MIT */
/*
 * sched.c - the threads of a run, of which the one with the token runs, and the
 * decisions: who is next. Read first: run.h, sched.h.
 */
#include "tests/explore/sched.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A thread that makes so many steps while others could run is taken for one
 * that polls: the others go first.
 */
#define POLLS 3000

/* RANDOM lets a timeout fire early at one in so many steps. */
#define TIMEOUT_ODDS 32

struct shared *shared;
struct thread threads[RUN_THREADS];
int nr_threads;
bool live;
_Thread_local int self;
int64_t now_ns = 1000000000000;

bool quiet;
static unsigned int followed; /* unusual decisions of the orders */
static unsigned int alone;    /* steps since another thread ran */
static uint64_t random_state;
static uint32_t change_at[16];
static uint32_t lowest = 1u << 30;

long __real_syscall(long nr, ...);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
			  void *arg);

/* ---- the end of a run ---------------------------------------------------- */

static _Noreturn void leave(enum verdict verdict)
{
	shared->result.verdict = verdict;
	_exit(0);
}

_Noreturn void run_failed(const void *pc, const void *other_pc, const char *fmt, ...)
{
	struct run_result *r = &shared->result;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	r->pc = pc;
	r->other_pc = other_pc;
	if (!live) {
		fprintf(stderr, "explore: in the preparations: %s\n", r->text);
		_exit(2);
	}
	leave(RUN_FAILED);
}

_Noreturn void explore_fail(const char *what, const char *file, int line)
{
	run_failed(NULL, NULL, "%s:%d: does not hold: %s", file, line, what);
}

/* The searching process says which signal it was. */
static void on_signal(int sig)
{
	shared->result.signal = sig;
	shared->result.signalled = self;
	shared->result.pc = threads[self].pc;
	shared->result.other_pc = NULL;
	leave(RUN_FAILED);
}

/* ---- random numbers ------------------------------------------------------ */

static uint32_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

static void random_begin(void)
{
	const struct run_orders *o = &shared->orders;

	random_state = mix(o->seed, 1) | 1;
	for (int i = 0; i < RUN_THREADS; i++)
		threads[i].priority = (1u << 30) + 1 + (random_number() >> 2);
	for (unsigned int i = 0; i < o->changes; i++)
		change_at[i] = random_number() % (o->length + 1);
}

/* ---- states -------------------------------------------------------------- */

/* What a place has seen, for the hash of the state. */
#define MEMORIES (1u << 15)
static struct memory_of {
	uint64_t key, last, readers;
} memory_of[MEMORIES];

static struct memory_of *find_memory(uint64_t key)
{
	uint64_t i = spread(key) & (MEMORIES - 1);

	for (unsigned int n = 0; n < MEMORIES; n++, i = (i + 1) & (MEMORIES - 1)) {
		if (!memory_of[i].key)
			memory_of[i].key = key;
		if (memory_of[i].key == key)
			return &memory_of[i];
	}
	run_failed(NULL, NULL, "the run uses too many places");
}

static bool writes(enum what what)
{
	return what != LOAD && what != VOLATILE_LOAD && what != FENCE;
}

void sched_hash(const struct access *a)
{
	struct memory_of *m = find_memory((uint64_t)a->addr >> 3 | 1ull << 63);
	uint64_t h = mix(mix(threads[self].hash, m->last), a->what);

	if (writes(a->what)) {
		h = mix(h, m->readers);
		m->last = h;
		m->readers = 0;
	} else {
		m->readers += mix(h, 1);
	}
	threads[self].hash = h;
}

void sched_mix(uint64_t value)
{
	threads[self].hash = mix(threads[self].hash, value);
}

static uint64_t state_hash(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < nr_threads; i++)
		sum += mix(threads[i].hash, (uint64_t)i);
	return sum;
}

bool state_seen(uint64_t hash, unsigned int cost)
{
	uint64_t tag = hash & ~0xffull, i = mix(hash, 3) & (STATES - 1);

	for (unsigned int n = 0; n < 64; n++, i = (i + 1) & (STATES - 1)) {
		uint64_t *s = &shared->state[i];

		if (!*s) {
			*s = tag | (cost + 1);
			return false;
		}
		if ((*s & ~0xffull) != tag)
			continue;
		if ((*s & 0xff) <= cost + 1)
			return true;
		*s = tag | (cost + 1);
		return false;
	}
	return false; /* the table is full: search it again rather than miss it */
}

/* ---- places -------------------------------------------------------------- */

/*
 * Whether another thread's access conflicts with this one, in this run or an
 * earlier one: only before such an access another thread's step can matter.
 */
static bool note_place(const struct access *a)
{
	uint64_t key = (uint64_t)a->addr >> 3 | 1ull << 63, i = spread(key) & (PLACES - 1);
	uint8_t me = (uint8_t)(1u << self), others;
	bool write = writes(a->what);
	struct place *p;

	for (;; i = (i + 1) & (PLACES - 1)) {
		p = &shared->place[i];
		if (!p->key)
			p->key = key;
		if (p->key == key)
			break;
	}
	others = (uint8_t)((write ? p->readers | p->writers : p->writers) & ~me);
	if (!((write ? p->writers : p->readers) & me)) {
		if (write)
			p->writers |= me;
		else
			p->readers |= me;
		if (others)
			shared->result.new_shared = true;
	}
	return others != 0;
}

/* ---- the token ----------------------------------------------------------- */

static void wait_for_token(int me)
{
	while (!__atomic_load_n(&threads[me].token, __ATOMIC_ACQUIRE))
		__real_syscall(SYS_futex, &threads[me].token, FUTEX_WAIT, 0, NULL);
	threads[me].token = 0;
}

static void pass_token(int next)
{
	int me = self;

	if (shared->result.decisions % 256 == 0)
		alarm(RUN_STEP_SECONDS);
	if (next == me)
		return;
	alone = 0;
	__atomic_store_n(&threads[next].token, 1, __ATOMIC_RELEASE);
	__real_syscall(SYS_futex, &threads[next].token, FUTEX_WAKE, 1);
	wait_for_token(me);
}

/* ---- decisions ----------------------------------------------------------- */

static bool can_run(int t)
{
	return threads[t].state == RUNNABLE ||
	       (threads[t].state == BLOCKED && threads[t].ready && threads[t].ready(t));
}

static bool can_time_out(int t)
{
	return threads[t].state == BLOCKED && threads[t].timed && !can_run(t);
}

/* The next thread after @me that can run, @me last; -1: none. */
static int next_in_turn(int me)
{
	for (int i = 1; i <= nr_threads; i++) {
		int t = (me + i) % nr_threads;

		if (can_run(t))
			return t;
	}
	return -1;
}

static int first_to_time_out(void)
{
	int first = -1;

	for (int t = 0; t < nr_threads; t++) {
		if (can_time_out(t) && (first < 0 || threads[t].deadline < threads[first].deadline))
			first = t;
	}
	return first;
}

static void note_unusual(uint32_t at, enum decision kind, unsigned int value, unsigned int cost)
{
	struct run_result *r = &shared->result;

	r->cost += cost;
	if (r->nr_unusual == RUN_UNUSUAL)
		r->too_many = true;
	else
		r->unusual[r->nr_unusual++] = (struct unusual){at, (uint16_t)kind, (uint16_t)value};
}

static void add_alternative(struct branch *b, enum decision kind, int value, unsigned int cost)
{
	b->alt[b->nr].kind = (uint8_t)kind;
	b->alt[b->nr].value = (uint8_t)value;
	b->alt[b->nr++].cost = (uint8_t)cost;
}

/* Whether the orders determine the decision @at. */
static const struct unusual *ordered(uint32_t at)
{
	const struct run_orders *o = &shared->orders;

	if (followed < o->nr_unusual && o->unusual[followed].at == at)
		return &o->unusual[followed++];
	return NULL;
}

static bool may_branch(void)
{
	return !quiet && shared->orders.strategy == FOLLOW && followed == shared->orders.nr_unusual;
}

static struct branch *new_branch(uint32_t at)
{
	struct run_result *r = &shared->result;
	struct branch *b;

	if (r->nr_branches == RUN_BRANCHES) {
		r->too_many = true;
		return NULL;
	}
	b = &r->branch[r->nr_branches];
	*b = (struct branch){.at = at, .cost = (uint8_t)r->cost, .state = state_hash()};
	return b;
}

static void prune(uint64_t state, uint64_t usual)
{
	if (shared->orders.prune && state_seen(mix(state, usual), shared->result.cost))
		leave(RUN_KNOWN);
}

/* The unusual choices, beside @usual, of who makes the next step. */
static void branch_next(uint32_t at, int usual, bool stays)
{
	struct branch *b = new_branch(at);

	if (!b)
		return;
	for (int t = 0; t < nr_threads; t++) {
		if (t == usual)
			continue;
		if (can_run(t) && (stays || t != self || next_in_turn(self) == self))
			add_alternative(b, DECIDE_RUN, t, stays);
		else if (can_time_out(t))
			add_alternative(b, DECIDE_TIMEOUT, t, 1);
	}
	if (b->nr) {
		shared->result.nr_branches++;
		prune(b->state, (uint64_t)usual);
	}
}

static void time_out(int t)
{
	threads[t].timed_out = true;
	threads[t].state = RUNNABLE;
	if (threads[t].deadline > now_ns)
		now_ns = threads[t].deadline;
	threads[t].hash = mix(threads[t].hash, 0x7173);
}

static int random_next(uint32_t at, int usual, bool stays)
{
	const struct run_orders *o = &shared->orders;
	bool timeouts = random_number() % TIMEOUT_ODDS == 0, out;
	int best = usual;

	for (unsigned int i = 0; i < o->changes; i++) {
		if (shared->result.points == change_at[i] && stays) {
			threads[self].priority = lowest--;
			change_at[i] = UINT32_MAX;
		}
	}
	for (int t = 0; t < nr_threads; t++) {
		if ((t != self || stays) && (can_run(t) || (timeouts && can_time_out(t))) &&
		    threads[t].priority > threads[best].priority)
			best = t;
	}
	out = !can_run(best);
	if (best != usual)
		note_unusual(at, out ? DECIDE_TIMEOUT : DECIDE_RUN, (unsigned int)best,
			     out || stays);
	if (out)
		time_out(best);
	return best;
}

/*
 * Replays an unusual decision of a saved schedule. Return: the thread that the
 * schedule lets make the next step.
 */
static int ordered_next(const struct unusual *u, bool stays)
{
	int t = u->value;

	if (t >= nr_threads || (u->kind == DECIDE_RUN && !can_run(t)) ||
	    (u->kind == DECIDE_TIMEOUT && !can_time_out(t)) || u->kind > DECIDE_TIMEOUT)
		run_failed(NULL, NULL, "the schedule does not fit: decision %u", u->at);
	note_unusual(u->at, u->kind, u->value, stays || u->kind == DECIDE_TIMEOUT);
	if (u->kind == DECIDE_TIMEOUT)
		time_out(t);
	return t;
}

/* @stays: the running thread can go on, which is usual. */
static int decide_next(bool stays, bool branches)
{
	uint32_t at = shared->result.decisions++;
	const struct unusual *u = ordered(at);
	int usual = stays ? self : next_in_turn(self);

	if (at >= RUN_DECISIONS)
		run_failed(threads[self].pc, NULL, "thread %s: the run does not end",
			   threads[self].name);
	if (u)
		return ordered_next(u, stays);
	if (usual < 0) {
		usual = first_to_time_out();
		if (usual < 0)
			run_failed(threads[self].pc, NULL, "deadlock: every thread waits");
		if (branches && may_branch())
			branch_next(at, usual, false);
		time_out(usual);
		return usual;
	}
	if (branches && shared->orders.strategy == RANDOM && !quiet)
		return random_next(at, usual, stays);
	if (branches && may_branch())
		branch_next(at, usual, stays);
	return usual;
}

unsigned int sched_choose(enum decision kind, unsigned int nr, unsigned int cost, bool branches)
{
	uint32_t at = shared->result.decisions++;
	const struct unusual *u = ordered(at);
	struct branch *b;

	if (u) {
		if (u->kind != kind || u->value > nr)
			run_failed(NULL, NULL, "the schedule does not fit: decision %u", at);
		note_unusual(at, kind, u->value, cost);
		return u->value;
	}
	if (!nr || !branches || quiet)
		return 0;
	if (shared->orders.strategy == RANDOM) {
		unsigned int value = random_number() % 4 ? 0 : 1 + random_number() % nr;

		if (value)
			note_unusual(at, kind, value, cost);
		return value;
	}
	b = may_branch() ? new_branch(at) : NULL;
	if (b) {
		for (unsigned int i = 1; i <= nr && i <= 3; i++)
			add_alternative(b, kind, (int)i, cost);
		shared->result.nr_branches++;
	}
	return 0;
}

/* ---- steps --------------------------------------------------------------- */

static void note_step(const struct access *a, bool is_shared)
{
	struct run_result *r = &shared->result;

	threads[self].pc = a->pc;
	if (!shared->orders.print || r->nr_steps == STEPS)
		return;
	shared->step[r->nr_steps++] = (struct step){.at = r->decisions - 1,
						    .thread = (uint8_t)self,
						    .what = (uint8_t)a->what,
						    .size = (uint8_t)a->size,
						    .shared = is_shared,
						    .order = (int8_t)a->order,
						    .pc = a->pc,
						    .addr = (const void *)a->addr};
}

void sched_note_value(uint64_t value)
{
	struct run_result *r = &shared->result;

	if (shared->orders.print && r->nr_steps)
		shared->step[r->nr_steps - 1].value = value;
}

/* The others go first. RANDOM lets them do so for some time. */
static void give_way(void)
{
	threads[self].priority = lowest--;
	pass_token(decide_next(false, true));
}

bool sched_point(const struct access *a)
{
	bool is_shared;

	if (!explored())
		return false;
	memory_check(a->addr, a->size, a->pc);
	is_shared = note_place(a);
	shared->result.points += is_shared;
	threads[self].pc = a->pc;
	if (++alone > POLLS && next_in_turn(self) != self)
		give_way();
	else
		pass_token(decide_next(true, is_shared));
	note_step(a, is_shared);
	sched_hash(a);
	return is_shared;
}

void sched_yield_to_others(const struct access *a)
{
	if (!live)
		return;
	threads[self].pc = a->pc;
	give_way();
	note_step(a, false);
	sched_mix(YIELD);
}

bool sched_block(const struct access *a, bool (*ready)(int), const int64_t *deadline)
{
	struct thread *t = &threads[self];

	if (!live)
		run_failed(a->pc, NULL, "a wait that nobody ends");
	t->state = BLOCKED;
	t->on = a->addr;
	t->ready = ready;
	t->timed = deadline != NULL;
	t->deadline = deadline ? *deadline : 0;
	t->timed_out = false;
	t->pc = a->pc;
	pass_token(decide_next(false, true));
	t->state = RUNNABLE;
	t->ready = NULL;
	note_step(a, true);
	sched_hash(a);
	return t->timed_out;
}

/*
 * The waker's decision has been made. Sleepers are woken in the order of their
 * numbers, which is an order that the kernel may choose.
 */
int sched_wake(const volatile void *on, int nr)
{
	int woken = 0;

	for (int t = 0; t < nr_threads && woken < nr; t++) {
		if (threads[t].state != BLOCKED || threads[t].on != on || threads[t].ready)
			continue;
		threads[t].state = RUNNABLE;
		woken++;
	}
	return woken;
}

/* ---- threads ------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	int me = (int)(intptr_t)arg;

	self = me;
	wait_for_token(me);
	sched_mix(BEGIN);
	threads[me].start(threads[me].arg);
	memory_drain();
	race_release(&threads[me]);
	threads[me].state = DONE;
	/* The token never comes back. */
	pass_token(decide_next(false, true));
	return NULL;
}

static void start_really(int t)
{
	unsigned long size;
	void *stack = memory_thread_stack(t, &size);
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, size);
	if (__real_pthread_create(&thread, &attr, thread_main, (void *)(intptr_t)t))
		run_failed(NULL, NULL, "no thread");
}

int sched_create(void *(*start)(void *), void *arg, bool library, const char *name)
{
	int t = nr_threads;

	if (t == RUN_THREADS)
		run_failed(NULL, NULL, "more than %d threads", RUN_THREADS);
	threads[t] = (struct thread){.start = start, .arg = arg, .library = library, .name = name};
	threads[t].hash = mix((uint64_t)t, 11);
	race_thread_begins(t, self);
	nr_threads++;
	if (live)
		start_really(t);
	return t;
}

static void *scenario_thread(void *arg)
{
	((void (*)(void))(uintptr_t)arg)();
	return NULL;
}

static const char *const thread_names[] = {"A", "B", "C", "D"};

void run_prepare(const struct explore_scenario *scenario)
{
	nr_threads = 1;
	threads[0].name = "main";
	for (int i = 0; i < EXPLORE_MAX_THREADS && scenario->threads[i]; i++)
		sched_create(scenario_thread, (void *)(uintptr_t)scenario->threads[i], false,
			     thread_names[i]);
	scenario->begin();
}

static bool threads_done(int me)
{
	(void)me;
	for (int t = 1; t < nr_threads; t++) {
		if (!threads[t].library && threads[t].state != DONE)
			return false;
	}
	return true;
}

_Noreturn void run_child(const struct explore_scenario *scenario)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGFPE, SIGILL};
	struct run_result *r = &shared->result;

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], on_signal);
	random_begin();
	for (int t = 0; t < nr_threads; t++) {
		/* The preparations happen before all threads. */
		race_thread_begins(t, 0);
		if (t)
			start_really(t);
		snprintf(r->thread[t], sizeof(r->thread[t]), "%s", threads[t].name);
	}
	r->nr_threads = (unsigned int)nr_threads;
	live = true;
	sched_block(&(struct access){.what = WAIT, .addr = threads, .order = -1}, threads_done,
		    NULL);
	quiet = true;
	for (int t = 1; t < nr_threads; t++)
		race_acquire(&threads[t]);
	if (scenario->end)
		scenario->end();
	leave(RUN_OK);
}
