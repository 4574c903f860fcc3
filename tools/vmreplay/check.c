/* SPDX-License-Identifier: MIT */
/*
 * check.c - `vmreplay check`: a recording replayed in the order in which it
 * happened, and every record of it held against the engine:
 *
 *   MMAP2        the VMA as the kernel listed it after the call: range, rights,
 *                offset, file
 *   placement    the address that mmap chose by itself
 *   result       what each call answered, address or errno
 *   fault        that the touch succeeds; where the rights last recorded forbid
 *                it, that it is refused
 *   --maps=FILE  a listing that the program took of itself: some state must equal it
 *
 * After a wrong placement the mapping is put where the recording has it, so
 * that one difference is one report.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/harness/options.h"
#include "bench/harness/row.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/probe/rules.h"
#include "tools/trace/order.h"
#include "tools/vmreplay/files.h"
#include "tools/vmreplay/image.h"
#include "tools/vmreplay/listing.h"
#include "tools/vmreplay/shm.h"
#include "tools/vmreplay/touch.h"
#include "tools/vmreplay/vmreplay.h"

#define MAX_REPORTS 50

struct arguments {
	const char *path, *maps;
	const char *rules_words; /* over what the recording says; NULL: nothing */
	struct rules rules;
	struct bench_names engines;
	bool json;
};

/* One replay of the recording on one engine. */
struct replay {
	const char *path, *engine;
	const struct rules *rules;
	FILE *reports; /* with --json, standard output is for objects alone */
	const struct trace_order *order;
	struct mm_struct **mm; /* by space; NULL: not known, or ended */
	bool *break_known;     /* by space */
	struct files files;
	struct maple_tree segments; /* by id, the record of its first attachment: how large it is */
	const struct listing *maps; /* or NULL */

	unsigned long mmap2, placements, results, faults, mismatches, skipped, out_of_memory;
	bool maps_seen;
	struct listing_nearest nearest;
};

static void mismatch(struct replay *r, const struct trace_effect *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void mismatch(struct replay *r, const struct trace_effect *e, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	if (r->mismatches++ >= MAX_REPORTS)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	/* The recording's names may hold anything that a file name can. */
	bench_say(r->reports, "%s:%lu: [%s] pid %d: %s", r->path, e->line, r->engine, e->pid,
		  text ? text : "out of memory");
	free(text);
}

/* ---- one VMA against its MMAP2 record ---- */

static vm_flags_t perms_to_flags(unsigned int perms)
{
	return ((perms & TRACE_PERM_READ) ? VM_READ : 0) |
	       ((perms & TRACE_PERM_WRITE) ? VM_WRITE : 0) |
	       ((perms & TRACE_PERM_EXEC) ? VM_EXEC : 0) |
	       ((perms & TRACE_PERM_SHARED) ? VM_MAYSHARE : 0);
}

static bool same_file(const struct vm_area_struct *vma, const struct trace_map *map)
{
	const struct address_space *mapping = vma->vm_file ? vma->vm_file->f_mapping : NULL;

	if (!mapping)
		return !map_has_file(map);
	return mapping->dev_major == map->maj && mapping->dev_minor == map->min &&
	       mapping->ino == map->ino;
}

static void check_map(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
		      const struct trace_map *map)
{
	struct vm_area_struct *vma;

	r->mmap2++;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, map->start);
	if (!vma)
		mismatch(r, e, "MMAP2 %" PRIx64 "-%" PRIx64 ": nothing is mapped there", map->start,
			 map->start + map->len);
	else if (vma->vm_start != map->start || vma->vm_end != map->start + map->len ||
		 (vma->vm_flags & (VM_ACCESS_FLAGS | VM_MAYSHARE)) != perms_to_flags(map->perms) ||
		 vma->vm_pgoff << PAGE_SHIFT != map->pgoff || !same_file(vma, map))
		mismatch(r, e,
			 "MMAP2: expected %" PRIx64 "-%" PRIx64 " perms %lx offset %" PRIx64
			 " %s, got %lx-%lx perms %lx offset %lx %s",
			 map->start, map->start + map->len, perms_to_flags(map->perms), map->pgoff,
			 map->name, vma->vm_start, vma->vm_end,
			 vma->vm_flags & (VM_ACCESS_FLAGS | VM_MAYSHARE),
			 vma->vm_pgoff << PAGE_SHIFT,
			 vma->vm_file ? vma->vm_file->f_path : "//anon");
	mmap_read_unlock(mm);
}

