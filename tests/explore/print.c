/* SPDX-License-Identifier: MIT */
/*
 * print.c - a failed schedule for people, and as a file that replays it.
 */
#include "tests/explore/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/explore/sched.h"

#define LINE 512
/* Steps at the end of a run that are printed, and near an unusual decision. */
#define LINES 300
#define NEAR 4

const char *const memory_names[] = {"sc", "tso", "weak", NULL};

static const char *const kind_names[] = {"run", "timeout", "delay", "older", NULL};
static const char *const what_names[] = {
	[LOAD] = "load",
	[STORE] = "store",
	[RMW] = "rmw",
	[FENCE] = "fence",
	[LOCK] = "lock",
	[UNLOCK] = "unlock",
	[WAIT] = "wait",
	[WAKE] = "wake",
	[VOLATILE_LOAD] = "load",
	[VOLATILE_STORE] = "store",
	[YIELD] = "yield",
	[CREATE] = "create",
	[BEGIN] = "begin",
};
static const char *const order_names[] = {"relaxed", "consume", "acquire",
					  "release", "acq_rel", "seq_cst"};

/* ---- places in the code -------------------------------------------------- */

/* addr2line(1), which stays and answers one address after another. */
static FILE *to_line, *from_line;

static void begin_addr2line(void)
{
	int in[2], out[2];
	char self_path[64];

	snprintf(self_path, sizeof(self_path), "/proc/%d/exe", (int)getpid());
	if (pipe(in) || pipe(out))
		return;
	if (!_Fork()) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execlp("addr2line", "addr2line", "-a", "-f", "-i", "-p", "-e", self_path, NULL);
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	to_line = fdopen(in[1], "w");
	from_line = fdopen(out[0], "r");
}

/* "0xADDR: function at path:line" without what tells nobody anything. */
static void tidy(char *line)
{
	char *colon = strstr(line, ": "), *at, *path;

	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "0x", 2) && colon)
		memmove(line, colon + 2, strlen(colon + 2) + 1);
	at = strstr(line, " at ");
	path = at ? strstr(at, "/lib/") : NULL;
	if (at && !path)
		path = strstr(at, "/tests/");
	if (path)
		memmove(at + 4, path + 1, strlen(path + 1) + 1);
}

/* "inner at file:line, in outer at file:line, ..." */
static void print_place(const void *pc, unsigned int depth)
{
	char line[LINE];
	unsigned int n = 0;

	if (!pc) {
		printf("?");
		return;
	}
	if (!to_line)
		begin_addr2line();
	if (!to_line || !from_line) {
		printf("%p", pc);
		return;
	}
	/* The call precedes the return address. The 0 ends the answer. */
	fprintf(to_line, "%lx\n0\n", (unsigned long)pc - 1);
	fflush(to_line);
	while (fgets(line, sizeof(line), from_line) &&
	       strncmp(line, "0x0000000000000000", 18) != 0) {
		tidy(line);
		if (n++ < depth)
			printf("%s%s", n > 1 ? ", " : "",
			       strncmp(line, " (inlined by) ", 14) ? line : line + 14);
	}
}

/* ---- for people ---------------------------------------------------------- */

static void print_step(const struct step *s)
{
	const struct run_result *r = &shared->result;

	printf("%6u  %-9s  %-6s ", s->at, r->thread[s->thread], what_names[s->what]);
	if (s->what == YIELD)
		printf("%35s", "");
	else
		printf("%14p %-8s = %#-10lx", s->addr, s->order < 0 ? "" : order_names[s->order],
		       (unsigned long)s->value);
	printf(" ");
	print_place(s->pc, 3);
	printf("\n");
}

static void print_unusual(const struct unusual *u)
{
	const struct run_result *r = &shared->result;

	switch (u->kind) {
	case DECIDE_RUN:
		printf("%6u  -------- %s goes on\n", u->at, r->thread[u->value]);
		break;
	case DECIDE_TIMEOUT:
		printf("%6u  -------- the time of %s is up\n", u->at, r->thread[u->value]);
		break;
	case DECIDE_DELAY:
		printf("%6u  -------- the store buffer keeps the next store, or is emptied before "
		       "the next load\n",
		       u->at);
		break;
	default:
		printf("%6u  -------- the load above takes the value before the latest %u\n", u->at,
		       u->value);
	}
}

