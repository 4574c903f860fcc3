/* SPDX-License-Identifier: MIT */
/*
 * task.h - the threads that run on an address space: struct task, as far as
 * Linux's mm code knows it.
 *
 * A user's task has an address space (mm), which it shares with its threads and
 * with a child of vfork(). A kernel thread has none: it borrows the one of the
 * task that ran before it (active_mm), so that switching to it changes no page
 * table. A borrower counts as a user of the structure (mm_count), not of the
 * address space (mm_users): when the last user leaves, the address space is
 * torn down although it is borrowed, and the structure is freed when the
 * borrower is switched away.
 *
 *   state                          mm      active_mm          references
 *   user's task                    own     == mm              1 mm_users
 *   kernel thread, never ran       NULL    NULL               none
 *   kernel thread, running         NULL    borrowed           1 mm_count
 *   kernel thread, switched away   NULL    NULL               none: passed to
 *                                                             the next task
 *   kernel thread, using an mm     its     == mm              1 mm_users (by
 *                                                             kthread_use_mm())
 *   after exit_mm(), still running NULL    the former         1 mm_count
 *
 * Locks: other threads read mm under the task's own lock (get_task_mm()).
 * Everything else is for the thread that plays the processor on which the task
 * runs: calls on one task do not run concurrently, except for get_task_mm().
 */
#ifndef VMASTORE_TASK_H
#define VMASTORE_TASK_H

#include <vmastore/mm.h>

#include <vmastore/begin.h>

#ifndef CLONE_VM
#define CLONE_VM 0x00000100
#endif

struct task {
	struct mm_struct *mm;                /* written under alloc_lock */
	struct mm_struct *active_mm;         /* what the processor has loaded while the task runs */
	VMS_ATOMIC(unsigned int) alloc_lock; /* vms__spinlock word */
	bool is_kthread;
	void *owner; /* the embedder's */
};

/**
 * vms_task_create() - A task that is not running yet.
 * @mm: its address space: takes over the caller's use of it (mmput() becomes
 *      the task's). NULL: a kernel thread.
 *
 * Return: it; NULL: there is no memory (the use of @mm stays the caller's).
 */
VMS_API struct task *vms_task_create(struct mm_struct *mm);
/**
 * vms_task_free() - Free @task, which has exited (exit_mm()) and been switched
 * away, or never ran.
 */
VMS_API void vms_task_free(struct task *task);

/**
 * vms_task_fork() - fork(2), or with CLONE_VM in @clone_flags clone(2) of a
 * thread, or vfork(2): then the child shares @parent's address space. A kernel
 * thread's child is a kernel thread, too.
 *
 * Return: 0 and *@child; -ENOMEM.
 */
VMS_API int vms_task_fork(struct task *parent, unsigned long clone_flags, struct task **child);
/**
 * vms_task_exec() - execve(2): @task, a user's, leaves its address space and
 * gets a new, empty one, of the same engine and rules. Tasks that share the old
 * one keep it. A request of mlockall(MCL_FUTURE) does not carry over.
 * @layout: bounds of the new one; NULL: those of the old one.
 *
 * Return: 0; -ENOMEM or -EINVAL (bounds that vms_mm_create() does not allow),
 *         and nothing has changed.
 */
VMS_API int vms_task_exec(struct task *task, const struct mm_layout *layout);
/**
 * vms_task_exec_map() - vms_task_exec(), which also sets the addresses of the
 * program's parts in the new address space (vms_mm_set_map()).
 *
 * Return: the answers of both; on an error nothing has changed.
 */
VMS_API int vms_task_exec_map(struct task *task, const struct mm_layout *layout,
			      const struct vms_mm_map *map);
/**
 * exit_mm() - Let @task leave its address space for good. While it is still
 * running it borrows the structure.
 */
VMS_API void exit_mm(struct task *task) VMS_SYM(exit_mm);

/**
 * context_switch() - Switch the processor from @prev to @next, which does not
 * run elsewhere.
 * @next: NULL: no task; the processor then has nothing loaded.
 *
 * A task that has run must be switched away before it is freed.
 */
VMS_API void context_switch(struct task *prev, struct task *next) VMS_SYM(context_switch);
/**
 * kthread_use_mm(), kthread_unuse_mm() - Begin and end the work of the running
 * kernel thread @task in @mm. The caller has a use of @mm throughout;
 * afterwards the thread borrows it.
 */
VMS_API void kthread_use_mm(struct task *task, struct mm_struct *mm) VMS_SYM(kthread_use_mm);
VMS_API void kthread_unuse_mm(struct task *task, struct mm_struct *mm) VMS_SYM(kthread_unuse_mm);

/**
 * get_task_mm() - @task's address space, with a use for the caller (mmput()).
 * Any thread may call it.
 *
 * Return: it; NULL for kernel threads and after exit_mm().
 */
VMS_API struct mm_struct *get_task_mm(struct task *task) VMS_SYM(get_task_mm);

#include <vmastore/end.h>

#endif
