/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - see sweep.h.
 *
 * A script first runs without failures, and each answer and each state is kept.
 * Then it runs in another world, where operations fail. If a failed operation
 * left everything as before, the sweep repeats it in place. If it left another
 * state that is allowed, the sweep makes a new world up to that operation.
 * Therefore the final result of each operation is always compared with the
 * undisturbed run.
 */
#include "tests/sweep/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sync/alloc.h"
#include "tests/sweep/audit.h"
#include "tools/vmreplay/perform.h"

#define MOST_ALLOCATIONS 100000

struct sweep {
	const struct script *script;
	const char *engine;
	struct sweep_counts *counts;
	FILE *out;
	/*
	 * The states before each operation of the undisturbed run; one more at
	 * the end.
	 */
	struct state *state;
	struct answer *answer; /* the answer to each operation */
	struct world *world;
	size_t at; /* the next operation */
};

static void violation(struct sweep *s, const char *what, long n, const char *text)
{
	const struct script_line *line = &s->script->line[s->at];

	s->counts->violations++;
	fprintf(s->out, "%s, line %lu, on %s: %s: %s %ld: %s\n", s->script->name, line->number,
		s->engine, line->text, what, n, text);
}

static struct world *new_world(const struct sweep *s)
{
	struct rules rules = rules_default();
	struct world *world = world_create(s->engine, &rules);

	if (!world)
		abort();
	return world;
}

static void perform_line(struct sweep *s, struct answer *answer)
{
	struct op op;

	if (op_parse(s->script->line[s->at].text, &op, &answer->wrong) != OP_LINE_OPERATION ||
	    !perform(s->world, &op, answer)) {
		fprintf(stderr, "%s: %s: found '%s', expected %s\n", s->script->name,
			s->script->line[s->at].text, answer->wrong.found, answer->wrong.expected);
		abort();
	}
}

/* Make a new world and run the operations before the current one in it. */
static void make_anew(struct sweep *s)
{
	size_t at = s->at;
	struct answer answer;

	world_destroy(s->world);
	s->world = new_world(s);
	for (s->at = 0; s->at < at; s->at++)
		perform_line(s, &answer);
}

static void run_undisturbed(struct sweep *s)
{
	s->world = new_world(s);
	state_take(&s->state[0], s->world);
	for (s->at = 0; s->at < s->script->nr; s->at++) {
		perform_line(s, &s->answer[s->at]);
		state_take(&s->state[s->at + 1], s->world);
	}
	world_destroy(s->world);
	s->world = NULL;
}

/* Report every count that is wrong as a violation. */
static void check_counts(struct sweep *s, const struct state *state, const char *what, long n)
{
	char *text = NULL;
	size_t size = 0;
	FILE *why = open_memstream(&text, &size);

	if (!why)
		abort();
	if (audit(s->world, state, why)) {
		fclose(why);
		violation(s, what, n, text);
	} else {
		fclose(why);
	}
	free(text);
}

/*
 * Check an operation that met a failure. Return: whether everything is as
 * before.
 */
static bool check_failure(struct sweep *s, const struct answer *answer, const char *what, long n)
{
	struct state after;
	struct trial trial = {
		.line = s->script->line[s->at].text,
		.answer = answer->text,
		.clean_answer = s->answer[s->at].text,
		.before = &s->state[s->at],
		.after = &after,
		.clean = &s->state[s->at + 1],
	};
	const char *difference;
	enum verdict verdict;
	bool unchanged;
	char text[160];

	state_take(&after, s->world);
	verdict = judge(&trial);
	unchanged = state_equal(trial.before, &after, &difference);
	s->counts->verdict[verdict]++;
	if (verdict == VIOLATION) {
		snprintf(text, sizeof(text),
			 "answered %s (%s when nothing fails); not as before: %s", answer->text,
			 trial.clean_answer, difference ? difference : "nothing");
		violation(s, what, n, text);
	}
	check_counts(s, &after, what, n);
	state_free(&after);
	return unchanged;
}

