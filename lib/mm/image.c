/* SPDX-License-Identifier: MIT */
/*
 * image.c - where the parts of the program stand in an address space: code,
 * data, break, stack, arguments, environment. These are bounds, not memory:
 * they say nothing about what is mapped there. brk.c reads the break and the
 * limit, maps.c [heap] and [stack], status.c VmExe.
 *
 * Source: prctl(2), PR_SET_MM_MAP, and experiments on a running 6.18 kernel.
 * Locks: written under mmap_lock W, read under R or W.
 */
#include <errno.h>

#include "lib/mm/internal.h"

static bool in_bounds(const struct mm_struct *mm, const struct vms_mm_map *map)
{
	const unsigned long addr[] = {map->start_code,  map->end_code,  map->start_data,
				      map->end_data,    map->start_brk, map->brk,
				      map->start_stack, map->arg_start, map->arg_end,
				      map->env_start,   map->env_end};

	for (size_t i = 0; i < sizeof(addr) / sizeof(addr[0]); i++)
		if (addr[i] < mm->layout.mmap_min_addr || addr[i] >= mm->layout.task_size)
			return false;
	return true;
}

/* Only code must not be empty: Linux compares that pair alone with `<`. */
static bool in_order(const struct vms_mm_map *map)
{
	return map->start_code < map->end_code && map->start_data <= map->end_data &&
	       map->start_brk <= map->brk && map->arg_start <= map->arg_end &&
	       map->env_start <= map->env_end;
}

bool vms__data_within_limit(const struct mm_struct *mm, unsigned long break_bytes,
			    unsigned long data_bytes)
{
	/* Both are below the address space's size, so the sum does not wrap. */
	return mm->limits.data == VMS_NO_LIMIT || break_bytes + data_bytes <= mm->limits.data;
}

static void store_map(struct mm_struct *mm, const struct vms_mm_map *map)
{
	mmap_assert_write_locked(mm);
	mm->start_code = map->start_code;
	mm->end_code = map->end_code;
	mm->start_data = map->start_data;
	mm->end_data = map->end_data;
	mm->start_brk = map->start_brk;
	mm->brk = map->brk;
	mm->start_stack = map->start_stack;
	mm->arg_start = map->arg_start;
	mm->arg_end = map->arg_end;
	mm->env_start = map->env_start;
	mm->env_end = map->env_end;
}

static struct vms_mm_map load_map(const struct mm_struct *mm)
{
	mmap_assert_locked(mm);
	return (struct vms_mm_map){
		.start_code = mm->start_code,
		.end_code = mm->end_code,
		.start_data = mm->start_data,
		.end_data = mm->end_data,
		.start_brk = mm->start_brk,
		.brk = mm->brk,
		.start_stack = mm->start_stack,
		.arg_start = mm->arg_start,
		.arg_end = mm->arg_end,
		.env_start = mm->env_start,
		.env_end = mm->env_end,
	};
}

/*
 * All checks come before the first store, so that a refused map changes
 * nothing.
 */
int vms__set_map(struct mm_struct *mm, const struct vms_mm_map *map)
{
	if (!in_bounds(mm, map) || !in_order(map) ||
	    !vms__data_within_limit(mm, map->brk - map->start_brk, map->end_data - map->start_data))
		return -EINVAL;
	store_map(mm, map);
	return 0;
}

void vms__copy_map(struct mm_struct *child, const struct mm_struct *mm)
{
	struct vms_mm_map map = load_map(mm);

	store_map(child, &map);
}

struct vms_mm_map vms_mm_map(struct mm_struct *mm)
{
	struct vms_mm_map map;

	vms__read_enter(mm);
	map = load_map(mm);
	vms__read_exit(mm);
	return map;
}

int vms_mm_set_map(struct mm_struct *mm, const struct vms_mm_map *map)
{
	int err;

	vms__write_enter(mm, 0, mm->layout.task_size);
	err = vms__set_map(mm, map);
	vms__write_exit(mm);
	return err;
}
