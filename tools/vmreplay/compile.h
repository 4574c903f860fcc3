/* SPDX-License-Identifier: MIT */
/*
 * compile.h - a recording as a flat list of operations at fixed places, to be
 * run at full speed.
 *
 * All address spaces of the recording lie side by side in one slice, small
 * enough that many slices fit into one address space: the places of a process
 * are laid out compactly, their distances kept within 1 GiB. What made a place
 * in the recording no longer matters (placement becomes MAP_FIXED or
 * MREMAP_FIXED there, and the break, of which an address space has only one, is
 * mapped and unmapped like any other memory); what is done to it stays:
 * mapping, unmapping, protecting, advising, touching, with the same sizes,
 * flags, files and order, growth of stacks included. A fork maps for the child
 * what the parent has. Calls that the kernel refused are left out, as are those
 * that the library does not have.
 *
 * The list is found by running the recording once on a real address space (each
 * process its own): what fails there is left out and counted, so that at full
 * speed every result is known beforehand.
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
	uint8_t kind; /* enum run_kind */
	bool unmaps;  /* RUN_BRK: shrinks */
	/*
	 * fault: FAULT_FLAG_*; mprotect: rights; madvise: advice; mmap: rights
	 */
	unsigned short arg;
	unsigned int flags; /* mmap: MAP_*; mremap: MREMAP_* */
	unsigned long addr; /* within the slice */
	unsigned long len;
	struct file *file; /* mmap, or NULL */
	unsigned long off;
	unsigned long to, to_len; /* mremap: where it ends up */
};

/*
 * Do @op on the slice that begins at @base. Return: whether it did what it did
 * in the recording.
 */
bool run_op_at(struct mm_struct *mm, const struct run_op *op, unsigned long base);

struct program {
	struct run_op *op;
	size_t nr, room;
	unsigned long slice;     /* bytes that one replay covers; a multiple of 1 GiB */
	unsigned long peak_vmas; /* the most VMAs there ever are in a slice */
	unsigned long left_out;
	/*
	 * mappings that forks copied, each an operation; at most
	 * PLACES_COPIED_MAX
	 */
	unsigned long copied;
	struct files files;
};

/* @error: TRACE_ERROR_MAX bytes. Return: false with a message. */
bool compile(const struct trace_order *order, const char *path, struct program *program,
	     char *error);
void program_free(struct program *program);

#endif
