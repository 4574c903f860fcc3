/* SPDX-License-Identifier: MIT */
/* opscript.c - see opscript.h. Splits a line into words and parses each. */
#include "tools/opscript/opscript.h"

#include <stdio.h>
#include <string.h>

#include "tools/opscript/words.h"

#define PAGE 4096UL
#define BLANKS " \t"
#define OPERATIONS                                                                                 \
	"one of script mmap munmap mprotect mremap madvise mlock mlock2 munlock mlockall "         \
	"munlockall mseal brk fault fork exit"

const struct op_file op_files[OP_NR_FILES] = {
	{.name = "f0", .bytes = 16 * PAGE, .same_as = -1, .writable = true},
	{.name = "f1", .bytes = 16 * PAGE, .same_as = 0, .writable = true},
	{.name = "f2", .bytes = 4 * PAGE, .same_as = -1},
	{.name = "f3", .bytes = 8UL << 20, .same_as = -1, .writable = true},
	{.name = "m0", .bytes = 16 * PAGE, .same_as = -1, .writable = true, .memfd = true},
	{.name = "m1", .bytes = 8UL << 20, .same_as = -1, .writable = true, .memfd = true},
};

static const struct {
	const char *name;
	enum word_kind arg[OP_ARGS_MAX + 1]; /* ends with WORD_NONE */
} calls[NR_OP_CALLS] = {
	[OP_MMAP] = {"mmap", {WORD_HEX, WORD_HEX, WORD_PROT, WORD_MAP, WORD_FD, WORD_HEX}},
	[OP_MUNMAP] = {"munmap", {WORD_HEX, WORD_HEX}},
	[OP_MPROTECT] = {"mprotect", {WORD_HEX, WORD_HEX, WORD_PROT}},
	[OP_MREMAP] = {"mremap", {WORD_HEX, WORD_HEX, WORD_HEX, WORD_REMAP, WORD_HEX}},
	[OP_MADVISE] = {"madvise", {WORD_HEX, WORD_HEX, WORD_ADVICE}},
	[OP_MLOCK] = {"mlock", {WORD_HEX, WORD_HEX}},
	[OP_MLOCK2] = {"mlock2", {WORD_HEX, WORD_HEX, WORD_ONFAULT}},
	[OP_MUNLOCK] = {"munlock", {WORD_HEX, WORD_HEX}},
	[OP_MLOCKALL] = {"mlockall", {WORD_LOCKALL}},
	[OP_MUNLOCKALL] = {"munlockall", {WORD_NONE}},
	[OP_MSEAL] = {"mseal", {WORD_HEX, WORD_HEX}},
	[OP_BRK] = {"brk", {WORD_HEX}},
	[OP_FAULT] = {"fault", {WORD_HEX, WORD_TOUCH}},
	[OP_FORK] = {"fork", {WORD_FORK}},
	[OP_EXIT] = {"exit", {WORD_NONE}},
};

bool op_refuse(struct op_wrong *wrong, const char *found, const char *expected)
{
	snprintf(wrong->found, sizeof(wrong->found), "%s", found);
	snprintf(wrong->expected, sizeof(wrong->expected), "%s", expected);
	return false;
}

/*
 * Split @op->text into @op->word. Return: the number of words. Words beyond the
 * room are dropped: one too many is enough to refuse the line.
 */
static int split(struct op *op)
{
	char *rest;
	int nr = 0;

	for (char *w = strtok_r(op->text, BLANKS, &rest); w && nr < OP_ARGS_MAX + 2;
	     w = strtok_r(NULL, BLANKS, &rest))
		op->word[nr++] = w;
	return nr;
}

static bool parse_arg(struct op *op, int i, struct op_wrong *wrong)
{
	const char *word = op->word[i + 1], *expected;

	if (calls[op->call].arg[i] == WORD_FD)
		for (int f = 0; f < OP_NR_FILES; f++)
			if (strcmp(word, op_files[f].name) == 0) {
				op->file = f;
				return true;
			}
	expected = word_value(calls[op->call].arg[i], word, &op->arg[i]);
	return !expected || op_refuse(wrong, word, expected);
}

/* @nr: the number of words. */
static bool parse_args(struct op *op, int nr, struct op_wrong *wrong)
{
	const char *name = calls[op->call].name;
	char expected[64];
	int nr_args = 0;

	while (calls[op->call].arg[nr_args] != WORD_NONE)
		nr_args++;
	if (nr - 1 != nr_args) {
		snprintf(expected, sizeof(expected), "%s with %d words after it", name, nr_args);
		return op_refuse(wrong, op->line, expected);
	}
	for (int i = 0; i < nr_args; i++)
		if (!parse_arg(op, i, wrong))
			return false;
	return true;
}

enum op_line op_parse(const char *line, struct op *op, struct op_wrong *wrong)
{
	size_t len = strlen(line);
	int nr, call = 0;

	if (len >= OP_LINE_MAX) {
		op_refuse(wrong, "a line of more than 500 bytes", OPERATIONS);
		return OP_LINE_WRONG;
	}
	*op = (struct op){.file = -1, .line = line};
	memcpy(op->text, line, len + 1);
	nr = split(op);
	if (!nr || op->word[0][0] == '#')
		return OP_LINE_EMPTY;
	if (op_begins_script(line))
		return OP_LINE_SCRIPT;
	while (call < NR_OP_CALLS && strcmp(op->word[0], calls[call].name) != 0)
		call++;
	if (call == NR_OP_CALLS) {
		op_refuse(wrong, op->word[0], OPERATIONS);
		return OP_LINE_WRONG;
	}
	op->call = (enum op_call)call;
	return parse_args(op, nr, wrong) ? OP_LINE_OPERATION : OP_LINE_WRONG;
}

bool op_begins_script(const char *text)
{
	text += strspn(text, BLANKS);
	return strncmp(text, "script", 6) == 0 && strchr(BLANKS "\r\n", text[6]);
}
