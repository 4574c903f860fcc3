/* SPDX-License-Identifier: MIT */
/*
 * world.c - builds the stable part of vmstress's address space, and checks what
 * must hold whenever all threads rest. Read first: stress.h.
 */
#include <stdio.h>

#include "stress/stress.h"

static bool map_at(struct stress *s, unsigned long addr, unsigned long len, unsigned long flags)
{
	flags |= MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	return vms_mmap(s->mm, addr, len, PROT_READ | PROT_WRITE, flags, NULL, 0) == addr;
}

/* Make the file, and fill its pages through a temporary mapping. */
static bool make_file(struct stress *s)
{
	struct address_space *mapping = vms_address_space_create(FILE_PAGES * PG, 0, 8, 1, 1);
	unsigned long addr;

	s->file = mapping ? vms_file_open(mapping, "/stress", FMODE_READ | FMODE_WRITE) : NULL;
	if (mapping)
		vms_address_space_put(mapping);
	if (!s->file)
		return false;
	addr = vms_mmap(s->mm, 0, FILE_PAGES * PG, PROT_READ | PROT_WRITE, MAP_SHARED, s->file, 0);
	if (IS_ERR_VALUE(addr))
		return false;
	for (unsigned long i = 0; i < FILE_PAGES; i++)
		if (vms_write_word(s->mm, addr + i * PG, file_word(i)) != VMS_FAULT_OK)
			return false;
	return vms_munmap(s->mm, addr, FILE_PAGES * PG) == 0;
}

static bool map_holes(struct stress *s)
{
	struct address_space *mapping = vms_address_space_create(HOLE_PAGES * PG, 0, 8, 1, 2);
	int flags = MAP_SHARED | MAP_FIXED;

	s->holes = mapping ? vms_file_open(mapping, "/holes", FMODE_READ | FMODE_WRITE) : NULL;
	if (mapping)
		vms_address_space_put(mapping);
	for (unsigned long i = 0; i < CHECKED_PAGES; i++)
		atomic_flag_clear(&s->writer[i]);
	return s->holes &&
	       vms_mmap(s->mm, HOLES_A, HOLE_PAGES * PG, PROT_READ | PROT_WRITE, flags, s->holes,
			0) == HOLES_A &&
	       vms_mmap(s->mm, HOLES_B, HOLE_PAGES * PG, PROT_READ | PROT_WRITE, flags, s->holes,
			0) == HOLES_B;
}

int world_build(struct stress *s)
{
	if (!make_file(s) || !map_holes(s))
		return -1;
	for (unsigned long unit = 0; unit < NR_UNITS; unit++) {
		unsigned long addr = stable_addr(unit);

		if (!map_at(s, addr, STABLE_PAGES * PG, 0))
			return -1;
		for (unsigned long i = 0; i < STABLE_PAGES; i++)
			if (vms_write_word(s->mm, addr + i * PG, stable_word(addr + i * PG)) !=
			    VMS_FAULT_OK)
				return -1;
	}
	return map_at(s, STACK_TOP - PG, PG, MAP_GROWSDOWN) ? 0 : -1;
}

static void report(struct stress *s, const char *what, unsigned long addr)
{
	atomic_fetch_add_explicit(&s->errors, 1, memory_order_relaxed);
	fprintf(stderr, "vmstress: at rest: %s at %lx\n", what, addr);
}

static void check_slot(struct stress *s, unsigned long unit)
{
	enum phase phase = atomic_load_explicit(&s->slots[unit].state, memory_order_acquire) & 7;
	unsigned long addr = slot_addr(unit);

	for (unsigned long i = 0; i < SLOT_PAGES; i++) {
		enum vms_fault_result result = vms_fault(s->mm, addr + i * PG, 0);

		if (result != (phase == UNMAPPED ? VMS_SEGV_MAPERR : VMS_FAULT_OK))
			report(s,
			       phase == UNMAPPED ? "an unmapped page answers"
						 : "a mapped page is missing",
			       addr + i * PG);
	}
}

/* Both mappings of the file with holes must show the same page. */
static void check_holes(struct stress *s, unsigned long page)
{
	unsigned long offset = page * PG, a = 1, b = 2;

	if (vms_read_word(s->mm, HOLES_A + offset, &a) != VMS_FAULT_OK ||
	    vms_read_word(s->mm, HOLES_B + offset, &b) != VMS_FAULT_OK || a != b)
		report(s, "two mappings of a file's page differ", HOLES_A + offset);
}

void world_check(struct stress *s)
{
	int rules = vms_mm_validate(s->mm, stderr);

	if (rules) {
		atomic_fetch_add_explicit(&s->errors, (unsigned long)rules, memory_order_relaxed);
		fprintf(stderr,
			"vmstress: at rest: %d invariants of the address space are broken\n",
			rules);
	}
	for (unsigned long unit = 0; unit < NR_UNITS; unit++) {
		for (unsigned long i = 0; i < STABLE_PAGES; i++) {
			unsigned long addr = stable_addr(unit) + i * PG, word = 0;

			if (vms_read_word(s->mm, addr, &word) != VMS_FAULT_OK ||
			    word != stable_word(addr))
				report(s, "a stable page has lost its word", addr);
		}
		check_slot(s, unit);
	}
	for (unsigned long i = 0; i < CHECKED_PAGES; i++)
		check_holes(s, i * (HOLE_PAGES / CHECKED_PAGES));
}
