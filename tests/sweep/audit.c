/* SPDX-License-Identifier: MIT */
/*
 * audit.c - see audit.h. One walk over all VMAs of all processes counts the
 * references to each object; then each object's own count is compared.
 */
#include "tests/sweep/audit.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/page/pgtable.h"
#include "lib/page/rmap/rmap.h"
#include "lib/sync/list.h"
#include "tests/sweep/room.h"
#include "tools/opscript/opscript.h"

enum kind { PAGE, FILE_OPENED, CONTENTS, ANON_LINKS, ANON_ACTIVE, ANON_BELOW, NR_KINDS };

struct tally {
	const void *what;
	enum kind kind;
	unsigned long nr;
};

/*
 * An open-addressing hash table. Its size is a power of two, and it is at most
 * half full.
 */
struct tallies {
	struct tally *slot;
	size_t room, used;
};

struct books {
	struct tallies tallies;
	unsigned long vmas, links;
	/* Tables that MM_PGTABLES does not count. */
	unsigned long vacated;
	unsigned long data, exec, stack; /* pages, in one process */
	int wrong;
	FILE *why;
};

static void __attribute__((format(printf, 2, 3))) wrong(struct books *b, const char *format, ...)
{
	va_list args;

	b->wrong++;
	va_start(args, format);
	vfprintf(b->why, format, args);
	va_end(args);
	fputc('\n', b->why);
}

/* ---- tallies ---- */

static struct tally *slot_of(const struct tallies *t, enum kind kind, const void *what)
{
	size_t i = ((uintptr_t)what / 64 * 0x9e3779b97f4a7c15 >> 20) + kind;

	for (;; i++) {
		struct tally *slot = &t->slot[i & (t->room - 1)];

		if (!slot->what || (slot->what == what && slot->kind == kind))
			return slot;
	}
}

static void grow(struct tallies *t)
{
	struct tallies old = *t;

	t->room = old.room ? 2 * old.room : 256;
	t->slot = calloc(t->room, sizeof(*t->slot));
	if (!t->slot)
		abort();
	for (size_t i = 0; i < old.room; i++)
		if (old.slot[i].what)
			*slot_of(t, old.slot[i].kind, old.slot[i].what) = old.slot[i];
	free(old.slot);
}

/* Add @nr references. Return: the number before. */
static unsigned long add(struct books *b, enum kind kind, const void *what, unsigned long nr)
{
	struct tallies *t = &b->tallies;
	struct tally *slot;

	if (2 * (t->used + 1) > t->room)
		grow(t);
	slot = slot_of(t, kind, what);
	if (!slot->what) {
		*slot = (struct tally){.what = what, .kind = kind};
		t->used++;
	}
	slot->nr += nr;
	return slot->nr - nr;
}

static unsigned long found(const struct books *b, enum kind kind, const void *what)
{
	return slot_of(&b->tallies, kind, what)->nr;
}

/* ---- the walk ---- */

static void add_opened(struct books *b, const struct file *file, unsigned long references)
{
	if (add(b, FILE_OPENED, file, references) == 0)
		add(b, CONTENTS, file->f_mapping, 1);
}

static void add_pages(struct books *b, const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	const struct vms__ptable *leaf;
	unsigned long addr = vma->vm_start;

	while ((leaf = vms__leaf_next(mm, &addr, vma->vm_end)) != NULL)
		for (unsigned long end = vms__leaf_end(addr, vma->vm_end); addr < end;
		     addr += PAGE_SIZE) {
			const struct page *page =
				vms__pte_page(vms__pte_load(leaf, vms__pt_index(addr, 0)));

			if (page)
				add(b, PAGE, page, 1);
		}
}

/*
 * Count the tables that the library keeps where Linux has freed them. The
 * library does not count these in MM_PGTABLES. They may lie outside all VMAs.
 */
static void add_vacated(struct books *b, const struct mm_struct *mm)
{
	const struct vms__ptable *leaf;

	for (unsigned long addr = 0;
	     (leaf = vms__leaf_next(mm, &addr, VMS__PT_ADDRESSES)) != NULL;) {
		b->vacated += !vms__leaf_counts(leaf);
		addr = vms__leaf_end(addr, VMS__PT_ADDRESSES);
	}
}

static void add_anon_vmas(struct books *b, const struct vm_area_struct *vma)
{
	const struct anon_vma *own = vma_anon_vma(vma);
	const struct anon_vma_chain *link;

	if (own)
		add(b, ANON_ACTIVE, own, 1);
	list_for_each_entry(link, &vma->anon_vma_chain, same_vma) {
		b->links++;
		if (add(b, ANON_LINKS, link->anon_vma, 1) == 0 &&
		    link->anon_vma->root != link->anon_vma)
			add(b, ANON_BELOW, link->anon_vma->root, 1);
	}
}

