/* SPDX-License-Identifier: MIT */
/*
 * generate.c - see generate.h. Decides which operations a profile has, and how
 * often. aim.c chooses their places, make_*.c their words.
 */
#include "tests/oracle/generate.h"

#include <string.h>

#include "tests/oracle/make.h"

#define IDLE_MAX 6

const char *const generate_profiles[] = {"placement", "merging", "locking", "mremap",     "fork",
					 "growth",    "files",   "huge",    "everything", NULL};

/* ---- processes ---- */

static void make_fork(struct maker *m)
{
	switch (below(m, 4)) {
	case 0:
		if (m->idle == IDLE_MAX)
			break;
		m->idle++;
		line(m, "fork p");
		return;
	case 1:
		line(m, "fork x");
		return;
	default:
		if (m->depth + 1 == DEPTH_MAX)
			break;
		m->process[m->depth + 1] = m->process[m->depth];
		m->depth++;
		line(m, "fork c");
		return;
	}
	line(m, "fork x");
}

static void make_exit(struct maker *m)
{
	line(m, "exit");
	if (m->depth)
		m->depth--;
}

/* ---- profiles ---- */

static const struct {
	void (*make)(struct maker *m);
	unsigned int weight[NR_PROFILES];
} kinds[] = {
	/* clang-format off */
	/*
	 * place merge lock mremap fork growth files huge everything
	 */
	{make_fixed,         { 10,  26,  20,  18,  16,  12,  24,   3, 16}},
	{make_placed,        { 36,   6,   6,   8,   6,   5,  12,   0, 10}},
	{make_giant,         {  4,   0,   0,   0,   0,   0,   0,   0,  0}},
	{make_growing,       {  4,   0,   1,   1,   2,  16,   0,   0,  3}},
	{make_huge,          {  0,  10,   2,   3,   8,   0,   0,  55,  5}},
	{make_odd_mmap,      {  6,   1,   1,   1,   1,   2,   4,   0,  4}},
	{make_munmap,        { 14,   9,   6,   6,   5,   8,   8,   4,  8}},
	{make_mprotect,      {  3,  16,   8,   6,   8,   8,  10,   8, 10}},
	{make_madvise,       {  1,   9,   3,   3,   6,   1,   4,   3,  8}},
	{make_page_advice,   {  0,   2,   4,   2,   2,   1,   6,   3,  5}},
	{make_guard,         {  0,   2,   2,   2,   2,   2,   1,   2,  2}},
	{make_mremap,        {  8,   5,   5,  30,   8,   4,  10,   4, 10}},
	{make_fault,         {  2,  22,   8,  18,  18,   8,  18,   4, 14}},
	{make_growing_fault, {  1,   0,   1,   0,   2,  30,   0,   0,  3}},
	{make_brk,           { 10,   4,   3,   2,   3,   4,   0,   0,  4}},
	{make_mlock,         {  0,   0,  12,   2,   1,   1,   1,   1,  3}},
	{make_mlock2,        {  0,   0,   8,   1,   1,   1,   1,   0,  2}},
	{make_munlock,       {  0,   0,   8,   1,   1,   1,   1,   1,  2}},
	{make_mlockall,      {  0,   0,   2,   0,   0,   0,   0,   0,  1}},
	{make_munlockall,    {  0,   0,   1,   0,   0,   0,   0,   0,  1}},
	{make_mseal,         {  0,   1,   1,   1,   1,   0,   1,   0,  1}},
	{make_fork,          {  0,   0,   1,   1,  14,   1,   2,   8,  3}},
	{make_exit,          {  0,   0,   1,   1,   5,   1,   1,   4,  2}},
	/* clang-format on */
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void make_any(struct maker *m)
{
	unsigned int sum = 0, chosen;

	for (size_t i = 0; i < NR_KINDS; i++)
		sum += kinds[i].weight[m->profile];
	chosen = (unsigned int)below(m, sum);
	for (size_t i = 0; i < NR_KINDS; i++) {
		if (chosen < kinds[i].weight[m->profile]) {
			kinds[i].make(m);
			return;
		}
		chosen -= kinds[i].weight[m->profile];
	}
}

/*
 * No listing shows much of what decides the next merge: the owner of an area's
 * pages, its offset, its accounting. The last operations of a script reveal it:
 * memory that can join an area must join it on both sides, and the child of a
 * fork, whose areas join nothing that was written before the fork, tells
 * written areas from others.
 */
static bool is_probing(const struct maker *m, unsigned long done, unsigned long ops)
{
	return m->probes && done >= ops - ops / 5;
}

static void make_probe(struct maker *m, bool first)
{
	if (first && one_in(m, 2))
		line(m, "fork x");
	else if (one_in(m, 5))
		make_mprotect(m);
	else
		make_neighbour(m);
}

static bool is_without(const char *text, const char *const *without)
{
	char copy[LINE_MAX_BYTES], *rest;

	if (!without)
		return false;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " |", &rest); word; word = strtok_r(NULL, " |", &rest))
		for (const char *const *w = without; *w; w++)
			if (strcmp(word, *w) == 0)
				return true;
	return false;
}

static enum profile profile_number(const char *name)
{
	int i = 0;

	while (generate_profiles[i] && strcmp(generate_profiles[i], name) != 0)
		i++;
	return generate_profiles[i] ? (enum profile)i : EVERYTHING;
}

void generate_script(const struct generate *g, FILE *out)
{
	struct maker m = {.profile = profile_number(g->profile)}, before;

	/*
	 * Consecutive seeds must not begin alike, nor must the profiles of one
	 * seed.
	 */
	m.random = g->seed * 0xd1342543de82ef95 + (uint64_t)m.profile;
	next_random(&m);
	m.probes = one_in(&m, 2);
	sketch_init(&m.process[0]);
	fprintf(out, "script %s %lu\n", g->profile, g->seed);
	for (unsigned long i = 0; i < g->ops;) {
		before = m;
		if (is_probing(&m, i, g->ops))
			make_probe(&m, i == g->ops - g->ops / 5);
		else
			make_any(&m);
		if (is_without(m.line, g->without)) {
			before.random = m.random;
			m = before;
			continue;
		}
		fprintf(out, "%s\n", m.line);
		i++;
	}
}