/*
 * A call that changes several VMAs records each one as it is at that moment;
 * what it does to the next one may still join the two. The last record is the
 * state that it leaves; the ones before are checked if nothing joined them.
 */
static void check_maps(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	for (unsigned int i = 0; i < e->nr_maps; i++) {
		const struct trace_map *map = &e->maps[i];
		bool joined_later = false;

		for (unsigned int j = i + 1; j < e->nr_maps; j++)
			joined_later |= e->maps[j].start < map->start + map->len &&
					map->start < e->maps[j].start + e->maps[j].len;
		if (!joined_later)
			check_map(r, e, mm, map);
	}
}

/* ---- execve ---- */

/*
 * Top-down placement began where the highest mapping of the new space ends, the
 * stack aside.
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
 * The stack and the kernel's own objects, which no call of the program could
 * make.
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
	vm_flags_init(vma, perms_to_flags(map->perms) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
				   (stack ? VM_GROWSDOWN | VM_ACCOUNT : VM_DONTEXPAND));
	mmap_write_lock(mm);
	do_munmap(mm, map->start, map->len);
	if (insert_vm_struct(mm, vma)) {
		r->out_of_memory++;
		mmap_write_unlock(mm);
		return;
	}
	/*
	 * execve builds the stack elsewhere and moves it: its offsets tell of
	 * the first place.
	 */
	vma_start_write(vma);
	vma->vm_pgoff = map->pgoff >> PAGE_SHIFT;
	if (stack)
		mm->start_stack = vma->vm_end - 1;
	mmap_write_unlock(mm);
	if (stack && vms_fault(mm, map->start + map->len - 1, FAULT_FLAG_WRITE) != VMS_FAULT_OK)
		mismatch(r, e, "the new stack cannot be touched");
}

static bool is_special(const struct trace_map *map)
{
	return strcmp(map->name, "[stack]") == 0 || (map_has_file(map) && !map->ino);
}

/* Whole pages inside the address space. */
static bool is_place(const struct mm_struct *mm, const struct trace_map *map)
{
	return !((map->start | map->len) & ~PAGE_MASK) &&
	       map->start + map->len <= mm->layout.task_size;
}

static void map_of_exec(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
			const struct trace_map *map, unsigned long end)
{
	unsigned long prot = perms_to_flags(map->perms) & VM_ACCESS_FLAGS, got;
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
		mismatch(r, e, "execve's mapping at %" PRIx64 " was refused with %ld", map->start,
			 (long)got);
	else if (end < map->start + map->len)
		vms_munmap(mm, end, map->start + map->len - end);
}

/*
 * The first layout as a whole: what was mapped for it has neither joined nor
 * gone.
 */
static void check_layout(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
			 const struct image_step *image)
{
	for (unsigned int i = 0; i < e->exec.nr_steps; i++)
		if (!e->exec.steps[i].is_fault && !image[i].mapped_over)
			check_map(r, e, mm, &e->exec.steps[i].map);
}

/* The steps of an execve in its new space, and the layout that they leave. */
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
			mismatch(r, e, "execve's own touch of %" PRIx64 " fails",
				 step->fault.address);
	}
	check_layout(r, e, mm, image);
	free(image);
}

static void do_exec(struct replay *r, const struct trace_effect *e)
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

/* ---- calls ---- */

static bool answered_errno(const struct trace_effect *e)
{
	return e->call.result < 0 && e->call.result >= -4095;
}

static void check_result(struct replay *r, const struct trace_effect *e, long got)
{
	r->results++;
	if (got != e->call.result)
		mismatch(r, e,
			 "%s(%" PRIx64 ", %" PRIx64 ", %" PRIx64 "): expected %" PRIx64 ", got %lx",
			 trace_call_name(e->call.call), e->call.args[0], e->call.args[1],
			 e->call.args[2], e->call.result, got);
}

