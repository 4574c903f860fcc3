/* SPDX-License-Identifier: MIT */
/*
 * fault.c - page faults beside calls that change the layout or the file, and
 * fork beside truncation. A thread that knows that a call has returned sees its
 * effect.
 */
#include <stdatomic.h>

#include <vmastore/page.h>

#include "lib/page/struct_page.h"
#include "tests/explore/scenarios/scenarios.h"
#include "tests/explore/scenarios/world.h"

#define RW (PROT_READ | PROT_WRITE)

static atomic_bool returned; /* the other thread's call */

static bool has_returned(void)
{
	return atomic_load_explicit(&returned, memory_order_acquire);
}

static void now_returned(void)
{
	atomic_store_explicit(&returned, true, memory_order_release);
}

/* ---- munmap, mprotect, truncation ---------------------------------------- */

static void begin_two(void)
{
	world_begin();
	world_map(0, 1, RW);
	world_map(8, 1, RW);
	explore_check(vms_write_word(world_mm, world_addr(8), 77) == VMS_FAULT_OK);
}

static void write_first(void)
{
	bool gone = has_returned();
	enum vms_fault_result r = vms_write_word(world_mm, world_addr(0), 1);

	explore_check(r == VMS_SEGV_MAPERR || r == VMS_SEGV_ACCERR || (r == VMS_FAULT_OK && !gone));
}

static void read_other(void)
{
	unsigned long word = 0;

	explore_check(vms_read_word(world_mm, world_addr(8), &word) == VMS_FAULT_OK && word == 77);
}

static void unmap_first(void)
{
	explore_check(!vms_munmap(world_mm, world_addr(0), PAGE_SIZE));
	now_returned();
}

static void only_other_left(void)
{
	explore_check(vms_mm_counter(world_mm, MM_ANONPAGES) == 1);
	world_end();
}

EXPLORE_SCENARIO(fault_munmap, "a fault beside munmap(): no page stays behind", .begin = begin_two,
		 .threads = {write_first, unmap_first}, .end = only_other_left);
EXPLORE_SCENARIO(fault_other, "a fault in the VMA beside that which munmap() removes",
		 .begin = begin_two, .threads = {read_other, unmap_first}, .end = only_other_left);

static void protect_first(void)
{
	explore_check(!vms_mprotect(world_mm, world_addr(0), PAGE_SIZE, PROT_READ));
	now_returned();
}

EXPLORE_SCENARIO(fault_mprotect, "a write beside mprotect(): none after it has returned",
		 .begin = begin_two, .threads = {write_first, protect_first}, .end = world_end);

static void begin_file(void)
{
	world_begin();
	world_file(2);
	world_map_file(0, 2, MAP_SHARED);
}

static void write_second_page(void)
{
	bool cut = has_returned();
	enum vms_fault_result r = vms_write_word(world_mm, world_addr(1), 1);

	explore_check(r == VMS_SIGBUS || (r == VMS_FAULT_OK && !cut));
}

static void truncate_to_one(void)
{
	explore_check(!vms_file_truncate(world_mapping, PAGE_SIZE));
	now_returned();
}

static void no_page_left(void)
{
	explore_check(!vms_mm_counter(world_mm, MM_FILEPAGES));
	explore_check(!world_mapping->nrpages);
	world_end();
}

EXPLORE_SCENARIO(fault_truncate, "a fault beside truncation: no page beyond the end",
		 .begin = begin_file, .threads = {write_second_page, truncate_to_one},
		 .end = no_page_left);

/* ---- the first anon_vma -------------------------------------------------- */

static void begin_untouched(void)
{
	world_begin();
	world_map(0, 2, RW);
}

static void write_page(unsigned long page)
{
	unsigned long word = 0;

	explore_check(vms_write_word(world_mm, world_addr(page), 10 + page) == VMS_FAULT_OK);
	explore_check(vms_read_word(world_mm, world_addr(page), &word) == VMS_FAULT_OK);
	explore_check(word == 10 + page);
}

