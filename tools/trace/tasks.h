/* SPDX-License-Identifier: MIT */
/*
 * tasks.h - the threads that a recording shows at one moment, the address space
 * that each uses, and what each is in the middle of. Internal to tools/trace.
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
 * How far a fault has come. A fault that needs more than a VMA's lock takes
 * mmap_lock for reading; the stack's growth gives that up for the write lock,
 * whereupon an MMAP2 record tells the new size.
 */
enum trace_fault_state {
	FAULT_NONE,     /* no fault, or settled: something else happened in this thread since */
	FAULT_RAISED,   /* no lock seen yet */
	FAULT_LOCKED,   /* took mmap_lock for reading */
	FAULT_UNLOCKED, /* and gave it back */
	FAULT_GROWING,  /* and took it for writing */
};

struct trace_thread {
	struct trace_thread *next; /* in its bucket */
	int tid, pid, space;
	/* returns from the fork that made it without having entered it */
	bool newborn;
	/*
	 * will return from an execve that began before the recording, or in
	 * another thread
	 */
	bool back_from_exec;
	struct trace_moment dying; /* sched_process_exit */

	struct {
		bool open;
		enum trace_call call;
		uint64_t args[TRACE_MAX_ARGS];
		struct trace_moment enter;
		struct trace_moment write_lock, read_lock; /* the first of each on its own space */
		/* fork: the other space that it locked for writing */
		uint64_t child_mm;
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

/* NULL: no such thread now. */
struct trace_thread *trace_tasks_find(struct trace_tasks *tasks, int tid);

/* A thread of process @pid other than @tid that is inside execve, or NULL. */
struct trace_thread *trace_tasks_find_execing(struct trace_tasks *tasks, int pid, int tid);

/*
 * A thread that begins, using @space. NULL: no memory. A thread of the same id
 * that was never seen to end is forgotten.
 */
struct trace_thread *trace_tasks_add(struct trace_tasks *tasks, int pid, int tid, int space);

/*
 * @thread continues under another id (execve makes the calling thread the first
 * one).
 */
void trace_tasks_rename(struct trace_tasks *tasks, struct trace_thread *thread, int tid);

/* The thread ends. Return: whether its space ended with it. */
bool trace_tasks_remove(struct trace_tasks *tasks, struct trace_thread *thread);

/*
 * A new space without users. Return: its index, or TRACE_NO_SPACE when memory
 * is out.
 */
int trace_tasks_add_space(struct trace_tasks *tasks, int pid, int parent, bool known);

/* @thread leaves its space for another. Return: whether the old one ended. */
bool trace_tasks_move(struct trace_tasks *tasks, struct trace_thread *thread, int space);

/* Calls @visit for each thread, in no order. */
void trace_tasks_each(struct trace_tasks *tasks,
		      void (*visit)(void *context, struct trace_thread *thread), void *context);

/* Frees all but the spaces, which are the recording's. */
void trace_tasks_free(struct trace_tasks *tasks);

#endif
