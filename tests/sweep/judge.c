/* SPDX-License-Identifier: MIT */
/*
 * judge.c - see judge.h. Compares three layouts: before the operation, after
 * it, and after an operation without a failure. Every address must be as in the
 * first or as in the last.
 */
#include "tests/sweep/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/opscript/opscript.h"

const char *const verdict_names[NR_VERDICTS] = {
	[AS_BEFORE] = "as before",
	[AS_ALWAYS] = "succeeded all the same",
	[CUTS] = "VMAs cut, memory as before",
	[CACHED] = "a file's page cached",
	[TABLES] = "empty page tables left",
	[PREFIX] = "done up to some address",
	[GROWN] = "stack grown",
	[WRITE_PROTECTED] = "pages read-only",
	[TARGET_GONE] = "target of a move unmapped",
	[MOVED] = "some of several VMAs moved",
	[SOURCE_LEFT] = "empty source of a move left",
	[SOME] = "some VMAs left out",
	[UNPOPULATED] = "succeeded, pages missing",
	[VIOLATION] = "violation",
};

static bool is_one_of(const char *word, const char *list)
{
	const char *found = strstr(list, word);
	size_t len = strlen(word);

	return found && (found == list || found[-1] == ' ') &&
	       (found[len] == ' ' || found[len] == '\0');
}

/* Whether the operation may give this answer when memory runs out. */
static bool is_refusal(const struct op *op, const struct trial *t)
{
	const char *name = op->word[0];
	char old_break[32];

	if (op->call == OP_BRK) {
		snprintf(old_break, sizeof(old_break), "%lx", state_current(t->before)->brk);
		return strcmp(t->answer, old_break) == 0;
	}
	if (op->call == OP_FAULT)
		return is_one_of(t->answer, "-ENOMEM SEGV_MAPERR");
	if (is_one_of(name, "madvise mlock mlock2"))
		return is_one_of(t->answer, "-ENOMEM -EAGAIN");
	return strcmp(t->answer, "-ENOMEM") == 0;
}

/* ---- three layouts compared ---- */

/*
 * The state of an address: free, or a run and the offset of that address in it.
 */
struct spot {
	const struct run *run;
	unsigned long pgoff;
};

static struct spot spot_at(const struct space *space, unsigned long addr)
{
	for (size_t i = 0; i < space->nr_runs; i++) {
		const struct run *run = &space->run[i];

		if (addr < run->start)
			break;
		if (addr < run->end)
			return (struct spot){run, run->pgoff + ((addr - run->start) >> PAGE_SHIFT)};
	}
	return (struct spot){0};
}

/*
 * Whether the spots are equal in what a listing shows. The identity of shared
 * memory is not compared, because the two worlds number it differently.
 */
static bool same_spot(struct spot a, struct spot b)
{
	if (!a.run || !b.run)
		return a.run == b.run;
	return a.run->flags == b.run->flags && a.run->file == b.run->file && a.pgoff == b.pgoff;
}

static unsigned long next_edge(const struct space *space, unsigned long addr, unsigned long edge)
{
	for (size_t i = 0; i < space->nr_runs; i++) {
		if (space->run[i].start > addr)
			return space->run[i].start < edge ? space->run[i].start : edge;
		if (space->run[i].end > addr)
			return space->run[i].end < edge ? space->run[i].end : edge;
	}
	return edge;
}

/* [start, end); empty: no address. */
struct window {
	unsigned long start, end;
};

static bool is_in(struct window window, unsigned long addr)
{
	return addr >= window.start && addr < window.end;
}

/* How the runs of the process compare as a whole. */
struct mixture {
	bool other;        /* some address is as in neither layout */
	bool out_of_order; /* a changed address lies above an unchanged one */
	bool done, undone; /* some address that is to change has changed; has not */
	/*
	 * Some address of the window @gone is free, although it is free neither
	 * before the operation nor after one without a failure.
	 */
	bool vanished;
	/*
	 * Some address of the window @kept is mapped, although it is free after
	 * an operation without a failure.
	 */
	bool left;
};

static unsigned long clip(unsigned long addr, unsigned long next, struct window window)
{
	if (addr < window.start && next > window.start)
		next = window.start;
	return addr < window.end && next > window.end ? window.end : next;
}

static void mix_in(struct mixture *m, struct spot was, struct spot now, struct spot will,
		   bool may_vanish, bool may_stay)
{
	if (same_spot(was, will) && same_spot(now, was))
		return;
	if (same_spot(now, will)) {
		m->done = true;
		m->out_of_order |= m->undone;
	} else if (!will.run && may_stay) {
		m->left = true;
	} else if (same_spot(now, was)) {
		m->undone = true;
	} else if (!now.run && may_vanish) {
		m->vanished = true;
	} else {
		m->other = true;
	}
}

static struct mixture mix(const struct trial *t, struct window gone, struct window kept)
{
	const struct space *before = state_current(t->before), *after = state_current(t->after),
			   *clean = state_current(t->clean);
	struct mixture m = {0};
	unsigned long next;

	for (unsigned long addr = 0; addr != ~0UL; addr = next) {
		next = next_edge(before, addr,
				 next_edge(after, addr, next_edge(clean, addr, ~0UL)));
		next = clip(addr, clip(addr, next, gone), kept);
		mix_in(&m, spot_at(before, addr), spot_at(after, addr), spot_at(clean, addr),
		       is_in(gone, addr), is_in(kept, addr));
	}
	return m;
}

static const struct window nowhere;

