/* SPDX-License-Identifier: MIT */
/*
 * generate.c - see generate.h.
 *
 * Uniform random numbers would hardly ever make two areas meet. So an address is mostly an end of an area, a page beside one, or a
 * page of a small playground; a length mostly reaches to the next end, or a page short of it or beyond; kinds of memory come
 * mostly from a handful, so that neighbours are alike; and some of all are the limits themselves: zero, the last page, no page.
 *
 * An operation that would change what lies outside the arena would break the oracle, which lives there: none is made.
 */
#include "tests/oracle/generate.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/sketch.h"

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define PLAYGROUND 0x20000000UL
#define PLAYGROUND_PAGES 48
#define DEPTH_MAX 5
#define IDLE_MAX 6
#define LINE_MAX_BYTES 256

enum profile { PLACEMENT, MERGING, LOCKING, MREMAP, FORK, GROWTH, FILES, HUGE_PAGES, EVERYTHING, NR_PROFILES };

const char *const generate_profiles[] = {"placement", "merging", "locking", "mremap",     "fork",
					 "growth",    "files",   "huge",    "everything", NULL};

struct maker {
	uint64_t random;
	enum profile profile;
	struct sketch process[DEPTH_MAX]; /* the current one last */
	int depth, idle;
	char line[LINE_MAX_BYTES];
};

/* ---- chance ---- */

static uint64_t next_random(struct maker *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned long below(struct maker *m, unsigned long n)
{
	return n ? next_random(m) % n : 0;
}

static bool one_in(struct maker *m, unsigned long n)
{
	return below(m, n) == 0;
}

static bool per_cent(struct maker *m, unsigned int n)
{
	return below(m, 100) < n;
}

#define PICK(m, array) ((array)[below(m, sizeof(array) / sizeof((array)[0]))])

static struct sketch *sketch(struct maker *m)
{
	return &m->process[m->depth];
}

static void line(struct maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct maker *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->line, sizeof(m->line), format, args);
	va_end(args);
}

/* ---- addresses and lengths ---- */

static const struct area *some_area(struct maker *m)
{
	const struct sketch *s = sketch(m);

	return s->nr ? &s->area[below(m, s->nr)] : NULL;
}

static unsigned long area_page(struct maker *m, const struct area *area)
{
	return area->start + below(m, (area->end - area->start) / PAGE) * PAGE;
}

static unsigned long into_arena(unsigned long addr)
{
	if (addr < SKETCH_START)
		return SKETCH_START;
	return addr >= SKETCH_END ? SKETCH_END - PAGE : addr;
}

/* A page of the arena, most often one where something begins or ends. */
static unsigned long address(struct maker *m)
{
	const struct area *area = some_area(m);
	unsigned int chance = (unsigned int)below(m, 100);

	if (!area || chance < 20)
		return PLAYGROUND + below(m, PLAYGROUND_PAGES) * PAGE;
	if (chance < 45)
		return into_arena(area->start);
	if (chance < 65)
		return into_arena(area->end);
	if (chance < 75)
		return area_page(m, area);
	if (chance < 85)
		return into_arena(area->start - below(m, 5) * PAGE);
	if (chance < 92)
		return into_arena(area->end + below(m, 5) * PAGE);
	if (chance < 95)
		return one_in(m, 2) ? SKETCH_START : SKETCH_END - (1 + below(m, 4)) * PAGE;
	return (SKETCH_START + below(m, SKETCH_END - SKETCH_START)) & ~(PAGE - 1);
}

/* Up to @room, so that nothing outside the arena is meant. */
static unsigned long length(struct maker *m, unsigned long room)
{
	static const unsigned long some[] = {1, 1, 1, 2, 2, 3, 4, 5, 8, 16, 17};
	unsigned long len = PICK(m, some) * PAGE;

	if (m->profile == PLACEMENT && one_in(m, 6))
		len = (1 + below(m, 4)) * HUGE + (one_in(m, 3) ? PAGE : 0);
	else if (one_in(m, 60))
		len = (1 + below(m, 2)) * HUGE;
	if (one_in(m, 12))
		len -= below(m, PAGE);
	return len < room ? len : room;
}

