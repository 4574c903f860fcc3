/* SPDX-License-Identifier: MIT */
/*
 * file.c - truncation, holes and revocation beside faults and each other, and
 * walks of the reverse maps.
 */
#include <stdatomic.h>

#include <vmastore/page.h>

#include "tests/explore/scenarios/scenarios.h"
#include "tests/explore/scenarios/world.h"

#define RW (PROT_READ | PROT_WRITE)

/* ---- truncation against truncation --------------------------------------- */

static void begin_mapped_page(void)
{
	unsigned long word;

	world_begin();
	world_file(2);
	world_map_file(0, 2, MAP_SHARED);
	explore_check(vms_read_word(world_mm, world_addr(1), &word) == VMS_FAULT_OK);
}

/* When the call has returned, no page beyond the end is mapped any more. */
static void truncate_and_look(void)
{
	unsigned long word;

	explore_check(!vms_file_truncate(world_mapping, PAGE_SIZE));
	explore_check(vms_read_word(world_mm, world_addr(1), &word) == VMS_SIGBUS);
}

static void nothing_cached(void)
{
	explore_check(!world_mapping->nrpages);
	world_end();
}

EXPLORE_SCENARIO(truncate_twice, "two threads truncate a file", .begin = begin_mapped_page,
		 .threads = {truncate_and_look, truncate_and_look}, .end = nothing_cached);

static void begin_private(void)
{
	world_begin();
	world_file(2);
	world_map_file(0, 2, MAP_PRIVATE);
}

static void truncate_to_one(void)
{
	explore_check(!vms_file_truncate(world_mapping, PAGE_SIZE));
}

static bool wrote;

static void make_longer_and_write(void)
{
	explore_check(!vms_file_truncate(world_mapping, 2 * PAGE_SIZE));
	wrote = vms_write_word(world_mm, world_addr(1), 7) == VMS_FAULT_OK;
}

/* The file is longer, so that call came last, and the private copy stays. */
static void copy_stays(void)
{
	unsigned long word = 0;

	if (world_mapping->i_size == 2 * PAGE_SIZE) {
		explore_check(wrote);
		explore_check(vms_read_word(world_mm, world_addr(1), &word) == VMS_FAULT_OK);
		explore_check(word == 7);
	}
	world_end();
}

EXPLORE_SCENARIO(truncate_longer, "a file becomes shorter and longer at the same time",
		 .begin = begin_private, .threads = {truncate_to_one, make_longer_and_write},
		 .end = copy_stays);

/* ---- a hole against a fault through a second mapping --------------------- */

static void begin_two_mappings(void)
{
	world_begin();
	world_file(1);
	world_map_file(0, 1, MAP_SHARED);
	world_map_file(16, 1, MAP_SHARED);
	explore_check(vms_write_word(world_mm, world_addr(0), 5) == VMS_FAULT_OK);
}

/* Both mappings show one page, so the old word does not show any more. */
static void write_through_second(void)
{
	unsigned long word = 0;

	explore_check(vms_write_word(world_mm, world_addr(16), 6) == VMS_FAULT_OK);
	explore_check(vms_read_word(world_mm, world_addr(0), &word) == VMS_FAULT_OK);
	explore_check(word == 6 || word == 0);
}

static void punch(void)
{
	explore_check(!vms_file_punch_hole(world_mapping, 0, PAGE_SIZE));
}

/* Both mappings show the same page, with the write or after the hole. */
static void both_same(void)
{
	unsigned long first = 1, second = 2;

	explore_check(vms_read_word(world_mm, world_addr(0), &first) == VMS_FAULT_OK);
	explore_check(vms_read_word(world_mm, world_addr(16), &second) == VMS_FAULT_OK);
	explore_check(first == second && (first == 6 || first == 0));
	world_end();
}

EXPLORE_SCENARIO(punch_second, "a hole beside a fault through another mapping",
		 .begin = begin_two_mappings, .threads = {write_through_second, punch},
		 .end = both_same);

/* ---- revocation ---------------------------------------------------------- */

static struct page *pages[2];
static _Atomic unsigned int present; /* which of them the owner gives */

static vm_fault_t give_present(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(pages[atomic_load_explicit(&present, memory_order_acquire)]);
	return 0;
}

static void begin_owner(void)
{
	static const struct vm_operations_struct ops = {.fault = give_present};

	world_begin();
	world_file_of(1, &ops);
	for (unsigned int i = 0; i < 2; i++)
		pages[i] = vms_page_alloc(10 + i);
	explore_check(pages[0] && pages[1]);
	world_map_file(0, 1, MAP_SHARED);
}

