/* SPDX-License-Identifier: MIT */
/*
 * test_task.c - which tasks use and which borrow an address space: fork, exec,
 * exit, kernel threads, and the list of all address spaces. Both counts must
 * return to zero at the right moment (the tear-down requires that nothing
 * leaks).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <vmastore/task.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static int users(const struct mm_struct *mm)
{
	return atomic_load(&mm->mm_users);
}

static int holders(const struct mm_struct *mm)
{
	return atomic_load(&mm->mm_count);
}

static struct task *user_task(struct world *w)
{
	struct task *task;

	mmget(w->mm);
	task = vms_task_create(w->mm);
	assert_non_null(task);
	return task;
}

/* Ends the running task; the processor switches to @next (NULL: to no task). */
static void end(struct task *task, struct task *next)
{
	exit_mm(task);
	context_switch(task, next);
	vms_task_free(task);
}

/*
 * Whether the address space, whose structure the caller holds, still has memory
 * mapped at BASE.
 */
static bool is_mapped(struct mm_struct *mm)
{
	bool mapped;

	mmap_read_lock(mm);
	mapped = vma_lookup(mm, BASE) != NULL;
	mmap_read_unlock(mm);
	return mapped;
}

static void task_uses_its_address_space_until_it_exits(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w);
	struct mm_struct *mm;

	assert_ptr_equal(task->mm, w->mm);
	assert_ptr_equal(task->active_mm, w->mm);
	assert_int_equal(users(w->mm), 2);
	mm = get_task_mm(task);
	assert_ptr_equal(mm, w->mm);
	assert_int_equal(users(w->mm), 3);
	mmput(mm);
	exit_mm(task);
	assert_null(task->mm);
	assert_ptr_equal(task->active_mm, w->mm);
	assert_int_equal(users(w->mm), 1);
	assert_int_equal(holders(w->mm), 2);
	assert_null(get_task_mm(task));
	exit_mm(task); /* a second call changes nothing */
	context_switch(task, NULL);
	assert_int_equal(holders(w->mm), 1);
	vms_task_free(task);
}

static void thread_shares_and_child_copies(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w), *thread, *child;
	unsigned long word;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE, 1);
	assert_int_equal(vms_task_fork(task, CLONE_VM, &thread), 0);
	assert_ptr_equal(thread->mm, w->mm);
	assert_int_equal(users(w->mm), 3);
	assert_int_equal(vms_task_fork(task, 0, &child), 0);
	assert_ptr_not_equal(child->mm, w->mm);
	assert_int_equal(users(child->mm), 1);
	vms_write_word(thread->mm, BASE, 2);
	assert_int_equal(vms_read_word(child->mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 1);
	assert_int_equal(vms_read_word(task->mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 2);
	end(child, NULL);
	end(thread, NULL);
	end(task, NULL);
	assert_int_equal(users(w->mm), 1);
}

/*
 * vfork and exec: the child leaves its parent's memory alone, and gets a new,
 * empty address space.
 */
static void exec_leaves_the_old_and_begins_anew(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w), *child;
	struct mm_layout layout = world_layout;
	struct mm_struct *mm;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_brk(w->mm, w->mm->start_brk + PG);
	assert_int_equal(vms_mlockall(w->mm, MCL_FUTURE), 0);
	assert_int_equal(vms_task_fork(task, CLONE_VM, &child), 0);
	layout.start_brk = 0x18000000;
	layout.mmap_base = 0x30000000;
	assert_int_equal(vms_task_exec(child, &layout), 0);
	mm = child->mm;
	assert_ptr_not_equal(mm, w->mm);
	assert_ptr_equal(child->active_mm, mm);
	assert_string_equal(vms_mm_engine_name(mm), w->engine);
	assert_int_equal(users(w->mm), 2);
	assert_int_equal(users(mm), 1);
	assert_int_equal(atomic_load(&mm->map_count), 0);
	assert_int_equal(atomic_load(&mm->total_vm), 0);
	assert_int_equal(mm->def_flags, 0);
	assert_int_equal(mm->brk, 0x18000000);
	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON, NULL, 0), 0x30000000 - PG);
	assert_true(is_mapped(w->mm));
	/* An exec of the last user frees the old address space. */
	mmgrab(mm);
	assert_int_equal(vms_task_exec(child, NULL), 0);
	assert_int_equal(users(mm), 0);
	assert_int_equal(atomic_load(&mm->map_count), 0);
	assert_int_equal(child->mm->brk, 0x18000000);
	mmdrop(mm);
	end(child, NULL);
	end(task, NULL);
}

