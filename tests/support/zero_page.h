/* SPDX-License-Identifier: MIT */
/*
 * zero_page.h - lets a kernel with a zero page look like one without: wherever
 * a read mapped the zero page, a page of its own takes its place.
 *
 * A kernel without a zero page would have put that page there at once, hence
 * given the mapping an anon_vma. Two things are not as on such a kernel: until
 * the call there is no page and no anon_vma; and the page is dirty even where
 * the mapping may not be written.
 *
 * Neither the library nor malloc() is needed, so that the oracle can use it.
 */
#ifndef TESTS_SUPPORT_ZERO_PAGE_H
#define TESTS_SUPPORT_ZERO_PAGE_H

#include <stdbool.h>

/*
 * Replace the zero page in [start, end) of this process, which runs no other
 * thread that maps memory there. Return: false with errno: the kernel lacks
 * PAGEMAP_SCAN (6.7) or forbids a write through /proc/self/mem.
 */
bool zero_page_replace(unsigned long start, unsigned long end);

#endif
