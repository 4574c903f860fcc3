/* SPDX-License-Identifier: MIT */
/* state.c - see state.h. Takes states and compares them. */
#include "tests/sweep/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/page/pgtable.h"
#include "lib/sync/list.h"
#include "lib/sync/objcache/objcache.h"
#include "tests/sweep/room.h"

#define COUNTER_MAP_COUNT 6
#define COUNTER_PGTABLES 10

/* The objects met so far, in order; an object's number is its index + 1. */
struct numbers {
	const void **met;
	size_t nr;
};

static int number_of(struct numbers *numbers, const void *what)
{
	if (!what)
		return 0;
	for (size_t i = 0; i < numbers->nr; i++)
		if (numbers->met[i] == what)
			return (int)i + 1;
	numbers->met = room_for_one(numbers->met, numbers->nr, sizeof(*numbers->met));
	numbers->met[numbers->nr++] = what;
	return (int)numbers->nr;
}

static int file_of(struct world *world, const struct file *file)
{
	if (!file)
		return FILE_NONE;
	if (file->f_mapping->flags & VMS_AS_ANON)
		return FILE_SHM;
	for (int i = 0; i < OP_NR_FILES; i++)
		if (world_file(world, i) == file)
			return FILE_NAMED + i;
	return FILE_FILLER;
}

static int links_of(const struct vm_area_struct *vma)
{
	const struct list_head *pos;
	int nr = 0;

	list_for_each(pos, &vma->anon_vma_chain)
		nr++;
	return nr;
}

/* ---- taking a state ---- */

static void take_entry(struct space *space, unsigned long addr, unsigned long pte)
{
	const struct page *page = vms__pte_page(pte);
	struct entry *entry;

	space->entry = room_for_one(space->entry, space->nr_entries, sizeof(*space->entry));
	entry = &space->entry[space->nr_entries++];
	*entry = (struct entry){.addr = addr, .bits = pte & VMS__PTE_BITS & ~VMS__PTE_YOUNG};
	if (!page)
		return;
	entry->word = vms__page_word(page);
	entry->refcount = atomic_load(&page->refcount);
	entry->mapcount = atomic_load(&page->mapcount);
	entry->anon = vms__page_is_anon(page);
}

static void take_pages(struct space *space, const struct mm_struct *mm,
		       const struct vm_area_struct *vma)
{
	const struct vms__ptable *leaf;
	unsigned long addr = vma->vm_start;

	while ((leaf = vms__leaf_next(mm, &addr, vma->vm_end)) != NULL)
		for (unsigned long end = vms__leaf_end(addr, vma->vm_end); addr < end;
		     addr += PAGE_SIZE) {
			unsigned long pte = vms__pte_load(leaf, vms__pt_index(addr, 0));

			if (pte)
				take_entry(space, addr, pte);
		}
}

static void take_counters(struct space *space, const struct mm_struct *mm)
{
	unsigned long values[NR_COUNTERS] = {
		atomic_load(&mm->total_vm),
		atomic_load(&mm->data_vm),
		atomic_load(&mm->exec_vm),
		atomic_load(&mm->stack_vm),
		atomic_load(&mm->locked_vm),
		atomic_load(&mm->hiwater_vm),
		[COUNTER_MAP_COUNT] = (unsigned long)atomic_load(&mm->map_count),
		(unsigned long)vms_mm_counter(mm, MM_FILEPAGES),
		(unsigned long)vms_mm_counter(mm, MM_ANONPAGES),
		(unsigned long)vms_mm_counter(mm, MM_SHMEMPAGES),
		[COUNTER_PGTABLES] = (unsigned long)vms_mm_counter(mm, MM_PGTABLES),
	};

	memcpy(space->counter, values, sizeof(values));
	space->brk = mm->brk;
	space->def_flags = mm->def_flags;
}

static void take_space(struct space *space, struct world *world, struct mm_struct *mm,
		       struct numbers *shm, struct numbers *anon)
{
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	mmap_read_lock(mm);
	for_each_vma(vmi, vma) {
		int file = file_of(world, vma->vm_file);

		space->run = room_for_one(space->run, space->nr_runs, sizeof(*space->run));
		space->run[space->nr_runs++] = (struct run){
			.start = vma->vm_start,
			.end = vma->vm_end,
			.flags = vma->vm_flags,
			.pgoff = vma->vm_pgoff,
			.file = file,
			.shm = file == FILE_SHM ? number_of(shm, vma->vm_file->f_mapping) : 0,
			.anon_vma = number_of(anon, vma_anon_vma(vma)),
			.links = links_of(vma),
		};
		take_pages(space, mm, vma);
	}
	take_counters(space, mm);
	mmap_read_unlock(mm);
}

/* objcache.h lists the live objects as text only. */
static void take_objects(struct state *state)
{
	char *text = NULL, *rest;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	vms__objcache_report(out);
	fclose(out);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *colon = strrchr(line, ':');

		if (!colon || state->nr_objects == STATE_OBJECTS_MAX)
			abort();
		snprintf(state->object[state->nr_objects].name, sizeof(state->object[0].name),
			 "%.*s", (int)(colon - line), line);
		state->object[state->nr_objects++].nr = strtoul(colon + 1, NULL, 10);
	}
	free(text);
}

