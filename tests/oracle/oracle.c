/* SPDX-License-Identifier: MIT */
/*
 * oracle.c - the program that runs an op script on the running kernel, with
 * real system calls, and prints each result and the layout after it. `vmreplay
 * ops` must print the same bytes for an engine, or one of the two is wrong.
 * docs/oracle.md describes the format.
 *
 *   arena.c     makes the address space that a script expects
 *   perform.c   the operations
 *   layout.c    the listing
 *   zero.c      makes a kernel with a zero page look like one without
 *   stage.c     the state that the processes of a script share; output
 *
 * Exit status: 0 all scripts ran; 1 something broke; 2 a wrong word, or lost
 * output; 77 this machine does not permit it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/arena.h"
#include "tests/oracle/perform.h"
#include "tests/oracle/stage.h"
#include "tests/oracle/zero.h"

#define EXIT_USAGE 2
/* A script that makes no progress between two ticks hangs. */
#define TICK_SECONDS 60

static const char usage[] =
	"usage: oracle [--flags] [--no-layout] [--no-zero-page] [--folder=DIR]   an op script "
	"comes on standard input\n"
	"  --flags        end each line of the layout with smaps' VmFlags\n"
	"  --no-layout    print results alone\n"
	"  --no-zero-page every read takes a page of its own, as on a kernel without a zero page\n"
	"  --folder=DIR   where its files are made, on ext4, XFS or Btrfs (TMPDIR, /tmp, /var/tmp "
	"or .)\n";

/* ---- lines ---- */

static void bad_line(const char *found, const char *expected)
{
	complain("line %lu: found '%s', expected %s", stage->line, found, expected);
	stage->trouble = STAGE_BAD_LINE;
}

/*
 * The next line begins at stage->text.
 * Return: its length without the newline.
 */
static size_t line_length(void)
{
	const char *newline = memchr(stage->text, '\n', (size_t)(stage->end - stage->text));

	return (size_t)((newline ? newline : stage->end) - stage->text);
}

/* A line of LINE_ROOM - 1 bytes is already longer than op_parse() takes. */
#define LINE_ROOM (OP_LINE_MAX + 1)

static void take_line(char line[LINE_ROOM])
{
	size_t len = line_length(), kept = len < LINE_ROOM ? len : LINE_ROOM - 1;

	memcpy(line, stage->text, kept);
	kept -= kept && line[kept - 1] == '\r';
	line[kept] = '\0';
	stage->text += len;
	if (stage->text < stage->end)
		stage->text++;
	stage->line++;
	for (size_t i = 0; i < kept; i++)
		if (line[i] != '\t' && (unsigned char)line[i] < ' ') {
			bad_line(line[i] ? "a control character" : "a zero byte", "text");
			return;
		}
}

static void run_line(const char *line)
{
	struct op_wrong wrong;
	struct op op;

	switch (op_parse(line, &op, &wrong)) {
	case OP_LINE_EMPTY:
		break;
	case OP_LINE_SCRIPT:
		say("%s\n", line);
		break;
	case OP_LINE_OPERATION:
		perform(&op);
		break;
	case OP_LINE_WRONG:
		bad_line(wrong.found, wrong.expected);
	}
}

/* ---- scripts ---- */

/*
 * Run a script in a process of its own. After a fork several processes run, and
 * one at a time returns from run_line().
 */
static void run_script(void)
{
	char line[LINE_ROOM];

	do {
		take_line(line);
		if (!stage->trouble)
			run_line(line);
	} while (stage->text < stage->end && !op_begins_script(stage->text) && !stage->trouble);
	stage->done = true;
	_exit(0);
}

static volatile sig_atomic_t script_group;

/*
 * The first tick without progress may follow a time in which all our processes
 * were stopped, so only the second counts.
 */
