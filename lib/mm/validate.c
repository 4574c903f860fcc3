/* SPDX-License-Identifier: MIT */
/*
 * validate.c - every invariant of an address space in one place, for tests and
 * stress: the order of its VMAs, their bounds and owners, the counts against
 * the VMAs, the index, and the page tables.
 *
 * Locks: takes mmap_lock W, and then every VMA's lock.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

struct check {
	struct mm_struct *mm;
	FILE *why;
	int broken;
	int count;
	unsigned long total, data, exec, stack, locked; /* pages */
};

static void broken(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void broken(struct check *c, const char *fmt, ...)
{
	va_list args;

	c->broken++;
	if (!c->why)
		return;
	va_start(args, fmt);
	vfprintf(c->why, fmt, args);
	va_end(args);
	fputc('\n', c->why);
}

static void check_page_prot(struct check *c, const struct vm_area_struct *vma)
{
	struct vm_area_struct copy = {
		.vm_flags = vma->vm_flags, .vm_file = vma->vm_file, .vm_ops = vma->vm_ops};

	/*
	 * A VMA of no index, which no other thread knows. Let the library
	 * compute what the flags and hooks of @vma ask for.
	 */
	atomic_init(&copy.vm_mm, c->mm);
	vma_set_page_prot(&copy);
	if (pgprot_val(copy.vm_page_prot) != pgprot_val(vma->vm_page_prot))
		broken(c, "VMA %lx-%lx: vm_page_prot is %x, its flags ask for %x", vma->vm_start,
		       vma->vm_end, pgprot_val(vma->vm_page_prot), pgprot_val(copy.vm_page_prot));
}

/* Only memory that may be executed, and neither read nor written, has a key. */
static void check_key(struct check *c, const struct vm_area_struct *vma)
{
	if ((vma->vm_flags & VM_PKEY_BIT0) &&
	    (!c->mm->rules.exec_only || (vma->vm_flags & VM_ACCESS_FLAGS) != VM_EXEC))
		broken(c, "VMA %lx-%lx: a protection key that its rights %lx do not ask for",
		       vma->vm_start, vma->vm_end, vma->vm_flags & VM_ACCESS_FLAGS);
}

static void check_vma(struct check *c, const struct vm_area_struct *vma)
{
	if (vma->vm_start >= vma->vm_end || ((vma->vm_start | vma->vm_end) & ~PAGE_MASK))
		broken(c, "VMA %lx-%lx: empty or not page aligned", vma->vm_start, vma->vm_end);
	if (vma->vm_end > c->mm->layout.task_size)
		broken(c, "VMA %lx-%lx: beyond the address space's end %lx", vma->vm_start,
		       vma->vm_end, c->mm->layout.task_size);
	if (vma_mm(vma) != c->mm)
		broken(c, "VMA %lx-%lx: belongs to another mm", vma->vm_start, vma->vm_end);
	if (!vms__vma_is_attached(vma))
		broken(c, "VMA %lx-%lx: in the index, yet detached", vma->vm_start, vma->vm_end);
	check_page_prot(c, vma);
	check_key(c, vma);
	c->count++;
	c->total += vma_pages(vma);
	c->data += vms__is_data(vma->vm_flags) ? vma_pages(vma) : 0;
	c->exec += vms__is_exec(vma->vm_flags) ? vma_pages(vma) : 0;
	c->stack += vms__is_stack(vma->vm_flags) ? vma_pages(vma) : 0;
	if (vma->vm_flags & VM_LOCKED)
		c->locked += vma_pages(vma);
}

/*
 * Under mmap_lock alone a fault could still be at work in a VMA whose lock it
 * holds, and its pages and counts would change under the checks.
 */
static void stop_faults(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	for_each_vma(vmi, vma) {
		vms__vmas_unbias(vma, mm->layout.task_size);
		vma_start_write(vma);
	}
}

/*
 * Walk in three ways: by neighbours, by an iterator, and by a search for both
 * ends of each VMA. All must agree.
 */
static void check_walks(struct check *c)
{
	struct mm_struct *mm = c->mm;
	struct vm_area_struct *prev = NULL, *vma;
	VMA_ITERATOR(vmi, mm, 0);

	for (vma = vms__find(mm, 0); vma; prev = vma, vma = vms_vma_after(vma)) {
		check_vma(c, vma);
		if (vma_next(&vmi) != vma)
			broken(c, "VMA %lx-%lx: an iteration comes to another one", vma->vm_start,
			       vma->vm_end);
		if (prev && prev->vm_end > vma->vm_start)
			broken(c, "VMAs %lx-%lx and %lx-%lx: overlap or out of order",
			       prev->vm_start, prev->vm_end, vma->vm_start, vma->vm_end);
		if (vms_vma_before(vma) != prev)
			broken(c, "VMA %lx-%lx: its predecessor is not the VMA before it",
			       vma->vm_start, vma->vm_end);
		if (vms__find(mm, vma->vm_start) != vma || vms__find(mm, vma->vm_end - 1) != vma)
			broken(c, "VMA %lx-%lx: not found at its first or last byte", vma->vm_start,
			       vma->vm_end);
	}
}

static void check_account(struct check *c, const char *name, const _Atomic unsigned long *account,
			  unsigned long pages)
{
	unsigned long says = atomic_load_explicit(account, memory_order_relaxed);

	if (says != pages)
		broken(c, "%s is %lu, such VMAs hold %lu pages", name, says, pages);
}

/* Locks: none; takes mmap_lock W. Return: how many rules are broken. */
static int check_all(struct mm_struct *mm, FILE *why)
{
	struct check c = {.mm = mm, .why = why};

	vms__write_enter(mm, 0, mm->layout.task_size);
	stop_faults(mm);
	check_walks(&c);
	if (c.count != vms__map_count(mm))
		broken(&c, "map_count is %d, VMAs are %d", vms__map_count(mm), c.count);
	check_account(&c, "total_vm", &mm->total_vm, c.total);
	check_account(&c, "data_vm", &mm->data_vm, c.data);
	check_account(&c, "exec_vm", &mm->exec_vm, c.exec);
	check_account(&c, "stack_vm", &mm->stack_vm, c.stack);
	check_account(&c, "locked_vm", &mm->locked_vm, c.locked);
	c.broken += mm->engine->index->validate(mm, why);
	c.broken += vms__pgtable_validate(mm, why);
	vms__write_exit(mm);
	return c.broken;
}

/*
 * The reasons are written to memory first: @why may be slow, or may use @mm
 * itself and so wait for the locks that are held here.
 */
int vms_mm_validate(struct mm_struct *mm, FILE *why)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = why ? open_memstream(&text, &len) : NULL;
	int broken = check_all(mm, memory);

	if (memory && !fclose(memory))
		fwrite(text, 1, len, why);
	else if (why && broken)
		fputs("no memory for the reasons\n", why);
	free(text);
	return broken;
}
