/* SPDX-License-Identifier: MIT */
/*
 * main.c - the explorer's options, and one scenario after another. Each
 * scenario is searched in a process of its own, because its preparations stay.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/explore/search.h"

static struct search options = {.bound = 2, .races = true};
static const char *only, *replay, *save;
static bool all_steps;

static _Noreturn void usage(const char *word)
{
	fprintf(stderr,
		"explore: found '%s', expected --scenario=NAME --bound=K --seconds=N --pct=N "
		"--seed=N\n"
		"  --memory=sc|tso|weak --no-races --replay=FILE --save=FILE --all-steps --list\n",
		word);
	exit(2);
}

static unsigned long number(const char *word, const char *value, unsigned long most)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || end == value || *value < '0' || *value > '9' || n > most)
		usage(word);
	return n;
}

static enum memory memory_named(const char *word, const char *name)
{
	for (int i = 0; memory_names[i]; i++) {
		if (!strcmp(memory_names[i], name))
			return (enum memory)i;
	}
	usage(word);
}

static void list(void)
{
	for (const struct explore_scenario *const *s = explore_scenarios; *s; s++)
		printf("%-18s %s\n", (*s)->name, (*s)->what);
	exit(0);
}

static void parse(const char *word)
{
	const char *value = strchr(word, '=');

	value = value ? value + 1 : "";
#define IS(name) (!strncmp(word, name "=", sizeof(name)))
	if (IS("--scenario"))
		only = value;
	else if (IS("--bound"))
		options.bound = (unsigned int)number(word, value, 8);
	else if (IS("--seconds"))
		options.seconds = (double)number(word, value, 1000000);
	else if (IS("--pct"))
		options.random = number(word, value, 1000000000);
	else if (IS("--seed"))
		options.seed = number(word, value, UINT64_MAX >> 1);
	else if (IS("--memory"))
		options.memory = memory_named(word, value);
	else if (IS("--replay"))
		replay = value;
	else if (IS("--save"))
		save = value;
	else if (!strcmp(word, "--no-races"))
		options.races = false;
	else if (!strcmp(word, "--all-steps"))
		all_steps = true;
	else if (!strcmp(word, "--list"))
		list();
	else
		usage(word);
#undef IS
}

/*
 * The addresses of a run must be those of every other. Stacks and the C
 * library lie at random addresses unless the system is told otherwise.
 */
static void fix_addresses(char **argv)
{
	int was = personality(0xffffffff);

	if (was < 0 || (was & ADDR_NO_RANDOMIZE))
		return;
	if (personality((unsigned long)was | ADDR_NO_RANDOMIZE) < 0)
		return;
	execv("/proc/self/exe", argv);
}

static void print_row(const char *name, const struct search *s, const struct found *f)
{
	printf("%-18s %-4s ", name, memory_names[s->memory]);
	if (s->random)
		printf("random, seed %lu", (unsigned long)s->seed);
	else if (f->bound == s->bound)
		printf("bound %u", s->bound);
	else if (f->bound == -1u)
		printf("bound 0, not complete");
	else
		printf("bound %u, %u not complete", f->bound, f->bound + 1);
	printf(": %lu schedules, %lu of them to a known state, %.1f s, %u decisions at most, %d "
	       "failures\n",
	       f->runs, f->known, f->seconds, f->longest, f->failed);
	fflush(stdout);
}

/* The failing run once more: it must fail in the same way. */
static void report(const struct search *s, const struct found *f)
{
	static struct unusual unusual[RUN_UNUSUAL];
	static char text[RUN_TEXT];
	unsigned int nr = shared->result.nr_unusual;

	memcpy(unusual, shared->result.unusual, sizeof(unusual));
	memcpy(text, shared->result.text, sizeof(text));
	search_replay(s, unusual, nr, true);
	print_failure(s, all_steps);
	if (shared->result.verdict != RUN_FAILED || strcmp(text, shared->result.text) != 0)
		printf("The replay DIFFERS: %s\n", text);
	printf("found after %lu schedules\n", f->runs);
	if (save && schedule_save(s, save))
		printf("replay with --replay=%s\n", save);
}

/* Return: the exit status. */
static int explore(struct search *s, const struct explore_scenario *scenario)
{
	struct found f;
	int status;
	pid_t child;

	fflush(stdout);
	child = _Fork(); /* without the library's handlers */
	if (child > 0) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
	}
	run_prepare(scenario);
	s->scenario = scenario;
	search_run(s, &f);
	print_row(scenario->name, s, &f);
	if (f.failed)
		report(s, &f);
	fflush(stdout);
	_exit(f.failed);
}

static int replay_file(void)
{
	static struct unusual unusual[RUN_UNUSUAL];
	int nr = schedule_load(replay, &options, unusual);
	bool failed;

	if (nr < 0)
		return 2;
	run_prepare(options.scenario);
	/* The first run finds the shared places, whose steps are printed. */
	search_replay(&options, unusual, (unsigned int)nr, false);
	failed = search_replay(&options, unusual, (unsigned int)nr, true);
	if (!failed)
		snprintf(shared->result.text, sizeof(shared->result.text),
			 "nothing: the run succeeded");
	print_failure(&options, all_steps);
	return failed;
}

int main(int argc, char **argv)
{
	int worst = 0, nr = 0;

	for (int i = 1; i < argc; i++)
		parse(argv[i]);
	fix_addresses(argv);
	search_prepare();
	if (replay)
		return replay_file();
	for (const struct explore_scenario *const *s = explore_scenarios; *s; s++) {
		int status;

		if (only && strcmp(only, (*s)->name) != 0)
			continue;
		status = explore(&options, *s);
		worst = status > worst ? status : worst;
		nr++;
	}
	if (!nr)
		usage(only ? only : "no scenario");
	return worst;
}
