/* SPDX-License-Identifier: MIT */
/*
 * test_trace.c - replays recordings of real programs on trees: each address
 * space of a recording is a tree with its oracle. A map is a store, or an
 * insert where the kernel chose the place; an unmap clears, a change of
 * protection splits, a fork copies the tree, a fault looks up. Each map also
 * searches for a gap. The tree is validated and compared after each step.
 *
 * The test must run in the top folder of the tree.
 */
#include "tests/lib/maple/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/lib/maple/pair.h"
#include "tools/trace/order.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096ul
#define TOP (1ul << 47)

static const char *const names[] = {"gcc",      "git",    "java", "node",
				    "postgres", "python", "sh",   "sqlite"};
static struct trace_order *orders[LEN(names)];

/*
 * Under ThreadSanitizer every third recording is enough, because there is one
 * thread.
 */
#define EVERY (MODEL_LESS > 8 ? 3 : 1)

/* All address spaces of one recording. */
struct replay {
	const struct trace_order *order;
	unsigned int flags;
	struct space {
		struct pair pair;
		bool live;
		unsigned long brk; /* 0: not known yet */
	} * spaces;
	/* mapped: faults that found an entry */
	unsigned long writes, reads, entries, faults, mapped;
	size_t largest; /* most ranges in one tree */
};

