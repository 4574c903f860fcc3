/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the checks of maple_debug.h, and those that debug builds make by
 * themselves: that a writer holds the lock, and that a cursor does not outlive
 * what protected it.
 *
 * How a cursor that is kept too long is found. A place in the tree is good as
 * long as nothing that it names can be freed: for the rest of the read section
 * in which it was taken, or of the hold on the tree's lock. Debug builds number
 * both, each thread its own sections (rcu.h) and its own holds (lockdep.h). A
 * cursor that takes its place notes the two numbers in guard, and may be used
 * as long as one of them is still that of what the thread is in. So a writer
 * may walk under the lock and go on after a read section that lay inside it;
 * and a reader may take the lock for a moment.
 *
 * What is not found: a cursor of a tree whose lock nobody can ask about (an
 * external lock that is no struct rw_semaphore); one of an embedder's own
 * rw_semaphore while anybody holds that; one that took its place without a
 * section and a lock, for then it must have had another protection; and one
 * handed from thread to thread, if their numbers happen to be equal.
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
 * What protects the tree's nodes for this thread now; nothing, if a lock that
 * cannot be asked about may do it.
 */
static struct guard guard_now(const struct maple_tree *mt)
{
	const void *lock = lock_of(mt);

	if (!lock)
		return (struct guard){0};
	return (struct guard){.section = vms__rcu_section(), .hold = vms__lockdep_hold(lock)};
}

/*
 * Somebody holds the owner's rw_semaphore, and lockdep does not say who: it may
 * be this thread, and may have been all the time.
 */
static bool owner_may_hold(const struct maple_tree *mt, const struct guard *now)
{
	return mt_external_lock(mt) && !now->hold && rwsem_is_locked(ml_external_rwsem(mt));
}

/* Does it name a node? */
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
