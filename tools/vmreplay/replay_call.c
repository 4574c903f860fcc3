/* SPDX-License-Identifier: MIT */
/*
 * replay_call.c - see replay.h: the system calls, each with its arguments and
 * its answer.
 */
#include <errno.h>

#include "tools/vmreplay/replay.h"
#include "tools/vmreplay/shm.h"

static bool answered_errno(const struct trace_effect *e)
{
	return e->call.result < 0 && e->call.result >= -4095;
}

/* Only the MMAP2 record of an mmap shows which file it mapped. */
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
 * With MAP_32BIT, in a randomised address space, the kernel begins its search
 * at a random place. Take the recorded address instead.
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
 * The file that a call maps, as its record says. A refused call has no record;
 * it gets a file that no other mapping has, because most errors do not depend
 * on the file. NULL: the call succeeded, but its record is missing.
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
		/* The errno is that of a file system or of a bad descriptor. */
		r->skipped++;
		return;
	}
	verify_result(r, e, (long)got);
	if (!fixed)
		r->placements++;
	if (got != expected && !answered_errno(e))
		vms_mmap(mm, expected, a[1], a[2], flags | MAP_FIXED, file, anonymous ? 0 : a[5]);
}

static void do_mremap_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;

	verify_result(r, e, (long)vms_mremap(mm, a[0], a[1], a[2], a[3], a[4]));
	if ((a[3] & MREMAP_MAYMOVE) && !(a[3] & MREMAP_FIXED) && e->call.result != (int64_t)a[0])
		r->placements++;
}

/*
 * Only the MMAP2 record of an attachment shows how large a segment is. A
 * refused attachment has none; an earlier one's is taken. NULL: there is none.
 */
static const struct trace_map *record_of_segment(struct replay *r, const struct trace_effect *e)
{
	return answered_errno(e) ? mtree_load(&r->segments, (unsigned int)e->call.args[0])
				 : record_of_mmap(e);
}

void replay_note_segment(struct replay *r, const struct trace_effect *e)
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
	prot = verify_flags(map->perms) & VM_ACCESS_FLAGS;
	got = shm_attach(mm, file, map->len, prot, e->call.args[1], (int)e->call.args[2]);
	verify_result(r, e, (long)got);
	if (!e->call.args[1])
		r->placements++;
}

static void do_brk_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	if (!r->break_known[e->space]) {
		/* The first result shows where execve put the break. */
		mmap_write_lock(mm);
		mm->brk = mm->start_brk = (unsigned long)e->call.result;
		mmap_write_unlock(mm);
		r->break_known[e->space] = true;
	}
	verify_result(r, e, (long)vms_brk(mm, e->call.args[0]));
}

/* Replay mlock and the like, and mseal. Return: false for another call. */
static bool do_lock_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;

	switch (e->call.call) {
	case TRACE_MLOCK:
		verify_result(r, e, vms_mlock(mm, a[0], a[1]));
		return true;
	case TRACE_MLOCK2:
		verify_result(r, e, vms_mlock2(mm, a[0], a[1], (unsigned int)a[2]));
		return true;
	case TRACE_MUNLOCK:
		verify_result(r, e, vms_munlock(mm, a[0], a[1]));
		return true;
	case TRACE_MLOCKALL:
		verify_result(r, e, vms_mlockall(mm, (int)a[0]));
		return true;
	case TRACE_MUNLOCKALL:
		verify_result(r, e, vms_munlockall(mm));
		return true;
	case TRACE_MSEAL:
		verify_result(r, e, vms_mseal(mm, a[0], a[1], a[2]));
		return true;
	default:
		return false;
	}
}

void replay_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	const uint64_t *a = e->call.args;

	switch (e->call.call) {
	case TRACE_MMAP:
		do_mmap_call(r, e, mm);
		break;
	case TRACE_MUNMAP:
		verify_result(r, e, vms_munmap(mm, a[0], a[1]));
		break;
	case TRACE_MPROTECT:
		verify_result(r, e, vms_mprotect(mm, a[0], a[1], a[2]));
		break;
	case TRACE_PKEY_MPROTECT:
		/* -1 is no key; the library has no protection keys */
		verify_result(r, e, (int)a[3] == -1 ? vms_mprotect(mm, a[0], a[1], a[2]) : -EINVAL);
		break;
	case TRACE_MADVISE:
		verify_result(r, e, vms_madvise(mm, a[0], a[1], (int)a[2]));
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
		verify_result(r, e, shm_detach(mm, e->call.args[0]));
		break;
	case TRACE_CLONE:
	case TRACE_CLONE3:
	case TRACE_FORK:
	case TRACE_VFORK:
	case TRACE_EXECVE:
	case TRACE_EXIT:
	case TRACE_EXIT_GROUP:
		return; /* their results are effects of their own */
	default:
		if (do_lock_call(r, e, mm))
			break;
		verify_failed(r, e, "%s: the library has no such operation yet",
			      trace_call_name(e->call.call));
		return;
	}
	verify_maps(r, e, mm);
}
