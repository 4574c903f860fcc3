/* SPDX-License-Identifier: MIT */
/*
 * clash.h - calls of a program's own functions whose names the library uses
 * too. See clash.c.
 */
#ifndef TESTS_LINK_CLASH_H
#define TESTS_LINK_CLASH_H

/* How often anyone called one of the program's own functions. */
extern int clash_calls;

/* Calls each of them once, by its plain name. */
void clash_call_all(void);
/* How many there are. */
int clash_count(void);

#endif
