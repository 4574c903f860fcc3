/* SPDX-License-Identifier: MIT */
/*
 * where.h - tells what lies at an address, for instruments that watch which
 * cache lines the library touches (bench/conflicts). Not part of the library
 * proper. Read next: where.c.
 *
 * Locks: threads that use the address space must be stopped during every call.
 */
#ifndef VMS_WHERE_WHERE_H
#define VMS_WHERE_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMS__WHERE_NAME_MAX 256

struct mm_struct;
struct vms__where;

/*
 * Prepare names for the memory of @mm, which must outlive the result. Return:
 * NULL if memory is out.
 */
struct vms__where *vms__where_new(struct mm_struct *mm);
void vms__where_free(struct vms__where *where);

/*
 * Learn the VMAs, the nodes of the index and the page tables as they are now.
 * Earlier knowledge is kept, so that a replaced node keeps its name. Return:
 * false if memory is out.
 */
bool vms__where_learn(struct vms__where *where);

/*
 * The leaf of the maple tree that holds @addr, as last learnt; 0: unknown, or
 * the index is no maple tree.
 */
uintptr_t vms__where_leaf(const struct vms__where *where, unsigned long addr);

enum vms__where_kind {
	VMS__WHERE_UNKNOWN, /* in none of the library's objects */
	VMS__WHERE_STAYS,   /* it belonged to the same object throughout */
	/*
	 * Memory that is allocated and freed: which of many such lines this is
	 * means nothing.
	 */
	VMS__WHERE_PASSES,
};

/*
 * Name the cache line at @line, of whose bytes those in @written (bit i: byte
 * i) were written: `mm.FIELD+FIELD`, `vma.FIELD`, `tree leaf: line N`,
 * `page.FIELD`, `page table level 0.FIELD`, `counter row N`, `depot of CACHE:
 * line N`. A VMA, a node or a page table counts as VMS__WHERE_STAYS if both of
 * the last two calls of vms__where_learn() found it.
 */
enum vms__where_kind vms__where_name(const struct vms__where *where, uintptr_t line,
				     uint64_t written, char name[VMS__WHERE_NAME_MAX]);

#endif
