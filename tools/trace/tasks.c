/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - see tasks.h: a hash table of threads by id, and a count of users
 * for each address space, which ends with its last user.
 */
#include "tools/trace/tasks.h"

#include <stdlib.h>

#include "tools/trace/pool.h"

static struct trace_thread **bucket_of(struct trace_tasks *tasks, int tid)
{
	return &tasks->buckets[(unsigned int)tid % TRACE_THREAD_BUCKETS];
}

struct trace_thread *trace_tasks_find(struct trace_tasks *tasks, int tid)
{
	struct trace_thread *thread = *bucket_of(tasks, tid);

	while (thread && thread->tid != tid)
		thread = thread->next;
	return thread;
}

struct trace_thread *trace_tasks_find_execing(struct trace_tasks *tasks, int pid, int tid)
{
	for (int i = 0; i < TRACE_THREAD_BUCKETS; i++)
		for (struct trace_thread *thread = tasks->buckets[i]; thread; thread = thread->next)
			if (thread->pid == pid && thread->tid != tid && thread->call.open &&
			    thread->call.call == TRACE_EXECVE)
				return thread;
	return NULL;
}

static void link_thread(struct trace_tasks *tasks, struct trace_thread *thread)
{
	struct trace_thread **bucket = bucket_of(tasks, thread->tid);

	thread->next = *bucket;
	*bucket = thread;
}

static void unlink_thread(struct trace_tasks *tasks, struct trace_thread *thread)
{
	struct trace_thread **at = bucket_of(tasks, thread->tid);

	while (*at != thread)
		at = &(*at)->next;
	*at = thread->next;
}

static bool leave_space(struct trace_tasks *tasks, int space)
{
	return --tasks->users[space] == 0;
}

struct trace_thread *trace_tasks_add(struct trace_tasks *tasks, int pid, int tid, int space)
{
	struct trace_thread *old = trace_tasks_find(tasks, tid);
	struct trace_thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	if (old)
		trace_tasks_remove(tasks, old);
	thread->pid = pid;
	thread->tid = tid;
	thread->space = space;
	tasks->users[space]++;
	tasks->nr_threads++;
	link_thread(tasks, thread);
	return thread;
}

void trace_tasks_rename(struct trace_tasks *tasks, struct trace_thread *thread, int tid)
{
	struct trace_thread *old = trace_tasks_find(tasks, tid);

	if (old)
		trace_tasks_remove(tasks, old);
	unlink_thread(tasks, thread);
	thread->tid = tid;
	link_thread(tasks, thread);
}

static void free_thread(struct trace_thread *thread)
{
	free(thread->maps);
	free(thread->steps);
	free(thread);
}

bool trace_tasks_remove(struct trace_tasks *tasks, struct trace_thread *thread)
{
	bool ended = leave_space(tasks, thread->space);

	unlink_thread(tasks, thread);
	tasks->nr_threads--;
	free_thread(thread);
	return ended;
}

int trace_tasks_add_space(struct trace_tasks *tasks, int pid, int parent, bool known)
{
	struct trace_space *spaces =
		trace_grow(tasks->spaces, tasks->nr_spaces, &tasks->spaces_room, sizeof(*spaces));
	int *users;

	if (!spaces)
		return TRACE_NO_SPACE;
	tasks->spaces = spaces;
	users = trace_grow(tasks->users, tasks->nr_spaces, &tasks->users_room, sizeof(*users));
	if (!users)
		return TRACE_NO_SPACE;
	tasks->users = users;
	users[tasks->nr_spaces] = 0;
	spaces[tasks->nr_spaces] =
		(struct trace_space){.parent = parent, .known_from_start = known, .first_pid = pid};
	return (int)tasks->nr_spaces++;
}

bool trace_tasks_move(struct trace_tasks *tasks, struct trace_thread *thread, int space)
{
	int old = thread->space;

	thread->space = space;
	tasks->users[space]++;
	return leave_space(tasks, old);
}

void trace_tasks_each(struct trace_tasks *tasks,
		      void (*visit)(void *context, struct trace_thread *thread), void *context)
{
	for (int i = 0; i < TRACE_THREAD_BUCKETS; i++)
		for (struct trace_thread *thread = tasks->buckets[i]; thread; thread = thread->next)
			visit(context, thread);
}

void trace_tasks_free(struct trace_tasks *tasks)
{
	for (int i = 0; i < TRACE_THREAD_BUCKETS; i++) {
		struct trace_thread *thread = tasks->buckets[i], *next;

		for (; thread; thread = next) {
			next = thread->next;
			free_thread(thread);
		}
	}
	free(tasks->users);
}
