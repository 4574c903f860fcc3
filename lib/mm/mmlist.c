/* SPDX-License-Identifier: MIT */
/*
 * mmlist.c - all address spaces of the process that are in use, to walk them
 * one after the other.
 *
 * An address space is listed when it is whole: fork and exec list theirs last,
 * with the limits, the VMAs and the pages in it, because a walker may map
 * memory there or read what it is at once.
 *
 * Locks: mmlist_lock, innermost, guards the list. An mm stays in it as long as
 * it has users; who walks has a use of the one it stands at, so that one keeps
 * its place.
 */
#include "lib/mm/internal.h"
#include "lib/sync/list.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/spinlock.h"

static LIST_HEAD(mmlist);
static _Atomic unsigned int mmlist_lock;

static void lock_list(void)
{
	vms__lockdep_acquire(VMS__RANK_CACHE, &mmlist_lock, "mmlist_lock");
	vms__spin_lock(&mmlist_lock);
}

static void unlock_list(void)
{
	vms__lockdep_release(&mmlist_lock);
	vms__spin_unlock(&mmlist_lock);
}

void vms__mmlist_add(struct mm_struct *mm)
{
	lock_list();
	list_move_tail(&mm->mmlist, &mmlist);
	unlock_list();
}

void vms__mmlist_del(struct mm_struct *mm)
{
	lock_list();
	if (!list_empty(&mm->mmlist))
		list_del(&mm->mmlist);
	unlock_list();
}

/*
 * The first after @pos that has users still, with one more. Locks: mmlist_lock.
 */
static struct mm_struct *get_next(struct list_head *pos)
{
	while ((pos = pos->next) != &mmlist) {
		struct mm_struct *mm = list_entry(pos, struct mm_struct, mmlist);

		if (mmget_not_zero(mm))
			return mm;
	}
	return NULL;
}

struct mm_struct *vms_mm_next(struct mm_struct *prev)
{
	struct mm_struct *next;

	lock_list();
	next = get_next(prev ? &prev->mmlist : &mmlist);
	unlock_list();
	if (prev)
		mmput(prev);
	return next;
}
