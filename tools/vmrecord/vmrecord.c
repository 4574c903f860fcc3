/* SPDX-License-Identifier: MIT */
/*
 * vmrecord.c - records what a program does to its address space: every memory
 * call with its result, every page fault, every thread, fork and execve, and
 * the order in which mmap_lock was taken. The recording is the text that `perf
 * script` prints, xz-compressed; anyone can make one with stock tools
 * (bench/traces/README.md).
 *
 * Steps: check whether perf can work here (perf.c), create the output file
 * under a temporary name (output.c), run the command under `perf record`, print
 * and compress, read the result back (tools/trace) and report its contents, and
 * only then give the file its name.
 */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/probe/probe.h"
#include "tools/trace/order.h"
#include "tools/vmrecord/child.h"
#include "tools/vmrecord/output.h"
#include "tools/vmrecord/perf.h"
#include "tools/vmrecord/say.h"
#include "tools/vmrecord/strace.h"

enum exit_status {
	RECORDED = 0,
	RECORDED_IN_PART = 1, /* written, but events were lost or do not fit together */
	NOT_RECORDED = 2,     /* nothing written */
};

enum option_key { KEY_STRACE = 256, KEY_KEEP_DATA, KEY_NO_LOCKS, KEY_PERF };

struct settings {
	const char *path;
	struct perf_request request;
	bool strace, keep_data;
	char **command;
};

static const struct argp_option options[] = {
	{"output", 'o', "FILE", 0, "Write the recording there (NAME.script.xz by custom); needed",
	 0},
	{"buffer", 'm', "SIZE", 0, "perf's ring buffer for each CPU, a power of two (16M)", 0},
	{"no-locks", KEY_NO_LOCKS, NULL, 0,
	 "Leave out the mmap_lock events: the program runs up to twice as fast, and the order of "
	 "calls that contend is a guess",
	 0},
	{"keep-data", KEY_KEEP_DATA, NULL, 0, "Keep perf's own file as FILE.data", 0},
	{"strace", KEY_STRACE, NULL, 0,
	 "Where perf cannot be used: strace's text, without page faults; to read, not to replay",
	 0},
	{"perf", KEY_PERF, "PROGRAM", 0, "The perf to run (perf)", 0},
	{0},
};

static const char doc[] = "Record what CMD does to its address space, for vmreplay.\v"
			  "To let a replay be checked against the kernel's own listing, have the "
			  "program copy /proc/self/maps near "
			  "its end, to a file "
			  "NAME.maps beside the recording; for instance, in Python:\n"
			  "  open(\"NAME.maps\", \"w\").write(open(\"/proc/self/maps\").read())\n"
			  "or in a program that ends in a shell: cat /proc/$PID/maps from outside "
			  "while it waits. `vmreplay check "
			  "FILE --maps=NAME.maps` then "
			  "demands that the state passes through it.\n\n"
			  "Exit status: 0 recorded; 1 recorded, but events were lost or do not fit "
			  "together (said on stderr); 2 "
			  "nothing written. An older "
			  "FILE is replaced only by a whole new one; a device or a FIFO is written "
			  "to when the recording is whole.";

