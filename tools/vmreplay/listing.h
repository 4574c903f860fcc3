/* SPDX-License-Identifier: MIT */
/*
 * listing.h - a copy of /proc/PID/maps as an expectation: compares an address
 * space with it.
 */
#ifndef TOOLS_VMREPLAY_LISTING_H
#define TOOLS_VMREPLAY_LISTING_H

#include <vmastore/mm.h>

struct listing;

/*
 * Read the file @path.
 * Return: the listing; NULL after a line on stderr: `FILE:LINE: what was found,
 * what was expected`.
 */
struct listing *listing_load(const char *path);
void listing_free(struct listing *listing); /* NULL is allowed */

/*
 * The first difference of the nearest state: of all states that were compared,
 * the one that agrees in most lines from the first line on.
 */
struct listing_nearest {
	unsigned long line; /* of the file; 0: no state had as many VMAs as the listing has lines */
	char *expected, *got;
};

/*
 * Compare every VMA of @mm with its line, in order: range, rights, offset,
 * device, inode, name. "[vsyscall]" is not compared, because it lies beyond
 * every address space.
 * @nearest: zeroed before the first comparison; each comparison updates it.
 * Return: whether all are equal.
 */
bool listing_equals(const struct listing *listing, struct mm_struct *mm,
		    struct listing_nearest *nearest);
void listing_nearest_free(struct listing_nearest *nearest);

#endif
