/* SPDX-License-Identifier: MIT */
/*
 * compile.h - a recording as a flat list of operations at fixed places, to be
 * run at full speed.
 *
 * All address spaces of the recording share one slice, which is small enough
 * that many slices fit into one address space. The places of a process are laid
 * out compactly; distances up to 1 GiB are kept. An operation no longer chooses
 * its place: placement becomes MAP_FIXED or MREMAP_FIXED at the recorded place.
 * The break is mapped and unmapped like any other memory, because an address
 * space has only one. The operations themselves stay: mapping, unmapping,
 * protecting, advising and touching, with the same sizes, flags, files and
 * order, including the growth of stacks. A fork maps for the child everything
 * that the parent has mapped. Calls that the kernel refused are left out, and
 * so are calls that the library does not have.
 *
 * The compiler runs the list once on a real address space. Operations that fail
 * there are left out and counted, so that at full speed every result is known
 * beforehand.
 */
#ifndef TOOLS_VMREPLAY_COMPILE_H
#define TOOLS_VMREPLAY_COMPILE_H

#include "tools/trace/order.h"
#include "tools/vmreplay/files.h"

enum run_kind {
	RUN_FAULT,
	RUN_MMAP,
	RUN_MUNMAP,
	RUN_MPROTECT,
	RUN_MADVISE,
	RUN_MREMAP,
	RUN_BRK,
	NR_RUN_KINDS
};

extern const char *const run_kind_names[NR_RUN_KINDS];

struct run_op {
	uint8_t kind;       /* enum run_kind */
	bool unmaps;        /* RUN_BRK: shrinks */
	unsigned short arg; /* fault: FAULT_FLAG_*; mprotect, mmap: rights; madvise: advice */
	unsigned int flags; /* mmap: MAP_*; mremap: MREMAP_* */
	unsigned long addr; /* within the slice */
	unsigned long len;
	struct file *file; /* mmap, or NULL */
	unsigned long off;
	unsigned long to, to_len; /* mremap: the new place */
};

/*
 * Perform @op on the slice that begins at @base.
 * Return: whether its result is the recorded one.
 */
bool run_op_at(struct mm_struct *mm, const struct run_op *op, unsigned long base);

struct program {
	struct run_op *op;
	size_t nr, room;
	unsigned long slice;     /* bytes that one replay covers; a multiple of 1 GiB */
	unsigned long peak_vmas; /* the largest number of VMAs in a slice */
	unsigned long left_out;
	unsigned long copied; /* mappings that forks copied; at most PLACES_COPIED_MAX */
	struct files files;
};

/* @error: TRACE_ERROR_MAX bytes. Return: false with a message. */
bool compile(const struct trace_order *order, const char *path, struct program *program,
	     char *error);
void program_free(struct program *program);

#endif
