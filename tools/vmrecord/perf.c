/* SPDX-License-Identifier: MIT */
/*
 * perf.c - see perf.h: runs `perf record` and `perf script` with the options
 * that make a recording replayable (bench/traces/README.md explains them). It
 * checks beforehand whether they can work here, because perf's own message
 * about a missing right names neither the package nor the setting.
 */
#include "tools/vmrecord/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/harness/args.h"
#include "tools/vmrecord/child.h"
#include "tools/vmrecord/output.h"
#include "tools/vmrecord/say.h"

#define SCRIPT_FIELDS "pid,tid,cpu,time,event,trace"

extern char **environ;

static const char *const tracefs_places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

/* A recording needs these. */
#define NR_REQUIRED 5
static const char *const events_always[] = {
	"exceptions:page_fault_user", "exceptions:page_fault_kernel", "sched:sched_process_fork",
	"sched:sched_process_exec",   "sched:sched_process_exit",
};

static const char *const events_locks[] = {
	"mmap_lock:mmap_lock_acquire_returned",
	"mmap_lock:mmap_lock_released",
};

static const char *const calls[] = {
	"mmap",     "munmap",
	"mprotect", "pkey_mprotect",
	"mremap",   "brk",
	"madvise",  "mlock",
	"mlock2",   "munlock",
	"mlockall", "munlockall",
	"mseal",    "remap_file_pages",
	"shmat",    "shmdt",
	"clone",    "clone3",
	"fork",     "vfork",
	"execve",   "exit_group",
	"exit",
};

/* ---- rights ---- */

/* Return: the tracefs that has events; NULL after a message. */
static const char *find_tracefs(void)
{
	char path[128];
	int why = ENOENT, fd;

	for (size_t i = 0; i < sizeof(tracefs_places) / sizeof(tracefs_places[0]); i++) {
		snprintf(path, sizeof(path), "%s/events", tracefs_places[i]);
		/* open(), because access() ignores capabilities */
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			close(fd);
			return tracefs_places[i];
		}
		if (errno == EACCES)
			why = EACCES;
	}
	if (why == EACCES)
		say("the tracepoints under %s may not be read: run as root, or allow it: mount -o "
		    "remount,mode=755 %s",
		    tracefs_places[0], tracefs_places[0]);
	else
		say("there are no tracepoints under %s: mount them (as root): mount -t tracefs "
		    "nodev %s; in a container, let it "
		    "see the "
		    "host's",
		    tracefs_places[0], tracefs_places[0]);
	return NULL;
}

/* Whether the kernel has the event "group:name". */
static bool event_exists(const char *tracefs, const char *event)
{
	const char *colon = strchr(event, ':');
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/events/%.*s/%s/id", tracefs, (int)(colon - event), event,
		 colon + 1);
	return !stat(path, &st);
}

/* Return: the event's number, or -1 if it is unknown. */
static int event_id(const char *tracefs, const char *event)
{
	const char *colon = strchr(event, ':');
	char path[256];
	FILE *file;
	int id;

	snprintf(path, sizeof(path), "%s/events/%.*s/%s/id", tracefs, (int)(colon - event), event,
		 colon + 1);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &id) != 1)
		id = -1;
	fclose(file);
	return id;
}

static int paranoid_level(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 99;

	if (file) {
		if (fscanf(file, "%d", &level) != 1)
			level = 99;
		fclose(file);
	}
	return level;
}

static bool refuse_perf_event(int why)
{
	switch (why) {
	case EACCES:
	case EPERM:
		say("perf may not use tracepoints here (kernel.perf_event_paranoid is %d): run as "
		    "root, or allow it: sysctl -w "
		    "kernel.perf_event_paranoid=-1; in a container, add CAP_PERFMON and a seccomp "
		    "profile that lets "
		    "perf_event_open through",
		    paranoid_level());
		break;
	case ENOSYS:
		say("perf_event_open is not to be had here: the kernel lacks CONFIG_PERF_EVENTS, "
		    "or a container's seccomp profile "
		    "hides it");
		break;
	default:
		say("perf_event_open fails: %s", strerror(why));
		break;
	}
	return false;
}

/* Open one tracepoint on ourselves, as perf will do. */
static bool may_trace(const char *tracefs)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.disabled = 1,
	};
	int id = event_id(tracefs, events_always[0]);
	long fd;

	if (id < 0) {
		say("the tracepoints under %s may not be read: run as root, or allow it: mount -o "
		    "remount,mode=755 %s",
		    tracefs, tracefs);
		return false;
	}
	attr.config = (uint64_t)id;
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return refuse_perf_event(errno);
	close((int)fd);
	return true;
}

/* Append @event to the comma-separated @list if the kernel has it. */
static bool add_event(FILE *list, const char *tracefs, const char *event)
{
	if (!event_exists(tracefs, event))
		return false;
	fprintf(list, "%s%s", ftell(list) ? "," : "", event);
	return true;
}

static void add_calls(FILE *list, const char *tracefs)
{
	char event[64];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		snprintf(event, sizeof(event), "syscalls:sys_enter_%s", calls[i]);
		add_event(list, tracefs, event);
		snprintf(event, sizeof(event), "syscalls:sys_exit_%s", calls[i]);
		add_event(list, tracefs, event);
	}
}