static void read_owned(void)
{
	unsigned long word = 0;

	explore_check(vms_read_word(world_mm, world_addr(0), &word) == VMS_FAULT_OK);
	explore_check(word == 10 || word == 11);
}

/*
 * The owner exchanges the page. When the call has returned, the old one is
 * mapped nowhere.
 */
static void exchange_page(void)
{
	unsigned long word = 0;

	atomic_store_explicit(&present, 1, memory_order_release);
	unmap_mapping_range(world_mapping, 0, PAGE_SIZE, 1);
	explore_check(vms_read_word(world_mm, world_addr(0), &word) == VMS_FAULT_OK);
	explore_check(word == 11);
}

EXPLORE_SCENARIO(revoke_fault, "a page is revoked while fault() is on its way back with it",
		 .begin = begin_owner, .threads = {read_owned, exchange_page}, .end = world_end);

/* ---- reverse maps -------------------------------------------------------- */

static struct page *walked;

static void begin_walked(void)
{
	world_begin();
	world_map(0, 1, RW);
	explore_check(vms_write_word(world_mm, world_addr(0), 1) == VMS_FAULT_OK);
	walked = vms_page_lookup(world_mm, world_addr(0));
	explore_check(walked);
}

static void walk_page(void)
{
	struct vms_page_place place[2];
	unsigned int nr = vms_page_places(walked, place, 2);

	explore_check(nr <= 1);
	if (!nr)
		return;
	explore_check(place[0].mm == world_mm && place[0].addr == world_addr(0));
	mmdrop(place[0].mm);
}

/* The memory of the anon_vma becomes another one's. */
static void unmap_and_write_elsewhere(void)
{
	explore_check(!vms_munmap(world_mm, world_addr(0), PAGE_SIZE));
	world_map(100, 1, RW);
	explore_check(vms_write_word(world_mm, world_addr(100), 2) == VMS_FAULT_OK);
}

EXPLORE_SCENARIO(rmap_recycled, "a reverse-map walk while the anon_vma's memory becomes another's",
		 .begin = begin_walked, .threads = {walk_page, unmap_and_write_elsewhere},
		 .end = world_end);

static void begin_walked_pair(void)
{
	begin_walked();
	explore_check(vms_mmap(world_mm, world_addr(1), PAGE_SIZE, RW,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) == world_addr(1));
}

/* The page stays mapped: the walk finds it, whatever its VMA becomes. */
static void walk_finds(void)
{
	struct vms_page_place place[2];

	explore_check(vms_page_places(walked, place, 2) == 1);
	explore_check(place[0].addr == world_addr(0));
	mmdrop(place[0].mm);
}

static void split_and_merge(void)
{
	explore_check(!vms_mprotect(world_mm, world_addr(1), PAGE_SIZE, PROT_READ));
	explore_check(!vms_mprotect(world_mm, world_addr(1), PAGE_SIZE, RW));
}

EXPLORE_SCENARIO(rmap_split, "a reverse-map walk beside a split and a merge of the VMA",
		 .begin = begin_walked_pair, .threads = {walk_finds, split_and_merge},
		 .end = world_end);

/* ---- the list of address spaces ------------------------------------------ */

#define MAP_COUNT 77

static void begin_limited(void)
{
	struct mm_limits limits;

	begin_walked();
	limits = vms_mm_limits(world_mm);
	limits.max_map_count = MAP_COUNT;
	explore_check(!vms_mm_set_limits(world_mm, &limits));
}

/* Each address space that the walk meets is complete. */
static void walk_mms(void)
{
	struct mm_struct *mm = NULL;
	unsigned long word;

	while ((mm = vms_mm_next(mm))) {
		explore_check(vms_mm_limits(mm).max_map_count == MAP_COUNT);
		word = 0;
		if (vms_read_word(mm, world_addr(0), &word) == VMS_FAULT_OK)
			explore_check(word == 1);
	}
}

static void fork_and_leave(void)
{
	struct mm_struct *child;

	explore_check(!vms_fork(world_mm, &child));
	mmput(child);
}

EXPLORE_SCENARIO(mm_next_fork, "a walk of all address spaces beside fork and exit",
		 .begin = begin_limited, .threads = {walk_mms, fork_and_leave}, .end = world_end);
