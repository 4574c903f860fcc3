/* SPDX-License-Identifier: MIT */
/*
 * order.c - C11's orders between the threads of a run, as clocks, and what the
 * memory models make of them: which stores a load may see.
 *
 * MEMORY_SC   a store takes effect at once, and a load sees the latest.
 * MEMORY_TSO  a store may stay in its thread's store buffer until the thread's
 *             next store that does not, or its next read-modify-write, full
 *             fence, lock or system call; or until before one of its loads.
 * MEMORY_WEAK a load that is not sequentially consistent may see any of the
 *             last stores that coherence and happens-before leave to it.
 *
 * Where C11 allows more, the models allow less: a read-modify-write sees the
 * latest store, a load never sees a store that has not been made yet, and
 * volatile and plain stores take effect at once.
 */
#include "tests/explore/sched.h"

#include <string.h>

#define WORDS (1u << 15)
#define KEPT 4 /* stores of one word */
#define BUFFERED 8

struct kept {
	uint64_t value;
	struct view release; /* what a load of it acquires */
	int thread;          /* -1: before the run */
	uint32_t clock;
};

/* An atomic word, a mutex, or what else orders threads. */
struct word {
	const volatile void *addr;
	struct view release;        /* of the latest store */
	uint32_t nr;                /* stores: numbers 1 to nr, of which the last are kept */
	uint32_t seen[RUN_THREADS]; /* the latest store that a thread has seen */
	struct kept *kept;          /* by number modulo KEPT; NULL: none yet */
};

static struct {
	const volatile void *addr;
	struct word *word;
} table[WORDS];
static struct word words[WORDS];
static struct kept all_kept[WORDS * KEPT];
static unsigned int nr_words, nr_kept;
static struct view fences; /* what the sequentially consistent fences have seen */

static struct {
	struct {
		volatile void *addr;
		unsigned int size;
		uint64_t value;
		int order;
	} store[BUFFERED];
	unsigned int nr;
} buffers[RUN_THREADS];

static struct word *word_of(const volatile void *addr)
{
	/* Words are seldom smaller than four bytes. */
	uint64_t i = spread((uint64_t)addr / 4) & (WORDS - 1);

	while (table[i].addr && table[i].addr != addr)
		i = (i + 1) & (WORDS - 1);
	if (table[i].addr)
		return table[i].word;
	if (nr_words == WORDS - 1)
		run_failed(NULL, NULL, "the run uses too many words");
	table[i].addr = addr;
	table[i].word = &words[nr_words++];
	table[i].word->addr = addr;
	return table[i].word;
}

/* ---- clocks -------------------------------------------------------------- */

static void clock_join(uint32_t *to, const uint32_t *from)
{
	for (int i = 0; i < RUN_THREADS; i++)
		to[i] = to[i] > from[i] ? to[i] : from[i];
}

void view_join(struct view *to, const struct view *from)
{
	clock_join(to->before, from->before);
	clock_join(to->seen, from->seen);
}

static struct view *now(void)
{
	return &threads[self].now;
}

/* This thread's later steps do not belong to what it has released. */
static void tick(void)
{
	now()->before[self]++;
	now()->seen[self]++;
}

void race_thread_begins(int thread, int creator)
{
	if (thread != creator)
		view_join(&threads[thread].now, &threads[creator].now);
	threads[thread].now.before[thread]++;
	threads[thread].now.seen[thread]++;
	threads[creator].now.before[creator]++;
	threads[creator].now.seen[creator]++;
}

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME ||
	       order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

void race_acquire(const volatile void *addr)
{
	view_join(now(), &word_of(addr)->release);
}

void race_release(const volatile void *addr)
{
	view_join(&word_of(addr)->release, now());
	tick();
}

void order_fence(int order)
{
	if (acquires(order))
		view_join(now(), &threads[self].acquire_fence);
	if (order == __ATOMIC_SEQ_CST) {
		memory_drain();
		clock_join(now()->seen, fences.seen);
		clock_join(fences.seen, now()->seen);
	}
	if (releases(order)) {
		threads[self].release_fence = *now();
		tick();
	}
}

void memory_heavy_fence(void)
{
	int me = self;

	for (self = 0; self < nr_threads; self++) {
		memory_drain();
		clock_join(fences.seen, now()->seen);
	}
	for (self = 0; self < nr_threads; self++)
		clock_join(now()->seen, fences.seen);
	self = me;
}

/* ---- memory -------------------------------------------------------------- */

uint64_t memory_peek(const volatile void *addr, unsigned int size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)addr;
	case 2:
		return *(const volatile uint16_t *)addr;
	case 4:
		return *(const volatile uint32_t *)addr;
	default:
		return *(const volatile uint64_t *)addr;
	}
}

static void poke(volatile void *addr, unsigned int size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)addr = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)addr = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)addr = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)addr = value;
	}
}

static bool weak(void)
{
	return explored() && shared->orders.memory == MEMORY_WEAK;
}

static struct kept *kept(struct word *w, uint32_t number)
{
	return &w->kept[number % KEPT];
}