/* A range of the arena: an area, its beginning, its end, its middle, or more than it. */
static void range(struct maker *m, unsigned long *start, unsigned long *len)
{
	const struct area *area = some_area(m);

	if (!area || one_in(m, 8)) {
		*start = address(m);
		*len = length(m, SKETCH_END - *start);
		return;
	}
	*start = one_in(m, 2) ? area->start : area_page(m, area);
	*len = area->end - *start;
	switch (below(m, 6)) {
	case 0:
	case 1:
		break;
	case 2:
	case 3:
		*len = (1 + below(m, *len / PAGE)) * PAGE;
		break;
	case 4:
		*len += length(m, SKETCH_END - *start - *len);
		break;
	default:
		*start = into_arena(*start - below(m, 4) * PAGE);
		*len = length(m, SKETCH_END - *start);
	}
	if (one_in(m, 25) && *len > PAGE)
		*len -= below(m, PAGE);
}

/* What a range must not be, but harmless: *@start or *@len is made wrong. */
static void spoil(struct maker *m, unsigned long *start, unsigned long *len)
{
	static const unsigned long lengths[] = {0, 0, ~0UL, ~(PAGE - 1)};

	if (!one_in(m, 40))
		return;
	if (one_in(m, 3))
		*start += 1 + below(m, PAGE - 1);
	else
		*len = PICK(m, lengths);
	/* It must not reach what lies above. */
	if (*start + *len > SKETCH_END && *len < PAGE)
		*len = 0;
	if (*start % PAGE && *start + *len > SKETCH_END)
		*len = PAGE - *start % PAGE;
}

