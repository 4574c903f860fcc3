/* SPDX-License-Identifier: MIT */
/*
 * types.h - the fields of the structures that threads share, as data: where
 * each begins, and how long it is. A test holds that no byte is left out.
 */
#ifndef VMS_WHERE_TYPES_H
#define VMS_WHERE_TYPES_H

#include <stddef.h>

struct vms__where_field {
	const char *name;
	size_t offset, size, align;
};

struct vms__where_type {
	const char *name;  /* as a line's name begins */
	const char *cache; /* the name of the object cache that has them; NULL: none */
	size_t size;
	const struct vms__where_field *field;
	size_t nr;
};

/* An address space, by what its index is. */
extern const struct vms__where_type vms__where_mm_maple, vms__where_mm_rbtree;
/* Those that come from object caches; the last has no name. */
extern const struct vms__where_type vms__where_cached[];

#endif
