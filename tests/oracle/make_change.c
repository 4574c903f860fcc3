/* SPDX-License-Identifier: MIT */
/*
 * make_change.c - see make.h. Operations on mapped memory: munmap, mprotect,
 * madvise, mremap, touches, the break, locking, sealing.
 */
#include <string.h>

#include "tests/oracle/make.h"

void make_munmap(struct maker *m)
{
	unsigned long start, len;

	range(m, &start, &len);
	spoil(m, &start, &len);
	line(m, "munmap %lx %lx", start, len);
	if (start % PAGE == 0 && in_arena(start, len))
		sketch_unmap(sketch(m), start, start + round_up(len));
}

void make_mprotect(struct maker *m)
{
	const char *prot, *grows = "";
	unsigned long start, len;

	range(m, &start, &len);
	spoil(m, &start, &len);
	prot = protection(m);
	if (one_in(m, m->profile == GROWTH ? 8 : 100) && strcmp(prot, "none") != 0)
		grows = "D";
	line(m, "mprotect %lx %lx %s%s", start, len, prot, grows);
	cut_in_sketch(m, start, len);
}

static void make_advice(struct maker *m, const char *advice)
{
	unsigned long start, len;

	range(m, &start, &len);
	spoil(m, &start, &len);
	line(m, "madvise %lx %lx %s", start, len, advice);
	cut_in_sketch(m, start, len);
}

/* Advice that changes flags. */
void make_madvise(struct maker *m)
{
	static const char *const any[] = {
		"NORMAL",   "RANDOM",    "SEQUENTIAL",  "DONTFORK",   "DOFORK",
		"DONTFORK", "MERGEABLE", "UNMERGEABLE", "HUGEPAGE",   "NOHUGEPAGE",
		"DONTDUMP", "DODUMP",    "WIPEONFORK",  "KEEPONFORK", "BAD",
	};

	make_advice(m, PICK(m, any));
}

/* Advice about pages. */
void make_page_advice(struct maker *m)
{
	static const char *const any[] = {
		"WILLNEED", "DONTNEED",      "FREE",           "REMOVE",          "COLD",
		"PAGEOUT",  "POPULATE_READ", "POPULATE_WRITE", "DONTNEED_LOCKED",
	};

	make_advice(m, PICK(m, any));
}

void make_guard(struct maker *m)
{
	make_advice(m, one_in(m, 3) ? "GUARD_REMOVE" : "GUARD_INSTALL");
}

static unsigned long new_length(struct maker *m, unsigned long old)
{
	switch (below(m, 5)) {
	case 0:
		return old;
	case 1:
		return old > PAGE ? old - PAGE * (1 + below(m, old / PAGE - 1)) : old;
	default:
		return old + length(m, 64 * PAGE);
	}
}

/*
 * Return a target where @new_len bytes are adjacent to the area of @start, so
 * that the copy may merge with its source.
 */
static unsigned long beside_itself(struct maker *m, unsigned long start, unsigned long new_len)
{
	const struct area *area = sketch_find(sketch(m), start);

	if (!area)
		return address(m);
	return one_in(m, 2) ? area->end : into_arena(area->start - round_up(new_len));
}

static void make_mremap_fixed(struct maker *m, unsigned long start, unsigned long len)
{
	unsigned long new_len = one_in(m, 2) ? len : new_length(m, len);
	unsigned long target = one_in(m, 4) ? beside_itself(m, start, new_len) : address(m);
	bool keep = one_in(m, 5);

	if (keep && !one_in(m, 10))
		new_len = len;
	if (ARENA_END - target < round_up(new_len))
		target = ARENA_END - round_up(new_len);
	line(m, "mremap %lx %lx %lx maymove|rfixed%s %lx", start, len, new_len,
	     keep ? "|dontunmap" : "", target);
	move_in_sketch(m, start, round_up(len), target, round_up(new_len), keep);
}

static void make_mremap_free(struct maker *m, unsigned long start, unsigned long len)
{
	unsigned long new_len = new_length(m, len), end;
	bool keep = one_in(m, 6), may_move = !one_in(m, 4);

	if (keep) {
		line(m, "mremap %lx %lx %lx maymove|dontunmap %lx", start, len, len,
		     one_in(m, 3) ? address(m) : 0);
		move_in_sketch(m, start, round_up(len), sketch_place(sketch(m), round_up(len)),
			       round_up(len), true);
		return;
	}
	line(m, "mremap %lx %lx %lx %s 0", start, len, new_len, may_move ? "maymove" : "0");
	len = round_up(len);
	new_len = round_up(new_len);
	end = start + new_len;
	if (new_len <= len)
		sketch_unmap(sketch(m), end, start + len);
	else if (sketch_is_free(sketch(m), start + len, end))
		sketch_map(sketch(m), (struct area){.start = start, .end = end});
	else if (may_move)
		move_in_sketch(m, start, len, sketch_place(sketch(m), new_len), new_len, false);
}

/* Make an mremap that is refused. Its words are harmless whatever is mapped. */
static void make_odd_mremap(struct maker *m)
{
	static const char *const lengths[] = {"1000 0",
					      "0 1000",
					      "0 2000",
					      "1000 ffffffffffffffff",
					      "ffffffffffffffff 1000",
					      "2000 7ffffffff000"};
	static const char *const flags[] = {"0 0",
					    "maymove 0",
					    "maymove|dontunmap 0",
					    "rfixed 20008000",
					    "dontunmap 20008000",
					    "maymove|rfixed 20008001",
					    "maymove|rfixed 0",
					    "maymove|rfixed 20008000",
					    "maymove|rfixed|dontunmap 20008000"};
	unsigned long start = address(m);
	const char *lens = PICK(m, lengths), *how = PICK(m, flags);

	if (one_in(m, 6))
		start += PAGE / 2;
	line(m, "mremap %lx %s %s", start, lens, how);
}

