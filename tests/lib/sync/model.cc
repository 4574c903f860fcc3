/* SPDX-License-Identifier: MIT */
/*
 * model.cc - the search, by Relacy. It is C++ because Relacy consists of C++
 * templates; the C side sees functions only.
 *
 * Each word is an rl::atomic of 64 bits, found by the address of the word that
 * it stands for; the memory at that address is neither read nor written.
 * Relacy's threads are fibers of one thread. A failure abandons them, so that
 * the next run must forget everything that a run leaves behind.
 */
#include "tests/lib/sync/model.h"

#include <cerrno>
#include <iostream>
#include <new>
#include <sstream>
#include <typeinfo>

/* Relacy uses these names for something else. */
namespace
{
constexpr int AGAIN = -EAGAIN, TIMED_OUT = -ETIMEDOUT;
}

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef errno
#undef memory_order_relaxed
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel

namespace
{

using value = uint64_t;

constexpr unsigned MAX_WORDS = 16;

struct word {
	const void *address;
	alignas(rl::atomic<value>) unsigned char memory[sizeof(rl::atomic<value>)];
	rl::waitset<MODEL_MAX_THREADS> sleepers;

	rl::atomic<value> &atomic()
	{
		return *reinterpret_cast<rl::atomic<value> *>(memory);
	}
};

/*
 * The state of one run. Relacy makes one for each run, and does not destroy it
 * after a failure.
 */
struct world {
	rl::var<value> plain[MODEL_PLAIN];
	rl::mutex mutexes[MODEL_MUTEXES];
	word words[MAX_WORDS];
	unsigned nr_words = 0;
	bool beginning = true;
};

const model_scenario *scenario;
const model_weakness *weakness;
const char *failure;
world *now;

const rl::debug_info nowhere("", "", 0);

rl::memory_order order_of(const model_site *site)
{
	return static_cast<rl::memory_order>(weakness && weakness->site == site ? weakness->order
										: site->order);
}

rl::memory_order failure_order_of(const model_site *site)
{
	return static_cast<rl::memory_order>(weakness && weakness->site == site ? weakness->failure
										: site->failure);
}

rl::debug_info info_of(const model_site *site)
{
	return rl::debug_info(site->func, site->file, static_cast<unsigned>(site->line));
}

word *find(const void *address)
{
	for (unsigned i = 0; i < now->nr_words; i++) {
		if (now->words[i].address == address)
			return &now->words[i];
	}
	return nullptr;
}

rl::atomic<value> &atomic_at(const void *address)
{
	word *w = find(address);

	if (!w && !now->beginning)
		model_fail("a word is used that nobody has initialised");
	if (!w)
		model_init(address, 0);
	return find(address)->atomic();
}

template <int N> struct suite : rl::test_suite<suite<N>, N>, world {
	void before()
	{
		now = this;
		failure = nullptr;
		for (auto &var : this->plain)
			var(nowhere).store(0);
		scenario->begin();
		this->beginning = false;
	}

	void thread(unsigned i)
	{
		scenario->threads[i]();
	}

	void after()
	{
		if (scenario->end)
			scenario->end();
		for (unsigned i = 0; i < this->nr_words; i++)
			this->words[i].atomic().~atomic();
	}
};

template <int N> bool run(rl::test_params &params)
{
	return rl::simulate<suite<N>>(params);
}

} // namespace

const char *model_search(const model_scenario *what, unsigned long runs,
			 const model_weakness *weaker, unsigned long *done)
{
	std::ostringstream said;
	rl::test_params params;
	bool ok;

	scenario = what;
	weakness = weaker;
	params.iteration_count = runs;
	params.search_type = rl::random_scheduler_type;
	params.output_stream = &said;
	params.progress_stream = &said;
	params.output_history = true; /* otherwise printing a failed run needs a second one */
	params.execution_depth_limit = 5000;
	failure = nullptr;
	ok = what->threads[2] ? run<3>(params) : run<2>(params);
	*done = params.stop_iteration;
	if (ok)
		return nullptr;
	return failure ? failure : rl::test_result_str(params.test_result);
}

