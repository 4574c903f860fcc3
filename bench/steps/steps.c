/* SPDX-License-Identifier: MIT */
/*
 * steps.c - the program: how many steps a lookup, a fork, an exit and an
 * insertion take with a list, a tree, both, and the maple tree. It counts in
 * the running library and prints, next to each count, the figure of an article
 * on Linux's VMAs for 500 of them.
 *
 * A step is a visit to an object (an area, or a node of the maple tree): an
 * access to an object other than the object accessed before. Accesses to all
 * other memory (the lock, the stack) do not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/options.h"
#include "bench/harness/row.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "bench/instrument/trace.h"
#include "bench/steps/structure.h"

#define VMAS_MAX 20000
#define LINE 64

struct arguments {
	unsigned long vmas, seed;
	bool json;
};

struct figures {
	double lookup, fork, exit, insert;
	unsigned int deepest;
	double mean_depth;
};

/* The article's kernel predates the maple tree. */
static const struct {
	const char *structure, *lookup, *fork, *exit, *insert;
} article[] = {
	{"list", "250 on average", "500", "500", "O(n)"},
	{"tree", "9 (log2 500)", "~4500", "~4500", "O(log n)"},
	{"both", "9", "500", "500", "O(log n)"},
	{"maple", "-", "-", "-", "-"},
};

/* ---- the object of an address: a hash table from cache line to object ---- */

struct objects {
	struct {
		uintptr_t line; /* 0: free */
		uintptr_t object;
	} * slot;
	size_t room, used;
};

static size_t place_of(const struct objects *o, uintptr_t line)
{
	size_t i = line * 0x9e3779b97f4a7c15 >> 32;

	while (o->slot[i & (o->room - 1)].line && o->slot[i & (o->room - 1)].line != line)
		i++;
	return i & (o->room - 1);
}

static void put_line(struct objects *o, uintptr_t line, uintptr_t object)
{
	size_t i;

	if (2 * (o->used + 1) > o->room) {
		struct objects old = *o;

		o->room = old.room ? 2 * old.room : 1024;
		o->used = 0;
		o->slot = calloc(o->room, sizeof(*o->slot));
		if (!o->slot)
			abort();
		for (size_t k = 0; k < old.room; k++)
			if (old.slot[k].line)
				put_line(o, old.slot[k].line, old.slot[k].object);
		free(old.slot);
	}
	i = place_of(o, line);
	o->used += !o->slot[i].line;
	o->slot[i].line = line;
	o->slot[i].object = object;
}

static void put_object(void *arg, const void *object, size_t size)
{
	for (uintptr_t at = (uintptr_t)object; at < (uintptr_t)object + size; at += LINE)
		put_line(arg, at / LINE, (uintptr_t)object);
}

/* Count the visits in the recording. */
static unsigned long count_visits(const struct objects *o)
{
	unsigned long visits = 0;
	uintptr_t last = 0;
	size_t nr;
	const struct trace_access *access = trace_taken(&nr);

	for (size_t i = 0; i < nr; i++) {
		uintptr_t object = o->slot[place_of(o, access[i].addr / LINE)].object;

		visits += object && object != last;
		if (object)
			last = object;
	}
	return visits;
}

/* ---- measuring ---- */

static void learn_objects(const struct structure_ops *ops, struct structure *s, struct objects *o)
{
	free(o->slot);
	*o = (struct objects){0};
	ops->objects(s, put_object, o);
}

static bool measure_lookup(const struct structure_ops *ops, struct structure *s, unsigned int nr,
			   struct figures *f)
{
	struct objects o = {0};
	unsigned long visits = 0;
	bool found = true;

	learn_objects(ops, s, &o);
	for (unsigned int i = 0; i < nr && found; i++) {
		trace_begin();
		found = ops->lookup(s, STRUCTURE_BASE + i * STRUCTURE_STRIDE);
		trace_end();
		visits += count_visits(&o);
	}
	free(o.slot);
	f->lookup = (double)visits / nr;
	return found;
}

static bool measure_walks(const struct structure_ops *ops, struct structure *s, unsigned int nr,
			  struct figures *f)
{
	struct objects o = {0};
	unsigned int fork, exit;

	learn_objects(ops, s, &o);
	trace_begin();
	fork = ops->walk(s);
	trace_end();
	f->fork = (double)count_visits(&o);
	trace_begin();
	exit = ops->walk(s);
	trace_end();
	f->exit = (double)count_visits(&o);
	free(o.slot);
	return fork == nr && exit == nr;
}

/*
 * Insert an area into the hole after each area in turn, and erase it again.
 * Nodes that the insertion allocates and nodes that it replaces both count as
 * visited.
 */
