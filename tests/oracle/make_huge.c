/* SPDX-License-Identifier: MIT */
/*
 * make_huge.c - see make.h. Operations on memory that may hold huge pages, by
 * blocks of 2 MiB: the next merge of an area shows whether a touch found a page
 * table.
 */
#include <stddef.h>

#include "tests/oracle/make.h"

/* Choose an area that may hold huge pages, or return NULL. */
static const struct area *some_big_area(struct maker *m)
{
	const struct sketch *s = sketch(m);
	unsigned int first = (unsigned int)below(m, s->nr);

	for (unsigned int i = 0; i < s->nr; i++) {
		const struct area *area = &s->area[(first + i) % s->nr];

		if (area->end - area->start >= HUGE)
			return area;
	}
	return NULL;
}

static void map_big(struct maker *m)
{
	unsigned long len = (1 + below(m, 2)) * HUGE, addr = 0;
	char words[WORDS_ROOM] = "private|anon";

	len += below(m, 3) * PAGE;
	if (per_cent(m, 60)) {
		addr = PLAYGROUND + below(m, 4) * HUGE;
		addr += below(m, 3) * PAGE;
		add_word(words, "fixed");
	}
	line(m, "mmap %lx %lx rw %s - 0", addr, len, words);
	map_into_sketch(m, addr, len, words);
}

/* Move the area so that its blocks of 2 MiB stay aligned, or do not. */
static void move_big(struct maker *m, const struct area *area)
{
	unsigned long start = one_in(m, 2) ? area->start : (area->start + HUGE - 1) & ~(HUGE - 1),
		      len = area->end - start, target;
	bool keep = one_in(m, 2);

	if (one_in(m, 3) && len > HUGE)
		len = HUGE;
	target = PLAYGROUND + (8 + below(m, 4) * 4) * HUGE;
	target += one_in(m, 2) ? start % HUGE : below(m, 3) * PAGE;
	line(m, "mremap %lx %lx %lx maymove|rfixed%s %lx", start, len, len,
	     keep ? "|dontunmap" : "", target);
	move_in_sketch(m, start, len, target, len, keep);
}

void make_huge(struct maker *m)
{
	const struct area *area = some_big_area(m);
	unsigned long addr;

	if (!area || one_in(m, 5)) {
		map_big(m);
		return;
	}
	addr = area_page(m, area) & ~(HUGE - 1);
	addr += below(m, 3) * PAGE;
	if (addr < area->start || addr >= area->end)
		addr = area->start;
	switch (below(m, 9)) {
	case 0:
		line(m, "madvise %lx %lx HUGEPAGE", area->start, area->end - area->start);
		break;
	case 1:
		line(m, "munmap %lx 1000", addr);
		sketch_unmap(sketch(m), addr, addr + PAGE);
		break;
	case 2:
		/*
		 * Memory that was never written loses VM_ACCOUNT when it loses
		 * the right to be written.
		 */
		line(m, "mprotect %lx %lx %s", addr, area->end - addr,
		     one_in(m, 2) ? "r" : protection(m));
		sketch_cut(sketch(m), addr, area->end);
		break;
	case 3:
		line(m, "madvise %lx %lx %s", area->start, area->end - area->start,
		     one_in(m, 2) ? "DONTNEED" : "FREE");
		break;
	case 4:
		move_big(m, area);
		break;
	default:
		line(m, "fault %lx %c", addr, per_cent(m, 70) ? 'r' : 'w');
	}
}
