/* SPDX-License-Identifier: MIT */
/* compile.c - see compile.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vmreplay/compile.h"
#include "tools/vmreplay/image.h"
#include "tools/vmreplay/places.h"

const char *const run_kind_names[NR_RUN_KINDS] = {"fault",   "mmap",   "munmap", "mprotect",
						  "madvise", "mremap", "brk"};

struct compiler {
	const struct trace_order *order;
	struct program *program;
	struct places places;
	/* a replay of the list so far; what fails in it is left out */
	struct mm_struct *slice;
	unsigned long *brk; /* by space; 0: not known yet */
	bool out_of_memory;
	bool too_many_copies;
};

static bool append(struct compiler *c, const struct run_op *op)
{
	struct program *p = c->program;

	if (p->nr == p->room) {
		size_t room = p->room ? 2 * p->room : 4096;
		struct run_op *grown = realloc(p->op, room * sizeof(*grown));

		if (!grown) {
			c->out_of_memory = true;
			return false;
		}
		p->op = grown;
		p->room = room;
	}
	p->op[p->nr++] = *op;
	return true;
}

bool run_op_at(struct mm_struct *mm, const struct run_op *op, unsigned long base)
{
	unsigned long addr = base + op->addr;

	switch ((enum run_kind)op->kind) {
	case RUN_FAULT:
		return vms_fault(mm, addr, op->arg) == VMS_FAULT_OK;
	case RUN_MMAP:
		return vms_mmap(mm, addr, op->len, op->arg, op->flags, op->file, op->off) == addr;
	case RUN_MUNMAP:
		return vms_munmap(mm, addr, op->len) == 0;
	case RUN_MPROTECT:
		return vms_mprotect(mm, addr, op->len, op->arg) == 0;
	case RUN_MADVISE:
		return vms_madvise(mm, addr, op->len, op->arg) == 0;
	case RUN_MREMAP:
		return vms_mremap(mm, addr, op->len, op->to_len, op->flags, base + op->to) ==
		       base + op->to;
	case RUN_BRK:
		return op->unmaps
			       ? vms_munmap(mm, addr, op->len) == 0
			       : vms_mmap(mm, addr, op->len, op->arg, op->flags, NULL, 0) == addr;
	default:
		return false;
	}
}

/* Translate @op and try it. Append it to the list if it succeeds. */
static void emit(struct compiler *c, int space, struct run_op op)
{
	unsigned long vmas;

	op.addr = places_translate(&c->places, space, op.addr, op.len);
	op.to = op.to ? places_translate(&c->places, space, op.to, op.to_len) : 0;
	if (op.addr == PLACE_NONE || op.to == PLACE_NONE || !run_op_at(c->slice, &op, 0)) {
		c->program->left_out++;
		return;
	}
	append(c, &op);
	vmas = (unsigned long)atomic_load_explicit(&c->slice->map_count, memory_order_relaxed);
	if (vmas > c->program->peak_vmas)
		c->program->peak_vmas = vmas;
}

static unsigned short prot_of_perms(unsigned int perms)
{
	return (unsigned short)(((perms & TRACE_PERM_READ) ? PROT_READ : 0) |
				((perms & TRACE_PERM_WRITE) ? PROT_WRITE : 0) |
				((perms & TRACE_PERM_EXEC) ? PROT_EXEC : 0));
}

static bool is_mapped(struct compiler *c, const struct place *place)
{
	bool mapped;

	mmap_read_lock(c->slice);
	mapped =
		find_vma_intersection(c->slice, place->at, place->at + (place->end - place->start));
	mmap_read_unlock(c->slice);
	return mapped;
}

static void unmap_all(struct compiler *c, int space)
{
	const struct place *place;
	size_t i = 0;

	while ((place = places_next(&c->places, space, &i)))
		if (is_mapped(c, place))
			emit(c, space,
			     (struct run_op){.kind = RUN_MUNMAP,
					     .addr = place->start,
					     .len = place->end - place->start});
}

static void emit_fault(struct compiler *c, int space, unsigned long addr, bool write, bool exec)
{
	unsigned int flags = (write ? FAULT_FLAG_WRITE : 0) | (exec ? FAULT_FLAG_INSTRUCTION : 0);

	emit(c, space,
	     (struct run_op){
		     .kind = RUN_FAULT, .addr = addr, .len = 1, .arg = (unsigned short)flags});
}

