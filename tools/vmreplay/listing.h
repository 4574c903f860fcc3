/* SPDX-License-Identifier: MIT */
/*
 * listing.h - a copy of /proc/PID/maps as an expectation: whether an address
 * space is in exactly that state.
 */
#ifndef TOOLS_VMREPLAY_LISTING_H
#define TOOLS_VMREPLAY_LISTING_H

#include <vmastore/mm.h>

struct listing;

/*
 * Return: the listing, or NULL, after a line on stderr: `FILE:LINE: what was
 * found, what was expected`.
 */
struct listing *listing_load(const char *path);
void listing_free(struct listing *listing); /* NULL is allowed */

/*
 * Of the states that were compared, the one that agrees in most lines from the
 * first on: where it parts.
 */
struct listing_nearest {
	unsigned long line; /* of the file; 0: no state had as many VMAs as the listing has lines */
	char *expected, *got;
};

/*
 * Every VMA of @mm against every line, in order: range, rights, offset, device,
 * inode, name. "[vsyscall]", which is beyond every address space, is not
 * compared.
 * @nearest: zeroed before the first comparison; kept up to date by each.
 */
bool listing_equals(const struct listing *listing, struct mm_struct *mm,
		    struct listing_nearest *nearest);
void listing_nearest_free(struct listing_nearest *nearest);

#endif