static unsigned long round_up(unsigned long len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

static bool in_arena(unsigned long start, unsigned long len)
{
	return start >= SKETCH_START && start <= SKETCH_END && len && round_up(len) && round_up(len) <= SKETCH_END - start;
}

/* ---- mmap ---- */

static const char *protection(struct maker *m)
{
	static const char *const rare[] = {"none", "r", "w", "x", "rx", "rwx", "wx"};

	if (per_cent(m, 65))
		return "rw";
	return one_in(m, 2) ? "r" : PICK(m, rare);
}

static void add_word(char *words, const char *word)
{
	if (*words)
		strcat(words, "|");
	strcat(words, word);
}

/* How the memory is to be: kinds that differ only in what no listing shows, too. */
static void add_kind(struct maker *m, char *words)
{
	static const char *const common[] = {"noreserve", "stack", "populate", "noreserve", "stack"};
	static const char *const rare[] = {"nonblock", "denywrite", "exec", "sync", "32bit", "locked", "nonblock|populate"};

	if (per_cent(m, m->profile == LOCKING ? 12 : 2))
		add_word(words, "locked");
	if (per_cent(m, 12))
		add_word(words, PICK(m, common));
	if (per_cent(m, 4))
		add_word(words, PICK(m, rare));
}

static const char *file(struct maker *m)
{
	static const char *const any[] = {"f0", "f0", "f1", "f2", "f3", "m0", "m1"};

	return PICK(m, any);
}

static unsigned long file_offset(struct maker *m)
{
	static const unsigned long odd[] = {0x800,
					    1,
					    0xfffffffffffff000,
					    0x7ffffffffffff000,
					    0x7fffffffffffe000,
					    0x7fffffffffe00000,
					    0x8000000000000000,
					    0xffffffffffffe000};

	if (one_in(m, 40))
		return PICK(m, odd);
	if (one_in(m, 10))
		return below(m, 5) * HUGE / 2;
	return below(m, 20) * PAGE;
}

static void map_into_sketch(struct maker *m, unsigned long addr, unsigned long len, const char *words)
{
	struct area area = {.grows = strstr(words, "growsdown") != NULL, .file = !strstr(words, "anon")};
	bool fixed = strstr(words, "fixed") || strstr(words, "noreplace");

	addr &= ~(PAGE - 1);
	len = round_up(len);
	if (!len || len > SKETCH_END - SKETCH_START)
		return;
	if (!fixed && (!addr || !sketch_is_free(sketch(m), addr, addr + len)))
		addr = sketch_place(sketch(m), len);
	area.start = addr;
	area.end = addr + len;
	if (addr && !(strstr(words, "noreplace") && !sketch_is_free(sketch(m), addr, addr + len)))
		sketch_map(sketch(m), area);
}

/* An offset that lets a mapping at @addr continue its neighbour below, if the two are of one file. */
static unsigned long matching_offset(struct maker *m, unsigned long addr)
{
	return one_in(m, 2) ? (addr - PLAYGROUND) & (31 * PAGE) : file_offset(m);
}

static void finish_mmap(struct maker *m, unsigned long addr, unsigned long len, char *words)
{
	bool anon = per_cent(m, m->profile == FILES ? 15 : m->profile == EVERYTHING ? 70 : 88);
	unsigned long off = anon ? 0 : matching_offset(m, addr);

	add_word(words, anon && one_in(m, 40) ? "droppable" : one_in(m, anon ? 15 : 2) ? "shared" : "private");
	if (anon)
		add_word(words, "anon");
	add_kind(m, words);
	if (one_in(m, 200))
		off = file_offset(m);
	line(m, "mmap %lx %lx %s %s %s %lx", addr, len, protection(m), words, anon ? "-" : file(m), off);
	map_into_sketch(m, addr, len, words);
}

/* Over, beside or between what is there. */
static void make_fixed(struct maker *m)
{
	unsigned long addr = address(m), len = length(m, SKETCH_END - addr), to_next;
	const struct area *next = sketch_find(sketch(m), addr);
	char words[128];

	/* A hole filled to its end joins both sides, if they fit. */
	to_next = next && next->start > addr ? next->start - addr : 0;
	if (to_next && to_next <= 64 * PAGE && one_in(m, 2))
		len = to_next;
	strcpy(words, one_in(m, 5) ? "noreplace" : "fixed");
	finish_mmap(m, addr, len, words);
}

static void make_placed(struct maker *m)
{
	static const unsigned long odd_hints[] = {1, PAGE, 0xf000, 0x10000, 0x40000000, 0x4fffffff, 0x50000000, 0x7fffffffe000};
	unsigned long len = length(m, SKETCH_END - SKETCH_START), addr = 0;
	char words[128] = "";

	if (per_cent(m, 25))
		addr = address(m) + (one_in(m, 5) ? below(m, PAGE) : 0);
	else if (one_in(m, 20))
		addr = PICK(m, odd_hints);
	if (m->profile == PLACEMENT && one_in(m, 8))
		add_word(words, "32bit");
	finish_mmap(m, addr, len, words);
}

/* Half of the arena and more, never touched: what is left becomes scarce. */
static void make_giant(struct maker *m)
{
	unsigned long len = (1 + below(m, 15)) * 0x4000000;

	line(m, "mmap 0 %lx none private|anon|noreserve - 0", len);
	map_into_sketch(m, 0, len, "anon");
}

static void make_growing(struct maker *m)
{
	unsigned long addr = one_in(m, 4) ? 0 : address(m), len = (1 + below(m, 4)) * PAGE;
	char words[128] = "growsdown|private|anon";

	if (addr && SKETCH_END - addr < len)
		addr = SKETCH_END - len;
	if (addr)
		add_word(words, one_in(m, 8) ? "noreplace" : "fixed");
	add_kind(m, words);
	line(m, "mmap %lx %lx %s %s - 0", addr, len, per_cent(m, 85) ? "rw" : protection(m), words);
	map_into_sketch(m, addr, len, words);
}

/* An area that may hold huge pages, or NULL. */
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
	unsigned long len = (1 + below(m, 2)) * HUGE + below(m, 3) * PAGE, addr = 0;
	char words[128] = "private|anon";

	if (per_cent(m, 60)) {
		addr = PLAYGROUND + below(m, 4) * HUGE + below(m, 3) * PAGE;
		add_word(words, "fixed");
	}
	line(m, "mmap %lx %lx rw %s - 0", addr, len, words);
	map_into_sketch(m, addr, len, words);
}

