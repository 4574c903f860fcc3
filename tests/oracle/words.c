/* SPDX-License-Identifier: MIT */
/* words.c - see words.h. Tables of words and values. */
#include "tests/oracle/words.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mman.h>
#include <asm/mman.h>

/*
 * Older headers lack these constants; their values are part of the kernel's
 * ABI.
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
#ifdef MAP_32BIT /* x86-64 only */
	{"32bit", MAP_32BIT},
#endif
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
	{"r", PROT_READ}, {"w", PROT_WRITE}, {"x", PROT_EXEC}, {"D", PROT_GROWSDOWN}, {NULL, 0},
};

static const struct named *find(const struct named *table, const char *name, size_t len)
{
	for (; table->name; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

/* Parse words of @table joined by |. */
static bool joined(const struct named *table, const char *word, unsigned long *value)
{
	*value = 0;
	for (;; word++) {
		size_t len = strcspn(word, "|");
		const struct named *found = find(table, word, len);

		if (!found)
			return false;
		*value |= found->value;
		word += len;
		if (!*word)
			return true;
	}
}

bool oracle_word_hex(const char *word, unsigned long *value)
{
	size_t len = strspn(word, "0123456789abcdefABCDEF");

	*value = strtoul(word, NULL, 16);
	return len && len <= 16 && !word[len];
}

bool oracle_word_prot(const char *word, unsigned long *value)
{
	*value = 0;
	if (strcmp(word, "none") == 0)
		return true;
	for (; *word; word++) {
		const struct named *found = find(prot_letters, word, 1);

		if (!found)
			return false;
		*value |= found->value;
	}
	return true;
}

bool oracle_word_map(const char *word, unsigned long *value)
{
	return joined(map_words, word, value);
}

bool oracle_word_remap(const char *word, unsigned long *value)
{
	return joined(remap_words, word, value);
}

bool oracle_word_advice(const char *word, unsigned long *value)
{
	return !strchr(word, '|') && joined(advice_words, word, value);
}

bool oracle_word_onfault(const char *word, unsigned long *value)
{
	return joined(onfault_words, word, value);
}

bool oracle_word_lockall(const char *word, unsigned long *value)
{
	return joined(lockall_words, word, value);
}
