/* SPDX-License-Identifier: MIT */
/*
 * zero.h - makes a kernel with a zero page look like one without. After each
 * operation, wherever it mapped the zero page for a read, a write of a zero
 * puts a private page there, which also gives the mapping an anon_vma.
 */
#ifndef TESTS_ORACLE_ZERO_H
#define TESTS_ORACLE_ZERO_H

/*
 * zero_expect() - End the program with 77 if the kernel cannot replace zero
 * pages. Call it in the first process, before the arena is made.
 */
void zero_expect(void);

/*
 * zero_replace() - Replace the zero page in the whole arena. A failure is
 * reported, and stops the script.
 */
void zero_replace(void);

#endif