static void move_in_sketch(struct maker *m, unsigned long start, unsigned long len, unsigned long target, unsigned long new_len,
			   bool keep)
{
	const struct area *from = sketch_find(sketch(m), start);
	struct area to = {.start = target, .end = target + new_len};

	if (from && from->start <= start) {
		to.grows = from->grows;
		to.file = from->file;
	}
	if (!keep)
		sketch_unmap(sketch(m), start, start + len);
	sketch_map(sketch(m), to);
}

/* To where the blocks of 2 MiB lie alike, or not. */
static void move_big(struct maker *m, const struct area *area)
{
	unsigned long start = one_in(m, 2) ? area->start : (area->start + HUGE - 1) & ~(HUGE - 1), len = area->end - start, target;
	bool keep = one_in(m, 2);

	if (one_in(m, 3) && len > HUGE)
		len = HUGE;
	target = PLAYGROUND + (8 + below(m, 4) * 4) * HUGE + (one_in(m, 2) ? start % HUGE : below(m, 3) * PAGE);
	line(m, "mremap %lx %lx %lx maymove|rfixed%s %lx", start, len, len, keep ? "|dontunmap" : "", target);
	move_in_sketch(m, start, len, target, len, keep);
}

/* Memory that may hold huge pages: whether a touch finds a page table there shows in what the area merges with. */
static void make_huge(struct maker *m)
{
	const struct area *area = some_big_area(m);
	unsigned long addr;

	if (!area || one_in(m, 5)) {
		map_big(m);
		return;
	}
	addr = (area_page(m, area) & ~(HUGE - 1)) + below(m, 3) * PAGE;
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
		/* What was never written loses VM_ACCOUNT with the right to be written. */
		line(m, "mprotect %lx %lx %s", addr, area->end - addr, one_in(m, 2) ? "r" : protection(m));
		sketch_cut(sketch(m), addr, area->end);
		break;
	case 3:
		line(m, "madvise %lx %lx %s", area->start, area->end - area->start, one_in(m, 2) ? "DONTNEED" : "FREE");
		break;
	case 4:
		move_big(m, area);
		break;
	default:
		line(m, "fault %lx %c", addr, per_cent(m, 70) ? 'r' : 'w');
	}
}

/* What mmap refuses, and what it makes of words that it does not expect. */
static void make_odd_mmap(struct maker *m)
{
	static const char *const odd[] = {
		"mmap 0 0 rw private|anon - 0",
		"mmap 0 1000 rw 0 - 0",
		"mmap 0 1000 rw anon - 0",
		"mmap 0 1000 rw private - 0",
		"mmap 0 1000 rw private 99 0",
		"mmap 0 1000 rw shared|private - 0",
		"mmap 0 1000 rw sharedv|anon - 0",
		"mmap 20000001 1000 rw private|anon|fixed - 0",
		"mmap 0 1000 rw private|anon|fixed - 0",
		"mmap 0 ffffffffffffffff rw private|anon - 0",
		"mmap 0 fffffffffffff000 rw private|anon - 0",
		"mmap 0 7ffffffff000 rw private|anon - 0",
		"mmap 0 40001000 none private|anon|noreserve - 0",
		"mmap 7fffffffe000 2000 rw private|anon|fixed - 0",
		"mmap 4ffff000 2000 rw private|anon|noreplace - 0",
		"mmap 50000000 1000 rw private|anon|noreplace - 0",
		"mmap 0 1000 rw shared f2 0",
		"mmap 0 1000 r shared f2 0",
		"mmap 0 1000 rw private f2 0",
		"mmap 0 1000 rw sharedv f0 0",
		"mmap 0 1000 rw sharedv|sync f0 0",
		"mmap 20010000 1000 rw sharedv|noreplace f0 0",
		"mmap 20010000 1000 r sharedv|fixed f2 0",
		"mmap 0 1000 rw private|growsdown f0 0",
		"mmap 0 1000 rw shared|growsdown|anon - 0",
		"mmap 0 3000 rw droppable|anon - 0",
		"mmap 20020000 3000 rw droppable|anon|fixed - 0",
		"mmap 20023000 3000 rw droppable|anon|fixed - 0",
		"mmap 0 1000 rw droppable|anon|locked - 0",
		"mmap 0 1000 rw droppable f0 0",
		"mmap 0 2000 rw private|anon - 3000",
		"mmap 0 2000 rw private|anon - 3001",
		"mmap 0 2000 rw private|anon f0 0",
		"mmap 0 2000 rw private|anon 99 0",
		"mmap 0 2000 rwD private|anon - 0",
	};
	const char *text = PICK(m, odd);

	line(m, "%s", text);
}

