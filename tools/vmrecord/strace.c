/* SPDX-License-Identifier: MIT */
/*
 * strace.c - see strace.h: records with strace. It needs only the right to use
 * ptrace, but it records no page faults, no layout of execve and no order among
 * threads, so the recording cannot be replayed. Its first line says so, and
 * tools/trace refuses it because of that line.
 */
#include "tools/vmrecord/strace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/vmrecord/child.h"
#include "tools/vmrecord/output.h"
#include "tools/vmrecord/say.h"

#define MARK                                                                                       \
	"# vmrecord: strace text: no page faults, no layout of execve, no order among threads; "   \
	"to read, not to replay\n"

/* With a question mark, strace accepts a call that it does not know. */
static const char calls[] =
	"trace=?mmap,?munmap,?mprotect,?pkey_mprotect,?mremap,?brk,?madvise,?mlock,?mlock2,?"
	"munlock,?mlockall,?munlockall,?mseal,"
	"?remap_file_pages,?shmat,?shmdt,?clone,?clone3,?fork,?vfork,?execve,?exit_group,?exit";

static int copy_text(const char *scratch, struct output *output)
{
	int fd = open(scratch, O_RDONLY | O_CLOEXEC);
	char buffer[64 << 10];
	ssize_t got = 0;
	int failed = 0;

	if (fd < 0) {
		say("%s: %s", scratch, strerror(errno));
		return -1;
	}
	failed = output_write(output, MARK, strlen(MARK));
	while (!failed && (got = read(fd, buffer, sizeof(buffer))) > 0)
		failed = output_write(output, buffer, (size_t)got);
	if (got < 0) {
		say("%s: %s", scratch, strerror(errno));
		failed = -1;
	}
	close(fd);
	return failed;
}

int strace_record(char *const command[], const char *scratch, struct output *output)
{
	const char *const options[] = {"strace", "-f", "-q",    "-ttt", "-e",
				       calls,    "-o", scratch, "--"};
	size_t nr_options = sizeof(options) / sizeof(options[0]);
	size_t nr = 0;
	struct child child;
	struct stat st;
	char **argv;
	int status;

	if (!program_exists("strace")) {
		say("strace is not installed: apt-get install strace");
		return -1;
	}
	while (command[nr])
		nr++;
	argv = calloc(nr_options + nr + 1, sizeof(*argv));
	if (!argv) {
		say("out of memory");
		return -1;
	}
	memcpy(argv, options, sizeof(options));
	memcpy(argv + nr_options, command, nr * sizeof(*argv));
	status = child_start(&child, argv, NULL, false);
	if (status)
		say("cannot start strace: %s", strerror(-status));
	else
		status = child_wait(&child);
	free(argv);
	if (status < 0)
		return -1;
	if (stat(scratch, &st) || !st.st_size) {
		say("strace recorded nothing; what it says stands above");
		return -1;
	}
	return copy_text(scratch, output) ? -1 : status;
}