void state_take(struct state *state, struct world *world)
{
	struct numbers shm = {0}, anon = {0};
	struct mm_struct *mm;

	*state = (struct state){0};
	while ((mm = world_process(world, state->nr)) != NULL) {
		if (mm == world_mm(world))
			state->current = state->nr;
		state->space = room_for_one(state->space, (size_t)state->nr, sizeof(*state->space));
		state->space[state->nr] = (struct space){0};
		take_space(&state->space[state->nr++], world, mm, &shm, &anon);
	}
	take_objects(state);
	free(shm.met);
	free(anon.met);
}

void state_free(struct state *state)
{
	for (int i = 0; i < state->nr; i++) {
		free(state->space[i].run);
		free(state->space[i].entry);
	}
	free(state->space);
	*state = (struct state){0};
}

/* ---- comparing ---- */

const struct space *state_current(const struct state *state)
{
	return &state->space[state->current];
}

unsigned long space_map_count(const struct space *space)
{
	return space->counter[COUNTER_MAP_COUNT];
}

unsigned long state_objects(const struct state *state, const char *name)
{
	for (int i = 0; i < state->nr_objects; i++)
		if (strcmp(state->object[i].name, name) == 0)
			return state->object[i].nr;
	return 0;
}

static bool same_objects(const struct state *a, const struct state *b)
{
	for (int i = 0; i < a->nr_objects; i++)
		if (state_objects(b, a->object[i].name) != a->object[i].nr)
			return false;
	return a->nr_objects == b->nr_objects;
}

static bool same_run(const struct run *a, const struct run *b)
{
	return a->start == b->start && a->end == b->end && a->flags == b->flags &&
	       a->pgoff == b->pgoff && a->file == b->file && a->shm == b->shm &&
	       a->anon_vma == b->anon_vma && a->links == b->links;
}

static bool same_runs(const struct space *a, const struct space *b)
{
	if (a->nr_runs != b->nr_runs)
		return false;
	for (size_t i = 0; i < a->nr_runs; i++)
		if (!same_run(&a->run[i], &b->run[i]))
			return false;
	return true;
}

/*
 * Whether the entries are equal, except for the bits @lost, which @b may lack.
 */
static bool same_entries(const struct space *a, const struct space *b, unsigned long lost)
{
	if (a->nr_entries != b->nr_entries)
		return false;
	for (size_t i = 0; i < a->nr_entries; i++) {
		const struct entry *x = &a->entry[i], *y = &b->entry[i];

		if (x->addr != y->addr || (x->bits != y->bits && (x->bits & ~lost) != y->bits) ||
		    x->word != y->word || x->refcount != y->refcount ||
		    x->mapcount != y->mapcount || x->anon != y->anon)
			return false;
	}
	return true;
}

static const char *space_difference(const struct space *a, const struct space *b)
{
	if (!same_runs(a, b))
		return "the VMAs";
	if (!same_entries(a, b, 0))
		return "the pages";
	if (memcmp(a->counter, b->counter, sizeof(a->counter)) != 0)
		return "the counters";
	return a->brk != b->brk || a->def_flags != b->def_flags
		       ? "the break, or the flags of new mappings"
		       : NULL;
}

bool state_equal(const struct state *a, const struct state *b, const char **what)
{
	const char *difference =
		a->nr != b->nr || a->current != b->current ? "the processes" : NULL;

	for (int i = 0; i < a->nr && !difference; i++)
		difference = space_difference(&a->space[i], &b->space[i]);
	if (!difference && !same_objects(a, b))
		difference = "the objects alive";
	if (what)
		*what = difference;
	return !difference;
}

/* Whether @b continues @a, so that the two could be one VMA. */
static bool continues(const struct run *a, const struct run *b)
{
	return a->end == b->start && a->flags == b->flags && a->file == b->file &&
	       a->shm == b->shm && a->anon_vma == b->anon_vma && a->links == b->links &&
	       a->pgoff + ((a->end - a->start) >> PAGE_SHIFT) == b->pgoff;
}

/* Join the run @*i with all runs that continue it, and move @*i past them. */
static struct run whole_run(const struct space *space, size_t *i)
{
	struct run whole = space->run[*i];

	while (++*i < space->nr_runs && continues(&whole, &space->run[*i]))
		whole.end = space->run[*i].end;
	return whole;
}

static bool same_memory(const struct space *a, const struct space *b, unsigned long lost)
{
	size_t i = 0, j = 0;

	while (i < a->nr_runs && j < b->nr_runs) {
		struct run x = whole_run(a, &i), y = whole_run(b, &j);

		if (!same_run(&x, &y))
			return false;
	}
	if (i < a->nr_runs || j < b->nr_runs || !same_entries(a, b, lost) || a->brk != b->brk ||
	    a->def_flags != b->def_flags)
		return false;
	for (int c = 0; c < NR_COUNTERS; c++)
		if (c != COUNTER_MAP_COUNT && c != COUNTER_PGTABLES &&
		    a->counter[c] != b->counter[c])
			return false;
	return true;
}

static bool all_same_memory(const struct state *a, const struct state *b, unsigned long lost)
{
	if (a->nr != b->nr || a->current != b->current)
		return false;
	for (int i = 0; i < a->nr; i++)
		if (!same_memory(&a->space[i], &b->space[i], i == a->current ? lost : 0))
			return false;
	return true;
}

bool state_same_memory(const struct state *a, const struct state *b)
{
	return all_same_memory(a, b, 0);
}

bool state_write_protected(const struct state *before, const struct state *after)
{
	return all_same_memory(before, after, VMS__PTE_WRITE);
}
