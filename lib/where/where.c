/* SPDX-License-Identifier: MIT */
/*
 * where.c - names addresses. An address is looked for in the address space's
 * own structure, in its counters, in the object caches' structures and then in
 * their memory, where an object's cache says what the object is.
 *
 * A cache tells an object's type. It tells neither the level of a node in its
 * tree, nor whether the object was there all the time. So vms__where_learn()
 * walks the address space, and notes each object that it finds in a hash table,
 * with the number of the round.
 *
 * Locks: as where.h says. Read first: where.h.
 */
#include "lib/where/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/maple_debug.h>
#include <vmastore/mm.h>

#include "lib/engine/engine.h"
#include "lib/maple/node.h"
#include "lib/page/pgtable.h"
#include "lib/sync/objcache/internal.h"
#include "lib/sync/pcounter.h"
#include "lib/where/types.h"

#define LINE 64u

/* A VMA, a node of the index, or a page table. */
struct known {
	uintptr_t start;    /* 0: a free entry of the hash table */
	unsigned int level; /* a node's or page table's; 0: leaf */
	bool root;          /* the index's root */
	/*
	 * For a node of the index: the range that it spans in the present
	 * round; else 0, 0.
	 */
	unsigned long first, after;
	unsigned int round, before; /* the last two rounds that found it */
};

struct vms__where {
	struct mm_struct *mm;
	bool maple;
	struct known *known; /* a hash table */
	size_t nr, room;
	unsigned int round;
};

struct vms__where *vms__where_new(struct mm_struct *mm)
{
	struct vms__where *where = calloc(1, sizeof(*where));

	if (where) {
		where->mm = mm;
		where->maple = mm->engine->index != &vms__index_rbtree;
	}
	return where;
}

void vms__where_free(struct vms__where *where)
{
	if (where)
		free(where->known);
	free(where);
}

/* ---- learning ------------------------------------------------------------ */

/*
 * The hash table has open addressing and is at most half full, so that every
 * search ends. Nothing is ever removed from it: a node that was replaced keeps
 * its entry, and with it its name.
 */

/* The entry where @start is or would be. */
static struct known *place_of(const struct vms__where *where, uintptr_t start)
{
	size_t i = start / LINE * 0x9e3779b97f4a7c15 >> 32;

	while (where->known[i & (where->room - 1)].start &&
	       where->known[i & (where->room - 1)].start != start)
		i++;
	return &where->known[i & (where->room - 1)];
}

/* Return: what is known of @start; NULL: never learnt. */
static const struct known *find(const struct vms__where *where, uintptr_t start)
{
	const struct known *known = where->room ? place_of(where, start) : NULL;

	return known && known->start ? known : NULL;
}

static bool grow(struct vms__where *where)
{
	struct known *old = where->known;
	size_t room = where->room, larger = room ? 2 * room : 1024;
	struct known *grown = calloc(larger, sizeof(*grown));

	if (!grown)
		return false;
	where->known = grown;
	where->room = larger;
	for (size_t i = 0; i < room; i++)
		if (old[i].start)
			*place_of(where, old[i].start) = old[i];
	free(old);
	return true;
}

/* If memory has become something else, this overwrites what was known. */
static bool add(struct vms__where *where, struct known known)
{
	struct known *to;

	if (2 * (where->nr + 1) > where->room && !grow(where))
		return false;
	to = place_of(where, known.start);
	where->nr += !to->start;
	known.before = to->round;
	known.round = where->round;
	*to = known;
	return true;
}

/* Whether the last two rounds both found an object at @start. */
static bool stays(const struct vms__where *where, uintptr_t start)
{
	const struct known *known = find(where, start);

	return known && known->round == where->round && known->before == where->round - 1;
}

/*
 * Learn from a line of the tree's listing that names a node: "MIN-MAX: leaf
 * 0x..., ..." or "... node 0x...", indented by its depth.
 */
static bool learn_node(struct vms__where *where, const char *line, unsigned int height)
{
	unsigned int depth = (unsigned int)strspn(line, " ") / 2;
	unsigned long first, last;
	char kind[8];
	void *node;

	if (sscanf(line, " %lx-%lx: %7s %p", &first, &last, kind, &node) != 4 ||
	    (strcmp(kind, "leaf") && strcmp(kind, "node")))
		return true;
	return add(where, (struct known){.start = (uintptr_t)node,
					 .level = height - 1 - depth,
					 .root = depth == 0,
					 .first = first,
					 .after = last + 1});
}

