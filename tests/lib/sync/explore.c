/* SPDX-License-Identifier: MIT */
/*
 * explore.c - runs the schedules. A run is a sequence of choices. The next run
 * repeats all choices before the last one that has an alternative left, takes
 * that one's next alternative, and from there on always the first.
 *
 * The scenario's threads are real threads, but only the thread that holds the
 * baton touches anything here or in the code under test. A semaphore passes the
 * baton, which orders everything that happened before.
 */
#include "tests/lib/sync/explore.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHOICES 16384

static const char STUCK[] = "everybody waits: a wake-up is lost, or a deadlock";

enum state { READY, BLOCKED, BLOCKED_TIMED, DONE };

static struct thread {
	pthread_t id;
	sem_t go;
	enum state state;
	const void *word; /* blocked on */
	bool timed_out;
	/* the store in its store buffer; NULL: none */
	void *kept;
	size_t kept_size;
	uint64_t kept_value;
} threads[EXPLORE_MAX_THREADS];

static struct {
	unsigned int taken, of;
} choices[MAX_CHOICES];

static const struct explore_scenario *scenario;
static unsigned int nr_threads, nr_choices, depth, cost;
static struct thread *running;
static const char *failure;
static bool quit;
static sem_t run_ended;

void explore_fail(const char *what)
{
	if (!failure)
		failure = what;
}

/* Chooses one of @n alternatives; the first costs nothing. */
static unsigned int choose(unsigned int n)
{
	if (n == 1)
		return 0;
	if (depth == nr_choices) {
		if (depth == MAX_CHOICES) {
			explore_fail("the run does not end");
			return 0;
		}
		choices[nr_choices].taken = 0;
		choices[nr_choices++].of = n;
	}
	return choices[depth++].taken;
}

static bool may_spend(void)
{
	return cost < scenario->costly;
}

static void write_back(struct thread *t)
{
	if (!t->kept)
		return;
	memcpy(t->kept, &t->kept_value, t->kept_size);
	t->kept = NULL;
}

static void make_ready(struct thread *t, bool timed_out)
{
	t->state = READY;
	t->timed_out = timed_out;
}

/*
 * Lists the threads other than @self that may run now. With @timeouts, threads
 * whose timeout may fire come last.
 */
static unsigned int list_others(const struct thread *self, struct thread **list, bool timeouts)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_threads; i++) {
		if (&threads[i] != self && threads[i].state == READY)
			list[n++] = &threads[i];
	}
	for (unsigned int i = 0; timeouts && i < nr_threads; i++) {
		if (threads[i].state == BLOCKED_TIMED)
			list[n++] = &threads[i];
	}
	return n;
}

/*
 * Passes the baton to @next. NULL: no thread can continue, and the run is over.
 */
static void hand_over(struct thread *next)
{
	running = next;
	if (next) {
		sem_post(&next->go);
		return;
	}
	for (unsigned int i = 0; i < nr_threads; i++) {
		if (threads[i].state != DONE)
			explore_fail(STUCK);
	}
	sem_post(&run_ended);
}

void explore_step(void)
{
	struct thread *others[EXPLORE_MAX_THREADS], *self = running;
	unsigned int n, pick;

	if (!self || !may_spend())
		return;
	n = list_others(self, others, true);
	pick = choose(1 + n);
	if (!pick)
		return;
	cost++;
	if (others[pick - 1]->state == BLOCKED_TIMED)
		make_ready(others[pick - 1], true);
	hand_over(others[pick - 1]);
	sem_wait(&self->go);
}

/*
 * Called if the running thread cannot continue. Return: the thread that
 * continues, which may be @self after a timeout; NULL: none can.
 */
static struct thread *pick_next(const struct thread *self)
{
	struct thread *others[EXPLORE_MAX_THREADS];
	unsigned int ready, n, pick;

