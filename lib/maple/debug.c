/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the checks of maple_debug.h, and those that debug builds make by
 * themselves: that a writer holds the lock, and that a cursor does not outlive
 * what protected it.
 *
 * A cursor's place in the tree is valid as long as no node that it names can be
 * freed: until the read section ends in which the cursor took its place, or
 * until the tree's lock is released. Debug builds number both: each thread
 * numbers its read sections (rcu.h) and its holds of a lock (lockdep.h). A
 * cursor that takes its place notes the two numbers in guard. It may be used as
 * long as one of the two is the number of the section, or of the hold, in which
 * the thread is now. So a writer may walk under the lock, enter and leave a
 * read section, and use the cursor again; and a reader may take the lock for a
 * moment.
 *
 * The check misses some cursors:
 *   - that of a tree whose lock cannot be checked (an external lock that is no
 *     struct rw_semaphore);
 *   - that of a tree under an embedder's own rw_semaphore, while any thread
 *     holds it;
 *   - one that took its place outside any section and any hold: the check
 *     assumes that something else protects it;
 *   - one that a thread passes on to another, if the numbers of the two threads
 *     happen to be equal.
 *
 * Locks: none; the numbers are the calling thread's own.
 */
#include "lib/maple/debug.h"

#include <stdlib.h>

#include <vmastore/rwsem.h>

#include "lib/maple/internal.h"
#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"
#include "lib/sync/spinlock.h"

/* ---- checks that a program states ---- */

atomic_uint maple_tree_tests_run, maple_tree_tests_passed;

static void print_what_it_is_about(const struct vms_mt_where *where)
{
	const struct ma_state *mas = where->wr_mas ? where->wr_mas->mas : where->mas;
	const struct maple_tree *mt = mas ? mas->tree : where->mt;

	if (where->wr_mas)
		mas_wr_dump(where->wr_mas);
	else if (mas)
		mas_dump(mas);
	if (mt)
		mt_dump(mt, mt_dump_hex);
}

bool vms_mt_checked(bool failed, const struct vms_mt_where *where)
{
	/* Relaxed: counters, read when the threads that count are done. */
	if (where->counted) {
		atomic_fetch_add_explicit(&maple_tree_tests_run, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&maple_tree_tests_passed, !failed, memory_order_relaxed);
	}
	if (!failed)
		return false;
	vms__warn("%s:%d: %s: maple tree check failed: %s", where->file, where->line, where->func,
		  where->what);
	print_what_it_is_about(where);
	if (where->fatal)
		abort();
	return true;
}

void mt_cache_shrink(void)
{
	vms__objcache_flush();
	(void)vms__objcache_trim();
}

/* ---- locks ---- */

bool mt_lock_is_held(const struct maple_tree *mt)
{
	const struct rw_semaphore *sem = ml_external_rwsem(mt);

	if (!mt_external_lock(mt))
		return vms__spin_is_locked(&mt->ma_lock);
	return !sem || rwsem_is_locked(sem);
}

bool mt_write_lock_is_held(const struct maple_tree *mt)
{
	const struct rw_semaphore *sem = ml_external_rwsem(mt);

	if (!mt_external_lock(mt))
		return vms__spin_is_locked(&mt->ma_lock);
	return !sem || rwsem_is_write_locked(sem);
}

#ifdef VMS_DEBUG
void vms__mt_check_write_locked(const struct maple_tree *mt)
{
	VMS_ASSERT(mt_write_lock_is_held(mt));
}

/* ---- cursors ---- */

struct guard {
	uint32_t section, hold;
};

static struct guard guard_of(const struct ma_state *mas)
{
	return (struct guard){.section = (uint32_t)mas->vms__.guard,
			      .hold = (uint32_t)(mas->vms__.guard >> 32)};
}

static const void *lock_of(const struct maple_tree *mt)
{
	return mt_external_lock(mt) ? (const void *)ml_external_rwsem(mt) : &mt->ma_lock;
}

/*
 * What protects the tree's nodes for this thread now. Both numbers are 0 if the
 * tree's lock cannot be checked, because that lock may protect them.
 */
static struct guard guard_now(const struct maple_tree *mt)
{
	const void *lock = lock_of(mt);

	if (!lock)
		return (struct guard){0};
	return (struct guard){.section = vms__rcu_section(), .hold = vms__lockdep_hold(lock)};
}

/*
 * Whether the owner's rw_semaphore is held and lockdep does not know by whom:
 * this thread may hold it, and may have held it all the time.
 */
static bool owner_may_hold(const struct maple_tree *mt, const struct guard *now)
{
	return mt_external_lock(mt) && !now->hold && rwsem_is_locked(ml_external_rwsem(mt));
}

/* Whether the cursor names a node. */
static bool has_place(const struct ma_state *mas)
{
	return mas->node &&
	       (mas_is_active(mas) || mas->status == ma_overflow || mas->status == ma_underflow);
}

void vms__mt_check_fresh(struct ma_state *mas)
{
	struct guard now = guard_now(mas->tree), then = guard_of(mas);

	if (!has_place(mas)) {
		mas->vms__.guard = (uint64_t)now.hold << 32 | now.section;
		return;
	}
	/* Guard 0: nothing that can be checked protects the cursor's place. */
	if (!mas->vms__.guard || (then.section && then.section == now.section) ||
	    (then.hold && then.hold == now.hold))
		return;
	if (owner_may_hold(mas->tree, &now))
		return;
	mas_dump(mas);
	vms__assert_failed(__FILE__, __LINE__, __func__,
			   "a cursor does not outlive its read section or its lock: mas_pause(), "
			   "mas_reset() or mas_set() it");
}

#endif