void make_mremap(struct maker *m)
{
	unsigned long start, len;

	if (one_in(m, 20)) {
		make_odd_mremap(m);
		return;
	}
	range(m, &start, &len);
	if (one_in(m, 3))
		make_mremap_fixed(m, start, len);
	else
		make_mremap_free(m, start, len);
}

void make_fault(struct maker *m)
{
	const struct area *area = some_area(m);
	unsigned long addr = address(m);

	if (area && per_cent(m, 80))
		addr = area_page(m, area);
	if (one_in(m, 60))
		addr = one_in(m, 2) ? ARENA_START - PAGE : ARENA_END;
	if (one_in(m, 4))
		addr += below(m, PAGE);
	line(m, "fault %lx %c", addr, per_cent(m, 70) ? 'w' : 'r');
}

/*
 * Touch a page a little below a growing area: around the guard gap, or around
 * the limit.
 */
void make_growing_fault(struct maker *m)
{
	static const unsigned long pages[] = {1, 1, 2, 3, 16, 255, 256, 257, 258, 2046, 2047, 2048};
	const struct sketch *s = sketch(m);
	const struct area *area = NULL;
	unsigned long addr;

	for (unsigned int i = 0; i < 4 && (!area || !area->grows); i++)
		area = some_area(m);
	if (!area) {
		make_fault(m);
		return;
	}
	addr = area->start - PICK(m, pages) * PAGE;
	if (area > s->area && one_in(m, 3))
		addr = area[-1].end + (254 + below(m, 5)) * PAGE;
	if (addr < ARENA_START || addr >= ARENA_END)
		addr = ARENA_START;
	line(m, "fault %lx %c", addr, one_in(m, 2) ? 'w' : 'r');
	/* The address is worth aiming at, whether the area grew or not. */
	if (area->grows && addr < area->start && area->start - addr < 2048 * PAGE &&
	    sketch_is_free(s, addr, area->start))
		sketch_map(sketch(m),
			   (struct area){.start = addr, .end = area->end, .grows = true});
}

/*
 * Map a stack above the break, within the reach of its guard gap or just
 * beyond.
 */
static void make_stack_above_break(struct maker *m)
{
	static const char words[] = "fixed|private|anon|growsdown";
	unsigned long addr = round_up(sketch(m)->brk) + (250 + below(m, 16)) * PAGE,
		      len = (1 + below(m, 4)) * PAGE;

	line(m, "mmap %lx %lx rw %s - 0", addr, len, words);
	map_into_sketch(m, addr, len, words);
}

/* The area just above the break, or NULL if none is near. */
static const struct area *area_above_break(struct maker *m)
{
	const struct area *next = sketch_find(sketch(m), round_up(sketch(m)->brk));

	return next && next->start < ARENA_START + 32 * HUGE ? next : NULL;
}

void make_brk(struct maker *m)
{
	static const unsigned long short_of[] = {0, 1, 2, 255, 256, 257, 258};
	struct sketch *s = sketch(m);
	const struct area *next = area_above_break(m);
	unsigned long brk = s->brk + (below(m, 9) * PAGE) - 4 * PAGE, end;

	if (one_in(m, 8) && s->brk < ARENA_START + 16 * HUGE) {
		make_stack_above_break(m);
		return;
	}
	if (next && one_in(m, 3))
		brk = next->start - PICK(m, short_of) * PAGE;
	if (one_in(m, 4))
		brk += below(m, PAGE);
	if (one_in(m, 6))
		brk = address(m);
	if (brk < ARENA_START || one_in(m, 20))
		brk = one_in(m, 2) ? 0 : ARENA_START;
	if (one_in(m, 30))
		brk = one_in(m, 2) ? ARENA_END : ~0UL;
	/*
	 * A heap of many megabytes takes long to fault in if memory is locked.
	 */
	if (brk > ARENA_START + 32 * HUGE && brk < ARENA_END)
		brk = ARENA_START + below(m, 64) * PAGE;
	line(m, "brk %lx", brk);
	if (brk < ARENA_START || brk >= ARENA_END)
		return;
	end = round_up(brk);
	if (end < round_up(s->brk))
		sketch_unmap(s, end, round_up(s->brk));
	else if (sketch_is_free(s, round_up(s->brk), end))
		sketch_map(s, (struct area){.start = round_up(s->brk), .end = end});
	else
		return;
	s->brk = brk;
}

/* ---- locking, sealing ---- */

static void make_range_op(struct maker *m, const char *name, const char *after)
{
	unsigned long start, len;

	range(m, &start, &len);
	spoil(m, &start, &len);
	line(m, "%s %lx %lx%s", name, start, len, after);
	cut_in_sketch(m, start, len);
}

void make_mlock(struct maker *m)
{
	make_range_op(m, "mlock", "");
}

void make_mlock2(struct maker *m)
{
	make_range_op(m, "mlock2", one_in(m, 4) ? " 0" : " onfault");
}

void make_munlock(struct maker *m)
{
	make_range_op(m, "munlock", "");
}

void make_mlockall(struct maker *m)
{
	static const char *const any[] = {"current",          "future",
					  "current|future",   "future|aonfault",
					  "current|aonfault", "current|future|aonfault",
					  "aonfault",         "0"};

	line(m, "mlockall %s", PICK(m, any));
}

void make_munlockall(struct maker *m)
{
	line(m, "munlockall");
}

void make_mseal(struct maker *m)
{
	make_range_op(m, "mseal", "");
}
