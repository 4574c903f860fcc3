/* SPDX-License-Identifier: MIT */
/*
 * model.h - runs a lock's own source under the C11 memory model, as Relacy
 * models it (Dmitry Vyukov's race detector; Debian: relacy-dev).
 *
 * The test compiles the code under test with the atomics and futexes below.
 * model_search() repeats a scenario of two or three threads. Each run chooses
 * at random which thread continues at each access, and how old a value a load
 * returns within what the orders allow. The choices depend only on the number
 * of the run, so that a run can be repeated. A run fails at a data race on one
 * of the model's plain variables, at model_fail(), when all threads wait, and
 * when it does not end.
 *
 * Each atomic access of the source is a site. A search may weaken the order of
 * one site. model_weaknesses() lists every way to do so, and the tests require
 * that a search detects each of them: an order whose weakening no search
 * detects is not needed.
 *
 * Relacy does not model a load that returns a store which comes later in the
 * run (load buffering), nor values that are more than two stores old.
 *
 * explore.h is the complement: it runs every schedule, with the orders of x86.
 */
#ifndef TESTS_SYNC_MODEL_H
#define TESTS_SYNC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_MAX_THREADS 3
#define MODEL_MUTEXES 2
#define MODEL_PLAIN 4

struct model_site {
	const char *file, *func;
	int line;
	int order;   /* C's memory_order */
	int failure; /* of a compare and swap that fails; otherwise relaxed */
};

/* A site, and the weaker orders that a search gives to it. */
struct model_weakness {
	const struct model_site *site;
	int order, failure;
};

struct model_scenario {
	const char *name;
	void (*begin)(void); /* before each run, ordered before every thread */
	/* after each run, ordered after every thread; may be NULL */
	void (*end)(void);
	void (*threads[MODEL_MAX_THREADS])(void); /* two or three */
};

/*
 * Runs the scenario @runs times. @weakness may be NULL. *@done is the number of
 * runs made. Return: NULL if all succeeded, otherwise what failed in the last
 * run.
 */
const char *model_search(const struct model_scenario *scenario, unsigned long runs,
			 const struct model_weakness *weakness, unsigned long *done);

/*
 * Lists every way to weaken one of the @nr_sites @sites by one step. Return:
 * the number of ways; at most @room of them are written to @list.
 */
unsigned int model_weaknesses(const struct model_site *sites, unsigned int nr_sites,
			      struct model_weakness *list, unsigned int room);

/* Return: "acquire", "release", ... */
const char *model_order_name(int order);

/* ---- inside a run ---- */

void model_fail(const char *what);
/* A fence. A search may weaken its site too. */
void model_fence(const struct model_site *site);
/* Return: the number of the running thread in the scenario. */
unsigned int model_thread(void);
/*
 * A pause in a waiting loop: the other threads run, and stores become visible.
 */
void model_yield(void);
/* Return: a random number from 0 to @n - 1. */
unsigned int model_random(unsigned int n);
/*
 * Plain variables: an access that is not ordered with a concurrent write fails
 * the run.
 */
uint64_t model_read(unsigned int var);
void model_write(unsigned int var, uint64_t value);
/* Mutexes that order as C11's do, for what surrounds the lock under test. */
void model_lock(unsigned int mutex);
void model_unlock(unsigned int mutex);

/*
 * The hooks below call these. A word exists from its model_init(). Without one
 * it exists, with value 0, from its first use in begin().
 */
enum model_op { MODEL_EXCHANGE, MODEL_ADD, MODEL_SUB, MODEL_OR, MODEL_AND };

void model_init(const void *word, uint64_t value);
uint64_t model_load(const void *word, const struct model_site *site);
void model_store(const void *word, uint64_t value, const struct model_site *site);
uint64_t model_rmw(const void *word, enum model_op op, uint64_t operand,
		   const struct model_site *site);
bool model_cas(const void *word, uint64_t *expected, uint64_t desired, bool weak,
	       const struct model_site *site);
int model_futex_wait(const void *word, uint64_t expected, bool timed);
void model_futex_wake(const void *word, int n);

#ifdef __cplusplus
}
#endif

#ifdef MODEL_HOOKS

#include <limits.h>
#include <stdatomic.h>
#include <time.h>

