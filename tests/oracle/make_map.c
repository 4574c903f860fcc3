/* SPDX-License-Identifier: MIT */
/*
 * make_map.c - see make.h. Operations that make mappings: mmap in all its
 * forms.
 */
#include <string.h>

#include "tests/oracle/make.h"

/*
 * Choose the kind of memory, including kinds that differ only in what no
 * listing shows.
 */
static void add_kind(struct maker *m, char *words)
{
	static const char *const common[] = {"noreserve", "stack", "populate", "noreserve",
					     "stack"};
	static const char *const rare[] = {"nonblock", "denywrite",        "exec", "sync", "32bit",
					   "locked",   "nonblock|populate"};

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

/*
 * Choose an offset with which a mapping at @addr continues its neighbour below,
 * if both are of one file.
 */
static unsigned long matching_offset(struct maker *m, unsigned long addr)
{
	return one_in(m, 2) ? (addr - PLAYGROUND) & (31 * PAGE) : file_offset(m);
}

static void finish_mmap(struct maker *m, unsigned long addr, unsigned long len, char *words)
{
	bool anon = per_cent(m, m->profile == FILES ? 15 : m->profile == EVERYTHING ? 70 : 88);
	unsigned long off = anon ? 0 : matching_offset(m, addr);
	const char *prot = protection(m), *what = anon ? "-" : file(m);

	add_word(words, anon && one_in(m, 40)      ? "droppable"
			: one_in(m, anon ? 15 : 2) ? "shared"
						   : "private");
	if (anon)
		add_word(words, "anon");
	add_kind(m, words);
	if (one_in(m, 200))
		off = file_offset(m);
	/*
	 * The maximal length of a file depends on its file system; a memfd's is
	 * the same everywhere.
	 */
	if (what[0] == 'f' && off > 1UL << 40)
		what = "m1";
	line(m, "mmap %lx %lx %s %s %s %lx", addr, len, prot, words, what, off);
	map_into_sketch(m, addr, len, words);
}

/* Map over, next to or between existing areas. */
void make_fixed(struct maker *m)
{
	unsigned long addr = address(m), len = length(m, ARENA_END - addr), to_next;
	const struct area *next = sketch_find(sketch(m), addr);
	char words[WORDS_ROOM] = "";

	/*
	 * A mapping that fills a hole joins both neighbours if they are alike.
	 */
	to_next = next && next->start > addr ? next->start - addr : 0;
	if (to_next && to_next <= 64 * PAGE && one_in(m, 2))
		len = to_next;
	add_word(words, one_in(m, 5) ? "noreplace" : "fixed");
	finish_mmap(m, addr, len, words);
}

/*
 * Map fresh plain memory right below or right above an area. Most areas are of
 * that kind and merge with it, unless something differs that no listing shows.
 */
void make_neighbour(struct maker *m)
{
	const struct area *area = some_area(m);
	unsigned long addr;

	if (!area) {
		make_fixed(m);
		return;
	}
	addr = one_in(m, 2) ? area->start - PAGE : area->end;
	if (addr < ARENA_START || addr >= ARENA_END ||
	    !sketch_is_free(sketch(m), addr, addr + PAGE)) {
		make_fixed(m);
		return;
	}
	line(m, "mmap %lx 1000 rw private|anon|fixed - 0", addr);
	map_into_sketch(m, addr, PAGE, "private|anon|fixed");
}

void make_placed(struct maker *m)
{
	static const unsigned long odd_hints[] = {
		1, PAGE, 0xf000, 0x10000, 0x40000000, 0x4fffffff, 0x50000000, 0x7fffffffe000};
	unsigned long len = length(m, ARENA_END - ARENA_START), addr = 0;
	char words[WORDS_ROOM] = "";

	if (per_cent(m, 25))
		addr = address(m);
	else if (one_in(m, 20))
		addr = PICK(m, odd_hints);
	if (one_in(m, 20))
		addr += below(m, PAGE);
	if (m->profile == PLACEMENT && one_in(m, 8))
		add_word(words, "32bit");
	finish_mmap(m, addr, len, words);
}

/*
 * Map up to half of the arena and more, never touched, so that room becomes
 * scarce.
 */
void make_giant(struct maker *m)
{
	unsigned long len = (1 + below(m, 15)) * 0x4000000;

	line(m, "mmap 0 %lx none private|anon|noreserve - 0", len);
	map_into_sketch(m, 0, len, "anon");
}

void make_growing(struct maker *m)
{
	unsigned long addr = one_in(m, 4) ? 0 : address(m), len = (1 + below(m, 4)) * PAGE;
	char words[WORDS_ROOM] = "growsdown|private|anon";

	if (addr && ARENA_END - addr < len)
		addr = ARENA_END - len;
	if (addr)
		add_word(words, one_in(m, 8) ? "noreplace" : "fixed");
	add_kind(m, words);
	line(m, "mmap %lx %lx %s %s - 0", addr, len, per_cent(m, 85) ? "rw" : protection(m), words);
	map_into_sketch(m, addr, len, words);
}

/* Make an mmap that is refused, or whose words are unusual. */
void make_odd_mmap(struct maker *m)
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