static void tick(int sig)
{
	static unsigned long line;
	static bool warned;

	(void)sig;
	if (stage->line != line) {
		line = stage->line;
		warned = false;
	} else if (!warned) {
		warned = true;
	} else {
		stage->trouble = STAGE_BROKEN;
		kill(-script_group, SIGKILL);
	}
	alarm(TICK_SECONDS);
}

/*
 * Every process of the script is our child, or becomes our child when its
 * parent exits.
 */
static void wait_for_all(int group)
{
	bool killed = false;
	siginfo_t info;

	for (;;) {
		/*
		 * Look without reaping first, because the process group must
		 * exist until the kill.
		 */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT)) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (info.si_code != CLD_EXITED && !killed) {
			complain("line %lu: a process of the script ended by signal %d",
				 stage->line, info.si_status);
			stage->trouble = STAGE_BROKEN;
		}
		/* Kill the processes that still sleep. */
		if ((stage->done || stage->trouble) && !killed) {
			kill(-group, SIGKILL);
			killed = true;
		}
		waitpid(info.si_pid, NULL, 0);
	}
}

static void start_script(void)
{
	int pid;

	stage->op = 0;
	stage->depth = 0;
	stage->nr_shm = 0;
	stage->exited = stage->done = false;
	pid = perform_start();
	if (pid == 0)
		run_script();
	if (pid < 0)
		cannot("fork: %s", strerror(errno));
	script_group = pid;
	alarm(TICK_SECONDS);
	wait_for_all(pid);
	alarm(0);
}

static void run_all(void)
{
	while (stage->text < stage->end && !stage->trouble)
		start_script();
	stage_flush();
}

/*
 * Read all of standard input into memory outside the arena. A zero byte follows
 * the text, because the memory is larger.
 */
static void read_input(void)
{
	size_t room = 1UL << 20, len = 0;
	char *text = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (;;) {
		ssize_t n;

		if (text == MAP_FAILED)
			cannot("no memory: %s", strerror(errno));
		n = read(STDIN_FILENO, text + len, room - len);
		if (n < 0 && errno != EINTR)
			cannot("standard input: %s", strerror(errno));
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
		if (len == room) {
			text = mremap(text, room, 2 * room, MREMAP_MAYMOVE);
			room *= 2;
		}
	}
	stage->text = text;
	stage->end = text + len;
}

static const char *read_options(char **argv)
{
	const char *folder = NULL;

	for (argv++; *argv; argv++) {
		if (strcmp(*argv, "--flags") == 0) {
			stage->flags = true;
		} else if (strcmp(*argv, "--no-layout") == 0) {
			stage->layout = false;
		} else if (strcmp(*argv, "--no-zero-page") == 0) {
			stage->no_zero_page = true;
		} else if (strncmp(*argv, "--folder=", 9) == 0 && (*argv)[9]) {
			folder = *argv + 9;
		} else if (strcmp(*argv, "--help") == 0) {
			say("%s", usage);
			stage_flush();
			_exit(stage->trouble == STAGE_LOST ? EXIT_USAGE : 0);
		} else {
			complain("found '%s', expected --flags, --no-layout, --no-zero-page or "
				 "--folder=DIR\n%s",
				 *argv, usage);
			_exit(EXIT_USAGE);
		}
	}
	return folder;
}

static const int exit_status[] = {
	[STAGE_FINE] = 0,
	[STAGE_BROKEN] = 1,
	[STAGE_BAD_LINE] = EXIT_USAGE,
	[STAGE_FORBIDDEN] = EXIT_CANNOT,
	[STAGE_LOST] = EXIT_USAGE,
};

int main(int argc, char **argv)
{
	const char *folder;

	(void)argc;
	stage_create();
	stage->layout = true;
	folder = read_options(argv);
	arena_begin(argv);
	stage->may_lock = arena_may_lock();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	read_input();
	if (stage->no_zero_page)
		zero_expect();
	perform_begin();
	signal(SIGALRM, tick);
	arena_create(folder);
	run_all();
	return exit_status[stage->trouble];
}