	ready = list_others(self, others, false);
	n = !ready || may_spend() ? list_others(self, others, true) : ready;
	if (!n)
		return NULL;
	pick = choose(n);
	if (others[pick]->state == BLOCKED_TIMED) {
		cost += ready != 0;
		make_ready(others[pick], true);
	}
	return others[pick];
}

/* ---- the hooks ----------------------------------------------------------- */

uint64_t explore_load(const void *p, size_t size)
{
	uint64_t value = 0;

	explore_step();
	if (running && running->kept == p)
		return running->kept_value;
	memcpy(&value, p, size);
	return value;
}

void explore_store(void *p, size_t size, uint64_t value)
{
	explore_step();
	if (!running) {
		memcpy(p, &value, size);
		return;
	}
	write_back(running);
	running->kept = p;
	running->kept_size = size;
	running->kept_value = value;
	if (may_spend() && choose(2))
		cost++;
	else
		write_back(running);
}

void explore_rmw(void)
{
	explore_step();
	if (running)
		write_back(running);
}

int explore_futex_wait(void *word, unsigned int expected, bool timed)
{
	struct thread *self = running, *next;
	unsigned int value;

	explore_rmw();
	memcpy(&value, word, sizeof(value));
	if (value != expected)
		return -EAGAIN;
	self->state = timed ? BLOCKED_TIMED : BLOCKED;
	self->word = word;
	self->timed_out = false;
	next = pick_next(self);
	if (next != self) {
		hand_over(next);
		sem_wait(&self->go);
	}
	return self->timed_out ? -ETIMEDOUT : 0;
}

void explore_futex_wake(void *word, int n)
{
	explore_rmw();
	for (unsigned int i = 0; i < nr_threads && n > 0; i++) {
		struct thread *t = &threads[i];

		if ((t->state == BLOCKED || t->state == BLOCKED_TIMED) && t->word == word) {
			make_ready(t, false);
			n--;
		}
	}
}

/* ---- the runs ------------------------------------------------------------ */

static void *thread_main(void *arg)
{
	struct thread *self = arg;

	for (;;) {
		sem_wait(&self->go);
		if (quit)
			return NULL;
		scenario->threads[self - threads]();
		write_back(self);
		self->state = DONE;
		hand_over(pick_next(self));
	}
}

static void start_threads(void)
{
	quit = false;
	sem_init(&run_ended, 0, 0);
	for (nr_threads = 0; nr_threads < EXPLORE_MAX_THREADS && scenario->threads[nr_threads];
	     nr_threads++) {
		struct thread *t = &threads[nr_threads];

		memset(t, 0, sizeof(*t));
		sem_init(&t->go, 0, 0);
		if (pthread_create(&t->id, NULL, thread_main, t))
			abort();
	}
}

static void end_threads(void)
{
	quit = true;
	for (unsigned int i = 0; i < nr_threads; i++) {
		sem_post(&threads[i].go);
		pthread_join(threads[i].id, NULL);
	}
}

static void run_once(void)
{
	unsigned int first;

	depth = 0;
	cost = 0;
	for (unsigned int i = 0; i < nr_threads; i++)
		threads[i].state = READY;
	scenario->begin();
	first = choose(nr_threads);
	hand_over(&threads[first]);
	sem_wait(&run_ended);
	if (!failure)
		scenario->end();
}

/* Sets up the choices of the next run. Return: whether there is one. */
static bool next_schedule(void)
{
	while (nr_choices && choices[nr_choices - 1].taken + 1 == choices[nr_choices - 1].of)
		nr_choices--;
	if (!nr_choices)
		return false;
	choices[nr_choices - 1].taken++;
	return true;
}

const char *explore(const struct explore_scenario *what, unsigned long *runs)
{
	*runs = 0;
	/*
	 * After a run that got stuck its threads wait forever, so that nothing
	 * can run any more.
	 */
	if (failure == STUCK)
		return failure;
	scenario = what;
	failure = NULL;
	nr_choices = 0;
	start_threads();
	do {
		run_once();
		++*runs;
	} while (!failure && next_schedule());
	if (failure != STUCK)
		end_threads();
	return failure;
}
