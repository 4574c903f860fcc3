/* SPDX-License-Identifier: MIT */
/*
 * words.h - the words of an op script, with the values of the C library's and
 * the kernel's headers instead of vmastore's, so that a wrong value in vmastore
 * shows as a difference. Each function returns false for an unknown word.
 */
#ifndef TESTS_ORACLE_WORDS_H
#define TESTS_ORACLE_WORDS_H

#include <stdbool.h>

bool oracle_word_hex(const char *word, unsigned long *value);
bool oracle_word_prot(const char *word, unsigned long *value);
bool oracle_word_map(const char *word, unsigned long *value);
bool oracle_word_remap(const char *word, unsigned long *value);
bool oracle_word_advice(const char *word, unsigned long *value);
bool oracle_word_onfault(const char *word, unsigned long *value);
bool oracle_word_lockall(const char *word, unsigned long *value);

#endif
