/* SPDX-License-Identifier: MIT */
/*
 * replay.h - a recording replayed on one engine, effect by effect, and held
 * against it. check.c is the command that does so on each engine.
 *
 *   replay.c       an effect: forks, touches, the end of a space, the listing
 *   replay_exec.c  execve: a new space and what the kernel maps in it
 *   replay_call.c  the system calls
 *   verify.c       what a record expects, against what the engine has
 *
 * Locks: none. A replay belongs to one thread.
 */
#ifndef TOOLS_VMREPLAY_REPLAY_H
#define TOOLS_VMREPLAY_REPLAY_H

#include <stdbool.h>
#include <stdio.h>

#include <vmastore/mm.h>

#include "tools/probe/rules.h"
#include "tools/trace/order.h"
#include "tools/vmreplay/files.h"
#include "tools/vmreplay/listing.h"

/* One replay of the recording on one engine. */
struct replay {
	const char *path, *engine;
	const struct rules *rules;
	FILE *reports; /* with --json, standard output holds objects only */
	const struct trace_order *order;
	struct mm_struct **mm; /* by space; NULL: not known, or ended */
	bool *break_known;     /* by space */
	struct files files;
	struct maple_tree segments; /* by id, the record of its first attachment */
	const struct listing *maps; /* or NULL */

	unsigned long mmap2, placements, results, faults, mismatches, skipped, out_of_memory;
	bool maps_seen;
	struct listing_nearest nearest;
};

/* ---- replaying ---- */

/* Replay one effect of the recording. */
void replay_effect(struct replay *r, const struct trace_effect *e);
void replay_exec(struct replay *r, const struct trace_effect *e);
void replay_call(struct replay *r, const struct trace_effect *e, struct mm_struct *mm);

/*
 * Keep the record of a segment's first attachment, even in an address space
 * that is not replayed: it shows the size of the segment.
 */
void replay_note_segment(struct replay *r, const struct trace_effect *e);

/* Drop the reference to the address space, if there is one. */
void replay_end_space(struct replay *r, int space);

/* ---- verifying ---- */

/* Count and report a difference. */
void verify_failed(struct replay *r, const struct trace_effect *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Compare the VMA at @map's start with it. */
void verify_map(struct replay *r, const struct trace_effect *e, struct mm_struct *mm,
		const struct trace_map *map);

/*
 * Compare the records of one effect with the VMAs. A call that changes several
 * VMAs records each VMA at once, and may merge it with the next one later. The
 * last record shows the final state; an earlier record is compared only if no
 * later record overlaps it.
 */
void verify_maps(struct replay *r, const struct trace_effect *e, struct mm_struct *mm);

/* Compare the answer to a call. @got: an address, a number or -errno. */
void verify_result(struct replay *r, const struct trace_effect *e, long got);

/* The flags of a VMA with these TRACE_PERM_ bits. */
vm_flags_t verify_flags(unsigned int perms);

#endif