/* Which file an mmap mapped shows in its MMAP2 record alone. */
static const struct trace_map *record_of_mmap(const struct trace_effect *e)
{
	for (unsigned int i = 0; i < e->nr_maps; i++) {
		const struct trace_map *map = &e->maps[i];

		if ((uint64_t)e->call.result - map->start < map->len)
			return map;
	}
	return NULL;
}

/*
 * MAP_32BIT: where the address space is randomised, the kernel begins its
 * search at another place each time; taken from the recording.
 */
static unsigned long fix_random_place(const struct trace_effect *e, unsigned long *flags)
{
	bool random = (*flags & MAP_32BIT) && !(*flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
		      !answered_errno(e);

	if (!random)
		return e->call.args[0];
	*flags |= MAP_FIXED_NOREPLACE;
	return (unsigned long)e->call.result;
}

/*
 * The file that a call maps: its record says which. A refused call has none:
 * then a file that nobody else has, for the errors that do not depend on it.
 * NULL: a call that succeeded, and whose record is missing.
 */
static struct file *file_of_mmap(struct replay *r, const struct trace_effect *e,
				 const struct trace_map *map)
{
	static const struct trace_map unknown = {
		.maj = ~0u, .min = ~0u, .ino = ~0ul, .name = "(a file that does not show)"};

	if (!map && !answered_errno(e))
		return NULL;
	return files_get(&r->files, map ? map : &unknown);
}

static void do_mmap_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;
	const struct trace_map *map = answered_errno(e) ? NULL : record_of_mmap(e);
	unsigned long flags = a[3], addr = fix_random_place(e, &flags),
		      expected = (unsigned long)e->call.result, got;
	bool anonymous = flags & MAP_ANONYMOUS, fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	/*
	 * Shared anonymous memory is mapped as the shmem object that its record
	 * names.
	 */
	bool needs_file = !anonymous || (map && map_has_file(map));
	struct file *file = needs_file ? file_of_mmap(r, e, map) : NULL;

	if (needs_file && !file) {
		r->skipped++;
		return;
	}
	if (file)
		flags &= ~(unsigned long)MAP_ANONYMOUS;
	got = vms_mmap(mm, addr, a[1], a[2], flags, file, anonymous ? 0 : a[5]);
	if (got != expected && !IS_ERR_VALUE(got))
		vms_munmap(mm, got, a[1]);
	if (got != expected && file && !map) {
		/*
		 * the file system's own errno, or that of a descriptor that is
		 * none
		 */
		r->skipped++;
		return;
	}
	check_result(r, e, (long)got);
	if (!fixed)
		r->placements++;
	if (got != expected && !answered_errno(e))
		vms_mmap(mm, expected, a[1], a[2], flags | MAP_FIXED, file, anonymous ? 0 : a[5]);
}

static void do_mremap_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;

	check_result(r, e, (long)vms_mremap(mm, a[0], a[1], a[2], a[3], a[4]));
	if ((a[3] & MREMAP_MAYMOVE) && !(a[3] & MREMAP_FIXED) && e->call.result != (int64_t)a[0])
		r->placements++;
}

/*
 * How large a segment is shows in the MMAP2 record of an attachment alone: this
 * one's, or an earlier one's where this one is refused. NULL: it does not show.
 */
static const struct trace_map *record_of_segment(struct replay *r, const struct trace_effect *e)
{
	return answered_errno(e) ? mtree_load(&r->segments, (unsigned int)e->call.args[0])
				 : record_of_mmap(e);
}

/* Of address spaces that are not replayed, too. */
static void note_segment(struct replay *r, const struct trace_effect *e)
{
	const struct trace_map *map;

	if (e->kind != TRACE_CALL_DONE || e->call.call != TRACE_SHMAT || answered_errno(e))
		return;
	map = record_of_mmap(e);
	if (map && mtree_insert(&r->segments, (unsigned int)e->call.args[0], (void *)(uintptr_t)map,
				GFP_KERNEL) == -ENOMEM)
		r->out_of_memory++;
}

static void do_shmat_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const struct trace_map *map = record_of_segment(r, e);
	struct file *file = map ? files_get(&r->files, map) : NULL;
	unsigned long prot, got;

	if (!file) {
		r->skipped++;
		return;
	}
	prot = perms_to_flags(map->perms) & VM_ACCESS_FLAGS;
	got = shm_attach(mm, file, map->len, prot, e->call.args[1], (int)e->call.args[2]);
	check_result(r, e, (long)got);
	if (!e->call.args[1])
		r->placements++;
}

