/* SPDX-License-Identifier: MIT */
/* words.c - see words.h. Tables of words and values. */
#include "tools/opscript/words.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mman.h>
#include <asm/mman.h>

/*
 * Older headers lack these constants, and MAP_32BIT exists on x86-64 only; the
 * values are part of the kernel's ABI.
 */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
#ifndef MAP_32BIT
#define MAP_32BIT 0x40
#endif

#define BAD_ADVICE 77

struct named {
	const char *name;
	unsigned long value;
};

static const struct named map_words[] = {
	{"0", 0},
	{"shared", MAP_SHARED},
	{"private", MAP_PRIVATE},
	{"sharedv", MAP_SHARED_VALIDATE},
	{"droppable", MAP_DROPPABLE},
	{"fixed", MAP_FIXED},
	{"noreplace", MAP_FIXED_NOREPLACE},
	{"anon", MAP_ANONYMOUS},
	{"32bit", MAP_32BIT},
	{"growsdown", MAP_GROWSDOWN},
	{"denywrite", MAP_DENYWRITE},
	{"exec", MAP_EXECUTABLE},
	{"locked", MAP_LOCKED},
	{"noreserve", MAP_NORESERVE},
	{"populate", MAP_POPULATE},
	{"nonblock", MAP_NONBLOCK},
	{"stack", MAP_STACK},
	{"sync", MAP_SYNC},
	{NULL, 0},
};

static const struct named remap_words[] = {
	{"0", 0},
	{"maymove", MREMAP_MAYMOVE},
	{"rfixed", MREMAP_FIXED},
	{"dontunmap", MREMAP_DONTUNMAP},
	{NULL, 0},
};

static const struct named advice_words[] = {
	{"NORMAL", MADV_NORMAL},
	{"RANDOM", MADV_RANDOM},
	{"SEQUENTIAL", MADV_SEQUENTIAL},
	{"WILLNEED", MADV_WILLNEED},
	{"DONTNEED", MADV_DONTNEED},
	{"FREE", MADV_FREE},
	{"REMOVE", MADV_REMOVE},
	{"DONTFORK", MADV_DONTFORK},
	{"DOFORK", MADV_DOFORK},
	{"MERGEABLE", MADV_MERGEABLE},
	{"UNMERGEABLE", MADV_UNMERGEABLE},
	{"HUGEPAGE", MADV_HUGEPAGE},
	{"NOHUGEPAGE", MADV_NOHUGEPAGE},
	{"DONTDUMP", MADV_DONTDUMP},
	{"DODUMP", MADV_DODUMP},
	{"WIPEONFORK", MADV_WIPEONFORK},
	{"KEEPONFORK", MADV_KEEPONFORK},
	{"COLD", MADV_COLD},
	{"PAGEOUT", MADV_PAGEOUT},
	{"POPULATE_READ", MADV_POPULATE_READ},
	{"POPULATE_WRITE", MADV_POPULATE_WRITE},
	{"DONTNEED_LOCKED", MADV_DONTNEED_LOCKED},
	{"GUARD_INSTALL", MADV_GUARD_INSTALL},
	{"GUARD_REMOVE", MADV_GUARD_REMOVE},
	{"BAD", BAD_ADVICE},
	{NULL, 0},
};

static const struct named onfault_words[] = {{"0", 0}, {"onfault", MLOCK_ONFAULT}, {NULL, 0}};

static const struct named lockall_words[] = {
	{"0", 0},  {"current", MCL_CURRENT}, {"future", MCL_FUTURE}, {"aonfault", MCL_ONFAULT},
	{NULL, 0},
};

static const struct named prot_letters[] = {
	{"none", PROT_NONE}, {"r", PROT_READ},      {"w", PROT_WRITE},
	{"x", PROT_EXEC},    {"D", PROT_GROWSDOWN}, {NULL, 0},
};

static const struct named touch_letters[] = {{"r", 'r'}, {"w", 'w'}, {NULL, 0}};
static const struct named fork_letters[] = {{"c", 'c'}, {"p", 'p'}, {"x", 'x'}, {NULL, 0}};

/* How the names of a table are joined to one word. */
enum joint { ALONE, BARS, LETTERS };

static const struct {
	const struct named *names; /* NULL: numbers */
	enum joint joint;
	const char *expected;
} kinds[] = {
	[WORD_HEX] = {NULL, ALONE, "a hexadecimal number without 0x"},
	[WORD_PROT] = {prot_letters, LETTERS, "letters of rwxD, or none"},
	[WORD_MAP] = {map_words, BARS, "mmap flags joined by |, or 0"},
	[WORD_REMAP] = {remap_words, BARS, "maymove, rfixed, dontunmap joined by |, or 0"},
	[WORD_ADVICE] = {advice_words, ALONE,
			 "an advice that the library has, such as DONTNEED or HUGEPAGE"},
	[WORD_ONFAULT] = {onfault_words, ALONE, "onfault or 0"},
	[WORD_LOCKALL] = {lockall_words, BARS, "current, future, aonfault joined by |, or 0"},
	[WORD_TOUCH] = {touch_letters, ALONE, "r or w"},
	[WORD_FORK] = {fork_letters, ALONE, "c, p or x"},
	[WORD_FD] = {NULL, ALONE, "-, f0, f1, f2, f3, m0, m1 or a decimal number"},
};

static const struct named *find(const struct named *table, const char *name, size_t len)
{
	for (; table->name; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

static bool is_named(const struct named *table, enum joint joint, const char *word,
		     unsigned long *value)
{
	size_t len = strlen(word);
	const struct named *found = find(table, word, len);

	for (*value = 0;; word++) {
		if (!found && joint != ALONE) {
			len = joint == BARS ? strcspn(word, "|") : 1;
			found = find(table, word, len);
		}
		if (!found)
			return false;
		*value |= found->value;
		if (!word[len])
			return true;
		word += joint == BARS ? len : 0;
		found = NULL;
	}
}

static bool is_hex(const char *word, unsigned long *value)
{
	size_t len = strspn(word, "0123456789abcdefABCDEF");

	*value = strtoul(word, NULL, 16);
	return len && len <= 16 && !word[len];
}

/*
 * Larger numbers than an int are refused: cut to an int, 2^32 would be 0, which
 * is open.
 */
static bool is_fd(const char *word, unsigned long *value)
{
	*value = -1UL;
	if (strcmp(word, "-") == 0)
		return true;
	errno = 0;
	*value = strtoul(word, NULL, 10);
	return *word && !word[strspn(word, "0123456789")] && !errno && *value <= INT_MAX;
}

const char *word_value(enum word_kind kind, const char *word, unsigned long *value)
{
	bool known = kind == WORD_HEX ? is_hex(word, value)
		     : kind == WORD_FD
			     ? is_fd(word, value)
			     : is_named(kinds[kind].names, kinds[kind].joint, word, value);

	return known ? NULL : kinds[kind].expected;
}
