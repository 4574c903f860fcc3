/* SPDX-License-Identifier: MIT */
/* layout.h - prints the mappings of the arena, as the kernel lists them. */
#ifndef TESTS_ORACLE_LAYOUT_H
#define TESTS_ORACLE_LAYOUT_H

#include <stdbool.h>

/*
 * One line a mapping of the calling process, in address order. @flags: with
 * smaps' VmFlags.
 */
void layout_print(bool flags);

#endif
