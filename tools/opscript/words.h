/* SPDX-License-Identifier: MIT */
/*
 * words.h - the words of an op script and their values: numbers, rights, flags,
 * advice. opscript.c says which operation takes which kinds of word.
 *
 * The values are those of the kernel's headers, not vmastore's. The oracle
 * passes them to the kernel and vmreplay to the library, so a constant that is
 * wrong in vmastore shows as a difference.
 *
 * Locks: none. The tables are constant, and nothing here allocates.
 */
#ifndef TOOLS_OPSCRIPT_WORDS_H
#define TOOLS_OPSCRIPT_WORDS_H

#include <stdbool.h>

/* WORD_NONE ends a list of kinds. */
enum word_kind {
	WORD_NONE,
	WORD_HEX,
	WORD_PROT,
	WORD_MAP,
	WORD_REMAP,
	WORD_ADVICE,
	WORD_ONFAULT,
	WORD_LOCKALL,
	WORD_TOUCH, /* the letter itself */
	WORD_FORK,  /* the letter itself */
	WORD_FD     /* `-` is -1; a decimal number stands for itself */
};

/*
 * word_value() - Set *@value to the value of @word.
 * Return: NULL, or what was expected instead of @word.
 */
const char *word_value(enum word_kind kind, const char *word, unsigned long *value);

#endif