static void exec_map(struct compiler *c, int space, const struct trace_map *map, unsigned long end)
{
	struct run_op op = {.kind = RUN_MMAP,
			    .addr = map->start,
			    .len = map->len,
			    .arg = prot_of_perms(map->perms)};
	bool stack = strcmp(map->name, "[stack]") == 0;

	op.flags = MAP_FIXED | (map->perms & TRACE_PERM_SHARED ? MAP_SHARED : MAP_PRIVATE) |
		   (stack ? MAP_GROWSDOWN : 0);
	if (!stack && map_has_file(map)) {
		op.file = files_get(&c->program->files, map);
		op.off = map->ino ? map->pgoff : 0;
		c->out_of_memory |= !op.file;
	} else {
		op.flags |= MAP_ANONYMOUS;
	}
	emit(c, space, op);
	if (end < map->start + map->len)
		emit(c, space,
		     (struct run_op){
			     .kind = RUN_MUNMAP, .addr = end, .len = map->start + map->len - end});
}

static void compile_exec(struct compiler *c, const struct trace_effect *e)
{
	struct image_step *image = image_steps(e);

	c->out_of_memory |= !image;
	if (e->exec.old_space_ended && e->exec.old_space != TRACE_NO_SPACE)
		unmap_all(c, e->exec.old_space);
	for (unsigned int i = 0; image && i < e->exec.nr_steps; i++) {
		const struct trace_exec_step *step = &e->exec.steps[i];

		if (step->is_fault)
			emit_fault(c, e->space, step->fault.address, step->fault.write, false);
		else
			exec_map(c, e->space, &step->map, image[i].end);
	}
	free(image);
}

static void compile_mmap(struct compiler *c, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	unsigned long kept = MAP_TYPE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN;
	struct run_op op = {.kind = RUN_MMAP, .addr = (unsigned long)e->call.result, .len = a[1]};
	const struct trace_map *map = e->nr_maps ? &e->maps[e->nr_maps - 1] : NULL;

	op.arg = (unsigned short)(a[2] & (PROT_READ | PROT_WRITE | PROT_EXEC));
	op.flags = (unsigned int)((a[3] & kept) | MAP_FIXED);
	if (!(a[3] & MAP_ANONYMOUS)) {
		op.file = map && map_has_file(map) ? files_get(&c->program->files, map) : NULL;
		op.off = a[5];
		if (!op.file) {
			c->program->left_out++;
			return;
		}
	}
	emit(c, e->space, op);
}

/*
 * Free placement becomes a move to where it ended; a mapping that stayed is
 * resized in place.
 */
static void compile_mremap(struct compiler *c, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	struct run_op op = {.kind = RUN_MREMAP,
			    .addr = a[0],
			    .len = a[1],
			    .to = (unsigned long)e->call.result,
			    .to_len = a[2]};

	if (op.to != op.addr)
		op.flags = (unsigned int)(a[3] & MREMAP_DONTUNMAP) | MREMAP_MAYMOVE | MREMAP_FIXED;
	emit(c, e->space, op);
}

static void compile_brk(struct compiler *c, const struct trace_effect *e)
{
	unsigned long old = PAGE_ALIGN(c->brk[e->space]),
		      new = PAGE_ALIGN((unsigned long)e->call.result);
	struct run_op op = {.kind = RUN_BRK,
			    .arg = PROT_READ | PROT_WRITE,
			    .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED};

	c->brk[e->space] = (unsigned long)e->call.result;
	if (!old || old == new)
		return;
	op.unmaps = new < old;
	op.addr = op.unmaps ? new : old;
	op.len = op.unmaps ? old - new : new - old;
	emit(c, e->space, op);
}

static void compile_call(struct compiler *c, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	struct run_op op = {.addr = a[0], .len = PAGE_ALIGN(a[1]), .arg = (unsigned short)a[2]};

	if (e->call.result < 0 && e->call.result >= -4095) {
		c->program->left_out++;
		return;
	}
	switch (e->call.call) {
	case TRACE_MMAP:
		compile_mmap(c, e);
		return;
	case TRACE_MREMAP:
		compile_mremap(c, e);
		return;
	case TRACE_BRK:
		compile_brk(c, e);
		return;
	case TRACE_MUNMAP:
		op.kind = RUN_MUNMAP;
		break;
	case TRACE_MPROTECT:
		op.kind = RUN_MPROTECT;
		break;
	case TRACE_MADVISE:
		op.kind = RUN_MADVISE;
		break;
	case TRACE_CLONE:
	case TRACE_CLONE3:
	case TRACE_FORK:
	case TRACE_VFORK:
	case TRACE_EXECVE:
	case TRACE_EXIT:
	case TRACE_EXIT_GROUP:
		return;
	default:
		c->program->left_out++;
		return;
	}
	if (op.len)
		emit(c, e->space, op);
}

