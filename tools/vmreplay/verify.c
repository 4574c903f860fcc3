/* SPDX-License-Identifier: MIT */
/* verify.c - see replay.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "bench/harness/say.h"
#include "tools/vmreplay/replay.h"

#define MAX_REPORTS 50

void verify_failed(struct replay *r, const struct trace_effect *e, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	if (r->mismatches++ >= MAX_REPORTS)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	/* bench_say(), because a name in the recording may hold any byte. */
	bench_say(r->reports, "%s:%lu: [%s] pid %d: %s", r->path, e->line, r->engine, e->pid,
		  text ? text : "out of memory");
	free(text);
}

vm_flags_t verify_flags(unsigned int perms)
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

void verify_map(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
		const struct trace_map *map)
{
	struct vm_area_struct *vma;

	r->mmap2++;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, map->start);
	if (!vma)
		verify_failed(r, e, "MMAP2 %" PRIx64 "-%" PRIx64 ": nothing is mapped there",
			      map->start, map->start + map->len);
	else if (vma->vm_start != map->start || vma->vm_end != map->start + map->len ||
		 (vma->vm_flags & (VM_ACCESS_FLAGS | VM_MAYSHARE)) != verify_flags(map->perms) ||
		 vma->vm_pgoff << PAGE_SHIFT != map->pgoff || !same_file(vma, map))
		verify_failed(r, e,
			      "MMAP2: expected %" PRIx64 "-%" PRIx64 " perms %lx offset %" PRIx64
			      " %s, got %lx-%lx perms %lx offset %lx %s",
			      map->start, map->start + map->len, verify_flags(map->perms),
			      map->pgoff, map->name, vma->vm_start, vma->vm_end,
			      vma->vm_flags & (VM_ACCESS_FLAGS | VM_MAYSHARE),
			      vma->vm_pgoff << PAGE_SHIFT,
			      vma->vm_file ? vma->vm_file->f_path : "//anon");
	mmap_read_unlock(mm);
}

void verify_maps(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	for (unsigned int i = 0; i < e->nr_maps; i++) {
		const struct trace_map *map = &e->maps[i];
		bool joined_later = false;

		for (unsigned int j = i + 1; j < e->nr_maps; j++)
			joined_later |= e->maps[j].start < map->start + map->len &&
					map->start < e->maps[j].start + e->maps[j].len;
		if (!joined_later)
			verify_map(r, e, mm, map);
	}
}

void verify_result(struct replay *r, const struct trace_effect *e, long got)
{
	r->results++;
	if (got != e->call.result)
		verify_failed(r, e,
			      "%s(%" PRIx64 ", %" PRIx64 ", %" PRIx64 "): expected %" PRIx64
			      ", got %lx",
			      trace_call_name(e->call.call), e->call.args[0], e->call.args[1],
			      e->call.args[2], e->call.result, got);
}