/* ---- changing what is there ---- */

static void make_munmap(struct maker *m)
{
	unsigned long start, len;

	range(m, &start, &len);
	spoil(m, &start, &len);
	line(m, "munmap %lx %lx", start, len);
	if (start % PAGE == 0 && in_arena(start, len))
		sketch_unmap(sketch(m), start, start + round_up(len));
}

static void cut_in_sketch(struct maker *m, unsigned long start, unsigned long len)
{
	if (in_arena(start, len))
		sketch_cut(sketch(m), start & ~(PAGE - 1), round_up(start + len));
}

static void make_mprotect(struct maker *m)
{
	unsigned long start, len;
	char prot[8];

	range(m, &start, &len);
	spoil(m, &start, &len);
	strcpy(prot, protection(m));
	if (one_in(m, m->profile == GROWTH ? 8 : 100) && strcmp(prot, "none") != 0)
		strcat(prot, "D");
	line(m, "mprotect %lx %lx %s", start, len, prot);
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
static void make_madvise(struct maker *m)
{
	static const char *const any[] = {
		"NORMAL",   "RANDOM",     "SEQUENTIAL", "DONTFORK", "DOFORK",     "DONTFORK",   "MERGEABLE", "UNMERGEABLE",
		"HUGEPAGE", "NOHUGEPAGE", "DONTDUMP",   "DODUMP",   "WIPEONFORK", "KEEPONFORK", "BAD",
	};

	make_advice(m, PICK(m, any));
}

/* Advice about pages. */
static void make_page_advice(struct maker *m)
{
	static const char *const any[] = {
		"WILLNEED", "DONTNEED", "FREE", "REMOVE", "COLD", "PAGEOUT", "POPULATE_READ", "POPULATE_WRITE", "DONTNEED_LOCKED",
	};

	make_advice(m, PICK(m, any));
}

static void make_guard(struct maker *m)
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

static void make_mremap_fixed(struct maker *m, unsigned long start, unsigned long len)
{
	unsigned long new_len = one_in(m, 2) ? len : new_length(m, len), target = address(m);
	bool keep = one_in(m, 5);

	if (keep && !one_in(m, 10))
		new_len = len;
	if (SKETCH_END - target < round_up(new_len))
		target = SKETCH_END - round_up(new_len);
	line(m, "mremap %lx %lx %lx maymove|rfixed%s %lx", start, len, new_len, keep ? "|dontunmap" : "", target);
	move_in_sketch(m, start, round_up(len), target, round_up(new_len), keep);
}

static void make_mremap_free(struct maker *m, unsigned long start, unsigned long len)
{
	unsigned long new_len = new_length(m, len), end;
	bool keep = one_in(m, 6), may_move = !one_in(m, 4);

	if (keep) {
		line(m, "mremap %lx %lx %lx maymove|dontunmap %lx", start, len, len, one_in(m, 3) ? address(m) : 0);
		move_in_sketch(m, start, round_up(len), sketch_place(sketch(m), round_up(len)), round_up(len), true);
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

/* What mremap refuses. Its words are harmless whatever is mapped. */
static void make_odd_mremap(struct maker *m)
{
	static const char *const lengths[] = {
		"1000 0", "0 1000", "0 2000", "1000 ffffffffffffffff", "ffffffffffffffff 1000", "2000 7ffffffff000"};
	static const char *const flags[] = {"0 0",
					    "maymove 0",
					    "maymove|dontunmap 0",
					    "rfixed 20008000",
					    "dontunmap 20008000",
					    "maymove|rfixed 20008001",
					    "maymove|rfixed 0",
					    "maymove|rfixed 20008000",
					    "maymove|rfixed|dontunmap 20008000"};
	unsigned long start = address(m) + (one_in(m, 6) ? 0x800 : 0);
	const char *lens = PICK(m, lengths), *how = PICK(m, flags);

	line(m, "mremap %lx %s %s", start, lens, how);
}

static void make_mremap(struct maker *m)
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

static void make_fault(struct maker *m)
{
	const struct area *area = some_area(m);
	unsigned long addr = address(m);

	if (area && per_cent(m, 80))
		addr = area_page(m, area);
	if (one_in(m, 60))
		addr = one_in(m, 2) ? SKETCH_START - PAGE : SKETCH_END;
	line(m, "fault %lx %c", addr + (one_in(m, 4) ? below(m, PAGE) : 0), per_cent(m, 70) ? 'w' : 'r');
}

/* Near below an area that grows, around the guard gap, around the limit. */
static void make_growing_fault(struct maker *m)
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
	if (addr < SKETCH_START || addr >= SKETCH_END)
		addr = SKETCH_START;
	line(m, "fault %lx %c", addr, one_in(m, 2) ? 'w' : 'r');
	/* Grown or not: an end that is worth aiming at. */
	if (area->grows && addr < area->start && area->start - addr < 2048 * PAGE && sketch_is_free(s, addr, area->start))
		sketch_map(sketch(m), (struct area){.start = addr, .end = area->end, .grows = true});
}

static void make_brk(struct maker *m)
{
	struct sketch *s = sketch(m);
	unsigned long brk = s->brk + (below(m, 9) * PAGE) - 4 * PAGE, end;

	if (one_in(m, 4))
		brk += below(m, PAGE);
	if (one_in(m, 6))
		brk = address(m);
	if (brk < SKETCH_START || one_in(m, 20))
		brk = one_in(m, 2) ? 0 : SKETCH_START;
	if (one_in(m, 30))
		brk = one_in(m, 2) ? SKETCH_END : ~0UL;
	/* A heap of many megabytes takes long to fault in when memory is locked. */
	if (brk > SKETCH_START + 32 * HUGE && brk < SKETCH_END)
		brk = SKETCH_START + below(m, 64) * PAGE;
	line(m, "brk %lx", brk);
	if (brk < SKETCH_START || brk >= SKETCH_END)
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

static void make_mlock(struct maker *m)
{
	make_range_op(m, "mlock", "");
}

static void make_mlock2(struct maker *m)
{
	make_range_op(m, "mlock2", one_in(m, 4) ? " 0" : " onfault");
}

static void make_munlock(struct maker *m)
{
	make_range_op(m, "munlock", "");
}

static void make_mlockall(struct maker *m)
{
	static const char *const any[] = {"current",          "future",
					  "current|future",   "future|aonfault",
					  "current|aonfault", "current|future|aonfault",
					  "aonfault",         "0"};

	line(m, "mlockall %s", PICK(m, any));
}

static void make_munlockall(struct maker *m)
{
	line(m, "munlockall");
}

static void make_mseal(struct maker *m)
{
	make_range_op(m, "mseal", "");
}

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
	/*                    place merge lock mremap fork growth files huge everything */
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

static bool is_without(const char *text, const char *const *without)
{
	char copy[LINE_MAX_BYTES], *rest;

	if (!without)
		return false;
	strcpy(copy, text);
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

	/* Seeds that follow each other must not begin alike, nor must the profiles of one seed. */
	m.random = g->seed * 0xd1342543de82ef95 + (uint64_t)m.profile;
	next_random(&m);
	sketch_init(&m.process[0]);
	fprintf(out, "script %s %lu\n", g->profile, g->seed);
	for (unsigned long i = 0; i < g->ops;) {
		before = m;
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
