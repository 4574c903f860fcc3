/* SPDX-License-Identifier: MIT */
/*
 * spaces.c - see structure.h. Two of the structures: the library's address
 * spaces, on the engine with list and tree and on the engine with the maple
 * tree.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/maple_debug.h>
#include <vmastore/mm.h>

#include "bench/steps/structure.h"

struct structure {
	struct mm_struct *mm;
	bool vmacache; /* it has one, which could spare a lookup the tree */
};

static bool insert(struct structure *s, unsigned long start)
{
	struct vm_area_struct *vma = vm_area_alloc(s->mm);
	int err;

	if (!vma)
		return false;
	vma->vm_start = start;
	vma->vm_end = start + STRUCTURE_LEN;
	mmap_write_lock(s->mm);
	vm_flags_init(vma, VM_READ | VM_MAYREAD);
	err = insert_vm_struct(s->mm, vma);
	mmap_write_unlock(s->mm);
	if (err)
		vm_area_free(vma);
	return !err;
}

static void destroy(struct structure *s)
{
	mmput(s->mm);
	free(s);
}

static struct structure *create(const char *engine, const unsigned int *order, unsigned int nr)
{
	struct structure *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->vmacache = strcmp(engine, "rbtree") == 0;
	s->mm = vms_mm_create(engine, NULL, NULL);
	if (!s->mm) {
		free(s);
		return NULL;
	}
	for (unsigned int i = 0; i < nr; i++)
		if (!insert(s, STRUCTURE_BASE + order[i] * STRUCTURE_STRIDE)) {
			destroy(s);
			return NULL;
		}
	return s;
}

static struct structure *both_create(const unsigned int *order, unsigned int nr)
{
	return create("rbtree", order, nr);
}

static struct structure *maple_create(const unsigned int *order, unsigned int nr)
{
	return create("maple", order, nr);
}

/*
 * Invalidate the vmacache, as munmap() does, so that the lookup searches the
 * tree, which is what is counted.
 */
static void forget_noted(struct structure *s)
{
	if (s->vmacache)
		atomic_fetch_add(&s->mm->vmacache_seq, 1);
}

static bool lookup(struct structure *s, unsigned long addr)
{
	bool covered;

	forget_noted(s);
	mmap_read_lock(s->mm);
	covered = vma_lookup(s->mm, addr) != NULL;
	mmap_read_unlock(s->mm);
	return covered;
}

/* This is the loop of vms_fork() and of the last mmput(). */
static unsigned int walk(struct structure *s)
{
	VMA_ITERATOR(vmi, s->mm, 0);
	unsigned int nr = 0;

	forget_noted(s);
	mmap_read_lock(s->mm);
	while (vma_next(&vmi))
		nr++;
	mmap_read_unlock(s->mm);
	return nr;
}

static void erase(struct structure *s, unsigned long start)
{
	(void)vms_munmap(s->mm, start, STRUCTURE_LEN);
}

static void vmas(struct structure *s, object_fn tell, void *arg)
{
	mmap_read_lock(s->mm);
	for (struct vm_area_struct *vma = find_vma(s->mm, 0); vma; vma = vms_vma_after(vma))
		tell(arg, vma, sizeof(*vma));
	mmap_read_unlock(s->mm);
}

/* ---- list and tree ---- */

static void both_depth(struct structure *s, unsigned int *deepest, double *mean)
{
	structure_rb_depth(&s->mm->mm_rb, deepest, mean);
}

const struct structure_ops structure_both = {
	"both", both_create, destroy, lookup, walk, insert, erase, vmas, both_depth,
};

/* ---- maple ---- */

/*
 * The tree's listing names each node by its address: `leaf 0x..., N slots`. An
 * inner node is larger than a leaf.
 */
static void tell_node(const char *line, object_fn tell, void *arg)
{
	const char *leaf = strstr(line, "leaf 0x"), *node = strstr(line, "node 0x"),
		   *at = leaf ? leaf : node;

	if (at)
		tell(arg, (const void *)strtoul(at + strlen("leaf "), NULL, 16),
		     leaf ? 192 : 640); /* NOLINT(performance-no-int-to-ptr) */
}

static void maple_objects(struct structure *s, object_fn tell, void *arg)
{
	char *text = NULL, *rest;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	mmap_read_lock(s->mm);
	vms_mt_fdump(&s->mm->mm_mt, mt_dump_hex, out);
	mmap_read_unlock(s->mm);
	fclose(out);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		tell_node(line, tell, arg);
	free(text);
	vmas(s, tell, arg);
}

static void maple_depth(struct structure *s, unsigned int *deepest, double *mean)
{
	*deepest = mt_height(&s->mm->mm_mt);
	*mean = *deepest;
}

const struct structure_ops structure_maple = {
	"maple", maple_create, destroy, lookup, walk, insert, erase, maple_objects, maple_depth,
};

const struct structure_ops *const structures[] = {&structure_list, &structure_tree, &structure_both,
						  &structure_maple, NULL};
