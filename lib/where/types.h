/* SPDX-License-Identifier: MIT */
/*
 * types.h - the fields of the structures that threads share, as data: where
 * each begins, and how long it is. tests/lib/where checks that no byte is left
 * out.
 */
#ifndef VMS_WHERE_TYPES_H
#define VMS_WHERE_TYPES_H

#include <stddef.h>

struct vms__where_field {
	const char *name;
	size_t offset, size, align;
};

struct vms__where_type {
	const char *name;  /* how a line's name begins */
	const char *cache; /* the object cache that has them; NULL: none */
	size_t size;
	const struct vms__where_field *field;
	size_t nr;
};

/* An address space, for each kind of index. */
extern const struct vms__where_type vms__where_mm_maple, vms__where_mm_rbtree;
/* The structures that come from object caches; the last entry has no name. */
extern const struct vms__where_type vms__where_cached[];

#endif