static void keep(struct word *w, uint64_t value, int thread)
{
	struct kept *k;

	if (!w->kept) {
		w->kept = &all_kept[nr_kept];
		nr_kept += KEPT;
	}
	k = kept(w, ++w->nr);
	*k = (struct kept){.value = value, .release = w->release, .thread = thread};
	if (thread >= 0) {
		k->clock = now()->seen[thread];
		w->seen[thread] = w->nr;
	}
}

/*
 * If the word has changed by other means, such as a plain store or memset(),
 * the stores that were kept are those of an earlier object.
 */
static void begin_word(struct word *w, unsigned int size)
{
	uint64_t value = memory_peek(w->addr, size);

	if (w->nr && kept(w, w->nr)->value == value)
		return;
	keep(w, value, -1);
}

/* The number of stores before the latest one that the thread may still see. */
static unsigned int older(struct word *w)
{
	unsigned int n = 0;

	while (n + 1 < KEPT && n + 1 < w->nr) {
		struct kept *k = kept(w, w->nr - n);

		if (w->seen[self] >= w->nr - n || k->thread < 0 ||
		    k->clock <= now()->seen[k->thread] || k->clock <= now()->before[k->thread])
			break;
		n++;
	}
	return n;
}

/* The running thread has loaded a store of @w that releases @release. */
static void loaded(const struct view *release, int order)
{
	view_join(acquires(order) ? now() : &threads[self].acquire_fence, release);
}

/* What a store of @order releases. */
static void stored(struct word *w, int order, bool adds)
{
	const struct view *what = releases(order) ? now() : &threads[self].release_fence;

	if (adds)
		view_join(&w->release, what);
	else
		w->release = *what;
}

/* ---- store buffers ------------------------------------------------------- */

static void take_effect(volatile void *addr, unsigned int size, uint64_t value, int order)
{
	struct word *w = word_of(addr);

	if (weak())
		begin_word(w, size);
	stored(w, order, false);
	if (weak())
		keep(w, value, self);
	tick();
	poke(addr, size, value);
}

void memory_drain(void)
{
	unsigned int n = buffers[self].nr;

	if (!n)
		return;
	buffers[self].nr = 0;
	for (unsigned int i = 0; i < n; i++) {
		take_effect(buffers[self].store[i].addr, buffers[self].store[i].size,
			    buffers[self].store[i].value, buffers[self].store[i].order);
		sched_hash(&(struct access){.what = STORE, .addr = buffers[self].store[i].addr});
	}
}

static bool in_buffer(const volatile void *addr, unsigned int size, uint64_t *value)
{
	for (unsigned int i = buffers[self].nr; i-- > 0;) {
		const volatile char *at = buffers[self].store[i].addr;

		if (at == addr && buffers[self].store[i].size == size) {
			*value = buffers[self].store[i].value;
			return true;
		}
		if (at < (const volatile char *)addr + size &&
		    (const volatile char *)addr < at + buffers[self].store[i].size)
			memory_drain();
	}
	return false;
}

/* ---- accesses ------------------------------------------------------------ */

uint64_t order_load(const volatile void *addr, unsigned int size, int order, bool is_shared)
{
	struct word *w = word_of(addr);
	unsigned int back;
	struct kept *k;
	uint64_t value;

	if (buffers[self].nr) {
		if (in_buffer(addr, size, &value))
			return value;
		if (sched_choose(DECIDE_DELAY, 1, 0, is_shared))
			memory_drain();
	}
	if (!weak()) {
		loaded(&w->release, order);
		return memory_peek(addr, size);
	}
	begin_word(w, size);
	back = order == __ATOMIC_SEQ_CST ? 0 : older(w);
	if (back)
		back = sched_choose(DECIDE_OLDER, back, 1, is_shared);
	k = kept(w, w->nr - back);
	if (back)
		sched_mix(mix(k->value, w->nr - back));
	w->seen[self] = w->nr - back;
	loaded(&k->release, order);
	return k->value;
}

void order_store(volatile void *addr, unsigned int size, uint64_t value, int order, bool is_shared)
{
	unsigned int n = buffers[self].nr;

	if (!explored()) {
		poke(addr, size, value);
		return;
	}
	if (shared->orders.memory == MEMORY_TSO && order != __ATOMIC_SEQ_CST && n < BUFFERED &&
	    sched_choose(DECIDE_DELAY, 1, 1, is_shared)) {
		buffers[self].store[n].addr = addr;
		buffers[self].store[n].size = size;
		buffers[self].store[n].value = value;
		buffers[self].store[n].order = order;
		buffers[self].nr++;
		sched_mix(DECIDE_DELAY + 100);
		return;
	}
	memory_drain();
	take_effect(addr, size, value, order);
	if (order == __ATOMIC_SEQ_CST)
		order_fence(order);
}

void order_plain_store(void)
{
	memory_drain();
}

void order_rmw_begin(const volatile void *addr, unsigned int size)
{
	memory_drain();
	if (weak())
		begin_word(word_of(addr), size);
}

void order_rmw_end(const volatile void *addr, unsigned int size, int order, bool writes)
{
	struct word *w;

	if (!explored())
		return;
	w = word_of(addr);
	loaded(&w->release, order);
	w->seen[self] = w->nr;
	if (writes) {
		stored(w, order, true);
		if (weak())
			keep(w, memory_peek(addr, size), self);
		tick();
	}
	if (order == __ATOMIC_SEQ_CST)
		order_fence(order);
}