static void exec_that_fails_changes_nothing(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w);
	struct mm_layout senseless = world_layout;
	int err;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	senseless.mmap_base = 1;
	assert_int_equal(vms_task_exec(task, &senseless), -EINVAL);
	assert_ptr_equal(task->mm, w->mm);
	for (long n = 1;; n++) {
		vms__alloc_fail_nth(n);
		err = vms_task_exec(task, NULL);
		vms__alloc_fail_nth(0);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_ptr_equal(task->mm, w->mm);
		assert_ptr_equal(task->active_mm, w->mm);
		assert_int_equal(users(w->mm), 2);
	}
	assert_int_equal(users(w->mm), 1);
	end(task, NULL);
}

static void fork_that_fails_changes_nothing(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w), *child = NULL;
	long n = 0;
	int err;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE, 1);
	for (int shared = 0; shared <= 1; shared++) {
		do {
			vms__alloc_fail_nth(++n);
			err = vms_task_fork(task, shared ? CLONE_VM : 0, &child);
			vms__alloc_fail_nth(0);
			assert_true(err == 0 || err == -ENOMEM);
			assert_int_equal(users(w->mm), 2 + (!err && shared));
			assert_int_equal(holders(w->mm), 1);
		} while (err);
		end(child, NULL);
		n = 0;
	}
	end(task, NULL);
}

/* ---- kernel threads ---- */

static void kernel_thread_borrows_whatever_is_loaded(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w), *kthread = vms_task_create(NULL),
		    *second = vms_task_create(NULL);

	context_switch(task, kthread);
	assert_null(kthread->mm);
	assert_null(get_task_mm(kthread));
	assert_ptr_equal(kthread->active_mm, w->mm);
	assert_int_equal(users(w->mm), 2);
	assert_int_equal(holders(w->mm), 2);
	/* One kernel thread passes the address space on to the next. */
	context_switch(kthread, second);
	assert_null(kthread->active_mm);
	assert_ptr_equal(second->active_mm, w->mm);
	assert_int_equal(holders(w->mm), 2);
	context_switch(second, task);
	assert_null(second->active_mm);
	assert_int_equal(holders(w->mm), 1);
	/* A kernel thread's child is a kernel thread. */
	vms_task_free(second);
	assert_int_equal(vms_task_fork(kthread, 0, &second), 0);
	assert_null(second->active_mm);
	vms_task_free(second);
	vms_task_free(kthread);
	end(task, NULL);
}

/*
 * The address space ends with its last user, the structure with its last
 * borrower.
 */
static void borrowed_structure_outlives_its_address_space(void **state)
{
	struct world *w = *state;
	struct mm_struct *mm = vms_mm_create(w->engine, &world_layout, NULL);
	struct task *task = vms_task_create(mm), *kthread = vms_task_create(NULL),
		    *other = user_task(w);

	vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
	context_switch(task, kthread);
	/* The task exits on another processor, as one that was killed does. */
	exit_mm(task);
	assert_int_equal(users(mm), 0);
	assert_int_equal(holders(mm), 2);
	assert_int_equal(atomic_load(&mm->map_count), 0);
	context_switch(task, NULL);
	vms_task_free(task);
	assert_int_equal(holders(mm), 1);
	assert_ptr_equal(kthread->active_mm, mm);
	context_switch(kthread, other); /* frees it */
	vms_task_free(kthread);
	end(other, NULL);
}

static void task_that_exits_hands_its_structure_to_the_next(void **state)
{
	struct world *w = *state;
	struct mm_struct *mm = vms_mm_create(w->engine, &world_layout, NULL);
	struct task *task = vms_task_create(mm), *kthread = vms_task_create(NULL);

	end(task, kthread);
	assert_ptr_equal(kthread->active_mm, mm);
	assert_int_equal(users(mm), 0);
	assert_int_equal(holders(mm), 1);
	context_switch(kthread, NULL); /* frees it */
	vms_task_free(kthread);
}

