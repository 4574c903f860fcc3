/* SPDX-License-Identifier: MIT */
/*
 * task.h - who runs on an address space: struct task, as far as Linux's mm code
 * knows it.
 *
 * A user's task has an address space (mm), which it shares with its threads and
 * with a child of vfork(). A kernel thread has none: it borrows that of whoever
 * ran before it (active_mm), so that switching to it changes no page table. A
 * borrower counts as a user of the structure (mm_count), not of the address
 * space (mm_users): when the last user leaves, the address space is torn down
 * under the borrower, and the structure goes when the borrower is switched
 * away.
 *
 *   state                          mm      active_mm          references
 *   user's task                    own     == mm              1 mm_users
 *   kernel thread, never ran       NULL    NULL               none
 *   kernel thread, running         NULL    borrowed           1 mm_count
 *   kernel thread, switched away   NULL    NULL               none: it went on
 *                                                             to the next task
 *   kernel thread, using an mm     its     == mm              1 mm_users (kthread_use_mm())
 *   after exit_mm(), still running NULL    the former         1 mm_count
 *
 * Locks: mm is read by others under the task's own lock (get_task_mm()).
 * Everything else is for the thread that plays the processor on which the task
 * runs: calls on one task do not run beside each other, except get_task_mm().
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
	struct mm_struct *active_mm;         /* what the processor has loaded while it runs */
	VMS_ATOMIC(unsigned int) alloc_lock; /* vms__spinlock word */
	bool is_kthread;
	void *owner; /* the embedder's */
};

/**
 * vms_task_create() - A task that is not running yet.
 * @mm: its address space: takes over the caller's use of it (mmput() becomes
 *      the task's). NULL: a kernel thread.
 * Return: it, or NULL when memory is out (the use of @mm stays the caller's).
 */
VMS_API struct task *vms_task_create(struct mm_struct *mm);
/**
 * vms_task_free() - Free @task, which has exited (exit_mm()) and been switched
 * away, or never ran.
 */
VMS_API void vms_task_free(struct task *task);

/**
 * vms_task_fork() - fork(2), or with CLONE_VM in @clone_flags clone(2) of a
 * thread, or vfork(2): the child shares @parent's address space. A kernel
 * thread's child is one, too. Return: 0 and *@child, or -ENOMEM.
 */
VMS_API int vms_task_fork(struct task *parent, unsigned long clone_flags, struct task **child);
/**
 * vms_task_exec() - execve(2): @task, a user's, leaves its address space and
 * has a new, empty one, of the same engine and rules. What shared the old one
 * keeps it. What mlockall(MCL_FUTURE) asked for is forgotten.
 * @layout: bounds of the new one; NULL: those of the old one.
 * Return: 0; -ENOMEM or -EINVAL (senseless bounds), and nothing has changed.
 */
VMS_API int vms_task_exec(struct task *task, const struct mm_layout *layout);
/**
 * vms_task_exec_map() - The same, and the new address space is told where its
 * program stands (vms_mm_set_map()).
 * Return: as both; on an error nothing has changed.
 */
VMS_API int vms_task_exec_map(struct task *task, const struct mm_layout *layout,
			      const struct vms_mm_map *map);
/**
 * exit_mm() - @task leaves its address space for good; while it is still
 * running it borrows the structure.
 */
VMS_API void exit_mm(struct task *task) VMS_SYM(exit_mm);

/**
 * context_switch() - The processor goes from @prev to @next; NULL: to nothing,
 * it has nothing loaded any more. @next does not run elsewhere. A task that has
 * run is to be switched away before it is freed.
 */
VMS_API void context_switch(struct task *prev, struct task *next) VMS_SYM(context_switch);
/**
 * kthread_use_mm(), kthread_unuse_mm() - The running kernel thread @task works
 * in @mm for a while. The caller has a use of @mm throughout; afterwards the
 * thread borrows it.
 */
VMS_API void kthread_use_mm(struct task *task, struct mm_struct *mm) VMS_SYM(kthread_use_mm);
VMS_API void kthread_unuse_mm(struct task *task, struct mm_struct *mm) VMS_SYM(kthread_unuse_mm);

/**
 * get_task_mm() - @task's address space, with a use for the caller (mmput());
 * NULL for kernel threads and after exit_mm(). From any thread.
 */
VMS_API struct mm_struct *get_task_mm(struct task *task) VMS_SYM(get_task_mm);

#include <vmastore/end.h>

#endif
