/* SPDX-License-Identifier: MIT */
/*
 * perform.c - see perform.h.
 *
 * After a fork, the process that continues the script must not begin before the
 * other one is in the state that the script requires:
 *
 *   fork c   the parent waits for the end of file of a pipe that the child
 *            holds open: a process closes its files after it has given up
 *            its address space, so the child's memory is freed when the
 *            parent continues
 *   fork x   the child waits in the same way until the parent has exited
 *   fork p   the child closes everything, and sleeps until the script's
 *            process group is killed
 */
#include "tests/oracle/perform.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/arena.h"
#include "tests/oracle/layout.h"
#include "tests/oracle/stage.h"
#include "tests/oracle/zero.h"

#define FIRST_PIPE_FD 800

/* ---- answers ---- */

static void begin_answer(const struct op *op)
{
	say("#%lu %s\n= ", stage->op++, op->line);
}

static void answer(const struct op *op, const char *text)
{
	begin_answer(op);
	say("%s\n", text);
}

/* @result: the value of syscall(); errno is its own. */
static void answer_result(const struct op *op, long result, bool address)
{
	int err = errno;

	begin_answer(op);
	if (result == -1)
		say("-%s\n", strerrorname_np(err));
	else if (address)
		say("%lx\n", (unsigned long)result);
	else
		say("%ld\n", result);
}

/*
 * Scripts expect no limit of locked memory. With a limit, the result would not
 * be that of the script.
 */
static bool may_lock(const struct op *op)
{
	if (stage->may_lock)
		return true;
	complain("'%s' needs CAP_IPC_LOCK, or the right to raise RLIMIT_MEMLOCK", op->line);
	stage->trouble = STAGE_FORBIDDEN;
	return false;
}

/* ---- the plain calls ---- */

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static const struct {
	long number;
	bool address; /* the result is an address */
	bool locks;
} calls[NR_OP_CALLS] = {
	[OP_MMAP] = {.number = SYS_mmap, .address = true},
	[OP_MUNMAP] = {.number = SYS_munmap},
	[OP_MPROTECT] = {.number = SYS_mprotect},
	[OP_MREMAP] = {.number = SYS_mremap, .address = true},
	[OP_MADVISE] = {.number = SYS_madvise},
	[OP_MLOCK] = {.number = SYS_mlock, .locks = true},
	[OP_MLOCK2] = {.number = SYS_mlock2, .locks = true},
	[OP_MUNLOCK] = {.number = SYS_munlock, .locks = true},
	[OP_MLOCKALL] = {.number = SYS_mlockall, .locks = true},
	[OP_MUNLOCKALL] = {.number = SYS_munlockall},
	[OP_MSEAL] = {.number = SYS_mseal},
	[OP_BRK] = {.number = SYS_brk, .address = true},
};

/* A script's arguments stand in the order of the system call's. */
static void make_call(const struct op *op)
{
	const unsigned long *a = op->arg;
	enum op_call call = op->call;
	bool locks = calls[call].locks || (call == OP_MMAP && (a[3] & MAP_LOCKED));
	long fd = op->file < 0 ? (long)a[4] : arena_file(op->file);

	if (locks && !may_lock(op))
		return;
	answer_result(op,
		      syscall(calls[call].number, a[0], a[1], a[2], a[3],
			      call == OP_MMAP ? (unsigned long)fd : a[4], a[5]),
		      calls[call].address);
}

/* ---- touching ---- */

static sigjmp_buf touch_failed;
static volatile sig_atomic_t touching;

#ifndef SEGV_PKUERR
#define SEGV_PKUERR 4
#endif

/*
 * Another signal or code is printed by its number. No engine prints that, so it
 * shows as a difference.
 */