static void add_locks(FILE *list, const char *tracefs)
{
	bool all = true;

	for (size_t i = 0; i < sizeof(events_locks) / sizeof(events_locks[0]); i++)
		all &= add_event(list, tracefs, events_locks[i]);
	if (!all)
		say("this kernel has no mmap_lock tracepoints: the order of calls that contend "
		    "will be a guess");
}

static char *list_events(const struct perf_request *request, const char *tracefs)
{
	char *text = NULL;
	size_t len;
	FILE *list = open_memstream(&text, &len);

	if (!list)
		return NULL;
	for (size_t i = 0; i < NR_REQUIRED; i++)
		add_event(list, tracefs, events_always[i]);
	add_calls(list, tracefs);
	if (request->locks)
		add_locks(list, tracefs);
	if (fclose(list)) {
		free(text);
		return NULL;
	}
	return text;
}

char *perf_events(const struct perf_request *request)
{
	const char *tracefs;
	char *events;

	if (!program_exists(request->program)) {
		say("%s is not installed: apt-get install linux-perf (Debian), linux-tools-generic "
		    "(Ubuntu), perf (Fedora, Arch)",
		    request->program);
		return NULL;
	}
	tracefs = find_tracefs();
	if (!tracefs)
		return NULL;
	for (size_t i = 0; i < NR_REQUIRED; i++) {
		if (!event_exists(tracefs, events_always[i])) {
			say("this kernel has no tracepoint %s (page faults are traced on x86 only)",
			    events_always[i]);
			return NULL;
		}
	}
	if (!event_exists(tracefs, "syscalls:sys_enter_mmap")) {
		say("this kernel has no tracepoints of system calls: it needs "
		    "CONFIG_FTRACE_SYSCALLS");
		return NULL;
	}
	if (!may_trace(tracefs))
		return NULL;
	events = list_events(request, tracefs);
	if (!events)
		say("out of memory");
	return events;
}

/* ---- record ---- */

static bool holds_something(const char *data)
{
	struct stat st;

	return !stat(data, &st) && st.st_size > 0;
}

int perf_record(const struct perf_request *request, const char *events, const char *data,
		char *const command[])
{
	/*
	 * -c 1: every event. -d: MMAP2 records of data mappings, too; they show
	 * the VMA after merging. -B -N: do not copy programs into ~/.debug.
	 */
	const char *const options[] = {request->program,
				       "record",
				       "-q",
				       "-B",
				       "-N",
				       "-c",
				       "1",
				       "-d",
				       "-m",
				       request->buffer,
				       "-k",
				       "CLOCK_MONOTONIC",
				       "-e",
				       events,
				       "-o",
				       data,
				       "--"};
	size_t nr_options = sizeof(options) / sizeof(options[0]);
	size_t nr = 0;
	struct child child;
	char **argv;
	int status;

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
		say("cannot start %s: %s", request->program, strerror(-status));
	else
		status = child_wait(&child);
	free(argv);
	if (status >= 0 && holds_something(data))
		return status;
	say("%s recorded nothing; what it says stands above", request->program);
	return -1;
}

/* ---- print ---- */

/*
 * Consumes the output of a pipe. take() returns 0, or -1 after a message if it
 * could not keep the text.
 */
struct sink {
	int (*take)(void *context, const char *text, size_t len);
	void *context;
};

static int take_text(void *context, const char *text, size_t len)
{
	struct output *output = context;

	if (output_write(output, text, len))
		return -1;
	progress("%.1f MB of text, %.2f MB compressed", (double)output_text_bytes(output) / 1e6,
		 (double)output_xz_bytes(output) / 1e6);
	return 0;
}

/* Cuts a stream into lines, and keeps only the beginning of a long line. */
struct line_cutter {
	void (*take)(void *context, const char *line);
	void *context;
	size_t len;
	char line[512];
};

static int take_lines(void *context, const char *text, size_t len)
{
	struct line_cutter *cutter = context;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n') {
			if (cutter->len < sizeof(cutter->line) - 1)
				cutter->line[cutter->len++] = text[i];
			continue;
		}
		cutter->line[cutter->len] = '\0';
		cutter->len = 0;
		cutter->take(cutter->context, cutter->line);
	}
	return 0;
}

/* The lines that perf prints on stderr, except those that it always prints. */
struct complaints {
	bool of_loss;
	size_t len;
	char text[2048];
};

static void keep_complaint(void *context, const char *line)
{
	struct complaints *complaints = context;
	size_t room = sizeof(complaints->text) - complaints->len;

	if (!*line || (strstr(line, "not valid for") && strstr(line, "Ignoring")))
		return;
	complaints->of_loss |= strstr(line, " lost ") != NULL;
	if (strlen(line) + sizeof("\n") <= room)
		complaints->len +=
			(size_t)snprintf(complaints->text + complaints->len, room, "%s\n", line);
}

/*
 * Print each line as a message of its own. A line may hold any text that perf
 * was given, such as the name of a program.
 */
