/* SPDX-License-Identifier: MIT */
/*
 * places.c - how many accesses to memory a reverse-map walk takes, by the
 * number of places that map the page. Prints "KIND PLACES ACCESSES" for each
 * number on the command line. Unlike steps.c, it counts every access, not
 * visits.
 *
 *   children  an anonymous page, shared with so many address spaces by fork
 *   mappings  a file's page, in so many VMAs of one address space
 */
#include <stdio.h>
#include <stdlib.h>

#include <vmastore/mm.h>
#include <vmastore/page.h>

#include "bench/harness/args.h"
#include "bench/harness/standard.h"
#include "bench/instrument/trace.h"

#define PLACES_MAX 10000
#define BASE 0x20000000UL
#define RW (PROT_READ | PROT_WRITE)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "places: %s\n", what);
	exit(2);
}

/* Count a walk from the page at BASE of @mm, which @nr places map. */
static void count(const char *kind, struct mm_struct *mm, unsigned int nr)
{
	static struct vms_page_place place[PLACES_MAX + 1];
	struct page *page = vms_page_lookup(mm, BASE);
	unsigned int found;
	size_t accesses;

	if (!page)
		die("no page");
	trace_begin();
	found = vms_page_places(page, place, nr + 1);
	trace_end();
	trace_taken(&accesses);
	if (found != nr)
		die("places are missing");
	printf("%s %u %zu\n", kind, nr, accesses);
	for (unsigned int i = 0; i < found; i++)
		mmdrop(place[i].mm);
	vms_page_put(page);
}

static void count_children(unsigned int nr)
{
	static struct mm_struct *mm[PLACES_MAX];

	mm[0] = vms_mm_create("maple-vma", NULL, NULL);
	if (!mm[0] ||
	    vms_mmap(mm[0], BASE, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL,
		     0) != BASE ||
	    vms_write_word(mm[0], BASE, 1) != VMS_FAULT_OK)
		die("out of memory");
	for (unsigned int i = 1; i < nr; i++)
		if (vms_fork(mm[0], &mm[i]))
			die("out of memory");
	count("children", mm[0], nr);
	for (unsigned int i = 0; i < nr; i++)
		mmput(mm[i]);
}

static void count_mappings(unsigned int nr)
{
	struct address_space *mapping = vms_address_space_create(PAGE_SIZE, 0, 8, 1, 1);
	struct file *file =
		mapping ? vms_file_open(mapping, "/file", FMODE_READ | FMODE_WRITE) : NULL;
	struct mm_struct *mm = vms_mm_create("maple-vma", NULL, NULL);

	if (!mm || !file)
		die("out of memory");
	vms_address_space_put(mapping);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long addr = BASE + 2 * PAGE_SIZE * i;

		if (vms_mmap(mm, addr, PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, file, 0) != addr ||
		    vms_fault(mm, addr, FAULT_FLAG_WRITE) != VMS_FAULT_OK)
			die("out of memory");
	}
	count("mappings", mm, nr);
	mmput(mm);
	fput(file);
}

int main(int argc, char **argv)
{
	char why[BENCH_WHY_MAX];

	bench_standard_begin("places");
	for (int i = 1; i < argc; i++) {
		unsigned long nr;

		if (!bench_arg_number("PLACES", argv[i], 1, PLACES_MAX, &nr, why, sizeof(why)))
			die(why);
		count_children((unsigned int)nr);
		count_mappings((unsigned int)nr);
	}
	return 0;
}