static void do_brk_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	if (!r->break_known[e->space]) {
		/* The first answer tells where execve put the break. */
		mmap_write_lock(mm);
		mm->brk = mm->start_brk = (unsigned long)e->call.result;
		mmap_write_unlock(mm);
		r->break_known[e->space] = true;
	}
	check_result(r, e, (long)vms_brk(mm, e->call.args[0]));
}

/* mlock and its kin, mseal. Return: false, it is none of them. */
static bool do_lock_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;

	switch (e->call.call) {
	case TRACE_MLOCK:
		check_result(r, e, vms_mlock(mm, a[0], a[1]));
		return true;
	case TRACE_MLOCK2:
		check_result(r, e, vms_mlock2(mm, a[0], a[1], (unsigned int)a[2]));
		return true;
	case TRACE_MUNLOCK:
		check_result(r, e, vms_munlock(mm, a[0], a[1]));
		return true;
	case TRACE_MLOCKALL:
		check_result(r, e, vms_mlockall(mm, (int)a[0]));
		return true;
	case TRACE_MUNLOCKALL:
		check_result(r, e, vms_munlockall(mm));
		return true;
	case TRACE_MSEAL:
		check_result(r, e, vms_mseal(mm, a[0], a[1], a[2]));
		return true;
	default:
		return false;
	}
}

static void do_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;

	switch (e->call.call) {
	case TRACE_MMAP:
		do_mmap_call(r, e, mm);
		break;
	case TRACE_MUNMAP:
		check_result(r, e, vms_munmap(mm, a[0], a[1]));
		break;
	case TRACE_MPROTECT:
		check_result(r, e, vms_mprotect(mm, a[0], a[1], a[2]));
		break;
	case TRACE_PKEY_MPROTECT:
		/* -1 is no key; keys themselves the library does not have */
		check_result(r, e, (int)a[3] == -1 ? vms_mprotect(mm, a[0], a[1], a[2]) : -EINVAL);
		break;
	case TRACE_MADVISE:
		check_result(r, e, vms_madvise(mm, a[0], a[1], (int)a[2]));
		break;
	case TRACE_MREMAP:
		do_mremap_call(r, e, mm);
		break;
	case TRACE_BRK:
		do_brk_call(r, e, mm);
		break;
	case TRACE_SHMAT:
		do_shmat_call(r, e, mm);
		break;
	case TRACE_SHMDT:
		check_result(r, e, shm_detach(mm, e->call.args[0]));
		break;
	case TRACE_CLONE:
	case TRACE_CLONE3:
	case TRACE_FORK:
	case TRACE_VFORK:
	case TRACE_EXECVE:
	case TRACE_EXIT:
	case TRACE_EXIT_GROUP:
		return; /* what these do are effects of their own */
	default:
		if (do_lock_call(r, e, mm))
			break;
		mismatch(r, e, "%s: the library has no such operation yet",
			 trace_call_name(e->call.call));
		return;
	}
	check_maps(r, e, mm);
}

static void do_fault(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	unsigned int flags = (e->fault.write ? FAULT_FLAG_WRITE : 0) |
			     (e->fault.exec ? FAULT_FLAG_INSTRUCTION : 0);
	enum vms_fault_result result = vms_fault(mm, e->fault.address, flags);
	/*
	 * Nothing can be mapped so low: some programs touch it on purpose, and
	 * handle the signal.
	 */
	bool low = e->fault.address < mm->layout.mmap_min_addr;
	enum vms_fault_result expected = low ? VMS_SEGV_MAPERR : VMS_FAULT_OK;

	if (!low && result != VMS_FAULT_OK)
		expected = touch_expected(r->order, e, mm->rules.exec_only);
	r->faults++;
	if (result != expected)
		mismatch(r, e, "a touch (%s) of %" PRIx64 " answered %d, expected %d",
			 e->fault.write ? "write" : "read", e->fault.address, result, expected);
	check_maps(r, e, mm);
}

