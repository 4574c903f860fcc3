/* SPDX-License-Identifier: MIT */
/*
 * instructions.c - the program: how many instructions an operation takes on
 * each engine, in all and by part. It starts itself under callgrind, once for
 * each workload and engine, and reads callgrind's output. The numbers do not
 * depend on the machine's speed or its other work. Read workload.h and
 * profile.h next.
 */
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/mm.h>

#include "bench/harness/options.h"
#include "bench/harness/row.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "bench/instructions/profile.h"
#include "bench/instructions/workload.h"
#include "lib/where/parts.h"

#define EXIT_CANNOT 77 /* this machine has no valgrind */

struct arguments {
	struct bench_names workloads, engines;
	unsigned long vmas, operations;
	bool json, list, run;
};

/* ---- one workload on one engine ---- */

static const struct workload *workload_named(const char *name)
{
	const struct workload *w = workloads;

	while (strcmp(w->name, name))
		w++;
	return w;
}

/* A command line under construction. */
struct words {
	char *word[16]; /* NULL after the last */
	unsigned int nr;
	char text[8192];
	size_t used;
};

static void __attribute__((format(printf, 2, 3))) add_word(struct words *w, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	w->word[w->nr++] = w->text + w->used;
	len = vsnprintf(w->text + w->used, sizeof(w->text) - w->used, format, args);
	va_end(args);
	w->used += (size_t)len + 1;
}

/*
 * Run this program under callgrind, which writes to descriptor @to of this
 * process.
 * Return: the status of waitpid(); -errno if the program did not start.
 */
