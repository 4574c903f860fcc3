/* SPDX-License-Identifier: MIT */
/* describe.c - see order.h: the problems of a recording, in words. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/trace/order.h"

static void say(FILE *out, unsigned long count, const char *what)
{
	if (count)
		fprintf(out, "%lu %s\n", count, what);
}

static unsigned long guessed_forks(const struct trace_order *order)
{
	unsigned long nr = 0;

	for (unsigned long i = 0; i < order->nr_effects; i++)
		nr += order->effects[i].kind == TRACE_FORK_DONE && order->effects[i].fork.guessed;
	return nr;
}

char *trace_order_describe(const struct trace_order *order)
{
	const struct trace_order_problems *problems = &order->problems;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	say(out, problems->lost, "events lost by perf: record again with a larger buffer (-m)");
	say(out, problems->enters_without_exit, "calls that never returned");
	say(out, problems->exits_without_enter, "returns from calls that were never entered");
	say(out, problems->maps_unattached, "MMAP2 records that no call, fault or execve made");
	say(out, problems->threads_unknown,
	    "threads that no fork or execve introduced: recorded from the middle, or printed "
	    "without --show-task-events");
	say(out, problems->mm_conflicts, "calls that locked another address space than their own");
	say(out, problems->execs_unfinished, "execves that did not finish");
	say(out, problems->threads_left, "threads still alive at the end");
	say(out, guessed_forks(order),
	    "new processes of which it is a guess whether they share their parent's address space");
	if (!order->by_locks)
		fprintf(out, "no mmap_lock events: calls are ordered by their exits, which may be "
			     "wrong where threads contend\n");
	if (problems->first_line)
		fprintf(out, "the first of these is at line %lu\n", problems->first_line);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
