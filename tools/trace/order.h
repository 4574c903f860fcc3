/* SPDX-License-Identifier: MIT */
/*
 * order.h - a whole recording as a list of effects on address spaces, in the
 * order in which the kernel made them.
 *
 * On top of the events of trace.h it
 *   - pairs each call's enter with its exit, thread by thread;
 *   - keeps account of which address space each thread uses: threads and
 *     vfork's children share one, fork copies one, execve begins a new one, and
 *     a space ends with its last user;
 *   - gives each MMAP2 record to the call, fault or execve that made it;
 *   - sorts by the moment of commitment, which is
 *       a call:   its first successful acquisition of its own space's mmap_lock
 *                 for writing; a call that took none: the first for reading;
 *                 one that took none at all (refused early, or under a VMA's
 *                 lock): its exit;
 *       a fault:  the acquisition of mmap_lock for reading that follows it in
 *       its thread before anything else does; where that one
 *                 is given up for a write lock at once (growth of the stack),
 *                 the write lock's; without any: its own line (the one that a
 *                 dying thread takes on its way out is no fault's);
 *       execve:   PERF_RECORD_COMM exec;   fork: as a call;   an end: PERF_RECORD_EXIT.
 *
 * A recording without mmap_lock events is ordered by the calls' exits and the
 * faults' lines, which is right most of the time and not always where threads
 * contend: struct trace_order says which it was.
 *
 * What no such recording holds: the flags of clone3 (inferred from the locks
 * taken), struct file identity (only the inode), flags beyond rwx of what
 * execve maps, and faults that the kernel takes for itself without an exception
 * (mlock, MAP_POPULATE, O_DIRECT; among them execve writing the arguments: a
 * new space's [stack] is faulted from the start).
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

/* How a new thread or process stands to its parent's address space. */
enum trace_child {
	TRACE_CHILD_THREAD, /* same pid, same space */
	TRACE_CHILD_SHARES, /* new pid, same space until it calls execve: vfork, posix_spawn */
	TRACE_CHILD_COPIES, /* new pid, a copy of the space: fork */
};

/*
 * One step of an execve, in order: a mapping made (over whatever was there), or
 * a fault.
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
	unsigned long line; /* where it shows in the text (a call: its enter), for messages */
	/*
	 * line at which it took effect: what the list is sorted by, strictly
	 * rising
	 */
	unsigned long commit;
	uint64_t time; /* of @commit */
	int pid, tid;
	int space; /* the one it acts on; EXEC: the new one; FORK: the parent's */
	/*
	 * MMAP2 records that it made (call, fault): what the VMA must look like
	 * afterwards. NULL when 0.
	 */
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
			/*
			 * Whether it ended well or in a signal does not show.
			 */
			uint64_t address;
			bool write, exec, protection, user;
			/*
			 * it went through mmap_lock: no VMA lock was to be had,
			 * or not enough
			 */
			bool took_lock;
			/*
			 * the kernel faulted inside a recorded call, execve
			 * excepted
			 */
			bool in_call;
		} fault;
		struct {
			/*
			 * what the process leaves; TRACE_NO_SPACE when not
			 * recorded
			 */
			int old_space;
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
			/*
			 * no lock events and clone3: whether it shares or
			 * copies is not known
			 */
			bool guessed;
		} fork;
		struct {
			bool space_ended;
		} end;
	};
};

struct trace_space {
	int parent; /* fork: the space it is a copy of; else TRACE_NO_SPACE */
	/*
	 * made by a recorded execve, or copied from such a one: its layout is
	 * known
	 */
	bool known_from_start;
	int first_pid;
	uint64_t mm;               /* of the mmap_lock events; 0 when never seen */
	unsigned long first, last; /* indices of its first and last effect in the list */
	unsigned long nr_effects;
};

/*
 * What did not fit. All zero in a whole recording, except what the comment
 * says.
 */
struct trace_order_problems {
	/* a call that never came back, exit and exit_group not counted */
	unsigned long enters_without_exit;
	/* a child's first return and execve's return not counted */
	unsigned long exits_without_enter;
	unsigned long maps_unattached; /* MMAP2 records that no call, fault or execve made */
	/* threads that did something before a fork or execve introduced them */
	unsigned long threads_unknown;
	/*
	 * calls that locked another space for writing than the one they should
	 * use
	 */
	unsigned long mm_conflicts;
	unsigned long execs_unfinished;
	/* alive at the end: not wrong when a program leaves a daemon behind */
	unsigned long threads_left;
	/*
	 * events that perf had to drop: nothing can be trusted after the first
	 */
	uint64_t lost;
	unsigned long first_line; /* of the first of them; 0: none */
};

struct trace_order {
	const struct trace_effect *effects;
	unsigned long nr_effects;
	const struct trace_space *spaces;
	int nr_spaces;
	unsigned long of_kind[TRACE_NR_EFFECT_KINDS];
	/*
	 * MMAP2 records attached to calls and faults; those of execves are in
	 * their steps
	 */
	unsigned long nr_maps;
	bool by_locks; /* mmap_lock events gave the order; else the exits did */
	struct trace_order_problems problems;
	struct trace_counts counts;
};

/**
 * trace_order_load() - Read all of @path.
 * @error: TRACE_ERROR_MAX bytes; gets the message on failure: trace.h's, or
 *         `PATH: out of memory`.
 *
 * Return: the recording, or NULL. What does not fit is not an error here but
 *         counted in problems.
 */
struct trace_order *trace_order_load(const char *path, char *error);

/*
 * The problems in words, one a line, each with its count; "" when there is
 * none. For free(). NULL: no memory.
 */
char *trace_order_describe(const struct trace_order *order);

/* NULL is allowed. */
void trace_order_free(struct trace_order *order);

#endif
