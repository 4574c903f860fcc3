/* SPDX-License-Identifier: MIT */
/* replay.c - see replay.h. */
#include "tools/vmreplay/replay.h"

#include <inttypes.h>

#include "tools/vmreplay/touch.h"

static void do_fault(struct replay *r, const struct trace_effect *e, struct mm_struct *mm)
{
	unsigned int flags = (e->fault.write ? FAULT_FLAG_WRITE : 0) |
			     (e->fault.exec ? FAULT_FLAG_INSTRUCTION : 0);
	enum vms_fault_result result = vms_fault(mm, e->fault.address, flags);
	/*
	 * Nothing can be mapped below this address. Some programs touch it on
	 * purpose and handle the signal.
	 */
	bool low = e->fault.address < mm->layout.mmap_min_addr;
	enum vms_fault_result expected = low ? VMS_SEGV_MAPERR : VMS_FAULT_OK;

	if (!low && result != VMS_FAULT_OK)
		expected = touch_expected(r->order, e, mm->rules.exec_only);
	r->faults++;
	if (result != expected)
		verify_failed(r, e, "a touch (%s) of %" PRIx64 " answered %d, expected %d",
			      e->fault.write ? "write" : "read", e->fault.address, result,
			      expected);
	verify_maps(r, e, mm);
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

void replay_end_space(struct replay *r, int space)
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

void replay_effect(struct replay *r, const struct trace_effect *e)
{
	struct mm_struct *mm = e->space == TRACE_NO_SPACE ? NULL : r->mm[e->space];

	replay_note_segment(r, e);
	if (e->kind == TRACE_EXEC_DONE) {
		replay_exec(r, e);
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
		replay_call(r, e, mm);
		look_for_listing(r, mm);
		break;
	case TRACE_FAULTED:
		do_fault(r, e, mm);
		if (e->nr_maps)
			look_for_listing(r, mm);
		break;
	case TRACE_TASK_DONE:
		if (e->end.space_ended)
			replay_end_space(r, e->space);
		break;
	default:
		break;
	}
}