static void write_page_0(void)
{
	write_page(0);
}

static void write_page_1(void)
{
	write_page(1);
}

EXPLORE_SCENARIO(first_anon_vma, "two threads make the first write to a VMA",
		 .begin = begin_untouched, .threads = {write_page_0, write_page_1},
		 .end = world_end);
EXPLORE_SCENARIO(same_page, "two threads make the first write to a page", .begin = begin_untouched,
		 .threads = {write_page_0, write_page_0}, .end = world_end);

/* ---- fork ---------------------------------------------------------------- */

static struct mm_struct *child;

/* A private mapping with a page of the file's, and one of its own. */
static void begin_private(void)
{
	unsigned long word;

	world_begin();
	world_file(2);
	world_map_file(0, 2, MAP_PRIVATE);
	explore_check(vms_write_word(world_mm, world_addr(0), 1) == VMS_FAULT_OK);
	explore_check(vms_read_word(world_mm, world_addr(1), &word) == VMS_FAULT_OK);
}

static void do_fork(void)
{
	explore_check(!vms_fork(world_mm, &child));
}

static void truncate_all(void)
{
	explore_check(!vms_file_truncate(world_mapping, 0));
}

static void no_page_in_child(void)
{
	explore_check(!vms_mm_counter(world_mm, MM_FILEPAGES));
	explore_check(!vms_mm_counter(child, MM_FILEPAGES));
	explore_check(!vms_mm_validate(child, NULL));
	world_end();
}

EXPLORE_SCENARIO(fork_truncate, "fork copies pages that a truncation removes",
		 .begin = begin_private, .threads = {do_fork, truncate_all},
		 .end = no_page_in_child);

static void begin_shared_anon(void)
{
	begin_untouched();
	explore_check(vms_write_word(world_mm, world_addr(0), 1) == VMS_FAULT_OK);
}

static void write_again(void)
{
	explore_check(vms_write_word(world_mm, world_addr(0), 2) == VMS_FAULT_OK);
}

/* The child has the word from before the write, or from after it. */
static void child_has_one(void)
{
	unsigned long word = 0;

	explore_check(vms_read_word(child, world_addr(0), &word) == VMS_FAULT_OK);
	explore_check(word == 1 || word == 2);
	explore_check(vms_write_word(child, world_addr(0), 3) == VMS_FAULT_OK);
	explore_check(vms_read_word(world_mm, world_addr(0), &word) == VMS_FAULT_OK);
	explore_check(word == 2);
	explore_check(!vms_mm_validate(child, NULL));
	world_end();
}

EXPLORE_SCENARIO(fork_write, "fork beside a write: no later write shows in the child",
		 .begin = begin_shared_anon, .threads = {do_fork, write_again},
		 .end = child_has_one);

/* ---- who may write a page that was shared -------------------------------- */

static struct page *held;

static void begin_parent_and_child(void)
{
	begin_shared_anon();
	do_fork();
}

/* The page that the child had: its word is the child's. */
static void hold_page_of_child(void)
{
	held = vms_page_lookup(child, world_addr(0));
	if (!held)
		return;
	explore_check(vms_page_word(held) == 1);
	explore_check(vms_page_word(held) == 1);
	vms_page_put(held);
}

static void child_lets_go(void)
{
	explore_check(!vms_madvise(child, world_addr(0), PAGE_SIZE, MADV_DONTNEED));
}

static void both_whole(void)
{
	explore_check(!vms_mm_validate(child, NULL));
	world_end();
}

EXPLORE_SCENARIO(held_page, "a page that another thread holds is not written in place",
		 .begin = begin_parent_and_child,
		 .threads = {hold_page_of_child, child_lets_go, write_again}, .end = both_whole);

/* ---- page_mkwrite() ------------------------------------------------------ */

static struct page *owned;

static vm_fault_t give_page(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(owned);
	return 0;
}

