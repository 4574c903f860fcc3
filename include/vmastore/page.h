/* SPDX-License-Identifier: MIT */
/*
 * page.h - pages for the hooks of struct vm_operations_struct: what fault() puts into vmf->page.
 *
 * A page stands for 4 KiB of memory with one word of content. It lives as long as anyone holds a reference: the owner, and each
 * address space that maps it. All calls may run beside one another.
 */
#ifndef VMASTORE_PAGE_H
#define VMASTORE_PAGE_H

#include <vmastore/compiler.h>

struct page;

/** vms_page_alloc() - A page that holds @word, with one reference. Return: it, or NULL when memory is out. */
VMS_API struct page *vms_page_alloc(unsigned long word);
/** vms_page_get() - One more reference, of a page that the caller holds. Return: @page. */
VMS_API struct page *vms_page_get(struct page *page);
/** vms_page_put() - Drop a reference; the last one frees the page. */
VMS_API void vms_page_put(struct page *page);
/** vms_page_word(), vms_page_set_word() - The content. Atomic; orders nothing. */
VMS_API unsigned long vms_page_word(const struct page *page);
VMS_API void vms_page_set_word(struct page *page, unsigned long word);

#endif
