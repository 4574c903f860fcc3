/* SPDX-License-Identifier: MIT */
/*
 * task.c - tasks and the address spaces they use or borrow: who holds which
 * reference when, through fork, exec, exit and the switch from one task to
 * another.
 *
 * Source: Linux's documentation of active_mm (Documentation/mm/active_mm.rst).
 * Locks: vmastore/task.h. Read next: mm.c.
 */
#include <errno.h>

#include <vmastore/task.h>

#include "lib/mm/internal.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/spinlock.h"

VMS__OBJCACHE_DEFINE(task_cache, "task", sizeof(struct task), _Alignof(struct task), 0);

/*
 * The lock is for get_task_mm(), which may run in any thread: it must not find
 * an mm whose last use is dropped before it takes one.
 */
static void set_mm(struct task *task, struct mm_struct *mm)
{
	vms__spin_lock(&task->alloc_lock);
	task->mm = mm;
	vms__spin_unlock(&task->alloc_lock);
}

struct task *vms_task_create(struct mm_struct *mm)
{
	struct task *task = vms__objcache_alloc(&task_cache);

	if (!task)
		return NULL;
	task->mm = task->active_mm = mm;
	atomic_init(&task->alloc_lock, 0);
	task->is_kthread = !mm;
	task->owner = NULL;
	return task;
}

void vms_task_free(struct task *task)
{
	VMS_BUG_ON(task->mm || task->active_mm);
	vms__objcache_free(&task_cache, task);
}

/* ---- from one task to another ---- */

void context_switch(struct task *prev, struct task *next)
{
	struct mm_struct *borrowed = prev->mm ? NULL : prev->active_mm;

	VMS_ASSERT(prev != next && (!next || next->mm || !next->active_mm));
	if (next && !next->mm) {
		/*
		 * The page tables stay loaded. A borrower hands its reference
		 * on; a user gives a new one.
		 */
		next->active_mm = prev->active_mm;
		if (!borrowed && next->active_mm)
			mmgrab(next->active_mm);
	} else if (borrowed) {
		mmdrop(borrowed);
	}
	if (!prev->mm)
		prev->active_mm = NULL;
}

void kthread_use_mm(struct task *task, struct mm_struct *mm)
{
	struct mm_struct *borrowed = task->active_mm;

	VMS_ASSERT(task->is_kthread && !task->mm);
	mmget(mm);
	set_mm(task, mm);
	task->active_mm = mm;
	if (borrowed)
		mmdrop(borrowed);
}

void kthread_unuse_mm(struct task *task, struct mm_struct *mm)
{
	VMS_ASSERT(task->is_kthread && task->mm == mm);
	exit_mm(task);
	(void)mm;
}

/* ---- fork, exec, exit ---- */

static struct mm_struct *copy_mm(struct task *parent, unsigned long clone_flags)
{
	struct mm_struct *mm;

	if (clone_flags & CLONE_VM) {
		mmget(parent->mm);
		return parent->mm;
	}
	return vms_fork(parent->mm, &mm) ? NULL : mm;
}

int vms_task_fork(struct task *parent, unsigned long clone_flags, struct task **child)
{
	struct mm_struct *mm = NULL;

	if (!parent->is_kthread) {
		mm = copy_mm(parent, clone_flags);
		if (!mm)
			return -ENOMEM;
	}
	*child = vms_task_create(mm);
	if (*child)
		return 0;
	if (mm)
		mmput(mm);
	return -ENOMEM;
}

int vms_task_exec_map(struct task *task, const struct mm_layout *layout,
		      const struct vms_mm_map *map)
{
	struct mm_struct *old = task->mm, *mm;
	struct mm_limits limits;
	int err;

	VMS_ASSERT(!task->is_kthread);
	err = vms__mm_alloc(vms_mm_engine_name(old), layout ? layout : &old->layout, &old->rules,
			    &mm);
	if (err)
		return err;
	/*
	 * The limits belong to the process and the machine, not to the address
	 * space.
	 */
	limits = vms_mm_limits(old);
	err = vms_mm_set_limits(mm, &limits);
	VMS_ASSERT(!err); /* they were accepted once */
	if (!err && map)
		err = vms_mm_set_map(mm, map);
	if (err) {
		mmput(mm);
		return err;
	}
	/*
	 * Last, because a walker (vms_mm_next()) may use the mm as soon as it
	 * meets it.
	 */
	vms__mmlist_add(mm);
	set_mm(task, mm);
	task->active_mm = mm;
	/*
	 * The old mm is left only now: until here an error must leave the task
	 * as it was.
	 */
	mmput(old);
	return 0;
}

int vms_task_exec(struct task *task, const struct mm_layout *layout)
{
	return vms_task_exec_map(task, layout, NULL);
}

void exit_mm(struct task *task)
{
	struct mm_struct *mm = task->mm;

	if (!mm)
		return;
	/*
	 * The task runs on until it is switched away. Until then it needs the
	 * structure, but not the address space. The reference is taken before
	 * the use is dropped, which may be the last.
	 */
	mmgrab(mm);
	set_mm(task, NULL);
	mmput(mm);
}

struct mm_struct *get_task_mm(struct task *task)
{
	struct mm_struct *mm;

	vms__spin_lock(&task->alloc_lock);
	/* A kernel thread's mm is another task's, used for a while only. */
	mm = task->is_kthread ? NULL : task->mm;
	if (mm)
		mmget(mm);
	vms__spin_unlock(&task->alloc_lock);
	return mm;
}
