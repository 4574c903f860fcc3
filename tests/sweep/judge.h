/* SPDX-License-Identifier: MIT */
/*
 * judge.h - whether what an operation has left behind is what Linux leaves when
 * it runs out of memory, or reaches the limit of VMAs.
 *
 * Everything as before is right for all. What is else allowed is named, with
 * the operations it is allowed to; there is nothing else.
 */
#ifndef TESTS_SWEEP_JUDGE_H
#define TESTS_SWEEP_JUDGE_H

#include "tests/sweep/state.h"

enum verdict {
	AS_BEFORE, /* an error, and nothing has changed */
	AS_ALWAYS, /* it succeeded without the memory it was refused */
	/*
	 * an error; VMAs were cut at an end of the range, and the memory is the
	 * same
	 */
	CUTS,
	CACHED, /* an error; a file's page has come into the cache */
	TABLES, /* an error; page tables are there for what was to come, and empty */
	/*
	 * an error; the range is done up to some address. Linux's walks over
	 * several VMAs end so
	 */
	PREFIX,
	GROWN, /* a stack grew, and the touch then found no page */
	/*
	 * fork: an error; pages that were to be shared are read-only, and the
	 * next write takes note
	 */
	WRITE_PROTECTED,
	/*
	 * mremap: an error; what was in the way of MREMAP_FIXED, or at the end
	 * of the source, is unmapped
	 */
	TARGET_GONE,
	MOVED, /* mremap of several VMAs: an error; those up to some address have moved */
	/*
	 * mremap: success; the source, by then a part of the VMA that it moved
	 * to, could not be cut off: mapped, empty
	 */
	SOURCE_LEFT,
	/*
	 * mlockall and munlockall report no such error: the VMAs that could not
	 * be changed are as before
	 */
	SOME,
	/*
	 * success, with pages missing that are otherwise there at once: touches
	 * will bring them
	 */
	UNPOPULATED,
	VIOLATION,
	NR_VERDICTS
};

extern const char *const verdict_names[NR_VERDICTS];

struct trial {
	const char *line; /* the operation */
	/* what it answered, and what it answers when nothing fails */
	const char *answer, *clean_answer;
	const struct state *before, *after; /* of the same world */
	const struct state *clean;          /* after it, when nothing fails; of another world */
};

enum verdict judge(const struct trial *trial);

#endif
