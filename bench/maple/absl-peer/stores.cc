// SPDX-License-Identifier: MIT
//
// stores.cc - absl::btree_map as a store (store.h), keyed by the first index of
// a range. Three stores: the map without a lock, for one thread, and the map
// under absl::Mutex or std::shared_mutex, whose shared side readers take around
// each lookup. They have no search for gaps.
//
// Locks: the lock is a template parameter and protects the whole map.
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>

#include <absl/container/btree_map.h>
#include <absl/synchronization/mutex.h>

extern "C" {
#include "bench/maple/store.h"
}

namespace
{

struct Value {
	unsigned long last;
	void *entry;
};

// An allocator that counts the bytes of the map's nodes.
template <class T> struct Counting {
	using value_type = T;

	explicit Counting(size_t *count) : bytes(count)
	{
	}
	template <class U> Counting(const Counting<U> &other) : bytes(other.bytes)
	{
	}
	T *allocate(size_t n)
	{
		*bytes += n * sizeof(T);
		return std::allocator<T>().allocate(n);
	}
	void deallocate(T *at, size_t n)
	{
		*bytes -= n * sizeof(T);
		std::allocator<T>().deallocate(at, n);
	}
	bool operator==(const Counting &other) const
	{
		return bytes == other.bytes;
	}
	bool operator!=(const Counting &other) const
	{
		return bytes != other.bytes;
	}

	size_t *bytes;
};

struct NoLock {
	void lock()
	{
	}
	void unlock()
	{
	}
	void lock_shared()
	{
	}
	void unlock_shared()
	{
	}
};

struct AbslLock {
	absl::Mutex mutex;

