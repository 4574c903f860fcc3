/* SPDX-License-Identifier: MIT */
/*
 * words.h - the words of an op script. Each function answers false for a word
 * that it does not know.
 */
#ifndef TOOLS_VMREPLAY_WORDS_H
#define TOOLS_VMREPLAY_WORDS_H

#include <stdbool.h>

#define WORDS_MAX 8
#define WORDS_LINE_MAX 512

/*
 * Cut @line at blanks, in place. Return: the number of words, at most
 * WORDS_MAX; more are one too many and end in the last.
 */
int words_split(char *line, char *word[WORDS_MAX]);

bool word_hex(const char *word, unsigned long *n);
bool word_prot(const char *word, unsigned long *prot);
bool word_map_flags(const char *word, unsigned long *flags);
bool word_remap_flags(const char *word, unsigned long *flags);
bool word_lock_flags(const char *word, unsigned long *flags);
bool word_lockall_flags(const char *word, unsigned long *flags);
bool word_advice(const char *word, int *advice);

#endif
