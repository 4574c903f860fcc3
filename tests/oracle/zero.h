/* SPDX-License-Identifier: MIT */
/*
 * zero.h - a kernel with a zero page made to look like one without: after
 * each operation, wherever it read the zero page in, a write of a zero puts a
 * page of its own there, hence an anon_vma.
 */
#ifndef TESTS_ORACLE_ZERO_H
#define TESTS_ORACLE_ZERO_H

/*
 * Ends the program with 77 if the kernel lacks what replacing needs. In the
 * first process, before the arena is made.
 */
void zero_expect(void);

/*
 * Replace the zero page all over the arena. What goes wrong is told, and stops
 * the script.
 */
void zero_replace(void);

#endif
