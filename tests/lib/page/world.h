/* SPDX-License-Identifier: MIT */
/*
 * world.h - what the tests of lib/page share: address spaces built by hand on a
 * real engine, without lib/mm's rules for placing and merging, so that a test
 * decides which VMAs there are.
 *
 * Locks: each call takes the locks it needs; a call whose caller must hold a
 * lock says so. The calls return results and assert nothing, so that threads
 * may use them. The world_* calls assert, and are for the main thread only.
 */
#ifndef TESTS_PAGE_WORLD_H
#define TESTS_PAGE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine/engine.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

#define PG PAGE_SIZE
#define MIB2 (2UL << 20)
#define GIB (1UL << 30)
#define RW_PRIVATE (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE)
#define RW_SHARED (RW_PRIVATE | VM_SHARED | VM_MAYSHARE)

/* ---- life ---- */

/*
 * cmocka set-up and tear-down. *@state is the engine's name before the set-up,
 * and its first mm after it. The tear-down validates the mm, and requires that
 * nothing leaks.
 */
int world_setup(void **state);
int world_teardown(void **state);

/*
 * Runs each test once where faults hold mmap_lock, and once where they hold the
 * VMA's lock.
 */
#define ON_ENGINE(f, engine)                                                                       \
	{                                                                                          \
		.name = #f " [" engine "]", .test_func = f, .setup_func = world_setup,             \
		.teardown_func = world_teardown, .initial_state = (void *)(engine)                 \
	}
#define ON_MMAP_LOCK(f) ON_ENGINE(f, "rbtree")
#define ON_VMA_LOCK(f) ON_ENGINE(f, "maple-vma")
#define ON_BOTH_LOCKS(f) ON_MMAP_LOCK(f), ON_VMA_LOCK(f)

/* Return: an empty address space on that engine; NULL: no memory. */
struct mm_struct *mm_new(const char *engine);
/* Unmaps everything, and frees the address space. */
void mm_destroy(struct mm_struct *mm);

/* ---- VMAs ---- */

/*
 * Maps @pages pages from @start on with @flags. Without @file the memory is
 * anonymous, and its pgoff is @start >> PAGE_SHIFT. Return: the VMA; NULL: no
 * memory.
 */
struct vm_area_struct *vma_map(struct mm_struct *mm, unsigned long start, unsigned long pages,
			       vm_flags_t flags, struct file *file, pgoff_t pgoff);
struct vm_area_struct *world_map(struct mm_struct *mm, unsigned long start, unsigned long pages,
				 vm_flags_t flags, struct file *file, pgoff_t pgoff);
struct vm_area_struct *world_map_anon(struct mm_struct *mm, unsigned long start,
				      unsigned long pages);
/*
 * Unmaps a whole VMA as munmap(2) does: removes it from the index, frees its
 * pages and its tables.
 */
void vma_unmap(struct vm_area_struct *vma);
/*
 * Splits @vma at @addr. Return: the upper part; NULL: no memory, nothing
 * changed.
 */
struct vm_area_struct *vma_split(struct vm_area_struct *vma, unsigned long addr);
/* fork(2). Return: the child; NULL: no memory, nothing is left of the child. */
struct mm_struct *mm_fork(struct mm_struct *mm);
struct vm_area_struct *vma_at(struct mm_struct *mm, unsigned long addr);

/* ---- pages ---- */

/*
 * Faults as lib/mm does: under the VMA's lock, otherwise under mmap_lock.
 * Return: the fault's answer; SIGSEGV: not mapped.
 */
vm_fault_t touch(struct mm_struct *mm, unsigned long addr, unsigned int flags);
void zap(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Removes the right to write from the whole VMA, or gives it. */
void vma_protect(struct vm_area_struct *vma, bool writable);
/* Faults, then reads or writes the word. Return: the fault's answer. */
vm_fault_t read_word(struct mm_struct *mm, unsigned long addr, unsigned long *word);
vm_fault_t write_word(struct mm_struct *mm, unsigned long addr, unsigned long word);
unsigned long world_read(struct mm_struct *mm, unsigned long addr);
void world_write(struct mm_struct *mm, unsigned long addr, unsigned long word);

/*
 * Return: the entry at @addr, or 0; the page that it maps. No other thread may
 * change the entry meanwhile.
 */
unsigned long pte_at(struct mm_struct *mm, unsigned long addr);
struct page *page_at(struct mm_struct *mm, unsigned long addr);
unsigned int refs(const struct page *page);

/* ---- files and counts ---- */

struct file *world_file(unsigned long bytes, unsigned int as_flags);
long count(struct mm_struct *mm, enum vms_mm_counter which);
int validate(struct mm_struct *mm, FILE *why);
void world_expect_counts_at(struct mm_struct *mm, long anon, long file, long shmem,
			    const char *where, int line);
#define world_expect_counts(mm, anon, file, shmem)                                                 \
	world_expect_counts_at(mm, anon, file, shmem, __FILE__, __LINE__)

#endif
