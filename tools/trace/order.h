/* SPDX-License-Identifier: MIT */
/*
 * order.h - a whole recording as a list of effects on address spaces, in the
 * order in which the kernel made them.
 *
 * From the events of trace.h, order.c
 *   - pairs each call's enter with its exit, thread by thread;
 *   - tracks the address space of each thread: threads and vfork's children
 *     share one, fork copies one, execve begins a new one, and a space ends
 *     with its last user;
 *   - attaches each MMAP2 record to the call, fault or execve that made it;
 *   - sorts the effects by the moment at which each committed:
 *       a call   at its first successful acquisition of its own space's
 *                mmap_lock for writing; without one, at its first for reading;
 *                without any (refused early, or under a VMA's lock), at its
 *                exit
 *       a fault  at the acquisition of mmap_lock for reading that is the next
 *                event of its thread; if the thread releases that lock and
 *                takes the write lock at once (growth of the stack), there;
 *                without any, at its own line. The lock that a dying thread
 *                takes belongs to no fault.
 *       execve   at PERF_RECORD_COMM exec
 *       fork     like a call
 *       an end   at PERF_RECORD_EXIT
 *
 * A recording without mmap_lock events is ordered by the calls' exits and the
 * faults' lines. That order may be wrong where threads contend; struct
 * trace_order says which order it is.
 *
 * A recording does not hold
 *   - the flags of clone3; they are inferred from the locks taken;
 *   - which mappings share a struct file; it has inodes only;
 *   - flags beyond rwx of the mappings that execve makes;
 *   - faults that the kernel handles without an exception (mlock, MAP_POPULATE,
 *     O_DIRECT). execve writes the arguments in this way, so a new space's
 *     [stack] has a page from the start.
 *
 * Locks: none; a struct trace_order is constant once loaded, and may be read by
 *        any number of threads.
 */
#ifndef TOOLS_TRACE_ORDER_H
#define TOOLS_TRACE_ORDER_H

#include "tools/trace/trace.h"

enum trace_effect_kind {
	TRACE_EXEC_DONE, /* a new address space with its first layout         -> exec */
	TRACE_FORK_DONE, /* a new thread or process                           -> fork */
	TRACE_CALL_DONE, /* a memory call, successful or refused              -> call */
	TRACE_FAULTED,   /* a page fault                                      -> fault */
	TRACE_TASK_DONE, /* a thread ended, and maybe its address space with it -> end */
	TRACE_NR_EFFECT_KINDS
};

/* How a new thread or process uses its parent's address space. */
enum trace_child {
	TRACE_CHILD_THREAD, /* same pid, same space */
	TRACE_CHILD_SHARES, /* new pid, same space until it calls execve: vfork, posix_spawn */
	TRACE_CHILD_COPIES, /* new pid, a copy of the space: fork */
};

/*
 * One step of an execve, in order: a mapping, which replaces earlier ones at
 * its place, or a fault.
 */
struct trace_exec_step {
	bool is_fault;
	unsigned long line;
	union {
		struct trace_map map;
		struct {
			uint64_t address;
			bool write;
		} fault;
	};
};

#define TRACE_NO_SPACE (-1)

/*
 * One effect. @space, and every other space, is an index into
 * trace_order.spaces.
 */
struct trace_effect {
	enum trace_effect_kind kind;
	unsigned long line;   /* for messages: where the text has it (a call: its enter) */
	unsigned long commit; /* the line at which it committed; strictly rising in the list */
	uint64_t time;        /* of @commit */
	int pid, tid;
	int space; /* the one it acts on; EXEC: the new one; FORK: the parent's */
	/* MMAP2 records of a call or fault: the VMAs afterwards; NULL: none */
	const struct trace_map *maps;
	unsigned int nr_maps;
	union {
		struct {
			enum trace_call call;
			uint64_t args[TRACE_MAX_ARGS];
			int64_t result; /* as trace_event.leave.result */
			bool took_write_lock;
			unsigned long exit_line; /* where the result shows */
		} call;
		struct {
			/* The recording does not show whether it succeeded. */
			uint64_t address;
			bool write, exec, protection, user;
			bool took_lock; /* mmap_lock; else a VMA's lock sufficed */
			bool in_call;   /* the kernel's own, in a recorded call except execve */
		} fault;
		struct {
			int old_space; /* the one before; TRACE_NO_SPACE: not recorded */
			bool old_space_ended;
			const struct trace_exec_step *steps;
			unsigned int nr_steps;
			const char *comm;
			const char *filename; /* "" when the recording has no sched_process_exec */
		} exec;
		struct {
			enum trace_child how;
			int child_pid, child_tid;
			int child_space; /* COPIES: a new one; else == space */
			bool guessed;    /* whether it shares or copies is not known */
		} fork;
		struct {
			bool space_ended;
		} end;
	};
};

struct trace_space {
	int parent;            /* fork: the space it is a copy of; else TRACE_NO_SPACE */
	bool known_from_start; /* a recorded execve made it, or a space that it copies */
	int first_pid;
	uint64_t mm;               /* of the mmap_lock events; 0 when never seen */
	unsigned long first, last; /* indices of its first and last effect in the list */
	unsigned long nr_effects;
};

/*
 * Counts of events that did not fit together. All are zero in a whole
 * recording, except for threads_left.
 */
struct trace_order_problems {
	unsigned long enters_without_exit; /* except exit and exit_group */
	unsigned long exits_without_enter; /* except a child's first return and execve's */
	unsigned long maps_unattached;     /* MMAP2 records that no call, fault or execve made */
	unsigned long threads_unknown;     /* with an event before a fork or execve made them */
	unsigned long mm_conflicts;        /* calls that locked a foreign space for writing */
	unsigned long execs_unfinished;
	unsigned long threads_left; /* alive at the end, such as a daemon's */
	uint64_t lost; /* events that perf dropped; nothing can be trusted after the first */
	unsigned long first_line; /* of the first problem; 0: none */
};

struct trace_order {
	const struct trace_effect *effects;
	unsigned long nr_effects;
	const struct trace_space *spaces;
	int nr_spaces;
	unsigned long of_kind[TRACE_NR_EFFECT_KINDS];
	unsigned long nr_maps; /* MMAP2 records of calls and faults; not of execves */
	bool by_locks;         /* mmap_lock events gave the order; else the exits did */
	struct trace_order_problems problems;
	struct trace_counts counts;
};

/**
 * trace_order_load() - Read all of @path.
 * @error: TRACE_ERROR_MAX bytes; gets the message on failure: trace.h's, or
 *         `PATH: out of memory`.
 *
 * Return: the recording, or NULL. Events that do not fit together are no error;
 *         they are counted in problems.
 */
struct trace_order *trace_order_load(const char *path, char *error);

/*
 * Put the problems into words, one a line, each with its count. Return: a text
 * for free(), "" if there is no problem; NULL: out of memory.
 */
char *trace_order_describe(const struct trace_order *order);

/* NULL is allowed. */
void trace_order_free(struct trace_order *order);

#endif