/* All sites of the program. The linker collects them in one array. */
extern const struct model_site __start_model_sites[], __stop_model_sites[];
#define MODEL_NR_SITES ((unsigned int)(__stop_model_sites - __start_model_sites))

/* The type without _Atomic. */
#define MODEL_TYPE(p) __typeof__(*(p) + 0)
#define MODEL_CALL(type, order, failure, call)                                                     \
	({                                                                                         \
		static const struct model_site model_site                                          \
			__attribute__((section("model_sites"))) = {__FILE__, __func__, __LINE__,   \
								   order, failure};                \
		(type)(uintptr_t)(call);                                                           \
	})

#undef atomic_init
#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit

#define atomic_init(p, v) model_init((const void *)(p), (uintptr_t)(v))
#define atomic_load_explicit(p, order)                                                             \
	MODEL_CALL(MODEL_TYPE(p), order, memory_order_relaxed,                                     \
		   model_load((const void *)(p), &model_site))
#define atomic_store_explicit(p, v, order)                                                         \
	MODEL_CALL(void, order, memory_order_relaxed,                                              \
		   (model_store((const void *)(p), (uintptr_t)(v), &model_site), 0))
#define MODEL_RMW(p, op, v, order)                                                                 \
	MODEL_CALL(MODEL_TYPE(p), order, memory_order_relaxed,                                     \
		   model_rmw((const void *)(p), op, (uintptr_t)(v), &model_site))
#define atomic_exchange_explicit(p, v, order) MODEL_RMW(p, MODEL_EXCHANGE, v, order)
#define atomic_fetch_add_explicit(p, v, order) MODEL_RMW(p, MODEL_ADD, v, order)
#define atomic_fetch_sub_explicit(p, v, order) MODEL_RMW(p, MODEL_SUB, v, order)
#define atomic_fetch_or_explicit(p, v, order) MODEL_RMW(p, MODEL_OR, v, order)
#define atomic_fetch_and_explicit(p, v, order) MODEL_RMW(p, MODEL_AND, v, order)
#define MODEL_CAS(p, e, v, weak, success, failure)                                                 \
	MODEL_CALL(bool, success, failure, ({                                                      \
			   MODEL_TYPE(p) *model_e = (e);                                           \
			   uint64_t model_old = (uintptr_t)*model_e;                               \
			   bool model_ok = model_cas((const void *)(p), &model_old,                \
						     (uintptr_t)(v), weak, &model_site);           \
			   *model_e = (MODEL_TYPE(p))(uintptr_t)model_old;                         \
			   model_ok;                                                               \
		   }))
#define atomic_compare_exchange_strong_explicit(p, e, v, success, failure)                         \
	MODEL_CAS(p, e, v, false, success, failure)
#define atomic_compare_exchange_weak_explicit(p, e, v, success, failure)                           \
	MODEL_CAS(p, e, v, true, success, failure)

/*
 * Replaces lib/sync/asym_fence.h: a heavy and a light half order together as a
 * full fence does, so that both are one here. The test says whether there is a
 * heavy half.
 */
#define VMS_SYNC_ASYM_FENCE_H
#define VMS__ASYM_STORE memory_order_relaxed
#define VMS__ASYM_LOAD memory_order_acquire
#define MODEL_FENCE()                                                                              \
	MODEL_CALL(void, memory_order_seq_cst, memory_order_relaxed, (model_fence(&model_site), 0))
static bool model_asymmetric;
static inline bool vms__fence_is_asymmetric(void)
{
	return model_asymmetric;
}
#define vms__fence_light() MODEL_FENCE()
#define vms__fence_heavy() MODEL_FENCE()

/* Replaces lib/sync/futex.h. */
#define VMS_SYNC_FUTEX_H
#define VMS__FUTEX_ALL INT_MAX
static inline int vms__futex_wait(_Atomic unsigned int *word, unsigned int expected,
				  const struct timespec *deadline)
{
	return model_futex_wait((const void *)word, expected, deadline != NULL);
}

static inline void vms__futex_wake(_Atomic unsigned int *word, int n)
{
	model_futex_wake((const void *)word, n);
}

/*
 * Replace the pause instruction, and the number of looks before a waiter
 * sleeps.
 */
#define __builtin_ia32_pause() model_yield()
#define sysconf(name) 2L
#define SPIN_LOOKS 2

#endif

#endif
