/* SPDX-License-Identifier: MIT */
/*
 * opscript.h - reads op scripts: one operation on memory a line, as
 * docs/oracle.md describes them. The oracle performs them with system calls,
 * vmreplay on an address space of the library; both parse them here, and both
 * make the world that is declared here.
 *
 * Locks: none. Nothing here allocates or keeps state, because the oracle's heap
 * would change the layout that it shows.
 *
 * Read words.h next.
 */
#ifndef TOOLS_OPSCRIPT_OPSCRIPT_H
#define TOOLS_OPSCRIPT_OPSCRIPT_H

#include <stdbool.h>

/* ---- the world that every script begins in ---- */

/* Nothing is mapped in [ARENA_START, ARENA_END); the break is at its start. */
#define ARENA_START 0x10000000UL
#define ARENA_END 0x50000000UL

#define OP_NR_FILES 6

extern const struct op_file {
	const char *name;
	unsigned long bytes;
	int same_as; /* index of the file that this one opens again, or -1 */
	bool writable, memfd;
} op_files[OP_NR_FILES];

/* ---- lines ---- */

#define OP_LINE_MAX 512 /* with its NUL */
#define OP_ARGS_MAX 6

enum op_call {
	OP_MMAP,
	OP_MUNMAP,
	OP_MPROTECT,
	OP_MREMAP,
	OP_MADVISE,
	OP_MLOCK,
	OP_MLOCK2,
	OP_MUNLOCK,
	OP_MLOCKALL,
	OP_MUNLOCKALL,
	OP_MSEAL,
	OP_BRK,
	OP_FAULT,
	OP_FORK,
	OP_EXIT,
	NR_OP_CALLS
};

/* One operation. It must not be copied, because @word points into it. */
struct op {
	enum op_call call;
	unsigned long arg[OP_ARGS_MAX]; /* in the order of the line; 0 beyond its end */
	int file;                       /* of mmap: index into op_files; -1: arg[4] is not open */
	const char *word[OP_ARGS_MAX + 2]; /* the name, then the text of each argument */
	const char *line;                  /* the caller's, whole */
	char text[OP_LINE_MAX];            /* the line, cut at blanks */
};

/* Why a line is refused, for a message "found '...', expected ...". */
struct op_wrong {
	char found[OP_LINE_MAX];
	char expected[160];
};

enum op_line { OP_LINE_EMPTY, OP_LINE_SCRIPT, OP_LINE_OPERATION, OP_LINE_WRONG };

/*
 * op_parse() - Parse @line, which has no newline. OP_LINE_EMPTY also stands for
 * a comment; OP_LINE_OPERATION sets @op, OP_LINE_WRONG sets @wrong.
 */
enum op_line op_parse(const char *line, struct op *op, struct op_wrong *wrong);

/*
 * op_begins_script() - Whether @text, which may go on behind a newline, begins
 * with a line `script NAME...`.
 */
bool op_begins_script(const char *text);

/* op_refuse() - Set @wrong. Return: false. */
bool op_refuse(struct op_wrong *wrong, const char *found, const char *expected);

#endif
