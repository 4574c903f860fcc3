/* SPDX-License-Identifier: MIT */
/*
 * clash.h - calls of a program's own functions whose names the library uses
 * too. clash.c defines them; test_link.c is the test.
 */
#ifndef TESTS_LINK_CLASH_H
#define TESTS_LINK_CLASH_H

/*
 * Calls of the program's own functions so far, by the program or by the
 * library.
 */
extern int clash_calls;

/* Calls each of the functions once, by its plain name. */
void clash_call_all(void);
/* Return: the number of functions. */
int clash_count(void);

#endif
