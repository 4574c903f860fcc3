/* SPDX-License-Identifier: MIT */
/*
 * machine.c - see machine.h. Reads the description from uname, /proc and /sys,
 * and the CPUs from cpus.h.
 */
#include "bench/harness/machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/harness/lines.h"
#include "bench/harness/say.h"

#define VALUE_MAX 256

/* clang's __VERSION__ begins with its name, gcc's with a digit. */
#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

/*
 * Read the first line of @path, cut to VALUE_MAX.
 * Return: false if the line is empty, absent or unreadable.
 */
static bool first_line(const char *path, char value[VALUE_MAX])
{
	struct bench_lines lines;
	char *line = NULL;
	bool ok = bench_lines_open(&lines, path, BENCH_LINES_RAW) == 0 &&
		  bench_lines_next(&lines, &line) == BENCH_LINE && *line;

	if (ok)
		snprintf(value, VALUE_MAX, "%s", line);
	bench_lines_close(&lines);
	return ok;
}

/*
 * A virtual processor has the flag "hypervisor". The flags are one long line,
 * so read it word by word.
 */
static bool is_virtual(void)
{
	char word[VALUE_MAX];
	bool found = false;
	FILE *f = fopen("/proc/cpuinfo", "re");

	if (!f)
		return false;
	while (!found && fscanf(f, "%255s", word) == 1)
		found = strcmp(word, "hypervisor") == 0;
	fclose(f);
	return found;
}

/*
 * Read the value of the first line "key<blanks>: value" of /proc/cpuinfo.
 * Return: false if there is no such line.
 */
static bool cpuinfo(const char *key, char value[VALUE_MAX])
{
	struct bench_lines lines;
	bool found = false;
	char *line;

	if (bench_lines_open(&lines, "/proc/cpuinfo", BENCH_LINES_RAW) == 0)
		while (!found && bench_lines_next(&lines, &line) == BENCH_LINE) {
			const char *colon = strchr(line, ':');

			if (!colon || strncmp(line, key, strlen(key)) != 0)
				continue;
			snprintf(value, VALUE_MAX, "%s", colon + 1 + strspn(colon + 1, " "));
			found = true;
		}
	bench_lines_close(&lines);
	return found;
}

static void print_pinning(FILE *out, const char *prefix, const struct bench_cpus *cpus)
{
	fprintf(out, "%spinning order: CPU", prefix);
	for (unsigned int i = 0; i < cpus->nr; i++)
		fprintf(out, "%c%u", i ? ',' : ' ', cpus->os_index[i]);
	fputs(cpus->nr > cpus->nr_cores ? " (one per core first, SMT siblings last)\n" : "\n", out);
}

static void print_now(FILE *out, const char *prefix)
{
	time_t now = time(NULL);
	char text[64] = "unknown";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
	fprintf(out, "%sdate: %s\n", prefix, text);
}

static void print_load(FILE *out, const char *prefix)
{
	double load[3];

	if (getloadavg(load, 3) == 3)
		fprintf(out, "%sload: %.2f, %.2f, %.2f of the last 1, 5 and 15 minutes\n", prefix,
			load[0], load[1], load[2]);
	else
		fprintf(out, "%sload: unknown\n", prefix);
}

void bench_machine_print(FILE *out, const char *prefix, const struct bench_cpus *cpus)
{
	char value[VALUE_MAX];
	struct utsname uts;

	/*
	 * bench_say() escapes the name, which a hypervisor may choose freely.
	 */
	bench_say(out, "%sCPU: %s", prefix, cpuinfo("model name", value) ? value : "unknown");
	fprintf(out, "%scores: %u used, %u hardware threads, %u NUMA node%s\n", prefix,
		cpus->nr_cores, cpus->nr, cpus->nr_nodes, cpus->nr_nodes == 1 ? "" : "s");
	print_pinning(out, prefix, cpus);
	fprintf(out, "%smemory: %.1f GiB\n", prefix,
		(double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) /
			(double)(1UL << 30));
	if (uname(&uts) == 0)
		bench_say(out, "%skernel: %s %s %s%s", prefix, uts.sysname, uts.release,
			  uts.machine, is_virtual() ? ", virtual machine" : "");
	bench_say(out, "%sgovernor: %s", prefix,
		  first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", value)
			  ? value
			  : "not exposed");
	bench_say(out, "%sclock: %s", prefix,
		  first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			     value)
			  ? value
			  : "unknown");
	print_load(out, prefix);
	fprintf(out, "%scompiler: %s\n", prefix, COMPILER);
	print_now(out, prefix);
}

void bench_default_threads(unsigned int nr_cpus, struct bench_numbers *list)
{
	if (nr_cpus > BENCH_THREADS_MAX)
		nr_cpus = BENCH_THREADS_MAX;
	list->nr = 0;
	for (unsigned long t = 1; t < nr_cpus && list->nr < BENCH_LIST_MAX - 1;
	     t = t < 8 ? t + 1 : t + t / 2)
		list->value[list->nr++] = t;
	list->value[list->nr++] = nr_cpus;
}