/* Check an operation that met no failure this time. */
static void check_passing(struct sweep *s, const struct answer *answer, long n)
{
	const struct state *clean = &s->state[s->at + 1];
	const char *difference = NULL;
	struct state after;
	char text[160];

	state_take(&after, s->world);
	if (strcmp(answer->text, s->answer[s->at].text) != 0 ||
	    !state_equal(&after, clean, &difference)) {
		snprintf(text, sizeof(text),
			 "passes, and answers %s (%s when nothing fails); differs in: %s",
			 answer->text, s->answer[s->at].text,
			 difference ? difference : "the answer");
		violation(s, "after allocation", n, text);
	}
	check_counts(s, &after, "after allocation", n);
	state_free(&after);
}

static void sweep_allocations(struct sweep *s)
{
	for (long n = 1; n < MOST_ALLOCATIONS; n++) {
		struct answer answer;
		long asked;

		vms__alloc_fail_nth(n);
		perform_line(s, &answer);
		asked = vms__alloc_count();
		vms__alloc_fail_nth(0);
		if (asked < n) {
			check_passing(s, &answer, n - 1);
			return;
		}
		s->counts->injected++;
		if (!check_failure(s, &answer, "allocation", n))
			make_anew(s);
	}
	violation(s, "allocation", MOST_ALLOCATIONS, "never passes");
}

static void set_limit(struct sweep *s, int limit)
{
	struct mm_limits limits = vms_mm_limits_default;

	limits.max_map_count = limit;
	if (vms_mm_set_limits(world_mm(s->world), &limits))
		abort();
}

/*
 * Linux lets the number reach one more than the limit; above that, it maps
 * nothing more.
 */
static void check_limit(struct sweep *s, const struct answer *answer, int limit, int before,
			int now)
{
	if (before <= limit && now > limit + 1)
		violation(s, "limit", limit, "more VMAs than that, and one");
	if (before > limit && strncmp(s->script->line[s->at].text, "mmap", 4) == 0 &&
	    answer->text[0] != '-')
		violation(s, "limit", limit, "mmap goes on beyond it");
}

static void sweep_limits(struct sweep *s)
{
	struct answer answer;

	for (int more = -1; more <= 1; more++) {
		int count = (int)space_map_count(state_current(&s->state[s->at])), now;

		set_limit(s, count + more);
		perform_line(s, &answer);
		now = atomic_load(&world_mm(s->world)->map_count);
		set_limit(s, vms_mm_limits_default.max_map_count);
		s->counts->injected++;
		check_limit(s, &answer, count + more, count, now);
		if (!check_failure(s, &answer, "limit", count + more))
			make_anew(s);
	}
	perform_line(s, &answer);
	check_passing(s, &answer, 0);
}

static void run(const struct script *script, const char *engine, struct sweep_counts *counts,
		FILE *out, void (*step)(struct sweep *s))
{
	struct sweep s = {.script = script, .engine = engine, .counts = counts, .out = out};

	s.state = calloc(script->nr + 1, sizeof(*s.state));
	s.answer = calloc(script->nr + 1, sizeof(*s.answer));
	if (!s.state || !s.answer)
		abort();
	counts->scripts++;
	run_undisturbed(&s);
	s.world = new_world(&s);
	for (s.at = 0; s.at < script->nr; s.at++, counts->operations++)
		step(&s);
	world_destroy(s.world);
	if (vms_leak_report(out)) {
		counts->violations++;
		fprintf(out, "%s, on %s: objects are left at the end\n", script->name, engine);
	}
	for (size_t i = 0; i <= script->nr; i++)
		state_free(&s.state[i]);
	free(s.state);
	free(s.answer);
}

void sweep_memory(const struct script *script, const char *engine, struct sweep_counts *counts,
		  FILE *out)
{
	run(script, engine, counts, out, sweep_allocations);
}

void sweep_limit(const struct script *script, const char *engine, struct sweep_counts *counts,
		 FILE *out)
{
	run(script, engine, counts, out, sweep_limits);
}
