/* SPDX-License-Identifier: MIT */
/* world.c - implements world.h. */
#include "tests/explore/scenarios/world.h"

#include <stdio.h>

#include <vmastore/maple_tree.h>

#include "tests/explore/explore.h"

#define BASE 0x20000000UL

struct mm_struct *world_mm;
struct address_space *world_mapping;
static struct file *opened;

static const struct mm_layout layout = {
	.task_size = 0x40000000,
	.mmap_base = 0x40000000,
	.mmap_min_addr = 0x10000,
	.bottom_base = 0x10000,
	.start_brk = 0x10000000,
};

/* The explorer does not see the loads of vector instructions. */
void world_begin(void)
{
	explore_check(vms_mt_set_simd("scalar"));
	world_mm = vms_mm_create("maple-vma", &layout, NULL);
	explore_check(world_mm);
}

unsigned long world_addr(unsigned long page)
{
	return BASE + page * PAGE_SIZE;
}

void world_map(unsigned long page, unsigned long pages, unsigned long prot)
{
	explore_check(vms_mmap(world_mm, world_addr(page), pages * PAGE_SIZE, prot,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL,
			       0) == world_addr(page));
}

void world_file(unsigned long pages)
{
	world_mapping = vms_address_space_create(pages * PAGE_SIZE, 0, 8, 1, 42);
	opened = vms_file_open(world_mapping, "/data", FMODE_READ | FMODE_WRITE);
	explore_check(opened);
}

void world_file_of(unsigned long pages, const struct vm_operations_struct *ops)
{
	world_file(pages);
	opened->f_vm_ops = ops;
}

void world_map_file(unsigned long page, unsigned long pages, unsigned long flags)
{
	explore_check(vms_mmap(world_mm, world_addr(page), pages * PAGE_SIZE,
			       PROT_READ | PROT_WRITE, flags | MAP_FIXED, opened,
			       0) == world_addr(page));
}

void world_end(void)
{
	explore_check(!vms_mm_validate(world_mm, NULL));
}
