/* SPDX-License-Identifier: MIT */
/*
 * parts.h - tells which part of a call a profiler's figures belong to, for
 * bench/instructions. Not part of the library proper.
 *
 * The mm code reaches its index and its locks through the engine's table of
 * operations. vms__parts_begin() gives an address space a table whose
 * operations are functions of parts.c. Each has a part's name in its own, and
 * calls the engine's operation. So an operation runs under a function that a
 * profile shows by that name, however the compiler inlines the operation's
 * callees. If the engine's table gets a new operation, parts.c does not compile
 * until it has a function for it.
 *
 * An operation that another one calls belongs to the outer one's part.
 *
 * Locks: none: only one thread and one address space at a time may use this.
 */
#ifndef VMS_WHERE_PARTS_H
#define VMS_WHERE_PARTS_H

#include <vmastore/mm.h>

/*
 * The prefix of each such function's name: vms__part_NAME__OPERATION, with NAME
 * from vms__part_names. A profile must leave out the instructions of the
 * function itself, and count those of the functions that it calls for the part.
 */
#define VMS__PART_PREFIX "vms__part_"

/* The parts, in the order in which tables show them; NULL at the end. */
extern const char *const vms__part_names[];

/* Count from here on until vms__parts_end(), which must come before mmput(). */
void vms__parts_begin(struct mm_struct *mm);
void vms__parts_end(struct mm_struct *mm);

/* vms_fault(), counted for the part `fault`. */
enum vms_fault_result vms__part_fault__vms_fault(struct mm_struct *mm, unsigned long addr,
						 unsigned int flags);

#endif
