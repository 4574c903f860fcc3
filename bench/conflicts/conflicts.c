/* SPDX-License-Identifier: MIT */
/*
 * conflicts.c - the program: for each pair of operations, counts the cache
 * lines that two threads touch in one address space and at least one writes.
 * Threads that share no such line do not slow each other down on any number of
 * cores, so the count shows how an engine scales beyond the cores of this
 * machine.
 *
 * Each pair runs in a process of its own, so that no pair depends on the pairs
 * before it. As many processes run concurrently as there are CPUs. Read cell.h
 * next.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/conflicts/cell.h"
#include "bench/harness/options.h"
#include "bench/harness/row.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"

#define JOBS_MAX 16
#define CELLS_MAX 4096
#define LINE_TEXT_MAX (CELL_NAME_MAX + 64)

enum form { FORM_TEXT, FORM_JSON, FORM_NUMBERS };

struct arguments {
	struct bench_names engines, operations, relations;
	bool json, numbers, list;
};

struct job {
	pid_t pid;
	FILE *from;
};

/* ---- one pair, in its process ---- */

/*
 * Print "NAME", "NAME x N" or "NAME, passed on", followed by " (1 of N)" if the
 * line is rare.
 */
static const char *line_text(const struct cell_line *line, char text[LINE_TEXT_MAX])
{
	int len = snprintf(text, LINE_TEXT_MAX, "%s", line->name);

	if (line->nr > 1)
		len += snprintf(text + len, (size_t)(LINE_TEXT_MAX - len), " x %zu", line->nr);
	if (line->passing)
		len += snprintf(text + len, (size_t)(LINE_TEXT_MAX - len), ", passed on");
	if (cell_line_is_rare(line))
		snprintf(text + len, (size_t)(LINE_TEXT_MAX - len), " (1 of %.0f)",
			 1 / (line->often[0] < line->often[1] ? line->often[0] : line->often[1]));
	return text;
}

static json_t *names_json(const struct cell_result *result)
{
	json_t *names = json_array();
	char text[LINE_TEXT_MAX];

	for (size_t i = 0; names && i < result->nr; i++)
		if (json_array_append_new(names, json_string(line_text(&result->line[i], text))) !=
		    0) {
			json_decref(names);
			return NULL;
		}
	return names;
}

static size_t count_lines(const struct cell_result *result, bool rare)
{
	size_t nr = 0;

	for (size_t i = 0; i < result->nr; i++)
		if (!rare || cell_line_is_rare(&result->line[i]))
			nr += result->line[i].nr;
	return nr;
}

static void print_text(FILE *out, const struct cell *cell, const struct cell_result *result)
{
	char text[LINE_TEXT_MAX];

	fprintf(out, "%-9s %-12s %-10s %-10s %3zu", cell->engine, relation_names[cell->relation],
		cell->op[0]->name, cell->op[1]->name, count_lines(result, false));
	for (size_t i = 0; i < result->nr; i++)
		fprintf(out, "%s%s", i ? "; " : "  ", line_text(&result->line[i], text));
	fputc('\n', out);
}

static void print_json(FILE *out, const struct cell *cell, const struct cell_result *result)
{
	bench_json_print(
		out, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "a", cell->op[0]->name, "b",
			       cell->op[1]->name, "relation", relation_names[cell->relation],
			       "engine", cell->engine, "shared_written_lines",
			       (json_int_t)count_lines(result, false), "rare",
			       (json_int_t)count_lines(result, true), "lines", names_json(result)));
}

/* Runs in the child process, which prints to @to and exits. */
static _Noreturn void run_cell(const struct cell *cell, enum form form, int to)
{
	char why[CELL_WHY_MAX];
	struct cell_result result;
	FILE *out = fdopen(to, "w");

	if (!out || !cell_run(cell, &result, why)) {
		bench_say(stderr, "conflicts: %s, %s, %s and %s: %s", cell->engine,
			  relation_names[cell->relation], cell->op[0]->name, cell->op[1]->name,
			  out ? why : strerror(errno));
		_exit(1);
	}
	if (form == FORM_JSON)
		print_json(out, cell, &result);
	else if (form == FORM_NUMBERS)
		fprintf(out, " %s %zu", cell->op[1]->name, count_lines(&result, false));
	else
		print_text(out, cell, &result);
	_exit(fclose(out) == 0 ? 0 : 1);
}

/* ---- all pairs, concurrently ---- */

static bool start(struct job *job, const struct cell *cell, enum form form)
{
	int ends[2];

	if (pipe(ends) != 0)
		return false;
	job->pid = fork();
	if (job->pid == 0) {
		close(ends[0]);
		run_cell(cell, form, ends[1]);
	}
	close(ends[1]);
	job->from = job->pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (!job->from)
		close(ends[0]);
	return job->from != NULL;
}