static bool is_printed(uint32_t i, bool all)
{
	const struct step *s = &shared->step[i];

	return s->pc && (all || s->shared || !i || s->thread != s[-1].thread);
}

/*
 * The first step to be printed: of a long run, the last ones, and those before
 * which something unusual was decided.
 */
static uint32_t first_printed(bool all)
{
	uint32_t i = shared->result.nr_steps, nr = 0;

	while (i && nr < LINES)
		nr += is_printed(--i, all);
	return all ? 0 : i;
}

static bool is_near(const struct step *s, unsigned int next)
{
	const struct run_result *r = &shared->result;

	return (next < r->nr_unusual && r->unusual[next].at < s->at + NEAR) ||
	       (next && r->unusual[next - 1].at + NEAR > s->at);
}

void print_failure(const struct search *search, bool all)
{
	const struct run_result *r = &shared->result;
	uint32_t from = first_printed(all);
	unsigned int next = 0;

	printf("scenario %s: %s\n", search->scenario->name, search->scenario->what);
	printf("FAILED after %u decisions, %u of them unusual: %s\n", r->decisions, r->nr_unusual,
	       r->text);
	if (r->pc) {
		printf("  at ");
		print_place(r->pc, 4);
		printf("\n");
	}
	if (r->other_pc) {
		printf("  and ");
		print_place(r->other_pc, 4);
		printf("\n");
	}
	printf("decision  thread  what   address, order, value        where\n");
	for (uint32_t i = 0; i < r->nr_steps; i++) {
		const struct step *s = &shared->step[i];

		while (next < r->nr_unusual && r->unusual[next].at <= s->at)
			print_unusual(&r->unusual[next++]);
		if (is_printed(i, all) && (i >= from || is_near(s, next)))
			print_step(s);
	}
	while (next < r->nr_unusual)
		print_unusual(&r->unusual[next++]);
	fflush(stdout);
}

/* ---- files --------------------------------------------------------------- */

bool schedule_save(const struct search *search, const char *path)
{
	const struct run_result *r = &shared->result;
	FILE *file = fopen(path, "w");

	if (!file)
		return false;
	fprintf(file, "scenario %s\nmemory %s\nraces %d\n", search->scenario->name,
		memory_names[search->memory], search->races);
	for (unsigned int i = 0; i < r->nr_unusual; i++)
		fprintf(file, "at %u %s %u\n", r->unusual[i].at, kind_names[r->unusual[i].kind],
			r->unusual[i].value);
	return !fclose(file);
}

static int find_name(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	return -1;
}

static const struct explore_scenario *find_scenario(const char *name)
{
	const struct explore_scenario *const *s = explore_scenarios;

	while (*s && strcmp((*s)->name, name) != 0)
		s++;
	return *s;
}

static bool load_line(const char *line, struct search *search, struct unusual *u, int *nr)
{
	unsigned int at, value;
	char word[64];
	int kind;

	if (sscanf(line, "scenario %63s", word) == 1)
		return (search->scenario = find_scenario(word)) != NULL;
	if (sscanf(line, "memory %63s", word) == 1) {
		kind = find_name(memory_names, word);
		search->memory = (enum memory)kind;
		return kind >= 0;
	}
	if (sscanf(line, "races %u", &value) == 1) {
		search->races = value;
		return true;
	}
	if (sscanf(line, "at %u %63s %u", &at, word, &value) != 3 || *nr == RUN_UNUSUAL)
		return false;
	kind = find_name(kind_names, word);
	if (kind < 0 || (*nr && u[*nr - 1].at >= at))
		return false;
	u[(*nr)++] = (struct unusual){at, (uint16_t)kind, (uint16_t)value};
	return true;
}

int schedule_load(const char *path, struct search *search, struct unusual *unusual)
{
	FILE *file = fopen(path, "r");
	char line[LINE];
	int nr = 0, number = 0;

	if (!file) {
		fprintf(stderr, "explore: %s: %s\n", path, strerror(errno));
		return -1;
	}
	search->scenario = NULL;
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!load_line(line, search, unusual, &nr)) {
			fprintf(stderr, "explore: %s:%d: not a line of a schedule\n", path, number);
			fclose(file);
			return -1;
		}
	}
	fclose(file);
	if (!search->scenario)
		fprintf(stderr, "explore: %s: no scenario is named\n", path);
	return search->scenario ? nr : -1;
}
