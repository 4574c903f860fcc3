/* SPDX-License-Identifier: MIT */
/*
 * race.c - finds data races: two accesses to the same bytes by different
 * threads, one of them a write and one of them plain, neither of which happened
 * before the other. The last few accesses to each eight bytes are kept, so
 * a race with an older one may be missed.
 */
#include "tests/explore/sched.h"

#define CELLS (1u << 17)
#define KEPT 4
#define LONGEST 4096 /* of a longer range only the beginning is looked at */

static struct cell {
	uint64_t key;
	struct {
		const void *pc;
		uint32_t clock;
		uint8_t bytes, thread;
		bool write, atomic;
	} kept[KEPT];
	uint8_t next;
} cells[CELLS];

static void look(struct cell *c, uint8_t bytes, bool write, bool atomic, const void *pc)
{
	const struct view *now = &threads[self].now;

	for (int i = 0; i < KEPT; i++) {
		int other = c->kept[i].thread;

		if (!(c->kept[i].bytes & bytes) || other == self || !(write || c->kept[i].write) ||
		    (atomic && c->kept[i].atomic) || c->kept[i].clock <= now->before[other])
			continue;
		run_failed(pc, c->kept[i].pc,
			   "data race: thread %s %s %s %p, and nothing orders that after a %s%s by "
			   "thread %s",
			   threads[self].name, atomic ? "atomically" : "plainly",
			   write ? "writes" : "reads", (void *)(c->key << 3),
			   c->kept[i].atomic ? "atomic " : "", c->kept[i].write ? "write" : "read",
			   threads[other].name);
	}
}

static void note(struct cell *c, uint8_t bytes, bool write, bool atomic, const void *pc)
{
	const struct view *now = &threads[self].now;
	int at = c->next;

	/* An access of its own that says no more is replaced. */
	for (int i = 0; i < KEPT; i++) {
		if (c->kept[i].thread == self && (c->kept[i].bytes & ~bytes) == 0 &&
		    c->kept[i].write <= write && c->kept[i].atomic >= atomic)
			at = i;
	}
	if (at == c->next)
		c->next = (uint8_t)((c->next + 1) % KEPT);
	c->kept[at].pc = pc;
	c->kept[at].clock = now->before[self];
	c->kept[at].bytes = bytes;
	c->kept[at].thread = (uint8_t)self;
	c->kept[at].write = write;
	c->kept[at].atomic = atomic;
}

static void access_cell(uint64_t key, uint8_t bytes, bool write, bool atomic, const void *pc)
{
	struct cell *c = &cells[(key ^ key >> 17) & (CELLS - 1)];

	if (c->key != key)
		*c = (struct cell){.key = key};
	look(c, bytes, write, atomic, pc);
	note(c, bytes, write, atomic, pc);
}

static void access_range(unsigned long at, unsigned long size, bool write, bool atomic,
			 const void *pc)
{
	unsigned long end = at + (size > LONGEST ? LONGEST : size);

	while (at < end) {
		unsigned long next = (at | 7) + 1, n = (next < end ? next : end) - at;

		access_cell(at >> 3, (uint8_t)(((1u << n) - 1) << (at & 7)), write, atomic, pc);
		at += n;
	}
}

void race_plain(const volatile void *addr, unsigned long size, bool write, const void *pc)
{
	if (!explored())
		return;
	memory_check(addr, size, pc);
	if (shared->orders.races)
		access_range((unsigned long)addr, size, write, false, pc);
}

void race_atomic(const volatile void *addr, unsigned int size, bool write, const void *pc)
{
	if (explored() && shared->orders.races)
		access_range((unsigned long)addr, size, write, true, pc);
}