static bool measure_insert(const struct structure_ops *ops, struct structure *s, unsigned int nr,
			   struct figures *f)
{
	unsigned long visits = 0;

	for (unsigned int i = 0; i < nr; i++) {
		unsigned long start = STRUCTURE_BASE + i * STRUCTURE_STRIDE + 2 * STRUCTURE_LEN;
		struct objects o = {0};
		bool done;

		learn_objects(ops, s, &o);
		trace_begin();
		done = ops->insert(s, start);
		trace_end();
		/* The new objects are known only after the insertion. */
		ops->objects(s, put_object, &o);
		visits += count_visits(&o);
		free(o.slot);
		if (!done)
			return false;
		ops->erase(s, start);
	}
	f->insert = (double)visits / nr;
	return true;
}

static bool measure(const struct structure_ops *ops, const unsigned int *order, unsigned int nr,
		    struct figures *f)
{
	struct structure *s = ops->create(order, nr);
	bool ok;

	if (!s)
		return false;
	ops->depth(s, &f->deepest, &f->mean_depth);
	ok = measure_lookup(ops, s, nr, f) && measure_walks(ops, s, nr, f) &&
	     measure_insert(ops, s, nr, f);
	ops->destroy(s);
	return ok;
}

/* ---- printing ---- */

static int print_json(const struct structure_ops *ops, int i, unsigned long vmas,
		      const struct figures *f)
{
	return bench_json_print(
		stdout,
		json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:i, s:f, s:{s:s, s:s, s:s, s:s}}",
			  "structure", ops->name, "vmas", (json_int_t)vmas, "lookup", f->lookup,
			  "fork", f->fork, "exit", f->exit, "insert", f->insert, "levels",
			  (int)f->deepest, "mean_depth", f->mean_depth, "article", "lookup",
			  article[i].lookup, "fork", article[i].fork, "exit", article[i].exit,
			  "insert", article[i].insert));
}

static void print_head(unsigned long vmas)
{
	printf("Steps with %lu VMAs, counted; in brackets the article's, for 500\n\n", vmas);
	printf("%-7s %24s %20s %20s %20s\n", "", "lookup, mean", "fork, walk", "exit, walk",
	       "insert, mean");
}

static void print_figures(const struct structure_ops *ops, int i, const struct figures *f)
{
	char cell[4][48];

	snprintf(cell[0], sizeof(cell[0]), "%.1f [%s]", f->lookup, article[i].lookup);
	snprintf(cell[1], sizeof(cell[1]), "%.0f [%s]", f->fork, article[i].fork);
	snprintf(cell[2], sizeof(cell[2]), "%.0f [%s]", f->exit, article[i].exit);
	snprintf(cell[3], sizeof(cell[3]), "%.1f [%s]", f->insert, article[i].insert);
	printf("%-7s %24s %20s %20s %20s\n", ops->name, cell[0], cell[1], cell[2], cell[3]);
}

/* ---- the command ---- */

/* A random order, because programs do not map in address order. */
static unsigned int *shuffled(unsigned long nr, uint64_t seed)
{
	unsigned int *order = calloc(nr, sizeof(*order));

	for (unsigned int i = 0; order && i < nr; i++) {
		unsigned int other;

		seed = seed * 6364136223846793005 + 1442695040888963407;
		other = (unsigned int)((seed >> 33) % (i + 1));
		order[i] = order[other];
		order[other] = i;
	}
	return order;
}

int main(int argc, char **argv)
{
	struct arguments a = {.vmas = 500, .seed = 1};
	const struct bench_option options[] = {
		{"vmas", 0, "N", "how many areas (500)", .number = &a.vmas, .least = 1,
		 .most = VMAS_MAX},
		{"seed", 0, "N", "of the order in which they come (1)", .number = &a.seed,
		 .most = 1000000000},
		{"json", 0, NULL, "one JSON object a line instead of a table", .flag = &a.json},
		{0},
	};
	unsigned int *order;

	bench_standard_begin("steps");
	bench_options(argc, argv, "Count the steps of a list, a tree, both and the maple tree.",
		      options);
	order = shuffled(a.vmas, a.seed);
	if (order && !a.json)
		print_head(a.vmas);
	for (int i = 0; structures[i] && bench_standard_flush(); i++) {
		struct figures f = {0};

		if (!order || !measure(structures[i], order, (unsigned int)a.vmas, &f)) {
			fprintf(stderr, "steps: %s: out of memory\n", structures[i]->name);
			return BENCH_EXIT_USAGE;
		}
		if (!a.json)
			print_figures(structures[i], i, &f);
		else if (print_json(structures[i], i, a.vmas, &f))
			return BENCH_EXIT_USAGE; /* lost, or no memory */
	}
	free(order);
	return 0;
}
