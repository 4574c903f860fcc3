/* SPDX-License-Identifier: MIT */
/*
 * make.h - one function for each kind of operation: it writes one line of a
 * script and updates the sketch. aim.h has the helpers.
 */
#ifndef TESTS_ORACLE_MAKE_H
#define TESTS_ORACLE_MAKE_H

#include "tests/oracle/aim.h"

/* make_map.c */
void make_fixed(struct maker *m);
void make_neighbour(struct maker *m);
void make_placed(struct maker *m);
void make_giant(struct maker *m);
void make_growing(struct maker *m);
void make_odd_mmap(struct maker *m);

/* make_huge.c */
void make_huge(struct maker *m);

/* make_change.c */
void make_munmap(struct maker *m);
void make_mprotect(struct maker *m);
void make_madvise(struct maker *m);
void make_page_advice(struct maker *m);
void make_guard(struct maker *m);
void make_mremap(struct maker *m);
void make_fault(struct maker *m);
void make_growing_fault(struct maker *m);
void make_brk(struct maker *m);
void make_mlock(struct maker *m);
void make_mlock2(struct maker *m);
void make_munlock(struct maker *m);
void make_mlockall(struct maker *m);
void make_munlockall(struct maker *m);
void make_mseal(struct maker *m);

#endif