/*
 * Learn the maple tree's nodes from its listing, because lib/maple has no call
 * that walks nodes. Ranges of earlier rounds are cleared, so that
 * vms__where_leaf() finds no leaf that was replaced.
 */
static bool learn_tree(struct vms__where *where)
{
	char *text = NULL, *rest;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	unsigned int height;
	bool ok = true;

	if (!out)
		return false;
	mmap_read_lock(where->mm);
	height = mt_height(&where->mm->mm_mt);
	vms_mt_fdump(&where->mm->mm_mt, mt_dump_hex, out);
	mmap_read_unlock(where->mm);
	if (fclose(out) != 0) {
		free(text);
		return false;
	}
	for (size_t i = 0; i < where->room; i++)
		where->known[i].first = where->known[i].after = 0;
	for (char *line = strtok_r(text, "\n", &rest); line && ok;
	     line = strtok_r(NULL, "\n", &rest))
		ok = learn_node(where, line, height);
	free(text);
	return ok;
}

static bool learn_table(struct vms__where *where, const struct vms__ptable *table,
			unsigned int level)
{
	if (!add(where, (struct known){.start = (uintptr_t)table, .level = level}))
		return false;
	for (unsigned int i = 0; level && i < VMS__PT_ENTRIES; i++) {
		const struct vms__ptable *child = vms__ptable_child(table, i);

		if (child && !learn_table(where, child, level - 1))
			return false;
	}
	return true;
}

static bool learn_vmas(struct vms__where *where)
{
	VMA_ITERATOR(vmi, where->mm, 0);
	const struct vm_area_struct *vma;
	bool ok = true;

	mmap_read_lock(where->mm);
	while (ok && (vma = vma_next(&vmi)) != NULL)
		ok = add(where, (struct known){.start = (uintptr_t)vma});
	mmap_read_unlock(where->mm);
	return ok;
}

bool vms__where_learn(struct vms__where *where)
{
	where->round++;
	return learn_vmas(where) && (!where->maple || learn_tree(where)) &&
	       learn_table(where, where->mm->pgd, VMS__PT_TOP);
}

uintptr_t vms__where_leaf(const struct vms__where *where, unsigned long addr)
{
	for (size_t i = 0; i < where->room; i++) {
		const struct known *known = &where->known[i];

		if (!known->level && known->first <= addr && addr < known->after)
			return known->start;
	}
	return 0;
}

/* ---- naming -------------------------------------------------------------- */

/* Whether @addr lies in the @size bytes from @start on. */
static bool in(uintptr_t addr, const void *start, size_t size)
{
	return addr >= (uintptr_t)start && addr - (uintptr_t)start < size;
}

/*
 * Build "NAME.FIELD+FIELD" from the fields in the line at @offset of a
 * structure that were written. Return: false if none was.
 */
static bool name_fields(const struct vms__where_type *type, const char *label, size_t offset,
			uint64_t written, char *name)
{
	size_t len = (size_t)snprintf(name, VMS__WHERE_NAME_MAX, "%s", label), nr = 0;

	for (size_t i = 0; i < type->nr; i++) {
		const struct vms__where_field *f = &type->field[i];
		bool hit = false;

		for (size_t byte = f->offset; byte < f->offset + f->size && !hit; byte++)
			hit = byte >= offset && byte < offset + LINE &&
			      (written >> (byte - offset) & 1);
		if (hit && len < VMS__WHERE_NAME_MAX)
			len += (size_t)snprintf(name + len, VMS__WHERE_NAME_MAX - len, "%s%s",
						nr++ ? "+" : ".", f->name);
	}
	return nr != 0;
}

/*
 * "tree ROOT-OR-LEVEL: line N". Gaps lie behind the other words of a node, in
 * lines of their own.
 */
static void name_node(const struct vms__where *where, uintptr_t object, size_t offset, char *name)
{
	const struct known *known = find(where, object);
	char which[32] = "node, freed";

	if (known && known->root)
		snprintf(which, sizeof(which), "root");
	else if (known && !known->level)
		snprintf(which, sizeof(which), "leaf");
	else if (known)
		snprintf(which, sizeof(which), "inner %u", known->level);
	if (offset >= offsetof(struct maple_node, gap))
		snprintf(name, VMS__WHERE_NAME_MAX, "tree %s: gaps", which);
	else
		snprintf(name, VMS__WHERE_NAME_MAX, "tree %s: line %zu", which, offset / LINE);
}

