/* SPDX-License-Identifier: MIT */
/* world.c - see world.h. */
#include <errno.h>
#include <stdlib.h>

#include "tools/opscript/opscript.h"
#include "tools/vmreplay/world.h"

#define MAX_PROCESSES 256

struct world {
	/* the processes that wait for a child's exit, then the current one */
	struct mm_struct *stack[MAX_PROCESSES];
	int depth;
	struct mm_struct *idle[MAX_PROCESSES]; /* children of `fork p`, which do nothing */
	int nr_idle;
	struct file *file[OP_NR_FILES];
	struct file *filler;
	unsigned long *shm; /* inodes, in order of first appearance */
	size_t nr_shm, room_shm;
};

static struct file *new_file(const char *name, unsigned long bytes, unsigned int mode,
			     unsigned int flags, struct file *same)
{
	struct address_space *mapping =
		same ? same->f_mapping : vms_address_space_create(bytes, flags, 8, 1, 1);
	struct file *file = mapping ? vms_file_open(mapping, name, mode) : NULL;

	if (mapping && !same)
		vms_address_space_put(mapping);
	return file;
}

static bool open_files(struct world *w)
{
	for (int i = 0; i < OP_NR_FILES; i++) {
		const struct op_file *f = &op_files[i];
		bool again = f->same_as >= 0;

		/* A file opened again is listed under its first name. */
		w->file[i] = new_file(again ? op_files[f->same_as].name : f->name, f->bytes,
				      f->writable ? FMODE_READ | FMODE_WRITE : FMODE_READ,
				      f->memfd ? VMS_AS_SHMEM : VMS_AS_THP_ALIGN,
				      again ? w->file[f->same_as] : NULL);
		if (!w->file[i])
			return false;
	}
	w->filler = new_file("filler", PAGE_SIZE, FMODE_READ, 0, NULL);
	return w->filler != NULL;
}

static bool fill(struct world *w, unsigned long start, unsigned long end)
{
	return vms_mmap(w->stack[0], start, end - start, PROT_NONE, MAP_PRIVATE | MAP_FIXED,
			w->filler, 0) == start;
}

/* The first address that is filled; page 0 always stays free. */
static unsigned long first_filled(const struct mm_layout *layout)
{
	return layout->mmap_min_addr > PAGE_SIZE ? layout->mmap_min_addr : PAGE_SIZE;
}

struct world *world_create(const char *engine, const struct rules *rules)
{
	struct mm_layout layout = vms_mm_layout_default;
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	layout.start_brk = ARENA_START;
	layout.mmap_min_addr = rules->mmap_min_addr;
	w->stack[0] = vms_mm_create(engine, &layout, &rules->mm);
	w->depth = 1;
	if (w->stack[0] && open_files(w) && fill(w, first_filled(&layout), ARENA_START) &&
	    fill(w, ARENA_END, layout.task_size))
		return w;
	world_destroy(w);
	return NULL;
}

bool world_is_outside(struct world *w, unsigned long addr, unsigned long len)
{
	const struct mm_layout *layout = &world_mm(w)->layout;
	unsigned long start = addr & PAGE_MASK, end = addr + len;

	if (end <= addr || end > PAGE_MASK)
		return false;
	end = PAGE_ALIGN(end);
	if (start < first_filled(layout))
		start = first_filled(layout);
	if (end > layout->task_size)
		end = layout->task_size;
	return start < end && (start < ARENA_START || end > ARENA_END);
}

void world_destroy(struct world *w)
{
	if (!w)
		return;
	for (int i = 0; i < w->depth; i++)
		if (w->stack[i])
			mmput(w->stack[i]);
	for (int i = 0; i < w->nr_idle; i++)
		mmput(w->idle[i]);
	for (int i = 0; i < OP_NR_FILES; i++)
		if (w->file[i])
			fput(w->file[i]);
	if (w->filler)
		fput(w->filler);
	free(w->shm);
	free(w);
}

struct mm_struct *world_mm(struct world *w)
{
	return w->stack[w->depth - 1];
}

struct mm_struct *world_process(struct world *w, int n)
{
	if (n < w->depth)
		return w->stack[n];
	return n - w->depth < w->nr_idle ? w->idle[n - w->depth] : NULL;
}

struct file *world_file(struct world *w, int i)
{
	return w->file[i];
}

int world_fork(struct world *w, char how)
{
	struct mm_struct *child;
	int err;

	if (w->depth == MAX_PROCESSES || w->nr_idle == MAX_PROCESSES)
		return -EAGAIN;
	err = vms_fork(world_mm(w), &child);
	if (err)
		return err;
	if (how == 'c') {
		w->stack[w->depth++] = child;
	} else if (how == 'p') {
		w->idle[w->nr_idle++] = child;
	} else {
		mmput(world_mm(w));
		w->stack[w->depth - 1] = child;
	}
	return 0;
}

void world_exit(struct world *w)
{
	if (w->depth > 1)
		mmput(w->stack[--w->depth]);
}

/*
 * Shared anonymous memory has no name, so it is numbered in the order of first
 * appearance: shm0, shm1, ...
 */
static size_t shm_number(struct world *w, const struct address_space *mapping)
{
	for (size_t i = 0; i < w->nr_shm; i++)
		if (w->shm[i] == mapping->ino)
			return i;
	if (w->nr_shm == w->room_shm) {
		size_t room = w->room_shm ? 2 * w->room_shm : 16;
		unsigned long *grown = realloc(w->shm, room * sizeof(*grown));

		if (!grown)
			return w->nr_shm;
		w->shm = grown;
		w->room_shm = room;
	}
	w->shm[w->nr_shm] = mapping->ino;
	return w->nr_shm++;
}

static void print_vma(struct world *w, const struct vm_area_struct *vma, bool flags, FILE *out)
{
	const struct file *file = vma->vm_file;
	char vm_flags[256], name[32] = "-";

	if (file && file->f_path[0] == '/')
		snprintf(name, sizeof(name), "shm%zu", shm_number(w, file->f_mapping));
	else if (file)
		snprintf(name, sizeof(name), "%s", file->f_path);
	fprintf(out, "%lx-%lx %c%c%c%c %lx %s", vma->vm_start, vma->vm_end,
		vma->vm_flags & VM_READ ? 'r' : '-', vma->vm_flags & VM_WRITE ? 'w' : '-',
		vma->vm_flags & VM_EXEC ? 'x' : '-', vma->vm_flags & VM_MAYSHARE ? 's' : 'p',
		file ? vma->vm_pgoff << PAGE_SHIFT : 0, name);
	if (flags) {
		vms_vmflags_string(vma->vm_flags, ',', vm_flags, sizeof(vm_flags));
		fprintf(out, " %s", vm_flags);
	}
	fputc('\n', out);
}

void world_print(struct world *w, bool flags, FILE *out)
{
	struct mm_struct *mm = world_mm(w);
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, ARENA_START);

	mmap_read_lock(mm);
	for_each_vma_range(vmi, vma, ARENA_END)
		print_vma(w, vma, flags, out);
	mmap_read_unlock(mm);
}