/* The hook does nothing; but the fault holds no lock of a page table here. */
static vm_fault_t allow_write(struct vm_fault *vmf)
{
	(void)vmf;
	return 0;
}

static void begin_owned(void)
{
	static const struct vm_operations_struct ops = {.fault = give_page,
							.page_mkwrite = allow_write};
	unsigned long word;

	world_begin();
	world_file_of(1, &ops);
	owned = vms_page_alloc(5);
	explore_check(owned);
	world_map_file(0, 1, MAP_SHARED);
	explore_check(vms_read_word(world_mm, world_addr(0), &word) == VMS_FAULT_OK);
}

static void write_owned(void)
{
	explore_check(vms_write_word(world_mm, world_addr(0), 6) == VMS_FAULT_OK);
}

static void zap_owned(void)
{
	explore_check(!vms_madvise(world_mm, world_addr(0), PAGE_SIZE, MADV_DONTNEED));
}

EXPLORE_SCENARIO(mkwrite_zap, "the page is unmapped while page_mkwrite() is asked",
		 .begin = begin_owned, .threads = {write_owned, zap_owned}, .end = world_end);

/* ---- the notes of an access ---------------------------------------------- */

static struct page *noted;

/* The page is mapped writable, and clean. */
static void begin_clean(void)
{
	begin_file();
	explore_check(vms_fault(world_mm, world_addr(0), 0) == VMS_FAULT_OK);
	noted = vms_page_lookup(world_mm, world_addr(0));
	explore_check(noted && !vms__page_is_dirty(noted));
}

/* The write notes itself in the entry without a lock of the page table. */
static void write_clean(void)
{
	explore_check(vms_fault(world_mm, world_addr(0), FAULT_FLAG_WRITE) == VMS_FAULT_OK);
}

static void zap_clean(void)
{
	explore_check(!vms_madvise(world_mm, world_addr(0), PAGE_SIZE, MADV_DONTNEED));
}

/* Once all entries are gone, the page knows of the write. */
static void is_dirty(void)
{
	zap_clean();
	explore_check(vms__page_is_dirty(noted));
	world_end();
}

EXPLORE_SCENARIO(note_zap, "a write marks the entry dirty while the page is unmapped",
		 .begin = begin_clean, .threads = {write_clean, zap_clean}, .end = is_dirty);

/* ---- a stack that grows -------------------------------------------------- */

#define STACK 400ul

static void begin_stack(void)
{
	world_begin();
	explore_check(vms_mmap(world_mm, world_addr(STACK), 2 * PAGE_SIZE, RW,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL,
			       0) == world_addr(STACK));
}

static void touch_below(void)
{
	enum vms_fault_result r = vms_write_word(world_mm, world_addr(STACK - 2), 1);

	explore_check(r == VMS_FAULT_OK || r == VMS_SEGV_MAPERR);
}

static void touch_further_below(void)
{
	enum vms_fault_result r = vms_write_word(world_mm, world_addr(STACK - 3), 1);

	explore_check(r == VMS_FAULT_OK || r == VMS_SEGV_MAPERR);
}

static void map_below(void)
{
	world_map(STACK - 2, 1, RW);
	explore_check(vms_write_word(world_mm, world_addr(STACK - 2), 9) == VMS_FAULT_OK);
}

static void unmap_stack(void)
{
	explore_check(!vms_munmap(world_mm, world_addr(STACK), 2 * PAGE_SIZE));
}

EXPLORE_SCENARIO(stack_map, "a stack grows, and another thread maps memory below it",
		 .begin = begin_stack, .threads = {touch_below, map_below}, .end = world_end);
EXPLORE_SCENARIO(stack_unmap, "a stack grows while another thread unmaps it", .begin = begin_stack,
		 .threads = {touch_below, unmap_stack}, .end = world_end);
EXPLORE_SCENARIO(stack_twice, "two threads let a stack grow", .begin = begin_stack,
		 .threads = {touch_below, touch_further_below}, .end = world_end);