static void do_fork(struct replay *r, const struct trace_effect *e)
{
	struct mm_struct *child;

	if (e->fork.how != TRACE_CHILD_COPIES)
		return;
	if (vms_fork(r->mm[e->space], &child)) {
		r->out_of_memory++;
		return;
	}
	r->mm[e->fork.child_space] = child;
	r->break_known[e->fork.child_space] = r->break_known[e->space];
}

static void end_space(struct replay *r, int space)
{
	if (r->mm[space])
		mmput(r->mm[space]);
	r->mm[space] = NULL;
}

static void look_for_listing(struct replay *r, struct mm_struct *mm)
{
	if (r->maps && !r->maps_seen && mm)
		r->maps_seen = listing_equals(r->maps, mm, &r->nearest);
}

static void do_effect(struct replay *r, const struct trace_effect *e)
{
	struct mm_struct *mm = e->space == TRACE_NO_SPACE ? NULL : r->mm[e->space];

	note_segment(r, e);
	if (e->kind == TRACE_EXEC_DONE) {
		do_exec(r, e);
		return;
	}
	if (!mm) {
		r->skipped++;
		return;
	}
	switch (e->kind) {
	case TRACE_FORK_DONE:
		do_fork(r, e);
		break;
	case TRACE_CALL_DONE:
		do_call(r, e, mm);
		look_for_listing(r, mm);
		break;
	case TRACE_FAULTED:
		do_fault(r, e, mm);
		if (e->nr_maps)
			look_for_listing(r, mm);
		break;
	case TRACE_TASK_DONE:
		if (e->end.space_ended)
			end_space(r, e->space);
		break;
	default:
		break;
	}
}

/* ---- one engine, and the command ---- */

/* Return: false if they could not be put into words. */
static bool print_counts(const struct replay *r, const struct arguments *a)
{
	if (a->json) {
		json_t *object =
			json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:i, s:I, s:I}", "recording",
				  r->path, "engine", r->engine, "mmap2", (json_int_t)r->mmap2,
				  "placements", (json_int_t)r->placements, "results",
				  (json_int_t)r->results, "faults", (json_int_t)r->faults, "spaces",
				  r->order->nr_spaces, "skipped", (json_int_t)r->skipped,
				  "mismatches", (json_int_t)r->mismatches);

		if (object && r->maps)
			json_object_set_new(object, "maps_passed_through",
					    json_boolean(r->maps_seen));
		if (!object)
			bench_say(stderr, "%s: no JSON: out of memory, or the name is not UTF-8",
				  r->path);
		return bench_json_print(stdout, object) == 0;
	}
	bench_say(stdout,
		  "%s: engine %s: %lu MMAP2 records, %lu placements, %lu results, %lu faults in %d "
		  "address spaces; %lu not replayed; "
		  "%lu mismatches%s",
		  r->path, r->engine, r->mmap2, r->placements, r->results, r->faults,
		  r->order->nr_spaces, r->skipped, r->mismatches,
		  !r->maps       ? ""
		  : r->maps_seen ? "; passed through the given listing"
				 : "; NEVER passed through the given listing");
	return true;
}

static void progress(const struct replay *r, unsigned long done)
{
	if (isatty(STDERR_FILENO) && done % 4096 == 0)
		fprintf(stderr, "\r%s: %3lu %% ", r->engine, 100 * done / r->order->nr_effects);
}

/* Where the listing differs from the state that came nearest to it. */
static void print_nearest(const struct replay *r, const struct arguments *a)
{
	if (r->nearest.line)
		bench_say(r->reports, "%s:%lu: [%s] expected %s, the nearest state has %s", a->maps,
			  r->nearest.line, r->engine,
			  r->nearest.expected ? r->nearest.expected : "?",
			  r->nearest.got ? r->nearest.got : "?");
	else
		bench_say(r->reports,
			  "%s:1: [%s] expected as many mappings as the file has lines, no state "
			  "has so many",
			  a->maps, r->engine);
}