unsigned int model_weaknesses(const model_site *sites, unsigned int nr_sites, model_weakness *list,
			      unsigned int room)
{
	unsigned int n = 0;
	auto add = [&](const model_site *site, int order, int failure_order) {
		if (n < room)
			list[n] = {site, order, failure_order};
		n++;
	};

	for (const model_site *site = sites; site < sites + nr_sites; site++) {
		switch (site->order) {
		case rl::mo_seq_cst:
			add(site, rl::mo_acq_rel, site->failure);
			break;
		case rl::mo_acq_rel:
			add(site, rl::mo_acquire, site->failure);
			add(site, rl::mo_release, rl::mo_relaxed);
			break;
		case rl::mo_acquire:
		case rl::mo_release:
			add(site, rl::mo_relaxed, rl::mo_relaxed);
			break;
		default:
			break;
		}
		/*
		 * C11 allows a failure order only if the success order is at
		 * least as strong, so that both are weakened together above.
		 */
		if (site->failure != rl::mo_relaxed)
			add(site, site->order, rl::mo_relaxed);
	}
	return n;
}

const char *model_order_name(int order)
{
	return rl::format(static_cast<rl::memory_order>(order));
}

void model_fail(const char *what)
{
	failure = what;
	rl::ctx().fail_test(what, rl::test_result_user_assert_failed, nowhere);
}

void model_fence(const model_site *site)
{
	rl::atomic_thread_fence(order_of(site), info_of(site));
}

unsigned int model_thread(void)
{
	return rl::thread_index();
}

void model_yield(void)
{
	rl::yield(1, nowhere);
}

unsigned int model_random(unsigned int n)
{
	return rl::ctx().rand(n, rl::sched_type_user);
}

uint64_t model_read(unsigned int var)
{
	return now->plain[var](nowhere).load();
}

void model_write(unsigned int var, uint64_t v)
{
	now->plain[var](nowhere).store(v);
}

void model_lock(unsigned int mutex)
{
	now->mutexes[mutex].lock(nowhere);
}

void model_unlock(unsigned int mutex)
{
	now->mutexes[mutex].unlock(nowhere);
}

/* Memory that is initialised again is a new word. */
void model_init(const void *address, uint64_t v)
{
	word *w = find(address);

	if (w) {
		w->atomic().~atomic();
	} else if (now->nr_words == MAX_WORDS) {
		model_fail("too many words");
	} else {
		w = &now->words[now->nr_words++];
		w->address = address;
	}
	::new (w->memory) rl::atomic<value>();
	w->atomic().store(v, rl::mo_relaxed, nowhere);
}

uint64_t model_load(const void *address, const model_site *site)
{
	return atomic_at(address).load(order_of(site), info_of(site));
}

void model_store(const void *address, uint64_t v, const model_site *site)
{
	atomic_at(address).store(v, order_of(site), info_of(site));
}

uint64_t model_rmw(const void *address, model_op op, uint64_t operand, const model_site *site)
{
	rl::atomic<value> &a = atomic_at(address);
	rl::memory_order order = order_of(site);
	rl::debug_info info = info_of(site);

	switch (op) {
	case MODEL_EXCHANGE:
		return a.exchange(operand, order, info);
	case MODEL_ADD:
		return a.fetch_add(operand, order, info);
	case MODEL_SUB:
		return a.fetch_sub(operand, order, info);
	case MODEL_OR:
		return a.fetch_or(operand, order, info);
	default:
		return a.fetch_and(operand, order, info);
	}
}

bool model_cas(const void *address, uint64_t *expected, uint64_t desired, bool weak,
	       const model_site *site)
{
	rl::atomic<value> &a = atomic_at(address);
	rl::memory_order order = order_of(site), failed = failure_order_of(site);
	rl::debug_info info = info_of(site);

	return weak ? a.compare_exchange(rl::bool_t<true>(), *expected, desired, order, failed,
					 info)
		    : a.compare_exchange(rl::bool_t<false>(), *expected, desired, order, failed,
					 info);
}

/* Orders nothing, as lib/sync/futex.h says. May return without a wake. */
int model_futex_wait(const void *address, uint64_t expected, bool timed)
{
	rl::context &c = rl::ctx();
	word *w = find(address);

	c.sched();
	if (w->atomic().debug_value() != expected)
		return AGAIN;
	return w->sleepers.park_current(c, timed, true, false, nowhere) == rl::unpark_reason_timeout
		       ? TIMED_OUT
		       : 0;
}

void model_futex_wake(const void *address, int n)
{
	rl::context &c = rl::ctx();
	word *w;

	c.sched();
	w = find(address);
	while (w && n-- > 0 && w->sleepers.unpark_one(c, nowhere))
		;
}
