/* SPDX-License-Identifier: MIT */
/*
 * perform.h - one operation of a script, done with real system calls. The stage
 * (stage.h) says how far the script is; a fork leaves another process in charge
 * of it.
 */
#ifndef TESTS_ORACLE_PERFORM_H
#define TESTS_ORACLE_PERFORM_H

#include <stdbool.h>

#define PERFORM_WORDS_MAX 8

/* Catches what a touch may raise. Once, before the first operation. */
void perform_begin(void);

/*
 * A process of its own for a script; it leads a process group. Return: as
 * fork().
 */
int perform_start(void);

/*
 * Do and print the operation @text, which @word holds cut into @nr words.
 * Return: false if the words are wrong; then nothing was done.
 */
bool perform(const char *text, char **word, int nr);

#endif
