/* SPDX-License-Identifier: MIT */
/*
 * replay_exec.c - see replay.h: execve's new address space, built from the
 * steps that the recording has of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vmreplay/image.h"
#include "tools/vmreplay/replay.h"

/*
 * Top-down placement began at the end of the highest mapping of the new space,
 * except for the stack.
 */
static unsigned long find_mmap_base(const struct trace_effect *e)
{
	unsigned long base = 0, end;

	for (unsigned int i = 0; i < e->exec.nr_steps; i++) {
		const struct trace_exec_step *step = &e->exec.steps[i];

		if (step->is_fault || strcmp(step->map.name, "[stack]") == 0)
			continue;
		end = PAGE_ALIGN(step->map.start + step->map.len);
		if (end > base && end <= vms_mm_layout_default.task_size)
			base = end;
	}
	return base ? base : vms_mm_layout_default.mmap_base;
}

/*
 * Insert the VMA of the stack or of an object of the kernel, which no call of
 * the program could make.
 */
static void insert_special(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
			   const struct trace_map *map)
{
	bool stack = strcmp(map->name, "[stack]") == 0;
	struct file *file = stack ? NULL : files_get(&r->files, map);
	struct vm_area_struct *vma = vm_area_alloc(mm);

	if (!vma || (!stack && !file)) {
		r->out_of_memory++;
		return;
	}
	vma->vm_start = map->start;
	vma->vm_end = map->start + map->len;
	vma->vm_file = file ? get_file(file) : NULL;
	vm_flags_init(vma, verify_flags(map->perms) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
				   (stack ? VM_GROWSDOWN | VM_ACCOUNT : VM_DONTEXPAND));
	mmap_write_lock(mm);
	do_munmap(mm, map->start, map->len);
	if (insert_vm_struct(mm, vma)) {
		r->out_of_memory++;
		mmap_write_unlock(mm);
		return;
	}
	/*
	 * execve builds the stack elsewhere and moves it, so its offset is that
	 * of the first place.
	 */
	vma_start_write(vma);
	vma->vm_pgoff = map->pgoff >> PAGE_SHIFT;
	if (stack)
		mm->start_stack = vma->vm_end - 1;
	mmap_write_unlock(mm);
	if (stack && vms_fault(mm, map->start + map->len - 1, FAULT_FLAG_WRITE) != VMS_FAULT_OK)
		verify_failed(r, e, "the new stack cannot be touched");
}

static bool is_special(const struct trace_map *map)
{
	return strcmp(map->name, "[stack]") == 0 || (map_has_file(map) && !map->ino);
}

/* Whether @map is a range of whole pages inside the address space. */
static bool is_place(const struct mm_struct *mm, const struct trace_map *map)
{
	return !((map->start | map->len) & ~PAGE_MASK) &&
	       map->start + map->len <= mm->layout.task_size;
}

static void map_of_exec(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
			const struct trace_map *map, unsigned long end)
{
	unsigned long prot = verify_flags(map->perms) & VM_ACCESS_FLAGS, got;
	unsigned long flags =
		MAP_FIXED | (map->perms & TRACE_PERM_SHARED ? MAP_SHARED : MAP_PRIVATE);
	struct file *file = NULL;

	if (is_special(map) && is_place(mm, map)) {
		insert_special(r, e, mm, map);
		return;
	}
	if (map_has_file(map)) {
		file = files_get(&r->files, map);
		if (!file) {
			r->out_of_memory++;
			return;
		}
	} else {
		flags |= MAP_ANONYMOUS;
	}
	got = vms_mmap(mm, map->start, map->len, prot, flags, file, file ? map->pgoff : 0);
	if (got != map->start)
		verify_failed(r, e, "execve's mapping at %" PRIx64 " was refused with %ld",
			      map->start, (long)got);
	else if (end < map->start + map->len)
		vms_munmap(mm, end, map->start + map->len - end);
}

/*
 * Compare the first layout as a whole: no mapping of it was merged or unmapped
 * later.
 */
static void check_layout(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
			 const struct image_step *image)
{
	for (unsigned int i = 0; i < e->exec.nr_steps; i++)
		if (!e->exec.steps[i].is_fault && !image[i].mapped_over)
			verify_map(r, e, mm, &e->exec.steps[i].map);
}

/* Replay the steps of an execve in its new space and compare the result. */
static void do_steps(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	struct image_step *image = image_steps(e);

	if (!image) {
		r->out_of_memory++;
		return;
	}
	for (unsigned int i = 0; i < e->exec.nr_steps; i++) {
		const struct trace_exec_step *step = &e->exec.steps[i];

		if (!step->is_fault)
			map_of_exec(r, e, mm, &step->map, image[i].end);
		else if (vms_fault(mm, step->fault.address,
				   step->fault.write ? FAULT_FLAG_WRITE : 0) != VMS_FAULT_OK)
			verify_failed(r, e, "execve's own touch of %" PRIx64 " fails",
				      step->fault.address);
	}
	check_layout(r, e, mm, image);
	free(image);
}

void replay_exec(struct replay *r, const struct trace_effect *e)
{
	struct mm_layout layout = vms_mm_layout_default;
	struct mm_struct *mm;

	if (e->exec.old_space_ended && e->exec.old_space != TRACE_NO_SPACE &&
	    r->mm[e->exec.old_space]) {
		mmput(r->mm[e->exec.old_space]);
		r->mm[e->exec.old_space] = NULL;
	}
	layout.mmap_base = find_mmap_base(e);
	layout.mmap_min_addr = r->rules->mmap_min_addr;
	mm = vms_mm_create(r->engine, &layout, &r->rules->mm);
	if (!mm) {
		r->out_of_memory++;
		return;
	}
	r->mm[e->space] = mm;
	do_steps(r, e, mm);
}