/* Whether @text is a number of pages or a number with a unit, as for perf. */
static bool is_size(const char *text)
{
	unsigned long value;
	const char *end;

	return bench_number(text, 10, 1UL << 40, &value, &end) && value &&
	       (!*end || (strchr("BKMG", *end) && !end[1]));
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;
	char shown[BENCH_SHOWN_MAX];

	switch (key) {
	case 'o':
		settings->path = arg;
		break;
	case 'm':
		settings->request.buffer = arg;
		break;
	case KEY_NO_LOCKS:
		settings->request.locks = false;
		break;
	case KEY_KEEP_DATA:
		settings->keep_data = true;
		break;
	case KEY_STRACE:
		settings->strace = true;
		break;
	case KEY_PERF:
		settings->request.program = arg;
		break;
	case ARGP_KEY_ARGS:
		settings->command = state->argv + state->next;
		break;
	case ARGP_KEY_END:
		if (!settings->path || !*settings->path)
			argp_error(state, "no output file given, expected -o FILE");
		if (!is_size(settings->request.buffer))
			argp_failure(state, NOT_RECORDED, 0,
				     "--buffer: found '%s', expected a size such as 512K or 16M",
				     bench_shown(settings->request.buffer, shown));
		if (!settings->command)
			argp_error(state, "no command given, expected CMD to record");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- the recording's contents ---- */

static void say_contents(const struct settings *settings, const struct trace_order *order,
			 const struct output *output)
{
	say("%s: %lu calls, %lu faults, %lu threads, %d address spaces, %lu MMAP2 records; %lu "
	    "lines, %.1f KB; lost: %llu",
	    settings->path, order->of_kind[TRACE_CALL_DONE], order->of_kind[TRACE_FAULTED],
	    order->of_kind[TRACE_TASK_DONE], order->nr_spaces, order->counts.events[TRACE_EV_MAP],
	    order->counts.lines, (double)output_xz_bytes(output) / 1e3,
	    (unsigned long long)order->problems.lost);
}

/*
 * Whether the recording is whole. Every problem, except for threads that are
 * still alive, means that events are missing.
 */
static bool is_whole(const struct trace_order *order)
{
	struct trace_order_problems bad = order->problems;

	return !bad.lost && !bad.enters_without_exit && !bad.exits_without_enter &&
	       !bad.maps_unattached && !bad.threads_unknown && !bad.mm_conflicts &&
	       !bad.execs_unfinished;
}

/* Read the recording back. */
static enum exit_status inspect(const struct settings *settings, const struct output *output)
{
	char error[TRACE_ERROR_MAX];
	struct trace_order *order = trace_order_load(output_temporary(output), error);
	enum exit_status status = RECORDED;
	char *problems;

	if (!order) {
		say("what perf printed cannot be read back: %s", error);
		return NOT_RECORDED;
	}
	if (!order->of_kind[TRACE_EXEC_DONE]) {
		say("perf saw no execve: the command was not recorded");
		status = NOT_RECORDED;
	} else {
		say_contents(settings, order, output);
		problems = trace_order_describe(order);
		for (char *rest = problems, *line; rest && (line = strsep(&rest, "\n"));)
			if (*line)
				say("%s", line);
		free(problems);
		if (!is_whole(order))
			status = RECORDED_IN_PART;
	}
	trace_order_free(order);
	return status;
}

static void say_command(const struct settings *settings, int status)
{
	char text[64];

	if (status)
		say("%s ended with %s", settings->command[0], status_text(status, text));
}

/* ---- recording with perf or strace ---- */

/*
 * Write the first line: the rules of this machine, for `vmreplay check` on
 * another machine. Other readers take it for a comment. Return: 0 or -1.
 */
static int write_rules(struct output *output)
{
	struct probe probe;
	char rules[256], line[300];

	probe_machine(&probe);
	probe_rules(&probe, rules, sizeof(rules));
	snprintf(line, sizeof(line), "# vmrecord: rules %s\n", rules);
	return output_write(output, line, strlen(line));
}

static enum exit_status with_perf(const struct settings *settings, const char *events,
				  const char *data, struct output *output)
{
	enum exit_status result;
	int status = perf_record(&settings->request, events, data, settings->command);

	if (status < 0)
		return NOT_RECORDED;
	say_command(settings, status);
	if (write_rules(output) || perf_script(&settings->request, data, output) ||
	    output_complete(output))
		return NOT_RECORDED;
	result = inspect(settings, output);
	if (result == NOT_RECORDED || output_publish(output))
		return NOT_RECORDED;
	return result;
}

static enum exit_status with_strace(const struct settings *settings, const char *scratch,
				    struct output *output)
{
	int status = strace_record(settings->command, scratch, output);

	if (status < 0)
		return NOT_RECORDED;
	say_command(settings, status);
	if (output_complete(output) || output_publish(output))
		return NOT_RECORDED;
	say("%s: strace's text, without page faults: to read, not to replay", settings->path);
	return RECORDED;
}

/*
 * The name for perf.data or for strace's plain text: FILE.data to keep it, or
 * an unused name.
 */
static char *scratch_name(const struct settings *settings, const struct output *output)
{
	const char *stem = settings->keep_data ? settings->path : output_temporary(output);
	char *name = NULL;
	/* `./`, because strace would run a name that begins with `|`. */
	int len = asprintf(&name, "%s%s.data", *stem == '/' ? "" : "./", stem);

	if (len < 0) {
		say("out of memory");
		return NULL;
	}
	return name;
}

static enum exit_status record(const struct settings *settings, const char *events)
{
	struct output *output = output_create(settings->path);
	enum exit_status result = NOT_RECORDED;
	char *scratch;

	if (!output)
		return NOT_RECORDED;
	scratch = scratch_name(settings, output);
	if (scratch) {
		result = settings->strace ? with_strace(settings, scratch, output)
					  : with_perf(settings, events, scratch, output);
		if (!settings->keep_data)
			unlink(scratch);
		free(scratch);
	}
	output_destroy(output);
	return result;
}

int main(int argc, char **argv)
{
	struct settings settings = {.request = {.program = "perf", .buffer = "16M", .locks = true}};
	const struct argp argp = {.options = options,
				  .parser = parse_option,
				  .args_doc = "[--] CMD [ARG...]",
				  .doc = doc};
	char *events = NULL;
	enum exit_status result;

	bench_standard_begin("vmrecord");
	argp_err_exit_status = NOT_RECORDED;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &settings);
	if (!program_exists(settings.command[0])) {
		say("%s: no such program", settings.command[0]);
		return NOT_RECORDED;
	}
	if (!settings.strace) {
		events = perf_events(&settings.request);
		if (!events) {
			say("second best, without page faults: vmrecord --strace");
			return NOT_RECORDED;
		}
	}
	result = record(&settings, events);
	free(events);
	return result;
}
