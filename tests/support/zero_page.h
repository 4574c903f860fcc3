/* SPDX-License-Identifier: MIT */
/*
 * zero_page.h - makes a kernel with a zero page look like one without: wherever
 * a read mapped the zero page, a private page replaces it.
 *
 * A kernel without a zero page would have mapped that page at once, and would
 * have given the mapping an anon_vma. Two differences remain: until the call
 * there is no page and no anon_vma, and the page is dirty even if the mapping
 * may not be written.
 *
 * The file needs neither the library nor malloc(), so that the oracle can use
 * it.
 */
#ifndef TESTS_SUPPORT_ZERO_PAGE_H
#define TESTS_SUPPORT_ZERO_PAGE_H

#include <stdbool.h>

/*
 * Replace the zero page in [start, end) of this process. No other thread may
 * map memory there during the call.
 * Return: false with errno if the kernel lacks PAGEMAP_SCAN (6.7) or forbids a
 * write through /proc/self/mem.
 */
bool zero_page_replace(unsigned long start, unsigned long end);

#endif
