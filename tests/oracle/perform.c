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
#include <limits.h>
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
#include "tests/oracle/words.h"
#include "tests/oracle/zero.h"

#define FIRST_PIPE_FD 800

struct operation {
	const char *text;
	char **word; /* [0] is the operation's name */
};

/* ---- answers ---- */

static void begin_answer(const struct operation *op)
{
	say("#%lu %s\n= ", stage->op++, op->text);
}

static void answer(const struct operation *op, const char *text)
{
	begin_answer(op);
	say("%s\n", text);
}

/* @result: the value of syscall(); errno is its own. */
static void answer_result(const struct operation *op, long result, bool address)
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
static bool may_lock(const struct operation *op)
{
	if (stage->may_lock)
		return true;
	complain("'%s' needs CAP_IPC_LOCK, or the right to raise RLIMIT_MEMLOCK", op->text);
	stage->trouble = STAGE_FORBIDDEN;
	return false;
}

/* ---- the plain calls ---- */

static bool word_range(char **word, unsigned long *addr, unsigned long *len)
{
	return oracle_word_hex(word[1], addr) && oracle_word_hex(word[2], len);
}

/*
 * f0 ... m1 are open files; `-` is -1; a decimal number stands for itself and
 * is not open.
 */
static bool word_file(const char *word, long *fd)
{
	*fd = arena_file(word);
	if (*fd >= 0 || strcmp(word, "-") == 0)
		return true;
	if (!*word || word[strspn(word, "0123456789")])
		return false;
	/*
	 * Reject large numbers: cut to an int, 2^32 would be 0, which is open.
	 */
	errno = 0;
	*fd = strtol(word, NULL, 10);
	return !errno && *fd <= INT_MAX;
}

static bool op_mmap(const struct operation *op)
{
	unsigned long addr, len, prot, flags, off;
	long fd;

	if (!word_range(op->word, &addr, &len) || !oracle_word_prot(op->word[3], &prot) ||
	    !oracle_word_map(op->word[4], &flags) || !word_file(op->word[5], &fd) ||
	    !oracle_word_hex(op->word[6], &off))
		return false;
	if ((flags & MAP_LOCKED) && !may_lock(op))
		return true;
	answer_result(op, syscall(SYS_mmap, addr, len, prot, flags, fd, off), true);
	return true;
}

static bool op_munmap(const struct operation *op)
{
	unsigned long addr, len;

	if (!word_range(op->word, &addr, &len))
		return false;
	answer_result(op, syscall(SYS_munmap, addr, len), false);
	return true;
}

static bool op_mprotect(const struct operation *op)
{
	unsigned long addr, len, prot;

	if (!word_range(op->word, &addr, &len) || !oracle_word_prot(op->word[3], &prot))
		return false;
	answer_result(op, syscall(SYS_mprotect, addr, len, prot), false);
	return true;
}

static bool op_mremap(const struct operation *op)
{
	unsigned long addr, old_len, new_len, flags, new_addr;

	if (!word_range(op->word, &addr, &old_len) || !oracle_word_hex(op->word[3], &new_len) ||
	    !oracle_word_remap(op->word[4], &flags) || !oracle_word_hex(op->word[5], &new_addr))
		return false;
	answer_result(op, syscall(SYS_mremap, addr, old_len, new_len, flags, new_addr), true);
	return true;
}

static bool op_madvise(const struct operation *op)
{
	unsigned long addr, len, advice;

	if (!word_range(op->word, &addr, &len) || !oracle_word_advice(op->word[3], &advice))
		return false;
	answer_result(op, syscall(SYS_madvise, addr, len, advice), false);
	return true;
}

static bool op_mlock(const struct operation *op)
{
	unsigned long addr, len;

	if (!word_range(op->word, &addr, &len))
		return false;
	if (may_lock(op))
		answer_result(op,
			      syscall(op->word[0][1] == 'u' ? SYS_munlock : SYS_mlock, addr, len),
			      false);
	return true;
}

static bool op_mlock2(const struct operation *op)
{
	unsigned long addr, len, flags;

	if (!word_range(op->word, &addr, &len) || !oracle_word_onfault(op->word[3], &flags))
		return false;
	if (may_lock(op))
		answer_result(op, syscall(SYS_mlock2, addr, len, flags), false);
	return true;
}

static bool op_mlockall(const struct operation *op)
{
	unsigned long flags;

	if (!oracle_word_lockall(op->word[1], &flags))
		return false;
	if (may_lock(op))
		answer_result(op, syscall(SYS_mlockall, flags), false);
	return true;
}

static bool op_munlockall(const struct operation *op)
{
	answer_result(op, syscall(SYS_munlockall), false);
	return true;
}

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static bool op_mseal(const struct operation *op)
{
	unsigned long addr, len;

	if (!word_range(op->word, &addr, &len))
		return false;
	answer_result(op, syscall(SYS_mseal, addr, len, 0), false);
	return true;
}

static bool op_brk(const struct operation *op)
{
	unsigned long addr;

	if (!oracle_word_hex(op->word[1], &addr))
		return false;
	answer_result(op, syscall(SYS_brk, addr), true);
	return true;
}

/* ---- touching ---- */

static sigjmp_buf touch_failed;
static volatile sig_atomic_t touching;

#ifndef SEGV_PKUERR
#define SEGV_PKUERR 4
#endif

/*
 * What is none of these is told by its number: no engine answers that, and it
 * shows.
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

static bool op_fault(const struct operation *op)
{
	bool write = strcmp(op->word[2], "w") == 0;
	unsigned long addr;

	if (!oracle_word_hex(op->word[1], &addr) || (!write && strcmp(op->word[2], "r") != 0))
		return false;
	answer(op, touch((volatile char *)addr, write));
	return true;
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

static bool op_fork(const struct operation *op)
{
	char how = op->word[1][0];
	int end[2], pid;

	if (!strchr("cpx", how) || op->word[1][1])
		return false;
	if (!open_pipe(end)) {
		complain("pipe: %s", strerror(errno));
		stage->trouble = STAGE_BROKEN;
		return true;
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
			return true; /* `exit` has answered */
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
	return true;
}

/* `exit` does nothing in the first process of a script. */
static bool op_exit(const struct operation *op)
{
	answer(op, "0");
	if (stage->depth == 0)
		return true;
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

/* ---- the table ---- */

static const struct {
	const char *name;
	int words; /* words after the name */
	bool (*perform)(const struct operation *op);
} operations[] = {
	{"mmap", 6, op_mmap},         {"munmap", 2, op_munmap},
	{"mprotect", 3, op_mprotect}, {"mremap", 5, op_mremap},
	{"madvise", 3, op_madvise},   {"mlock", 2, op_mlock},
	{"munlock", 2, op_mlock},     {"mlock2", 3, op_mlock2},
	{"mlockall", 1, op_mlockall}, {"munlockall", 0, op_munlockall},
	{"mseal", 2, op_mseal},       {"brk", 1, op_brk},
	{"fault", 2, op_fault},       {"fork", 1, op_fork},
	{"exit", 0, op_exit},
};

bool perform(const char *text, char **word, int nr)
{
	const struct operation op = {text, word};

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(word[0], operations[i].name) != 0)
			continue;
		if (nr - 1 != operations[i].words || !operations[i].perform(&op))
			return false;
		if (stage->no_zero_page && !stage->trouble)
			zero_replace();
		if (stage->layout && !stage->trouble)
			layout_print(stage->flags);
		return true;
	}
	return false;
}
