/* SPDX-License-Identifier: MIT */
/*
 * judge.h - decides whether the state that a failed operation has left is one
 * that Linux leaves when it runs out of memory, or reaches the limit of VMAs.
 *
 * An unchanged state is right for all operations. Every other state that is
 * allowed has a verdict, with the operations that may leave it; all else is a
 * violation.
 */
#ifndef TESTS_SWEEP_JUDGE_H
#define TESTS_SWEEP_JUDGE_H

#include "tests/sweep/state.h"

enum verdict {
	AS_BEFORE, /* an error, and no change */
	AS_ALWAYS, /* success without the refused memory */
	/*
	 * an error; VMAs were cut at an end of the range, and the memory is the
	 * same
	 */
	CUTS,
	CACHED, /* an error; a file's page was added to the page cache */
	TABLES, /* an error; empty page tables were added for the operation */
	/*
	 * an error; the operation was done up to some address, as in Linux's
	 * walks over several VMAs
	 */
	PREFIX,
	GROWN, /* a stack grew, and the touch then got no page */
	/*
	 * fork: an error; pages that were to be shared are write-protected, so
	 * the next write to them faults
	 */
	WRITE_PROTECTED,
	/*
	 * mremap: an error; the memory in the way of MREMAP_FIXED, or at the
	 * end of the source, is unmapped
	 */
	TARGET_GONE,
	MOVED, /* mremap of several VMAs: an error; those up to some address moved */
	/*
	 * mremap: success; the source had merged with the VMA that it moved to
	 * and could not be cut off: it is mapped and empty
	 */
	SOURCE_LEFT,
	/*
	 * mlockall and munlockall do not report such an error: the VMAs that
	 * could not be changed are as before
	 */
	SOME,
	/*
	 * success, but pages are missing that are otherwise populated at once;
	 * touches will add them
	 */
	UNPOPULATED,
	VIOLATION,
	NR_VERDICTS
};

extern const char *const verdict_names[NR_VERDICTS];

struct trial {
	const char *line; /* the operation */
	/* its answer, and its answer without a failure */
	const char *answer, *clean_answer;
	const struct state *before, *after; /* of one world */
	const struct state *clean; /* after an operation without a failure, in another world */
};

enum verdict judge(const struct trial *trial);

#endif