static unsigned long page_up(unsigned long bytes)
{
	return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static void doing(struct replay *r, struct space *s, enum op_kind kind, unsigned long first,
		  unsigned long last, void *entry, unsigned long size)
{
	const struct op op = {
		.kind = kind, .first = first, .last = last, .entry = entry, .size = size};

	if (!pair_do(&s->pair, &op))
		fail();
	r->writes += kind < OP_WRITES;
	r->reads += kind >= OP_WRITES;
	r->largest = s->pair.oracle.n > r->largest ? s->pair.oracle.n : r->largest;
}

static void *new_entry(struct replay *r)
{
	return pair_entry(++r->entries);
}

static void map(struct replay *r, struct space *s, unsigned long at, unsigned long bytes)
{
	if (bytes)
		doing(r, s, r->entries % 2 ? OP_PREALLOC : OP_STORE, at, at + page_up(bytes) - 1,
		      new_entry(r), 0);
}

static void unmap(struct replay *r, struct space *s, unsigned long at, unsigned long bytes)
{
	if (bytes)
		doing(r, s, OP_STORE_GFP, at, at + page_up(bytes) - 1, NULL, 0);
}

/* Where the kernel chose the place, the search must find room too. */
static void map_somewhere(struct replay *r, struct space *s, unsigned long at, unsigned long bytes)
{
	if (r->flags & MT_FLAGS_ALLOC_RANGE) {
		doing(r, s, OP_RGAP, PAGE, TOP - 1, NULL, page_up(bytes));
		doing(r, s, OP_GAP, TOP / 3 & ~(PAGE - 1), TOP - 1, NULL, page_up(bytes));
	}
	doing(r, s, OP_INSERT, at, at + page_up(bytes) - 1, new_entry(r), 0);
}

/* Gives each range inside a new entry; a range that crosses an end is split. */
static void change(struct replay *r, struct space *s, unsigned long at, unsigned long bytes)
{
	unsigned long end = at + page_up(bytes), next;

	for (; at < end; at = next) {
		struct oracle_range range = s->pair.oracle.range[oracle_at(&s->pair.oracle, at)];

		next = range.last < end - 1 ? range.last + 1 : end;
		if (range.entry)
			doing(r, s, OP_MAS_STORE, at, next - 1, new_entry(r), 0);
	}
}

static void move(struct replay *r, struct space *s, unsigned long from, unsigned long bytes,
		 unsigned long to, unsigned long to_bytes)
{
	unmap(r, s, from, bytes);
	map(r, s, to, to_bytes);
}

static void move_break(struct replay *r, struct space *s, unsigned long brk)
{
	unsigned long old = page_up(s->brk), new = page_up(brk);

	s->brk = brk;
	if (!old)
		return;
	if (new > old)
		map(r, s, old, new - old);
	else
		unmap(r, s, new, old - new);
}

static void look_up(struct replay *r, struct space *s, unsigned long at)
{
	r->faults++;
	r->mapped += s->pair.oracle.range[oracle_at(&s->pair.oracle, at)].entry != NULL;
	doing(r, s, OP_LOAD, at, at, NULL, 0);
	doing(r, s, r->reads % 3 ? OP_WALK : OP_FIND, at, ULONG_MAX, NULL, 0);
}

static void call(struct replay *r, struct space *s, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	unsigned long result = (unsigned long)e->call.result;

	if (e->call.result < 0 && e->call.result >= -4095)
		return;
	switch (e->call.call) {
	case TRACE_MMAP:
		if (a[3] & MAP_FIXED)
			map(r, s, result, a[1]);
		else
			map_somewhere(r, s, result, a[1]);
		break;
	case TRACE_MUNMAP:
		unmap(r, s, a[0], a[1]);
		break;
	case TRACE_MPROTECT:
		change(r, s, a[0], a[1]);
		break;
	case TRACE_MREMAP:
		move(r, s, a[0], a[1], result, a[2]);
		break;
	case TRACE_BRK:
		move_break(r, s, result);
		break;
	default:
		break;
	}
}

static void begin_space(struct replay *r, int space)
{
	struct space *s = &r->spaces[space];

	assert_false(s->live);
	pair_init(&s->pair, r->flags);
	s->live = true;
}

static void end_space(struct replay *r, int space)
{
	struct space *s = &r->spaces[space];

	if (!s->live)
		return;
	if (!pair_check(&s->pair))
		fail();
	pair_end(&s->pair);
	s->live = false;
}

static void exec(struct replay *r, const struct trace_effect *e)
{
	if (e->exec.old_space_ended && e->exec.old_space != TRACE_NO_SPACE)
		end_space(r, e->exec.old_space);
	begin_space(r, e->space);
	for (unsigned int i = 0; i < e->exec.nr_steps; i++) {
		const struct trace_exec_step *step = &e->exec.steps[i];

		if (step->is_fault)
			look_up(r, &r->spaces[e->space], step->fault.address);
		else
			map(r, &r->spaces[e->space], step->map.start, step->map.len);
	}
}

static void copy(struct replay *r, int from, int to)
{
	assert_false(r->spaces[to].live);
	if (!pair_copy(&r->spaces[to].pair, &r->spaces[from].pair))
		fail();
	r->spaces[to].live = true;
	r->spaces[to].brk = r->spaces[from].brk;
	r->writes++;
}

static void effect(struct replay *r, const struct trace_effect *e)
{
	if (e->kind == TRACE_EXEC_DONE) {
		exec(r, e);
		return;
	}
	if (e->space == TRACE_NO_SPACE || !r->spaces[e->space].live)
		return;
	switch (e->kind) {
	case TRACE_FORK_DONE:
		if (e->fork.how == TRACE_CHILD_COPIES)
			copy(r, e->space, e->fork.child_space);
		break;
	case TRACE_CALL_DONE:
		call(r, &r->spaces[e->space], e);
		break;
	case TRACE_FAULTED:
		look_up(r, &r->spaces[e->space], e->fault.address);
		break;
	default:
		if (e->end.space_ended)
			end_space(r, e->space);
		break;
	}
}

static void play(const char *name, const struct trace_order *order, unsigned int flags)
{
	struct replay r = {.order = order, .flags = flags};

	r.spaces = calloc((size_t)order->nr_spaces, sizeof(*r.spaces));
	assert_non_null(r.spaces);
	for (unsigned long i = 0; i < order->nr_effects; i++)
		effect(&r, &order->effects[i]);
	for (int space = 0; space < order->nr_spaces; space++)
		end_space(&r, space);
	free(r.spaces);
	print_message(
		"%-8s %5lu writes, %6lu reads, up to %3zu ranges; %lu of %lu faults were in one\n",
		name, r.writes, r.reads, r.largest, r.mapped, r.faults);
	assert_true(r.writes > 100 && r.reads > 1000);
	/*
	 * Every fault finds an entry, except for one that makes a stack grow.
	 */
	assert_true(r.faults - r.mapped <= 1);
	assert_int_equal(model_live_nodes(), 0);
}

static void recorded_programs_find_what_they_mapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(names); i += EVERY)
		play(names[i], orders[i], MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
}

static void the_same_in_trees_without_gaps_or_rcu(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(names); i += EVERY)
		play(names[i], orders[i], 0);
}

static bool load(void)
{
	char path[64], error[TRACE_ERROR_MAX];

	for (size_t i = 0; i < LEN(names); i++) {
		snprintf(path, sizeof(path), "bench/traces/%s.script.xz", names[i]);
		orders[i] = trace_order_load(path, error);
		if (!orders[i]) {
			print_error("%s\n", error);
			return false;
		}
	}
	return true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_programs_find_what_they_mapped),
		cmocka_unit_test(the_same_in_trees_without_gaps_or_rcu),
	};
	int failed = load() ? model_run_all("trace", tests, LEN(tests)) : 1;

	for (size_t i = 0; i < LEN(names); i++)
		trace_order_free(orders[i]);
	return failed;
}