/* Map for the child, at its own place, all that the parent has mapped. */
static void compile_fork(struct compiler *c, const struct trace_effect *e)
{
	const struct place *place;
	size_t i = 0;

	if (e->fork.how != TRACE_CHILD_COPIES)
		return;
	c->brk[e->fork.child_space] = c->brk[e->space];
	while ((place = places_next(&c->places, e->space, &i))) {
		unsigned long addr = place->at, end = place->at + (place->end - place->start);

		for (;;) {
			struct run_op op = {.kind = RUN_MMAP};
			struct vm_area_struct *vma;

			mmap_read_lock(c->slice);
			vma = find_vma_intersection(c->slice, addr, end);
			if (vma) {
				op.addr = place->start + (vma->vm_start - place->at);
				op.len = vma->vm_end - vma->vm_start;
				op.arg = vma->vm_flags & VM_ACCESS_FLAGS;
				op.file = vma->vm_file && vma->vm_file->f_mapping->ino
						  ? vma->vm_file
						  : NULL;
				/*
				 * The library owns the file of shared anonymous
				 * memory and frees it with its last VMA.
				 */
				c->out_of_memory |=
					op.file && !files_keep(&c->program->files, op.file);
				op.off = op.file ? vma->vm_pgoff << PAGE_SHIFT : 0;
				op.flags =
					MAP_FIXED |
					(vma->vm_flags & VM_MAYSHARE ? MAP_SHARED : MAP_PRIVATE) |
					(op.file ? 0 : MAP_ANONYMOUS) |
					(vma->vm_flags & VM_GROWSDOWN ? MAP_GROWSDOWN : 0);
				addr = vma->vm_end;
			}
			mmap_read_unlock(c->slice);
			if (!vma)
				break;
			if (++c->program->copied > PLACES_COPIED_MAX) {
				c->too_many_copies = true;
				return;
			}
			emit(c, e->fork.child_space, op);
		}
	}
}

static void compile_effect(struct compiler *c, const struct trace_effect *e)
{
	if (e->space == TRACE_NO_SPACE) {
		c->program->left_out++;
		return;
	}
	switch (e->kind) {
	case TRACE_EXEC_DONE:
		compile_exec(c, e);
		break;
	case TRACE_FORK_DONE:
		compile_fork(c, e);
		break;
	case TRACE_CALL_DONE:
		compile_call(c, e);
		break;
	case TRACE_FAULTED:
		emit_fault(c, e->space, e->fault.address, e->fault.write, e->fault.exec);
		break;
	case TRACE_TASK_DONE:
		if (e->end.space_ended)
			unmap_all(c, e->space);
		break;
	default:
		break;
	}
}

static bool has_failed(const struct compiler *c)
{
	return c->out_of_memory || c->too_many_copies;
}

static bool compile_all(struct compiler *c)
{
	int err;

	struct mm_layout layout = vms_mm_layout_default;

	layout.mmap_min_addr = 0; /* slices are laid out from 0 */
	c->slice = vms_mm_create("rbtree", &layout, NULL);
	c->brk = calloc((size_t)c->order->nr_spaces + 1, sizeof(*c->brk));
	err = c->slice && c->brk ? places_find(&c->places, c->order) : -ENOMEM;
	if (err) {
		c->too_many_copies = err == -E2BIG;
		return false;
	}
	for (unsigned long i = 0; i < c->order->nr_effects && !has_failed(c); i++)
		compile_effect(c, &c->order->effects[i]);
	/* Unmap the memory of programs that never ended. */
	for (int space = 0; space < c->order->nr_spaces && !has_failed(c); space++)
		unmap_all(c, space);
	return !has_failed(c);
}

bool compile(const struct trace_order *order, const char *path, struct program *program,
	     char *error)
{
	struct compiler c = {.order = order, .program = program};
	bool ok;

	*program = (struct program){0};
	ok = compile_all(&c);
	program->slice = c.places.size;
	places_free(&c.places);
	free(c.brk);
	if (c.slice)
		mmput(c.slice);
	if (c.too_many_copies)
		snprintf(error, TRACE_ERROR_MAX,
			 "%s: found forks that copy more than %lu mappings, expected fewer", path,
			 PLACES_COPIED_MAX);
	else if (!ok)
		snprintf(error, TRACE_ERROR_MAX, "%s: out of memory", path);
	else if (!program->nr)
		snprintf(error, TRACE_ERROR_MAX,
			 "%s: found no memory call of a process whose start is recorded, expected "
			 "at least one",
			 path);
	return ok && program->nr;
}

void program_free(struct program *program)
{
	free(program->op);
	files_free(&program->files);
	*program = (struct program){0};
}