/* Return: the exit status. */
static int check_on(const struct arguments *a, const struct trace_order *order,
		    const struct listing *maps, const char *engine)
{
	struct replay r = {
		.path = a->path,
		.engine = engine,
		.rules = &a->rules,
		.reports = a->json ? stderr : stdout,
		.order = order,
		.maps = maps,
	};

	r.mm = calloc((size_t)order->nr_spaces + 1, sizeof(struct mm_struct *));
	r.break_known = calloc((size_t)order->nr_spaces + 1, sizeof(bool));
	if (!r.mm || !r.break_known) {
		r.out_of_memory = 1;
	} else {
		for (unsigned long i = 0; i < order->nr_effects && !r.out_of_memory; i++) {
			do_effect(&r, &order->effects[i]);
			progress(&r, i);
		}
		for (int i = 0; i < order->nr_spaces; i++) {
			if (r.mm[i] && vms_mm_validate(r.mm[i], stderr))
				r.mismatches++;
			end_space(&r, i);
		}
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	free(r.mm);
	free(r.break_known);
	files_free(&r.files);
	mtree_destroy(&r.segments);
	if (r.out_of_memory) {
		fprintf(stderr, "vmreplay: out of memory\n");
		listing_nearest_free(&r.nearest);
		return EXIT_USAGE;
	}
	if (maps && !r.maps_seen)
		print_nearest(&r, a);
	listing_nearest_free(&r.nearest);
	if (!print_counts(&r, a))
		return EXIT_USAGE;
	return r.mismatches || (maps && !r.maps_seen) ? EXIT_MISMATCH : 0;
}

static void print_problems(const struct arguments *a, const struct trace_order *order)
{
	char *problems = trace_order_describe(order);

	if (problems && *problems) {
		bench_say(stderr, "%s: what the recording lacks:", a->path);
		fputs(problems, stderr); /* sentences of ours, and numbers */
	}
	if (!order->by_locks)
		bench_say(stderr,
			  "%s: no mmap_lock events: calls are replayed in the order of their exits",
			  a->path);
	free(problems);
}

/*
 * The rules of the machine that recorded, which need not be this one: what
 * vmrecord wrote down, else those of 6.18 with a zero page.
 * Return: false, having said why, if the recording has some that are not known.
 */
static bool take_rules(struct arguments *a, const struct trace_order *order)
{
	char why[BENCH_WHY_MAX];

	a->rules = rules_default();
	if (order->counts.rules[0] &&
	    !rules_set(&a->rules, order->counts.rules, why, sizeof(why))) {
		bench_say(stderr, "%s: rules of the machine that recorded: %s", a->path, why);
		return false;
	}
	/* Read once already, with the options. */
	return !a->rules_words || rules_set(&a->rules, a->rules_words, why, sizeof(why));
}

static bool take_rules_words(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	struct rules scratch = rules_default();
	const char **words = to;

	*words = arg;
	return vmreplay_take_rules(arg, &scratch, why);
}

int vmreplay_check(int argc, char **argv)
{
	struct arguments a = {0};
	const struct bench_option options[] = {
		{"engine", 'e', "E,...", "engines to replay on (default: all)", .names = &a.engines,
		 .known = vms_engine_names()},
		{"maps", 'm', "FILE", "a copy of /proc/PID/maps that the replay must pass through",
		 .text = &a.maps},
		{"rules", 'r', "NAME=VALUE,...",
		 "the rules of the machine that recorded, such as kernel=6.12,read_takes_page=1, "
		 "over what the recording says",
		 .take = take_rules_words, .to = &a.rules_words},
		{"json", 'j', NULL, "print counts as one JSON object a line", .flag = &a.json},
		{.arg = "FILE", .help = "a recording", .text = &a.path},
		{0},
	};
	char error[TRACE_ERROR_MAX];
	struct listing *maps = NULL;
	struct trace_order *order;
	int status = 0;

	bench_options(argc, argv,
		      "Replay a recording and hold every record of it against the engines.",
		      options);
	if (a.maps) {
		maps = listing_load(a.maps);
		if (!maps)
			return EXIT_USAGE;
	}
	order = trace_order_load(a.path, error);
	if (!order) {
		bench_say(stderr, "%s", error);
		listing_free(maps);
		return EXIT_USAGE;
	}
	if (!take_rules(&a, order)) {
		trace_order_free(order);
		listing_free(maps);
		return EXIT_USAGE;
	}
	print_problems(&a, order);
	for (unsigned int i = 0; i < a.engines.nr && bench_standard_flush(); i++) {
		int one = check_on(&a, order, maps, a.engines.name[i]);

		status = one > status ? one : status;
	}
	trace_order_free(order);
	listing_free(maps);
	return status;
}
