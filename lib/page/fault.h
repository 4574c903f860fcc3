/* SPDX-License-Identifier: MIT */
/*
 * fault.h - what handle_fault.c (which page is wanted) and filemap.c (which
 * pages are at hand) agree on.
 */
#ifndef VMS_PAGE_FAULT_H
#define VMS_PAGE_FAULT_H

#include <vmastore/mm.h>

/*
 * Pages that one fault may map around the one it was asked for, itself
 * included; a power of two.
 */
#define VMS__FAULT_AROUND 16u

#endif
