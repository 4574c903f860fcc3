/* SPDX-License-Identifier: MIT */
/* words.c - see words.h. */
#include <limits.h>
#include <string.h>

#include <vmastore/mm_types.h>

#include "bench/harness/args.h"
#include "tools/vmreplay/words.h"

struct named {
	const char *name;
	unsigned long value;
};

static const struct named map_flags[] = {
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

static const struct named remap_flags[] = {
	{"0", 0},
	{"maymove", MREMAP_MAYMOVE},
	{"rfixed", MREMAP_FIXED},
	{"dontunmap", MREMAP_DONTUNMAP},
	{NULL, 0},
};

static const struct named lock_flags[] = {{"0", 0}, {"onfault", MLOCK_ONFAULT}, {NULL, 0}};

static const struct named lockall_flags[] = {
	{"0", 0},  {"current", MCL_CURRENT}, {"future", MCL_FUTURE}, {"aonfault", MCL_ONFAULT},
	{NULL, 0},
};

static const struct named advices[] = {
	{"NORMAL", MADV_NORMAL},
	{"RANDOM", MADV_RANDOM},
	{"SEQUENTIAL", MADV_SEQUENTIAL},
	{"WILLNEED", MADV_WILLNEED},
	{"DONTNEED", MADV_DONTNEED},
	{"FREE", MADV_FREE},
	{"REMOVE", MADV_REMOVE},
	{"COLD", MADV_COLD},
	{"PAGEOUT", MADV_PAGEOUT},
	{"POPULATE_READ", MADV_POPULATE_READ},
	{"POPULATE_WRITE", MADV_POPULATE_WRITE},
	{"DONTNEED_LOCKED", MADV_DONTNEED_LOCKED},
	{"GUARD_INSTALL", MADV_GUARD_INSTALL},
	{"GUARD_REMOVE", MADV_GUARD_REMOVE},
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
	{"BAD", 77},
	{NULL, 0},
};

static const struct named *find(const struct named *table, const char *name, size_t len)
{
	for (; table->name; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

int words_split(char *line, char *word[WORDS_MAX])
{
	char *rest;
	int nr = 0;

	for (char *w = strtok_r(line, " \t", &rest); w && nr < WORDS_MAX;
	     w = strtok_r(NULL, " \t", &rest))
		word[nr++] = w;
	return nr;
}

bool word_hex(const char *word, unsigned long *n)
{
	return word && strlen(word) <= 16 && bench_number(word, 16, ULONG_MAX, n, NULL);
}

bool word_prot(const char *word, unsigned long *prot)
{
	*prot = PROT_NONE;
	if (strcmp(word, "none") == 0)
		return true;
	for (; *word; word++) {
		if (*word == 'r')
			*prot |= PROT_READ;
		else if (*word == 'w')
			*prot |= PROT_WRITE;
		else if (*word == 'x')
			*prot |= PROT_EXEC;
		else if (*word == 'D')
			*prot |= (unsigned long)PROT_GROWSDOWN;
		else
			return false;
	}
	return true;
}

static bool flags_of(const struct named *table, const char *word, unsigned long *flags)
{
	*flags = 0;
	for (;;) {
		size_t len = strcspn(word, "|");
		const struct named *flag = find(table, word, len);

		if (!flag)
			return false;
		*flags |= flag->value;
		if (word[len] == '\0')
			return true;
		word += len + 1;
	}
}

bool word_map_flags(const char *word, unsigned long *flags)
{
	return flags_of(map_flags, word, flags);
}

bool word_remap_flags(const char *word, unsigned long *flags)
{
	return flags_of(remap_flags, word, flags);
}

bool word_lock_flags(const char *word, unsigned long *flags)
{
	return flags_of(lock_flags, word, flags);
}

bool word_lockall_flags(const char *word, unsigned long *flags)
{
	return flags_of(lockall_flags, word, flags);
}

bool word_advice(const char *word, int *advice)
{
	const struct named *found = find(advices, word, strlen(word));

	if (found)
		*advice = (int)found->value;
	return found != NULL;
}
