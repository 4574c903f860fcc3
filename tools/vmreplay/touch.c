/* SPDX-License-Identifier: MIT */
/* touch.c - see touch.h. */
#include "tools/vmreplay/touch.h"

/*
 * The place of a touch, followed back through the recording: an mremap leads to
 * its old address, a fork to the parent.
 */
struct place {
	unsigned long addr;
	int space;
	bool forked; /* the search is in the parent, before the fork */
	bool write, exec;
	bool exec_only; /* the rule of that name holds */
};

enum verdict { NOT_TOLD = -1 }; /* else an enum vms_fault_result */

static bool covers(uint64_t start, uint64_t len, unsigned long addr)
{
	return addr >= start && addr - start < len;
}

#define PERMS (TRACE_PERM_READ | TRACE_PERM_WRITE | TRACE_PERM_EXEC)

static int by_rights(const struct place *p, unsigned int perms)
{
	unsigned int needed = p->write ? TRACE_PERM_WRITE : p->exec ? TRACE_PERM_EXEC : PERMS;

	if (p->exec_only && !p->exec && (perms & PERMS) == TRACE_PERM_EXEC)
		return VMS_SEGV_PKUERR;
	return perms & needed ? VMS_FAULT_OK : VMS_SEGV_ACCERR;
}

static int by_records(const struct place *p, const struct trace_map *maps, unsigned int nr)
{
	while (nr--)
		if (covers(maps[nr].start, maps[nr].len, p->addr))
			return by_rights(p, maps[nr].perms);
	return NOT_TOLD;
}

static int by_exec(const struct place *p, const struct trace_effect *e)
{
	for (unsigned int i = e->exec.nr_steps; i--;) {
		const struct trace_exec_step *step = &e->exec.steps[i];

		if (!step->is_fault && covers(step->map.start, step->map.len, p->addr))
			return by_rights(p, step->map.perms);
	}
	return VMS_FAULT_OK;
}

/*
 * An mremap that moved memory away left the place unmapped. For one that moved
 * memory here, the search goes on at the old address.
 */
static int by_mremap(struct place *p, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	uint64_t offset;

	if (covers((uint64_t)e->call.result, a[2], p->addr)) {
		offset = p->addr - (uint64_t)e->call.result;
		p->addr = a[0] + (offset < a[1] ? offset : a[1] ? a[1] - 1 : 0);
		return NOT_TOLD;
	}
	return covers(a[0], a[1], p->addr) && !(a[3] & MREMAP_DONTUNMAP) ? VMS_SEGV_MAPERR
									 : NOT_TOLD;
}

static int by_madvise(const struct place *p, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	bool taken = a[2] == MADV_GUARD_INSTALL || (a[2] == MADV_DONTFORK && p->forked);

	return taken && covers(a[0], PAGE_ALIGN(a[1]), p->addr) ? VMS_SEGV_MAPERR : NOT_TOLD;
}

static int by_call(struct place *p, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;
	int told = by_records(p, e->maps, e->nr_maps);

	if (told != NOT_TOLD || (e->call.result < 0 && e->call.result >= -4095))
		return told;
	switch (e->call.call) {
	case TRACE_MUNMAP:
		return covers(a[0], PAGE_ALIGN(a[1]), p->addr) ? VMS_SEGV_MAPERR : NOT_TOLD;
	case TRACE_MREMAP:
		return by_mremap(p, e);
	case TRACE_MADVISE:
		return by_madvise(p, e);
	default:
		return NOT_TOLD;
	}
}

/* The answer that follows from @e, or NOT_TOLD. */
static int told_by(struct place *p, const struct trace_effect *e)
{
	if (e->kind == TRACE_FORK_DONE && e->fork.how == TRACE_CHILD_COPIES &&
	    e->fork.child_space == p->space) {
		p->space = e->space;
		p->forked = true;
		return NOT_TOLD;
	}
	if (e->space != p->space)
		return NOT_TOLD;
	switch (e->kind) {
	case TRACE_EXEC_DONE:
		return by_exec(p, e);
	case TRACE_CALL_DONE:
		return by_call(p, e);
	case TRACE_FAULTED:
		return by_records(p, e->maps, e->nr_maps);
	default:
		return NOT_TOLD;
	}
}

enum vms_fault_result touch_expected(const struct trace_order *order,
				     const struct trace_effect *fault, bool exec_only)
{
	struct place place = {
		.addr = fault->fault.address,
		.space = fault->space,
		.write = fault->fault.write,
		.exec = fault->fault.exec,
		.exec_only = exec_only,
	};
	int told = NOT_TOLD;

	for (const struct trace_effect *e = fault; told == NOT_TOLD && e-- > order->effects;)
		told = told_by(&place, e);
	return told == NOT_TOLD ? VMS_FAULT_OK : (enum vms_fault_result)told;
}
