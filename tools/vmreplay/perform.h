/* SPDX-License-Identifier: MIT */
/*
 * perform.h - one operation of an op script, carried out on an address space of
 * the library. The format of the text: ops.c.
 */
#ifndef TOOLS_VMREPLAY_PERFORM_H
#define TOOLS_VMREPLAY_PERFORM_H

#include <stdbool.h>

#include "tools/vmreplay/words.h"
#include "tools/vmreplay/world.h"

#define PERFORM_OPS                                                                                \
	"one of script mmap munmap mprotect mremap madvise mlock mlock2 munlock mlockall "         \
	"munlockall mseal brk fault fork exit"

struct answer {
	char text[32]; /* an address, a number, `ok`, or a name such as -ENOMEM or SEGV_MAPERR */
	/* of a word that is not understood */
	char found[WORDS_LINE_MAX];
	char expected[160];
};

/*
 * @line: an operation, at most WORDS_LINE_MAX - 1 bytes, not empty. Return:
 * whether all its words are understood; if not, nothing was done, and @answer
 * says what was found and what was expected.
 */
bool perform(struct world *world, const char *line, struct answer *answer);

#endif
