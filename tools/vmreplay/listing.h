/* SPDX-License-Identifier: MIT */
/*
 * listing.h - a copy of /proc/PID/maps as an expectation: whether an address space is in exactly that state.
 */
#ifndef TOOLS_VMREPLAY_LISTING_H
#define TOOLS_VMREPLAY_LISTING_H

#include <vmastore/mm.h>

struct listing;

/* @error gets `FILE:LINE: what was found, what was expected`. Return: the listing, or NULL. */
struct listing *listing_load(const char *path, char *error, size_t size);
void listing_free(struct listing *listing); /* NULL is allowed */

/*
 * Every VMA of @mm against every line, in order: range, rights, offset, device, inode, name. "[vsyscall]", which is beyond every
 * address space, is not compared.
 */
bool listing_equals(const struct listing *listing, struct mm_struct *mm);

#endif