static const char *raised(const siginfo_t *info)
{
	static char other[32];

	if (info->si_signo == SIGBUS)
		return "SIGBUS";
	switch (info->si_code) {
	case SEGV_MAPERR:
		return "SEGV_MAPERR";
	case SEGV_ACCERR:
		return "SEGV_ACCERR";
	case SEGV_PKUERR:
		return "SEGV_PKUERR";
	}
	snprintf(other, sizeof(other), "SEGV_%d", info->si_code);
	return other;
}

static const char *volatile raised_name;

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!touching) {
		/*
		 * The fault is our own, not the script's: die of it, so that
		 * main() sees it.
		 */
		signal(sig, SIG_DFL);
		return;
	}
	touching = 0;
	raised_name = raised(info);
	siglongjmp(touch_failed, 1);
}

/*
 * SA_NODEFER, because the handler is left by a jump that does not restore the
 * mask.
 */
void perform_begin(void)
{
	struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static const char *touch(volatile char *at, bool write)
{
	if (sigsetjmp(touch_failed, 0))
		return raised_name;
	touching = 1;
	if (write)
		*at = 1;
	else
		(void)*at;
	touching = 0;
	return "ok";
}

static void touch_for(const struct op *op)
{
	answer(op, touch((volatile char *)op->arg[0], op->arg[1] == 'w'));
}

/* ---- processes ---- */

/*
 * Call the system call directly, because the C library's fork() takes locks and
 * may allocate.
 */
static int raw_fork(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/*
 * Open a pipe with numbers that no script names.
 * Return: whether it is open.
 */
static bool open_pipe(int end[2])
{
	int low[2];

	if (pipe(low))
		return false;
	for (int i = 0; i < 2; i++) {
		end[i] = fcntl(low[i], F_DUPFD, FIRST_PIPE_FD);
		close(low[i]);
	}
	return end[0] >= 0 && end[1] >= 0;
}

static void wait_for_end_of_file(int fd)
{
	char byte;

	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	close(fd);
}

/*
 * The parent of `fork c` waits until the child and its descendants have ended.
 */
static void wait_in_parent(int end[2])
{
	close(end[1]);
	wait_for_end_of_file(end[0]);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (!stage->exited)
		_exit(0); /* the script ended in the child */
	stage->exited = false;
}

static void be_idle(void)
{
	close_range(0, ~0U, 0);
	for (;;)
		pause();
}

static void do_fork(const struct op *op)
{
	unsigned long how = op->arg[0];
	int end[2], pid;

	if (!open_pipe(end)) {
		complain("pipe: %s", strerror(errno));
		stage->trouble = STAGE_BROKEN;
		return;
	}
	pid = raw_fork();
	if (pid < 0) {
		answer_result(op, -1, false);
		close(end[0]);
		close(end[1]);
	} else if (how == 'p') {
		if (pid == 0)
			be_idle();
		close(end[0]);
		close(end[1]);
		answer(op, "0");
	} else if (how == 'c') {
		if (pid > 0) {
			wait_in_parent(end);
			return; /* `exit` has answered */
		}
		close(end[0]);
		stage->depth++;
		answer(op, "0");
	} else {
		if (pid > 0)
			_exit(0);
		close(end[1]);
		wait_for_end_of_file(end[0]);
		answer(op, "0");
	}
}

/* `exit` does nothing in the first process of a script. */
static void do_exit(const struct op *op)
{
	answer(op, "0");
	if (stage->depth == 0)
		return;
	stage->depth--;
	stage->exited = true;
	_exit(0);
}

int perform_start(void)
{
	int pid = raw_fork();

	if (pid == 0)
		setpgid(0, 0);
	return pid;
}

void perform(const struct op *op)
{
	switch (op->call) {
	case OP_FAULT:
		touch_for(op);
		break;
	case OP_FORK:
		do_fork(op);
		break;
	case OP_EXIT:
		do_exit(op);
		break;
	default:
		make_call(op);
	}
	if (stage->no_zero_page && !stage->trouble)
		zero_replace();
	if (stage->layout && !stage->trouble)
		layout_print(stage->flags);
}