static void add_size(struct books *b, const struct vm_area_struct *vma)
{
	unsigned long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	if (vma->vm_flags & VM_STACK)
		b->stack += pages;
	else if ((vma->vm_flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		b->exec += pages;
	else if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		b->data += pages;
}

static void check_sizes(struct books *b, const struct mm_struct *mm)
{
	unsigned long data = atomic_load(&mm->data_vm), exec = atomic_load(&mm->exec_vm),
		      stack = atomic_load(&mm->stack_vm);

	if (data != b->data || exec != b->exec || stack != b->stack)
		wrong(b,
		      "data_vm, exec_vm, stack_vm are %lu, %lu, %lu, and VMAs hold %lu, %lu, %lu "
		      "pages",
		      data, exec, stack, b->data, b->exec, b->stack);
}

static void add_process(struct books *b, struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	b->data = b->exec = b->stack = 0;
	mmap_read_lock(mm);
	for_each_vma(vmi, vma) {
		b->vmas++;
		add_size(b, vma);
		add_pages(b, mm, vma);
		add_anon_vmas(b, vma);
		if (vma->vm_file)
			add_opened(b, vma->vm_file, 1);
	}
	add_vacated(b, mm);
	mmap_read_unlock(mm);
	check_sizes(b, mm);
	if (vms_mm_validate(mm, b->why) != 0)
		b->wrong++;
}

/* Count the world's own references to the files that a script can map. */
static void add_files_of_world(struct books *b, struct world *world)
{
	for (int i = 0; i < OP_NR_FILES; i++)
		add_opened(b, world_file(world, i), 1);
}

/* ---- the check ---- */

static unsigned long list_length(const struct list_head *list)
{
	const struct list_head *pos;
	unsigned long nr = 0;

	list_for_each(pos, list)
		nr++;
	return nr;
}

static void check_page(struct books *b, const struct page *page, unsigned long mapped)
{
	unsigned int refcount = atomic_load(&page->refcount),
		     mapcount = atomic_load(&page->mapcount);
	bool cached = (page->flags & VMS__PG_CACHED) && atomic_load(&page->mapping);

	if (mapcount != mapped || refcount != mapped + cached)
		wrong(b, "a page, mapped %lu times%s, counts %u and has %u references", mapped,
		      cached ? " and cached" : "", mapcount, refcount);
}

static void check_file(struct books *b, const struct file *file, unsigned long references)
{
	/* The world also holds the filler, although no script can name it. */
	bool filler = !(file->f_mapping->flags & (VMS_AS_ANON | VMS_AS_SHMEM | VMS_AS_THP_ALIGN));
	int count = atomic_load(&file->f_count);

	if (count != (int)(references + filler))
		wrong(b, "file %s has %d references instead of %lu", file->f_path, count,
		      references + filler);
}

static void check_contents(struct books *b, const struct address_space *contents,
			   unsigned long openings)
{
	int count = atomic_load(&contents->refcount);

	if (count != (int)openings)
		wrong(b, "the contents of a file have %d references instead of %lu", count,
		      openings);
}

static void check_anon_vma(struct books *b, const struct anon_vma *anon_vma, unsigned long links)
{
	unsigned long active = found(b, ANON_ACTIVE, anon_vma),
		      below = found(b, ANON_BELOW, anon_vma);
	unsigned int count = atomic_load(&anon_vma->refcount);

	if (list_length(&anon_vma->links) != links)
		wrong(b, "an anon_vma lists %lu VMAs, %lu of which are there",
		      list_length(&anon_vma->links), links);
	if (anon_vma->num_active_vmas != active)
		wrong(b, "an anon_vma counts %lu VMAs instead of %lu", anon_vma->num_active_vmas,
		      active);
	if (count != 1 + below)
		wrong(b, "an anon_vma has %u references instead of %lu", count, 1 + below);
}

static void check_object(struct books *b, const struct state *state, const char *name,
			 unsigned long expected)
{
	unsigned long alive = state_objects(state, name);

	if (alive != expected)
		wrong(b, "%lu objects '%s' are alive, and %lu are in use", alive, name, expected);
}

static void check_objects(struct books *b, const struct state *state,
			  const unsigned long met[NR_KINDS], unsigned long pages)
{
	unsigned long tables = b->vacated;

	for (int i = 0; i < state->nr; i++)
		tables += state->space[i].counter[NR_COUNTERS - 1] + 1;
	check_object(b, state, "vm_area_struct", b->vmas);
	check_object(b, state, "anon_vma_chain", b->links);
	check_object(b, state, "anon_vma", met[ANON_LINKS]);
	check_object(b, state, "page", pages);
	check_object(b, state, "page table", tables);
	check_object(b, state, "file", met[FILE_OPENED]);
	check_object(b, state, "address_space", met[CONTENTS]);
}

static void check_all(struct books *b, const struct state *state)
{
	unsigned long met[NR_KINDS] = {0}, pages = 0;

	for (size_t i = 0; i < b->tallies.room; i++) {
		const struct tally *t = &b->tallies.slot[i];

		if (!t->what)
			continue;
		met[t->kind]++;
		if (t->kind == PAGE) {
			const struct page *page = t->what;

			check_page(b, page, t->nr);
			pages += !(page->flags & VMS__PG_CACHED) || !atomic_load(&page->mapping);
		} else if (t->kind == FILE_OPENED) {
			check_file(b, t->what, t->nr);
		} else if (t->kind == CONTENTS) {
			const struct address_space *contents = t->what;

			check_contents(b, contents, t->nr);
			pages += atomic_load(&contents->nrpages);
		} else if (t->kind == ANON_LINKS) {
			check_anon_vma(b, t->what, t->nr);
		}
	}
	check_objects(b, state, met, pages);
}

int audit(struct world *world, const struct state *state, FILE *why)
{
	struct books b = {.why = why};
	struct mm_struct *mm;

	add_files_of_world(&b, world);
	for (int i = 0; (mm = world_process(world, i)) != NULL; i++)
		add_process(&b, mm);
	check_all(&b, state);
	free(b.tallies.slot);
	return b.wrong;
}
