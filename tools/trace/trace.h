/* SPDX-License-Identifier: MIT */
/*
 * trace.h - reads the text that `perf script` prints of a recording, plain or
 * xz-compressed, as a stream of typed events.
 *
 * One line is one event; lines come in the order in which they were recorded.
 * The layer above, order.h, says what each event means for an address space,
 * and in which order the calls took effect.
 *
 * These lines are read (bench/traces/README.md says how to make such a text):
 *
 *   PID/TID [CPU] SEC.NSEC: EVENT: FIELDS
 *     syscalls:sys_enter_X, syscalls:sys_exit_X   the calls of enum trace_call
 *     exceptions:page_fault_user, page_fault_kernel
 *     sched:sched_process_fork, _exec, _exit
 *     mmap_lock:mmap_lock_acquire_returned, _released
 *     PERF_RECORD_MMAP2, _COMM, _FORK, _EXIT, _LOST, _LOST_SAMPLES
 *
 * An event with another name is skipped and counted. Lines that begin with '#'
 * (perf script --header) are skipped, except for the line that holds the rules
 * of the machine that recorded (struct trace_counts). Everything else is an
 * error with the message `FILE:LINE: what was found, what was expected`: a line
 * of another form, a field that is not a number, a text that ends inside a
 * line, xz data that end early, time that decreases.
 *
 * Locks: none. A reader belongs to one thread at a time.
 */
#ifndef TOOLS_TRACE_TRACE_H
#define TOOLS_TRACE_TRACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The calls that change an address space, or the set of address spaces. The
 * comments say what args[] holds.
 */
enum trace_call {
	TRACE_MMAP,             /* addr, len, prot, flags, fd, off (bytes) */
	TRACE_MUNMAP,           /* addr, len */
	TRACE_MPROTECT,         /* start, len, prot */
	TRACE_PKEY_MPROTECT,    /* start, len, prot, pkey */
	TRACE_MREMAP,           /* addr, old_len, new_len, flags, new_addr */
	TRACE_BRK,              /* brk */
	TRACE_MADVISE,          /* start, len, behavior */
	TRACE_MLOCK,            /* start, len */
	TRACE_MLOCK2,           /* start, len, flags */
	TRACE_MUNLOCK,          /* start, len */
	TRACE_MLOCKALL,         /* flags */
	TRACE_MUNLOCKALL,       /* - */
	TRACE_MSEAL,            /* start, len, flags */
	TRACE_REMAP_FILE_PAGES, /* start, size, prot, pgoff (pages), flags */
	TRACE_SHMAT,            /* shmid, shmaddr, shmflg */
	TRACE_SHMDT,            /* shmaddr */
	TRACE_CLONE,            /* clone_flags, newsp, parent_tidptr, child_tidptr, tls */
	TRACE_CLONE3,           /* uargs (the flags behind it are not recorded), size */
	TRACE_FORK,             /* - */
	TRACE_VFORK,            /* - */
	TRACE_EXECVE,           /* filename, argv, envp: pointers */
	TRACE_EXIT,             /* error_code */
	TRACE_EXIT_GROUP,       /* error_code */
	TRACE_NR_CALLS
};

/* The call's name as in `sys_enter_NAME`; "?" for a value out of range. */
const char *trace_call_name(enum trace_call call);

enum trace_type {
	TRACE_EV_ENTER,      /* syscalls:sys_enter_X        -> enter */
	TRACE_EV_LEAVE,      /* syscalls:sys_exit_X         -> leave */
	TRACE_EV_FAULT,      /* exceptions:page_fault_*     -> fault */
	TRACE_EV_MAP,        /* PERF_RECORD_MMAP2           -> map */
	TRACE_EV_COMM_EXEC,  /* PERF_RECORD_COMM exec:      -> comm; execve begins a new space */
	TRACE_EV_COMM,       /* PERF_RECORD_COMM:           -> comm; only a change of name */
	TRACE_EV_TASK_NEW,   /* PERF_RECORD_FORK            -> task; told by the parent */
	TRACE_EV_TASK_EXIT,  /* PERF_RECORD_EXIT            -> task; the last event of a thread */
	TRACE_EV_SCHED_FORK, /* sched:sched_process_fork    -> task; pid, ppid are thread ids */
	TRACE_EV_SCHED_EXEC, /* sched:sched_process_exec    -> exec; the new space is laid out */
	TRACE_EV_SCHED_EXIT, /* sched:sched_process_exit    -> exit */
	TRACE_EV_LOCKED,     /* mmap_lock_acquire_returned  -> lock */
	TRACE_EV_RELEASED,   /* mmap_lock_released          -> lock, success true */
	TRACE_EV_LOST,       /* PERF_RECORD_LOST(_SAMPLES)  -> lost; events are missing here */
	TRACE_EV_KERNEL_MAP, /* PERF_RECORD_MMAP: the kernel's own text, of no interest */
	TRACE_NR_TYPES
};