/*
 * Name the object at @object, of @c's. The fields that were written in memory
 * that passes between objects are those of many objects, so none is named.
 */
static enum vms__where_kind name_object(const struct vms__where *where,
					const struct vms__objcache *c, uintptr_t object,
					uintptr_t line, uint64_t written, char *name)
{
	const struct vms__where_type *type = vms__where_cached;
	const struct known *known = find(where, object);
	bool staying = stays(where, object);
	size_t offset = line - object;
	char label[48];

	while (type->name && strcmp(type->cache, c->name))
		type++;
	if (!strncmp(c->name, "maple_", strlen("maple_"))) {
		name_node(where, object, offset, name);
	} else if (!type->name) {
		snprintf(name, VMS__WHERE_NAME_MAX, "%s: line %zu", c->name, offset / LINE);
	} else {
		if (strcmp(type->name, "page table"))
			snprintf(label, sizeof(label), "%s", type->name);
		else if (known)
			snprintf(label, sizeof(label), "page table level %u", known->level);
		else
			snprintf(label, sizeof(label), "page table, freed");
		if (!staying)
			snprintf(name, VMS__WHERE_NAME_MAX, "%s", label);
		else if (!name_fields(type, label, offset, written, name))
			return VMS__WHERE_UNKNOWN;
	}
	return staying ? VMS__WHERE_STAYS : VMS__WHERE_PASSES;
}

/* Name @line if it lies in @c's memory. */
static enum vms__where_kind name_cached(const struct vms__where *where, struct vms__objcache *c,
					uintptr_t line, uint64_t written, char *name)
{
	for (const struct vms__chunk *chunk = c->chunks; chunk; chunk = chunk->next) {
		uintptr_t memory = (uintptr_t)chunk_memory(chunk), slab;

		if (in(line, chunk, sizeof(*chunk))) {
			snprintf(name, VMS__WHERE_NAME_MAX, "depot of %s: slabs", c->name);
			return VMS__WHERE_STAYS;
		}
		/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
		if (!in(line, (const void *)memory, chunk->nr_slabs * SLAB_SIZE))
			continue;
		slab = memory + (line - memory) / SLAB_SIZE * SLAB_SIZE;
		/* A slab's objects begin after its colour, which is unused. */
		if (line < slab + c->colour)
			return VMS__WHERE_UNKNOWN;
		return name_object(where, c, line - (line - slab - c->colour) % c->stride, line,
				   written, name);
	}
	return VMS__WHERE_UNKNOWN;
}

/* Name @line if it lies in the cache's own structure. */
static bool name_depot(const struct vms__objcache *c, uintptr_t line, char *name)
{
	if (in(line, c, sizeof(*c)))
		snprintf(name, VMS__WHERE_NAME_MAX, "depot of %s: line %zu", c->name,
			 (line - (uintptr_t)c) / LINE);
	return in(line, c, sizeof(*c));
}

/* Name @line if it lies in the address space's structure or its counters. */
static bool name_mm(const struct vms__where *where, uintptr_t line, uint64_t written, char *name)
{
	const struct mm_struct *mm = where->mm;
	const struct vms__pcounter *pc = mm->counters;

	if (in(line, mm, sizeof(*mm)))
		return name_fields(where->maple ? &vms__where_mm_maple : &vms__where_mm_rbtree,
				   "mm", line - (uintptr_t)mm, written, name);
	if (in(line, (const void *)pc->rows, (size_t)VMS__SLOTS * pc->stride * sizeof(*pc->rows))) {
		snprintf(name, VMS__WHERE_NAME_MAX, "counter row %zu",
			 (line - (uintptr_t)pc->rows) / sizeof(*pc->rows) / pc->stride);
		return true;
	}
	return false;
}

enum vms__where_kind vms__where_name(const struct vms__where *where, uintptr_t line,
				     uint64_t written, char name[VMS__WHERE_NAME_MAX])
{
	unsigned int nr = vms__objcache_count();
	enum vms__where_kind kind =
		name_mm(where, line, written, name) ? VMS__WHERE_STAYS : VMS__WHERE_UNKNOWN;

	for (unsigned int i = 1; i <= nr && kind == VMS__WHERE_UNKNOWN; i++) {
		struct vms__objcache *c = vms__objcaches[i];

		depot_lock(c);
		kind = name_depot(c, line, name) ? VMS__WHERE_STAYS
						 : name_cached(where, c, line, written, name);
		depot_unlock(c);
	}
	return kind;
}
