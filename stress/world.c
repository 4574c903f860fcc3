/* SPDX-License-Identifier: MIT */
/* world.c - the stable part of the stress's world, and what must hold whenever all threads rest. */
#include <stdio.h>

#include "stress/stress.h"

int world_build(struct stress *s)
{
	for (unsigned long unit = 0; unit < NR_UNITS; unit++) {
		unsigned long addr = stable_addr(unit);

		if (vms_mmap(s->mm, addr, STABLE_PAGES * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) !=
		    addr)
			return -1;
		for (unsigned long i = 0; i < STABLE_PAGES; i++)
			if (vms_write_word(s->mm, addr + i * PG, stable_word(addr + i * PG)) != VMS_FAULT_OK)
				return -1;
	}
	return vms_mmap(s->mm, STACK_TOP - PG, PG, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL, 0) == STACK_TOP - PG
		       ? 0
		       : -1;
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
			report(s, phase == UNMAPPED ? "an unmapped page answers" : "a mapped page is missing", addr + i * PG);
	}
}

void world_check(struct stress *s)
{
	int rules = vms_mm_validate(s->mm, stderr);

	if (rules) {
		atomic_fetch_add_explicit(&s->errors, (unsigned long)rules, memory_order_relaxed);
		fprintf(stderr, "vmstress: at rest: %d invariants of the address space are broken\n", rules);
	}
	for (unsigned long unit = 0; unit < NR_UNITS; unit++) {
		for (unsigned long i = 0; i < STABLE_PAGES; i++) {
			unsigned long addr = stable_addr(unit) + i * PG, word = 0;

			if (vms_read_word(s->mm, addr, &word) != VMS_FAULT_OK || word != stable_word(addr))
				report(s, "a stable page has lost its word", addr);
		}
		check_slot(s, unit);
	}
}