	void lock()
	{
		mutex.Lock();
	}
	void unlock()
	{
		mutex.Unlock();
	}
	void lock_shared()
	{
		mutex.ReaderLock();
	}
	void unlock_shared()
	{
		mutex.ReaderUnlock();
	}
};

template <class Lock> struct Tree {
	using Map = absl::btree_map<unsigned long, Value, std::less<unsigned long>,
				    Counting<std::pair<const unsigned long, Value>>>;

	size_t bytes = 0;
	Map map{typename Map::allocator_type(&bytes)};
	alignas(64) Lock lock;

	void *find(unsigned long key)
	{
		auto at = map.upper_bound(key);

		if (at == map.begin())
			return nullptr;
		--at;
		return key <= at->second.last ? at->second.entry : nullptr;
	}

	void *load(unsigned long key)
	{
		std::shared_lock<Lock> held(lock);

		return find(key);
	}

	bool put(const range &r)
	{
		std::lock_guard<Lock> held(lock);

		return map.insert({r.first, {r.last, r.entry}}).second;
	}

	bool remove(const range &r)
	{
		std::lock_guard<Lock> held(lock);

		return map.erase(r.first) == 1;
	}

	// Unset the second page of the range, and keep the rest of it.
	bool unset(const range &r)
	{
		std::lock_guard<Lock> held(lock);
		auto at = map.find(r.first);

		if (at == map.end() || at->second.last != r.last)
			return false;
		at->second.last = r.first + STORE_PAGE - 1;
		return map.insert({r.first + 2 * STORE_PAGE, {r.last, r.entry}}).second;
	}

	// Make the two pieces one range again.
	bool heal(const range &r)
	{
		std::lock_guard<Lock> held(lock);
		auto at = map.find(r.first);

		if (at == map.end())
			return false;
		at->second.last = r.last;
		map.erase(++at);
		return true;
	}

	bool replace(const range &r)
	{
		std::lock_guard<Lock> held(lock);
		auto at = map.find(r.first);

		if (at == map.end() || at->second.last != r.last)
			return false;
		at->second.entry = r.entry;
		return true;
	}
};

uint64_t address(const void *entry)
{
	return reinterpret_cast<uintptr_t>(entry);
}

// The use() of store_maple.c, with the map's lock held, because nothing else
// keeps the object alive.
uint64_t use(void *entry, unsigned long key)
{
	auto *object = static_cast<struct object *>(entry);
	uint64_t number = 0;

	if (!object)
		return 0;
	__atomic_fetch_add(&object->users, 1, __ATOMIC_ACQUIRE);
	if (object->sequence == 0 && object->first <= key && key <= object->last)
		number = object->number;
	__atomic_fetch_sub(&object->users, 1, __ATOMIC_RELEASE);
	return number;
}

template <class Lock> struct Store {
	using T = Tree<Lock>;

	static T &of(void *tree)
	{
		return *static_cast<T *>(tree);
	}

	static void *create()
	{
		return new (std::nothrow) T;
	}

	static void destroy(void *tree)
	{
		delete static_cast<T *>(tree);
	}

	static bool insert(void *tree, const range *ranges, size_t nr)
	{
		for (size_t i = 0; i < nr; i++)
			if (!of(tree).put(ranges[i]))
				return false;
		return true;
	}

	static uint64_t lookup(void *tree, const unsigned long *keys, size_t nr)
	{
		uint64_t sum = 0;

		for (size_t i = 0; i < nr; i++)
			sum += address(of(tree).load(keys[i]));
		return sum;
	}

	static uint64_t lookup_chained(void *tree, const unsigned long *keys, size_t nr)
	{
		uint64_t sum = 0, found = 0;

		for (size_t i = 0; i < nr; i++) {
			found = address(of(tree).load(keys[i] + (found & 1)));
			sum += found;
		}
		return sum;
	}

	static uint64_t lookup_use(void *tree, const unsigned long *keys, size_t nr)
	{
		uint64_t sum = 0;

		for (size_t i = 0; i < nr; i++) {
			std::shared_lock<Lock> held(of(tree).lock);

			sum += use(of(tree).find(keys[i]), keys[i]);
		}
		return sum;
	}

	static struct object *take_use(T &tree, unsigned long key)
	{
		std::shared_lock<Lock> held(tree.lock);
		auto *object = static_cast<struct object *>(tree.find(key));

		if (object)
			__atomic_fetch_add(&object->users, 1, __ATOMIC_ACQUIRE);
		return object;
	}

	static uint64_t touch(void *tree, const unsigned long *keys, size_t nr)
	{
		uint64_t sum = 0;

		for (size_t i = 0; i < nr; i++) {
			struct object *object = take_use(of(tree), keys[i]);

			if (object) {
				sum += object->number;
				__atomic_fetch_sub(&object->users, 1, __ATOMIC_RELEASE);
			}
		}
		return sum;
	}

	static uint64_t lookup_timed(void *tree, const probe *probes, size_t nr, tick_sink *sink,
				     void *arg)
	{
		uint64_t wrong = 0;

		for (size_t i = 0; i < nr; i++) {
			uint64_t begin = ticks_begin();
			const void *found = of(tree).load(probes[i].key);

			sink(arg, ticks_end() - begin);
			wrong += found && found != probes[i].entry;
		}
		return wrong;
	}

	static uint64_t iterate(void *tree, size_t times)
	{
		uint64_t sum = 0;

		for (; times; times--) {
			std::shared_lock<Lock> held(of(tree).lock);

			for (const auto &at : of(tree).map)
				sum += address(at.second.entry);
		}
		return sum;
	}

	static uint64_t replace(void *tree, const range *ranges, size_t nr)
	{
		uint64_t failed = 0;

		for (size_t i = 0; i < nr; i++)
			failed += !of(tree).replace(ranges[i]);
		return failed;
	}

	static uint64_t hole(void *tree, const range *ranges, size_t nr)
	{
		uint64_t failed = 0;

		for (size_t i = 0; i < nr; i++) {
			if (ranges[i].last <= ranges[i].first + 2 * STORE_PAGE)
				continue;
			failed += !of(tree).unset(ranges[i]);
			failed += !of(tree).heal(ranges[i]);
		}
		return failed;
	}

	static uint64_t churn(void *tree, const range *ranges, size_t nr)
	{
		uint64_t failed = !of(tree).remove(ranges[0]);

		for (size_t i = 1; i < nr; i++) {
			failed += !of(tree).remove(ranges[i]);
			failed += !of(tree).put(ranges[i - 1]);
		}
		return failed + !of(tree).put(ranges[nr - 1]);
	}

	static size_t node_bytes(void *tree)
	{
		return of(tree).bytes;
	}

	static void nothing()
	{
	}

	static store table(const char *name, const char *what, bool concurrent)
	{
		store s = {};

		s.abi = STORE_ABI;
		s.name = name;
		s.what = what;
		s.concurrent = concurrent;
		s.create = create;
		s.destroy = destroy;
		s.insert = insert;
		s.lookup = lookup;
		s.lookup_chained = lookup_chained;
		s.iterate = iterate;
		s.lookup_use = lookup_use;
		s.lookup_sections = lookup; /* each lookup takes the lock */
		s.touch = touch;
		s.touch_cursor = touch; /* an iterator is a cursor */
		s.lookup_timed = lookup_timed;
		s.replace = replace;
		s.replace_locked = replace; /* each operation takes the lock */
		s.replace_walked = replace;
		s.hole = hole;
		s.churn = churn;
		s.churn_locked = churn;
		s.node_bytes = node_bytes;
		s.enter = nothing;
		s.leave = nothing;
		return s;
	}
};

const store bare = Store<NoLock>::table("absl", "absl::btree_map, no lock", false);
const store mutex = Store<AbslLock>::table("absl/Mutex", "absl::btree_map under absl::Mutex", true);
const store shared = Store<std::shared_mutex>::table(
	"absl/shared", "absl::btree_map under std::shared_mutex", true);

} // namespace

extern "C" __attribute__((visibility("default"))) const store *const maplebench_stores[];
const store *const maplebench_stores[] = {&bare, &mutex, &shared, nullptr};
