/* SPDX-License-Identifier: MIT */
/*
 * tasks.h - the threads that exist at one point of a recording, the address
 * space of each, and the call, fault or execve that each is inside. Internal to
 * tools/trace.
 */
#ifndef TOOLS_TRACE_TASKS_H
#define TOOLS_TRACE_TASKS_H

#include "tools/trace/order.h"

#define TRACE_THREAD_BUCKETS 1024

/* A line, and its time. line 0: none. */
struct trace_moment {
	unsigned long line;
	uint64_t time;
};

/*
 * The state of a thread's last fault. A fault that needs more than a VMA's lock
 * takes mmap_lock for reading. If the stack must grow, it releases that lock
 * and takes mmap_lock for writing; then an MMAP2 record shows the new size.
 */
enum trace_fault_state {
	FAULT_NONE,     /* no fault, or another event of the thread followed it */
	FAULT_RAISED,   /* it has taken no lock yet */
	FAULT_LOCKED,   /* it has taken mmap_lock for reading */
	FAULT_UNLOCKED, /* it has released that */
	FAULT_GROWING,  /* after that, it has taken mmap_lock for writing */
};

struct trace_thread {
	struct trace_thread *next; /* in its bucket */
	int tid, pid, space;
	bool newborn;              /* its first return is from the fork that made it */
	bool back_from_exec;       /* its next return is from an execve without an enter */
	struct trace_moment dying; /* sched_process_exit */

	struct {
		bool open;
		enum trace_call call;
		uint64_t args[TRACE_MAX_ARGS];
		struct trace_moment enter;
		struct trace_moment write_lock, read_lock; /* the first of each on its own space */
		uint64_t child_mm; /* fork: the other space that it locked for writing */
	} call;

	struct {
		enum trace_fault_state state;
		unsigned long effect; /* its index */
		struct trace_moment raised, write_lock;
	} fault;

	struct {
		bool open;
		unsigned long effect;
	} exec;

	/* MMAP2 records of the open call, or of the growing fault */
	struct trace_map *maps;
	size_t nr_maps, maps_room;
	/* steps of the open execve */
	struct trace_exec_step *steps;
	size_t nr_steps, steps_room;
};

struct trace_tasks {
	struct trace_thread *buckets[TRACE_THREAD_BUCKETS];
	unsigned long nr_threads;
	struct trace_space *spaces;
	int *users; /* threads in each */
	size_t nr_spaces, spaces_room, users_room;
};

/* Find the thread @tid; NULL: there is none now. */
struct trace_thread *trace_tasks_find(struct trace_tasks *tasks, int tid);

/* A thread of process @pid, except @tid, that is inside execve; or NULL. */
struct trace_thread *trace_tasks_find_execing(struct trace_tasks *tasks, int pid, int tid);

/*
 * Add a thread that uses @space. NULL: out of memory. A thread of the same id,
 * whose end was not recorded, is removed.
 */
struct trace_thread *trace_tasks_add(struct trace_tasks *tasks, int pid, int tid, int space);

/*
 * Give @thread another id: execve makes the calling thread the first thread of
 * its process.
 */
void trace_tasks_rename(struct trace_tasks *tasks, struct trace_thread *thread, int tid);

/* Remove a thread that ends. Return: whether its space ended with it. */
bool trace_tasks_remove(struct trace_tasks *tasks, struct trace_thread *thread);

/*
 * Add a space without users. Return: its index, or TRACE_NO_SPACE when memory
 * is out.
 */
int trace_tasks_add_space(struct trace_tasks *tasks, int pid, int parent, bool known);

/* Move @thread to another space. Return: whether the old space ended. */
bool trace_tasks_move(struct trace_tasks *tasks, struct trace_thread *thread, int space);

/* Call @visit for each thread, in no order. */
void trace_tasks_each(struct trace_tasks *tasks,
		      void (*visit)(void *context, struct trace_thread *thread), void *context);

/* Free everything except the spaces, which belong to the recording. */
void trace_tasks_free(struct trace_tasks *tasks);

#endif