static int run_counted(const struct arguments *a, const char *workload, const char *engine, int to)
{
	static struct words w;
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int status, err;
	pid_t pid;

	if (len < 0)
		return -errno;
	self[len] = '\0';
	w = (struct words){0};
	add_word(&w, "valgrind");
	add_word(&w, "-q");
	add_word(&w, "--tool=callgrind");
	add_word(&w, "--toggle-collect=%s", MEASURED_FUNCTION);
	add_word(&w, "--compress-strings=no");
	add_word(&w, "--compress-pos=no");
	add_word(&w, "--callgrind-out-file=/proc/%d/fd/%d", (int)getpid(), to);
	add_word(&w, "%s", self);
	add_word(&w, "--run");
	add_word(&w, "--workload=%s", workload);
	add_word(&w, "--engine=%s", engine);
	add_word(&w, "--vmas=%lu", a->vmas);
	add_word(&w, "--operations=%lu", a->operations);
	err = posix_spawnp(&pid, w.word[0], NULL, NULL, w.word, environ);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int count(const struct arguments *a, const char *workload, const char *engine,
		 struct profile *profile)
{
	char why[BENCH_WHY_MAX];
	int to = memfd_create("callgrind", 0), status;
	FILE *in = to < 0 ? NULL : fdopen(to, "r");
	bool ok;

	if (!in) {
		bench_say(stderr, "instructions: no file for callgrind: %s", strerror(errno));
		return 1;
	}
	bench_say(stderr, "instructions: counting %s on %s", workload, engine);
	status = run_counted(a, workload, engine, to);
	if (status == -ENOENT) {
		bench_say(stderr, "instructions: found no program valgrind, expected it (Debian's "
				  "package valgrind)");
		ok = false;
	} else if (status != 0) {
		bench_say(stderr, "instructions: %s on %s: %s", workload, engine,
			  status < 0 ? strerror(-status) : "the run under valgrind failed");
		ok = false;
	} else {
		ok = profile_read(in, profile, why, sizeof(why));
		if (!ok)
			bench_say(stderr, "instructions: callgrind's file: %s", why);
	}
	fclose(in);
	return ok ? 0 : status == -ENOENT ? EXIT_CANNOT : 1;
}

/* ---- printing ---- */

static double each(const struct arguments *a, uint64_t instructions)
{
	return (double)instructions / (double)a->operations;
}

static void print_head(void)
{
	printf("%-9s %-10s %9s", "workload", "engine", "all");
	for (size_t i = 0; vms__part_names[i]; i++)
		printf(" %11s", vms__part_names[i]);
	printf(" %9s\n", "rest");
}

static void print_text(const struct arguments *a, const char *workload, const char *engine,
		       const struct profile *p)
{
	printf("%-9s %-10s %9.1f", workload, engine, each(a, p->all));
	for (size_t i = 0; vms__part_names[i]; i++)
		printf(" %11.1f", each(a, p->part[i]));
	printf(" %9.1f\n", each(a, p->rest));
}

static int print_json(const struct arguments *a, const char *workload, const char *engine,
		      const struct profile *p)
{
	json_t *parts = json_object();

	for (size_t i = 0; vms__part_names[i]; i++)
		json_object_set_new(parts, vms__part_names[i], json_real(each(a, p->part[i])));
	json_object_set_new(parts, "rest", json_real(each(a, p->rest)));
	return bench_json_print(stdout,
				json_pack("{s:s, s:s, s:I, s:I, s:f, s:o}", "workload", workload,
					  "engine", engine, "vmas", (json_int_t)a->vmas,
					  "operations", (json_int_t)a->operations, "instructions",
					  each(a, p->all), "parts", parts));
}

static int count_all(const struct arguments *a)
{
	struct profile profile;

	if (!a->json)
		print_head();
	for (unsigned int w = 0; w < a->workloads.nr; w++)
		for (unsigned int e = 0; e < a->engines.nr; e++) {
			const char *workload = a->workloads.name[w], *engine = a->engines.name[e];
			int status = count(a, workload, engine, &profile);

			if (status)
				return status;
			if (!a->json)
				print_text(a, workload, engine, &profile);
			else if (print_json(a, workload, engine, &profile))
				return BENCH_EXIT_USAGE; /* lost, or no memory */
			if (!bench_standard_flush())
				return BENCH_EXIT_USAGE;
		}
	return 0;
}

/* ---- the command ---- */

static const char *const *workload_names(void)
{
	static const char *names[BENCH_LIST_MAX + 1];

	for (size_t i = 0; workloads[i].name; i++)
		names[i] = workloads[i].name;
	return names;
}

static int list_all(void)
{
	for (const struct workload *w = workloads; w->name; w++)
		printf("workload  %-9s %s\n", w->name, w->what);
	for (size_t i = 0; vms_engine_names()[i]; i++)
		printf("engine    %s\n", vms_engine_names()[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments a = {.vmas = 1000, .operations = 2000};
	const struct bench_option options[] = {
		{"engine", 'e', "E,...", "engines (all)", .names = &a.engines,
		 .known = vms_engine_names()},
		{"workload", 'w', "W,...", "workloads (all; see --list)", .names = &a.workloads,
		 .known = workload_names()},
		{"vmas", 0, "N", "VMAs that are there beforehand (1000)", .number = &a.vmas,
		 .most = 1000000},
		{"operations", 0, "N",
		 "operations that are counted, after as many that are not (2000)",
		 .number = &a.operations, .least = 1, .most = 1000000},
		{"json", 0, NULL, "one JSON object a line", .flag = &a.json},
		{"list", 0, NULL, "list workloads and engines", .flag = &a.list},
		{"run", 0, NULL, "run the first workload on the first engine, and count nothing",
		 OPTION_HIDDEN, .flag = &a.run},
		{0},
	};

	bench_standard_begin("instructions");
	bench_options(argc, argv,
		      "Count the instructions of an operation, in all and by part, under "
		      "valgrind's callgrind.",
		      options);
	if (a.list)
		return list_all();
	if (a.run)
		return workload_run(workload_named(a.workloads.name[0]), a.engines.name[0], a.vmas,
				    a.operations)
			       ? 0
			       : 1;
	return count_all(&a);
}