/*
 * Copy the child's output to standard output and wait for its exit.
 * Return: whether the pair ran.
 */
static bool finish(struct job *job)
{
	char text[4096];
	size_t got;
	int status = -1;

	while ((got = fread(text, 1, sizeof(text), job->from)) > 0)
		fwrite(text, 1, got, stdout);
	fclose(job->from);
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	job->from = NULL;
	return status == 0;
}

/*
 * Print the separator before number @i: a comma within a line, or a new line's
 * heading.
 */
static void begin_number(const struct cell *cell, size_t i)
{
	if (i && cell[i].op[0] == cell[i - 1].op[0] && cell[i].relation == cell[i - 1].relation &&
	    cell[i].engine == cell[i - 1].engine)
		putchar(',');
	else
		printf("%s%s %s %s:", i ? "\n" : "", cell[i].engine,
		       relation_names[cell[i].relation], cell[i].op[0]->name);
}

static int run_all(const struct cell *cell, size_t nr, enum form form)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = cpus < 1 ? 1 : cpus > JOBS_MAX ? JOBS_MAX : (size_t)cpus;
	struct job job[JOBS_MAX] = {{0}};
	int status = 0;

	for (size_t i = 0; i < nr + jobs; i++) {
		if (i >= jobs && form == FORM_NUMBERS)
			begin_number(cell, i - jobs);
		if (i >= jobs && job[i % jobs].from && !finish(&job[i % jobs]))
			status = 1;
		if (!bench_standard_flush())
			return BENCH_EXIT_USAGE;
		if (i < nr && !start(&job[i % jobs], &cell[i], form)) {
			fprintf(stderr, "conflicts: no process can be made: %s\n", strerror(errno));
			status = 1;
		}
	}
	if (form == FORM_NUMBERS)
		putchar('\n');
	return status;
}

/* ---- the command ---- */

static const struct operation *operation_named(const char *name)
{
	const struct operation *op = operations;

	while (strcmp(op->name, name))
		op++;
	return op;
}

/*
 * Choose all pairs of the selected operations, each pair once, by engine and
 * relation.
 * Return: the number of cells.
 */
static size_t choose_cells(const struct arguments *a, struct cell *cell)
{
	size_t nr = 0;

	for (unsigned int e = 0; e < a->engines.nr; e++)
		for (unsigned int r = 0; r < a->relations.nr; r++)
			for (unsigned int i = 0; i < a->operations.nr; i++)
				for (unsigned int j = i; j < a->operations.nr && nr < CELLS_MAX;
				     j++) {
					cell[nr].engine = a->engines.name[e];
					cell[nr].op[0] = operation_named(a->operations.name[i]);
					cell[nr].op[1] = operation_named(a->operations.name[j]);
					for (int known = 0; known < NR_RELATIONS; known++)
						if (!strcmp(relation_names[known],
							    a->relations.name[r]))
							cell[nr].relation = (enum relation)known;
					nr += cell_exists(&cell[nr]);
				}
	return nr;
}

static const char *const *operation_names(void)
{
	static const char *names[BENCH_LIST_MAX + 1];

	for (size_t i = 0; operations[i].name; i++)
		names[i] = operations[i].name;
	return names;
}

static int list_all(void)
{
	for (const struct operation *op = operations; op->name; op++)
		printf("operation  %-12s %s\n", op->name, op->what);
	for (size_t i = 0; relation_names[i]; i++)
		printf("relation   %s\n", relation_names[i]);
	for (size_t i = 0; vms_engine_names()[i]; i++)
		printf("engine     %s\n", vms_engine_names()[i]);
	return 0;
}

int main(int argc, char **argv)
{
	static struct cell cell[CELLS_MAX];
	struct arguments a = {0};
	const struct bench_option options[] = {
		{"engine", 'e', "E,...", "engines (all)", .names = &a.engines,
		 .known = vms_engine_names()},
		{"operation", 'o', "O,...", "pairs of these operations alone (all; see --list)",
		 .names = &a.operations, .known = operation_names()},
		{"relation", 'r', "R,...",
		 "where the second thread works: same, neighbouring, one-leaf, other-leaves (all)",
		 .names = &a.relations, .known = relation_names},
		{"json", 0, NULL, "one JSON object a line", .flag = &a.json},
		{"numbers", 0, NULL, "how many lines, without their names: what the tests compare",
		 .flag = &a.numbers},
		{"list", 0, NULL, "list operations, relations and engines", .flag = &a.list},
		{0},
	};

	bench_standard_begin("conflicts");
	bench_options(argc, argv,
		      "Count the cache lines that two threads share and one writes, for each pair "
		      "of operations.",
		      options);
	if (a.list)
		return list_all();
	return run_all(cell, choose_cells(&a, cell),
		       a.json      ? FORM_JSON
		       : a.numbers ? FORM_NUMBERS
				   : FORM_TEXT);
}