static void say_complaints(struct complaints *complaints)
{
	for (char *rest = complaints->text, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			say("perf script says: %s", line);
}

/* `... PERF_RECORD_LOST_SAMPLES: id:ID: lost samples :N` in a dump */
static void add_lost_samples(void *context, const char *line)
{
	const char *number = strstr(line, "PERF_RECORD_LOST_SAMPLES"), *end;
	unsigned long lost;

	number = number ? strstr(number, "lost samples") : NULL;
	if (number &&
	    bench_number(number + strcspn(number, "0123456789"), 10, UINT32_MAX, &lost, &end))
		*(uint64_t *)context += lost;
}

/*
 * Read once from @fd into @buffer of @size. Return: the number of bytes; 0 at
 * the end; -1 after a message.
 */
static ssize_t read_pipe(int fd, char *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		say("what perf prints cannot be read: %s", strerror(errno));
	return got;
}

/*
 * Read both pipes until both end, because a full pipe would stop perf. Return:
 * 0, or -1 if a sink could not keep the text.
 */
static int move_all(struct child *child, const struct sink *out, const struct sink *errors)
{
	struct pollfd pipes[2] = {{.fd = child->out, .events = POLLIN},
				  {.fd = child->errors, .events = POLLIN}};
	const struct sink *sinks[2] = {out, errors};
	char buffer[64 << 10];
	int failed = 0;

	while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
		if (poll(pipes, 2, -1) < 0)
			continue; /* a signal; perf gets it, too, and then its pipes end */
		for (int i = 0; i < 2; i++) {
			ssize_t got;

			if (!pipes[i].revents)
				continue;
			got = read_pipe(pipes[i].fd, buffer, sizeof(buffer));
			if (got <= 0)
				pipes[i].fd = -1;
			if (got < 0)
				failed = -1;
			if (got > 0 && !failed)
				failed = sinks[i]->take(sinks[i]->context, buffer, (size_t)got);
		}
	}
	progress_end();
	return failed;
}

/*
 * Our environment, without translations and without perf's configuration, so
 * that the text is the same everywhere.
 */
static char **plain_environment(void)
{
	size_t nr = 0;
	char **env;

	while (environ[nr])
		nr++;
	env = calloc(nr + 3, sizeof(*env));
	if (!env)
		return NULL;
	env[0] = "LC_ALL=C";
	env[1] = "PERF_CONFIG=/dev/null";
	memcpy(env + 2, environ, nr * sizeof(*env));
	return env;
}

/*
 * Run @argv, a perf script, with its output to @out. Return: its wait status,
 * or -1 after a message.
 */
static int run_script(const struct perf_request *request, char *const argv[],
		      const struct sink *out, struct complaints *complaints)
{
	struct line_cutter cutter = {.take = keep_complaint, .context = complaints};
	const struct sink errors = {.take = take_lines, .context = &cutter};
	char **env = plain_environment();
	struct child child;
	int status, failed;

	if (!env) {
		say("out of memory");
		return -1;
	}
	status = child_start(&child, argv, env, true);
	free(env);
	if (status) {
		say("cannot start %s: %s", request->program, strerror(-status));
		return -1;
	}
	failed = move_all(&child, out, &errors);
	status = child_wait(&child);
	return failed || status < 0 ? -1 : status;
}

/*
 * perf script does not print the records that count all lost samples; its dump
 * does. Append a line with their sum to the text, in the form of its other
 * lines, so that a reader of the recording sees it.
 */
static int append_lost_samples(const struct perf_request *request, const char *data,
			       struct output *output)
{
	char *const argv[] = {(char *)request->program, "script", "-i", (char *)data, "-D", NULL};
	struct complaints complaints = {.len = 0};
	uint64_t lost = 0;
	struct line_cutter cutter = {.take = add_lost_samples, .context = &lost};
	const struct sink dump = {.take = take_lines, .context = &cutter};
	char line[128];

	if (run_script(request, argv, &dump, &complaints))
		return -1;
	if (!lost)
		lost = 1; /* perf reported losses without a number */
	snprintf(line, sizeof(line),
		 "    0/0     [000]     0.000000000: PERF_RECORD_LOST_SAMPLES lost %llu\n",
		 (unsigned long long)lost);
	return output_write(output, line, strlen(line));
}

int perf_script(const struct perf_request *request, const char *data, struct output *output)
{
	char *const argv[] = {(char *)request->program,
			      "script",
			      "-i",
			      (char *)data,
			      "--ns",
			      "--show-mmap-events",
			      "--show-task-events",
			      "--show-lost-events",
			      "-F",
			      SCRIPT_FIELDS,
			      NULL};
	const struct sink text_sink = {.take = take_text, .context = output};
	struct complaints complaints = {.len = 0};
	char text[64];
	int status = run_script(request, argv, &text_sink, &complaints);

	if (status < 0)
		return -1;
	say_complaints(&complaints);
	if (status) {
		say("perf script ends with %s", status_text(status, text));
		return -1;
	}
	if (asked_to_end())
		return -1;
	return complaints.of_loss ? append_lost_samples(request, data, output) : 0;
}