static const struct entry *entry_at(const struct space *space, unsigned long addr)
{
	size_t low = 0, high = space->nr_entries;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (space->entry[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < space->nr_entries && space->entry[low].addr == addr ? &space->entry[low]
									 : NULL;
}

static bool same_kind(const struct entry *a, const struct entry *b)
{
	return a && b && a->anon == b->anon && a->word == b->word && !a->refcount == !b->refcount;
}

/*
 * Whether each page existed before, or exists after an operation without a
 * failure.
 */
static bool pages_known(const struct trial *t)
{
	const struct space *before = state_current(t->before), *after = state_current(t->after),
			   *clean = state_current(t->clean);

	for (size_t i = 0; i < after->nr_entries; i++) {
		const struct entry *entry = &after->entry[i];

		if (!same_kind(entry, entry_at(before, entry->addr)) &&
		    !same_kind(entry, entry_at(clean, entry->addr)))
			return false;
	}
	return true;
}

/*
 * Whether each page that existed before, and survives an operation without a
 * failure, still exists, except where other memory was mapped over it.
 */
static bool pages_kept(const struct trial *t, struct window replaced)
{
	const struct space *before = state_current(t->before), *after = state_current(t->after),
			   *clean = state_current(t->clean);

	for (size_t i = 0; i < before->nr_entries; i++) {
		const struct entry *entry = &before->entry[i];

		if (!is_in(replaced, entry->addr) &&
		    same_kind(entry, entry_at(clean, entry->addr)) &&
		    !same_kind(entry, entry_at(after, entry->addr)))
			return false;
	}
	return true;
}

/* Whether some page exists that did not before. */
static bool pages_added(const struct trial *t)
{
	const struct space *before = state_current(t->before), *after = state_current(t->after);

	for (size_t i = 0; i < after->nr_entries; i++)
		if (!same_kind(&after->entry[i], entry_at(before, after->entry[i].addr)))
			return true;
	return false;
}

/* ---- verdicts ---- */

static bool same_map_count(const struct trial *t)
{
	return space_map_count(state_current(t->before)) ==
	       space_map_count(state_current(t->after));
}

/* A range of whole pages. */
static struct window window_of(unsigned long start, unsigned long len)
{
	return (struct window){start, start + ((len + PAGE_SIZE - 1) & PAGE_MASK)};
}

static bool is_empty(const struct space *space, struct window window)
{
	for (size_t i = 0; i < space->nr_entries; i++)
		if (is_in(window, space->entry[i].addr))
			return false;
	return true;
}

static enum verdict judge_refused_mremap(const struct op *op, const struct trial *t)
{
	unsigned long old_len = op->arg[1], new_len = op->arg[2];
	struct mixture m;

	if (!(op->arg[3] & MREMAP_FIXED))
		return VIOLATION;
	m = mix(t, window_of(op->arg[4], new_len), nowhere);
	if (m.other)
		return VIOLATION;
	if (m.vanished || new_len < old_len)
		return TARGET_GONE;
	return new_len == old_len ? MOVED : VIOLATION;
}

/*
 * The process has the same memory as before, perhaps cut into VMAs elsewhere.
 */
static enum verdict judge_same_memory(const char *name, const struct trial *t)
{
	if (!same_map_count(t))
		return is_one_of(name, "fault fork exit") ? VIOLATION : CUTS;
	if (state_objects(t->before, "page table") != state_objects(t->after, "page table"))
		return is_one_of(name, "mremap madvise") ? TABLES : VIOLATION;
	return is_one_of(name, "fault madvise mlock mlock2") ? CACHED : VIOLATION;
}

static enum verdict judge_refusal(const struct op *op, const struct trial *t)
{
	const char *name = op->word[0];
	struct mixture m;

	if (state_same_memory(t->before, t->after))
		return judge_same_memory(name, t);
	if (op->call == OP_FORK)
		return state_write_protected(t->before, t->after) ? WRITE_PROTECTED : VIOLATION;
	if (op->call == OP_MREMAP)
		return judge_refused_mremap(op, t);
	m = mix(t, nowhere, nowhere);
	if (m.other || !pages_known(t) || !pages_kept(t, nowhere))
		return VIOLATION;
	if (op->call == OP_FAULT)
		return m.done && !m.undone ? GROWN : VIOLATION;
	if (is_one_of(name, "mprotect madvise mlock mlock2 munlock mseal") &&
	    (m.done || pages_added(t)))
		return m.out_of_order ? VIOLATION : PREFIX;
	return VIOLATION;
}

static enum verdict judge_success(const struct op *op, const struct trial *t)
{
	const char *name = op->word[0];
	struct window range = window_of(op->arg[0], op->arg[1]);
	struct window source = op->call == OP_MREMAP ? range : nowhere;
	struct mixture m = mix(t, nowhere, source);

	if (m.other || !pages_known(t) || !pages_kept(t, op->call == OP_MMAP ? range : nowhere))
		return VIOLATION;
	if (m.left)
		return is_empty(state_current(t->after), source) ? SOURCE_LEFT : VIOLATION;
	if (m.undone)
		return is_one_of(name, "mlockall munlockall") ? SOME : VIOLATION;
	return is_one_of(name, "mmap mremap brk mprotect mlockall") ? UNPOPULATED : VIOLATION;
}

enum verdict judge(const struct trial *t)
{
	bool answers_as_always = strcmp(t->answer, t->clean_answer) == 0;
	struct op_wrong wrong;
	struct op op;

	if (op_parse(t->line, &op, &wrong) != OP_LINE_OPERATION)
		abort();
	if (answers_as_always && state_equal(t->after, t->clean, NULL))
		return AS_ALWAYS;
	if (is_refusal(&op, t))
		return state_equal(t->before, t->after, NULL) ? AS_BEFORE : judge_refusal(&op, t);
	return answers_as_always ? judge_success(&op, t) : VIOLATION;
}
