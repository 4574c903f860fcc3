/* SPDX-License-Identifier: MIT */
/*
 * parts.h - which part of a call a profiler's figures belong to: for
 * bench/instructions. No part of the library proper.
 *
 * The mm code reaches its index and its locks through the engine's table of
 * operations. vms__parts_begin() gives an address space a table whose
 * operations are functions of parts.c, with a part's name in theirs, which call
 * the engine's own. So whatever an operation is made of, and however the
 * compiler inlines it, it runs beneath a function that a profile shows by that
 * name; and an operation that is new in the engine's table has no function
 * here, and parts.c does not compile.
 *
 * An operation that runs beneath another one belongs to the outer one's part.
 *
 * Locks: one thread at a time, one address space at a time.
 */
#ifndef VMS_WHERE_PARTS_H
#define VMS_WHERE_PARTS_H

#include <vmastore/mm.h>

/*
 * What begins the name of each such function: vms__part_NAME__OPERATION, with
 * NAME of vms__part_names. What it executes itself is none of the library's,
 * and is to be left out; what it calls is the part's.
 */
#define VMS__PART_PREFIX "vms__part_"

/* The parts, in the order in which a table shows them; NULL at the end. */
extern const char *const vms__part_names[];

/* From here on until vms__parts_end(), which comes before mmput(). */
void vms__parts_begin(struct mm_struct *mm);
void vms__parts_end(struct mm_struct *mm);

/* vms_fault(), as the part `fault`. */
enum vms_fault_result vms__part_fault__vms_fault(struct mm_struct *mm, unsigned long addr,
						 unsigned int flags);

#endif
