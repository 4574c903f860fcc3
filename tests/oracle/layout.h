/* SPDX-License-Identifier: MIT */
/*
 * layout.h - prints the arena's mappings in the order of the kernel's listing.
 */
#ifndef TESTS_ORACLE_LAYOUT_H
#define TESTS_ORACLE_LAYOUT_H

#include <stdbool.h>

/*
 * Print one line for each mapping of the calling process in the arena, in
 * address order. @flags: add smaps' VmFlags.
 */
void layout_print(bool flags);

#endif