static void kernel_thread_may_use_an_address_space_for_a_while(void **state)
{
	struct world *w = *state;
	struct mm_struct *mm = vms_mm_create(w->engine, &world_layout, NULL);
	struct task *task = user_task(w), *kthread = vms_task_create(NULL);

	context_switch(task, kthread);
	kthread_use_mm(kthread, mm);
	assert_ptr_equal(kthread->mm, mm);
	assert_ptr_equal(kthread->active_mm, mm);
	assert_int_equal(users(mm), 2);
	assert_int_equal(holders(w->mm), 1); /* it returned what it had borrowed */
	assert_null(get_task_mm(kthread));
	assert_int_equal(vms_mmap(kthread->mm, BASE, PG, RW, FIXED, NULL, 0), BASE);
	kthread_unuse_mm(kthread, mm);
	assert_null(kthread->mm);
	assert_int_equal(users(mm), 1);
	assert_int_equal(holders(mm), 2);
	mmput(mm);
	context_switch(kthread, task);
	vms_task_free(kthread);
	end(task, NULL);
}

/* ---- the list ---- */

static void walk_finds_every_address_space_in_use(void **state)
{
	struct world *w = *state;
	struct mm_struct *mm[3], *at = NULL;

	for (int i = 0; i < 3; i++)
		mm[i] = vms_mm_create(w->engine, &world_layout, NULL);
	assert_ptr_equal(at = vms_mm_next(at), w->mm);
	assert_int_equal(users(w->mm), 2);
	assert_ptr_equal(at = vms_mm_next(at), mm[0]);
	assert_int_equal(users(w->mm), 1);
	/* It has no users, but its structure still exists. */
	mmgrab(mm[1]);
	mmput(mm[1]);
	assert_ptr_equal(at = vms_mm_next(at), mm[2]);
	assert_null(vms_mm_next(at));
	mmdrop(mm[1]);
	/* The walker may be the last user. */
	assert_ptr_equal(at = vms_mm_next(NULL), w->mm);
	assert_ptr_equal(at = vms_mm_next(at), mm[0]);
	mmput(mm[0]);
	assert_ptr_equal(at = vms_mm_next(at), mm[2]);
	mmput(at);
	mmput(mm[2]);
}

/* Counts the address spaces that a walker sees. Any thread may call it. */
static void *count_all(void *arg)
{
	uintptr_t nr = 0;

	(void)arg;
	for (struct mm_struct *mm = NULL; (mm = vms_mm_next(mm)) != NULL;)
		nr++;
	return (void *)nr;
}

/* Counts during a fork: the hook lets another thread walk. */
static uintptr_t seen_in_fork;

static void walk_in_open(struct vm_area_struct *vma)
{
	pthread_t thread;
	void *seen;

	(void)vma;
	if (pthread_create(&thread, NULL, count_all, NULL))
		abort();
	pthread_join(thread, &seen);
	seen_in_fork = (uintptr_t)seen;
}

/*
 * Symptom: memory that a walker of all address spaces mapped in a child was
 * found twice, or the child was inconsistent. Cause: the child was listed
 * before fork had locked it.
 */
static void child_is_listed_when_it_is_whole(void **state)
{
	static const struct vm_operations_struct ops = {.open = walk_in_open};
	struct world *w = *state;
	struct file *file = world_file(1, true);
	struct mm_struct *child;

	file->f_vm_ops = &ops;
	vms_mmap(w->mm, BASE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	seen_in_fork = 0;
	assert_int_equal(vms_fork(w->mm, &child), 0);
	assert_int_equal(seen_in_fork, 1);
	assert_int_equal((uintptr_t)count_all(NULL), 2);
	mmput(child);
	assert_int_equal((uintptr_t)count_all(NULL), 1);
	fput(file);
}

/*
 * A child that cannot be completed must never be listed, and must leave
 * nothing.
 */
static void child_that_fails_is_not_listed(void **state)
{
	struct world *w = *state;
	struct mm_struct *child;
	long n = 0;
	int err;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE, 1);
	do {
		vms__alloc_fail_nth(++n);
		err = vms_fork(w->mm, &child);
		vms__alloc_fail_nth(0);
		assert_int_equal((uintptr_t)count_all(NULL), err ? 1 : 2);
	} while (err);
	assert_true(n > 1);
	mmput(child);
}

static void *exec(void *task)
{
	return (void *)(intptr_t)vms_task_exec(task, NULL);
}

/*
 * Symptom: a walker saw an address space with limits that are not those of its
 * process. Cause: exec listed it before it set the limits. The test holds the
 * lock under which exec reads the old limits.
 */