#define TRACE_MAX_ARGS 6
#define TRACE_PERM_READ 1u
#define TRACE_PERM_WRITE 2u
#define TRACE_PERM_EXEC 4u
#define TRACE_PERM_SHARED 8u /* printed `s`: VM_MAYSHARE */

/*
 * PERF_RECORD_MMAP2: one VMA as it is after the call, merged with its
 * neighbours.
 */
struct trace_map {
	uint64_t start, len;      /* bytes */
	uint64_t pgoff;           /* bytes; anonymous memory: vm_pgoff << 12 */
	unsigned int maj, min;    /* 0:0 for anonymous memory */
	uint64_t ino, generation; /* 0: no file */
	unsigned int perms;       /* TRACE_PERM_* */
	const char *name; /* path, "//anon", "[heap]", "[stack]", "[vdso]", ...; may hold blanks */
};

/*
 * One event. Strings live until the next trace_next() of the same reader.
 */
struct trace_event {
	enum trace_type type;
	unsigned long line; /* from 1 */
	uint64_t time;      /* nanoseconds; 0 for what perf made up before the start */
	int pid, tid, cpu;  /* of the thread that was running. pid: the thread group's */
	union {
		struct {
			enum trace_call call;
			unsigned int nr_args;
			uint64_t args[TRACE_MAX_ARGS]; /* those that the recording lacks are 0 */
		} enter;
		struct {
			enum trace_call call;
			/* -4095..-1: -errno; else a result or an address */
			int64_t result;
		} leave;
		struct {
			uint64_t address;
			unsigned int error_code; /* as the CPU reports it */
			bool write, exec;        /* bits 1, 4; neither: a read */
			bool protection; /* bit 0: a mapped page refused it, or copy-on-write */
			bool user;       /* else the kernel touched user memory in a call */
		} fault;
		struct trace_map map;
		struct {
			int pid, tid;
			const char *comm;
		} comm;
		struct {
			int pid, tid;   /* the thread that begins or ends */
			int ppid, ptid; /* its parent */
		} task;
		struct {
			/*
			 * old_tid != pid: not the first thread called execve;
			 * the caller takes over pid
			 */
			int pid, old_tid;
			const char *filename;
		} exec;
		struct {
			int tid;
		} exit;
		struct {
			uint64_t mm; /* which address space: an opaque number */
			bool write, success;
		} lock;
		struct {
			uint64_t count;
		} lost;
	};
};

/* Counts of the lines and events that were read so far. */
struct trace_counts {
	unsigned long lines;
	unsigned long events[TRACE_NR_TYPES];
	unsigned long unknown;  /* events with a name not listed above */
	char first_unknown[64]; /* one of them */
	/* events that perf had to drop, by its LOST and LOST_SAMPLES records */
	uint64_t lost;

	/*
	 * the list behind "# vmrecord: rules ", for rules_set() of
	 * tools/probe/rules.h; "": the recording has none
	 */
	char rules[256];
};

/* Room for the longest path that can be opened, and a message. */
#define TRACE_ERROR_MAX (PATH_MAX + 1024)

struct trace_reader;

/**
 * trace_open() - Begin to read @path. The first bytes, not the name, show
 * whether it is xz-compressed.
 * @error: TRACE_ERROR_MAX bytes; gets `PATH: why` on failure.
 *
 * Return: the reader, or NULL (no such file, a directory, no memory).
 */
struct trace_reader *trace_open(const char *path, char *error);

/**
 * trace_next() - The next event.
 *
 * Return: 1 and *@event filled; 0 at the end of a whole, well-formed text with
 * at least one event; -1 on error, see trace_error(). After 0 or -1 every
 * further call answers the same.
 */
int trace_next(struct trace_reader *reader, struct trace_event *event);

/*
 * The message `FILE:LINE: what was found, what was expected` after a -1; ""
 * before. It lives as long as the reader.
 */
const char *trace_error(const struct trace_reader *reader);

/* The counts so far; they live as long as the reader. */
const struct trace_counts *trace_counts(const struct trace_reader *reader);

/* NULL is allowed. */
void trace_close(struct trace_reader *reader);

#endif
