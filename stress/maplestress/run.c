/* SPDX-License-Identifier: MIT */
/*
 * run.c - the threads of a run, and the thread that oversees them. Read first:
 * run.h.
 */
#include "stress/maplestress/run.h"
#include "stress/maplestress/tight.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REST_MS 100

enum role { WRITER, READER, SLOW };

struct crew {
	struct run *run;
	struct world *world;
	struct tight tight;
	unsigned int nr;
	pthread_barrier_t barrier;
	/*
	 * While pause is set, all threads meet at the barrier twice; in between
	 * the world is checked.
	 */
	atomic_bool pause, stop;
	_Atomic unsigned int writers_left;
	/*
	 * Readers that have read nothing yet: a run by writes waits for them.
	 */
	_Atomic unsigned int readers_fresh;
	struct seat {
		struct worker worker;
		struct crew *crew;
		enum role role;
		struct tight_seen seen;
	} seats[THREADS_MAX];
};

/* Return: false if the run is over. */
static bool rest_if_asked(struct crew *c)
{
	/* Acquire: only a hint to go to the barrier, which orders the rest. */
	if (!atomic_load_explicit(&c->pause, memory_order_acquire))
		return true;
	pthread_barrier_wait(&c->barrier);
	pthread_barrier_wait(&c->barrier);
	return !atomic_load_explicit(&c->stop, memory_order_acquire);
}

/*
 * Whether to use the tight tree next. It is used in bursts, so a thread spends
 * about as long there as elsewhere.
 */
static bool in_tight(struct seat *seat)
{
	return seat->crew->run->only_tight || pick(&seat->worker, 32) == 0;
}

static void write_on(struct seat *seat)
{
	struct crew *c = seat->crew;
	bool left = true;

	write_first(&seat->worker);
	/* The world is complete before any thread reads it. */
	pthread_barrier_wait(&c->barrier);
	while (rest_if_asked(c)) {
		if (left && (!c->run->writes || seat->worker.done < c->run->writes)) {
			if (in_tight(seat))
				tight_write(&c->tight, &seat->worker);
			else
				write_something(&seat->worker);
			continue;
		}
		if (left)
			atomic_fetch_sub_explicit(&c->writers_left, 1, memory_order_relaxed);
		left = false;
		usleep(1000);
	}
}

static void read_on(struct seat *seat)
{
	bool fresh = true;

	pthread_barrier_wait(&seat->crew->barrier);
	while (rest_if_asked(seat->crew)) {
		if (seat->role == SLOW)
			read_slowly(&seat->worker);
		else if (in_tight(seat))
			tight_read(&seat->crew->tight, &seat->worker, &seat->seen);
		else
			read_something(&seat->worker);
		if (fresh && seat->worker.done)
			atomic_fetch_sub_explicit(&seat->crew->readers_fresh, 1,
						  memory_order_relaxed);
		fresh = fresh && !seat->worker.done;
	}
}

static void *work(void *arg)
{
	struct seat *seat = arg;

	if (seat->role == WRITER)
		write_on(seat);
	else
		read_on(seat);
	return NULL;
}

static void rest(struct crew *c, bool last)
{
	atomic_store_explicit(&c->pause, true, memory_order_release);
	pthread_barrier_wait(&c->barrier);
	world_check(c->world);
	c->run->rests++;
	atomic_store_explicit(&c->stop, last, memory_order_release);
	atomic_store_explicit(&c->pause, false, memory_order_release);
	pthread_barrier_wait(&c->barrier);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool goes_on(const struct crew *c, double began)
{
	/*
	 * Relaxed: it does not matter whether one thread more or less is seen
	 * at work.
	 */
	if (c->run->writes)
		return atomic_load_explicit(&((struct crew *)c)->writers_left,
					    memory_order_relaxed) > 0 ||
		       atomic_load_explicit(&((struct crew *)c)->readers_fresh,
					    memory_order_relaxed) > 0;
	return now() - began < (double)c->run->seconds;
}

static void oversee(struct crew *c)
{
	double began;

	pthread_barrier_wait(&c->barrier);
	began = now();
	while (goes_on(c, began)) {
		usleep(REST_MS * 1000);
		rest(c, false);
		if (c->run->progress)
			c->run->progress(now() - began, (double)c->run->seconds,
					 atomic_load_explicit(&c->world->errors,
							      memory_order_relaxed));
	}
	rest(c, true);
}

static void add_up(struct run *r, const struct seat *seat)
{
	const struct worker *w = &seat->worker;

	if (seat->role == WRITER)
		r->written += w->done;
	else if (seat->role == READER)
		r->reads += w->done;
	else
		r->slow_reads += w->done;
	r->judged += w->read - w->unjudged;
	r->unjudged += w->unjudged;
}

static void fill_seat(struct crew *c, unsigned int i)
{
	struct run *r = c->run;
	struct seat *seat = &c->seats[i];

	seat->crew = c;
	seat->role = i < r->writers ? WRITER : i < r->writers + r->readers ? READER : SLOW;
	seat->worker = (struct worker){
		.world = c->world,
		.id = i,
		.random = (r->seed + 1) * 0x9e3779b97f4a7c15ull ^ (i + 1) * 0xbf58476d1ce4e5b9ull,
	};
	for (unsigned int t = i; seat->role == WRITER && t < r->nr_kinds; t += r->writers)
		seat->worker.territory[seat->worker.territories++] = t;
}

static void run_crew(struct crew *c)
{
	for (unsigned int i = 0; i < c->nr; i++)
		fill_seat(c, i);
	for (unsigned int i = 0; i < c->nr; i++) {
		int err = pthread_create(&c->seats[i].worker.thread, NULL, work, &c->seats[i]);

		/*
		 * The threads that have started wait for the rest at the
		 * barrier.
		 */
		if (err) {
			broken(c->world, "pthread_create: error %d", err);
			exit(2);
		}
	}
	oversee(c);
	for (unsigned int i = 0; i < c->nr; i++) {
		pthread_join(c->seats[i].worker.thread, NULL);
		add_up(c->run, &c->seats[i]);
	}
}

int run(struct run *r)
{
	struct crew *c = aligned_alloc(VMS_CACHELINE, sizeof(*c));
	unsigned int nr = r->writers + r->readers + r->slow;

	if (!c)
		return -ENOMEM;
	if (!r->writers || r->writers > r->nr_kinds || nr > THREADS_MAX) {
		free(c);
		return -EINVAL;
	}
	*c = (struct crew){.run = r,
			   .nr = nr,
			   .writers_left = r->writers,
			   .readers_fresh = r->readers + r->slow};
	c->world = world_new(r->flags, r->kinds, r->nr_kinds, r->again);
	if (!c->world) {
		free(c);
		return -ENOMEM;
	}
	if (tight_begin(&c->tight, c->world, r->flags, r->tight_width)) {
		world_free(c->world);
		free(c);
		return -ENOMEM;
	}
	pthread_barrier_init(&c->barrier, NULL, nr + 1);
	run_crew(c);
	pthread_barrier_destroy(&c->barrier);
	tight_end(&c->tight);
	r->errors += world_free(c->world);
	free(c);
	return 0;
}