static void new_address_space_is_listed_with_its_limits(void **state)
{
	struct world *w = *state;
	struct task *task = user_task(w);
	pthread_t thread;
	uintptr_t seen;
	void *err;

	limit_map_count(w->mm, 123);
	mmap_write_lock(w->mm);
	assert_int_equal(pthread_create(&thread, NULL, exec, task), 0);
	while (!rwsem_is_contended(&w->mm->mmap_lock))
		sched_yield();
	seen = (uintptr_t)count_all(NULL);
	mmap_write_unlock(w->mm);
	pthread_join(thread, &err);
	assert_null(err);
	assert_int_equal(seen, 1);
	assert_int_equal((uintptr_t)count_all(NULL), 2);
	assert_int_equal(vms_mm_limits(task->mm).max_map_count, 123);
	end(task, NULL);
}

struct churn {
	const char *engine;
	int max_map_count; /* of every address space */
	atomic_bool stop;
	atomic_ulong bad, seen;
};

static void *walk(void *arg)
{
	struct churn *c = arg;

	while (!atomic_load(&c->stop))
		for (struct mm_struct *mm = NULL; (mm = vms_mm_next(mm)) != NULL;) {
			if (users(mm) < 1 || vms_mm_limits(mm).max_map_count != c->max_map_count)
				atomic_fetch_add(&c->bad, 1);
			is_mapped(mm);
			atomic_fetch_add(&c->seen, 1);
		}
	return NULL;
}

static void walk_beside_fork_and_exit_sees_only_the_living(void **state)
{
	struct world *w = *state;
	struct churn c = {.engine = w->engine, .max_map_count = 123};
	pthread_t thread;

	limit_map_count(w->mm, 123);
	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	assert_int_equal(pthread_create(&thread, NULL, walk, &c), 0);
	for (int i = 0; i < 1000 || atomic_load(&c.seen) < 1000; i++) {
		struct task *task = user_task(w), *child;

		assert_int_equal(vms_task_fork(task, 0, &child), 0);
		if (i & 1)
			assert_int_equal(vms_task_exec(child, NULL), 0);
		end(child, NULL);
		end(task, NULL);
	}
	atomic_store(&c.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&c.bad), 0);
}

/* get_task_mm() of another thread runs concurrently with exec and exit. */
static struct task *shared_task;

static void *look_at_its_mm(void *arg)
{
	struct churn *c = arg;

	while (!atomic_load(&c->stop)) {
		struct mm_struct *mm = get_task_mm(shared_task);

		if (mm) {
			if (users(mm) < 1)
				atomic_fetch_add(&c->bad, 1);
			is_mapped(mm);
			mmput(mm);
		}
		atomic_fetch_add(&c->seen, 1);
	}
	return NULL;
}

static void others_see_a_task_before_or_after_exec_and_exit(void **state)
{
	struct world *w = *state;
	struct churn c = {.engine = w->engine};
	pthread_t thread;

	shared_task = user_task(w);
	assert_int_equal(pthread_create(&thread, NULL, look_at_its_mm, &c), 0);
	for (int i = 0; i < 1000 || atomic_load(&c.seen) < 1000; i++)
		assert_int_equal(vms_task_exec(shared_task, &world_layout), 0);
	exit_mm(shared_task);
	atomic_store(&c.stop, true);
	pthread_join(thread, NULL);
	context_switch(shared_task, NULL);
	vms_task_free(shared_task);
	assert_int_equal(atomic_load(&c.bad), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(task_uses_its_address_space_until_it_exits),
		ON_EVERY_ENGINE(thread_shares_and_child_copies),
		ON_EVERY_ENGINE(exec_leaves_the_old_and_begins_anew),
		ON_EVERY_ENGINE(exec_that_fails_changes_nothing),
		ON_EVERY_ENGINE(fork_that_fails_changes_nothing),
		ON_EVERY_ENGINE(kernel_thread_borrows_whatever_is_loaded),
		ON_EVERY_ENGINE(borrowed_structure_outlives_its_address_space),
		ON_EVERY_ENGINE(task_that_exits_hands_its_structure_to_the_next),
		ON_EVERY_ENGINE(kernel_thread_may_use_an_address_space_for_a_while),
		ON_EVERY_ENGINE(walk_finds_every_address_space_in_use),
		ON_EVERY_ENGINE(child_is_listed_when_it_is_whole),
		ON_EVERY_ENGINE(child_that_fails_is_not_listed),
		ON_EVERY_ENGINE(new_address_space_is_listed_with_its_limits),
		ON_EVERY_ENGINE(walk_beside_fork_and_exit_sees_only_the_living),
		ON_EVERY_ENGINE(others_see_a_task_before_or_after_exec_and_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
