/* SPDX-License-Identifier: MIT */
/*
 * xa_entry.h - the forms of an entry: pointers, integers encoded as pointers,
 * and values that are neither. Linux keeps these words with its xarray; the
 * maple tree shares them.
 *
 *   ...00   a pointer, as malloc() returns it
 *   ...1    a value: xa_mk_value(0..LONG_MAX). Or a pointer with a tag in its
 *           low bits, if the owner says so: xa_tag_pointer()
 *   ...10   internal. Below 4096 (2, 6, ... 4094) reserved: XA_ZERO_ENTRY is
 *           one of them, and the last 4095 are errors
 *
 * Locks: none; these functions depend on their arguments only.
 */
#ifndef VMASTORE_XA_ENTRY_H
#define VMASTORE_XA_ENTRY_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

/* ---- values ---- */

/**
 * xa_mk_value() - The entry that stands for the integer @v, which is LONG_MAX
 * at most, because the encoding loses the top bit.
 */
static inline void *xa_mk_value(unsigned long v)
{
	return (void *)((v << 1) | 1);
}
/** xa_to_value() - The integer from which xa_mk_value() made @entry. */
static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}
static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

/* ---- tagged pointers ---- */

/*
 * The tag is 0, 1 or 3, in the low two bits. The owner of the tree must itself
 * tell tagged pointers from values.
 */

static inline void *xa_tag_pointer(void *p, unsigned long tag)
{
	return (void *)((unsigned long)p | tag);
}
static inline void *xa_untag_pointer(void *entry)
{
	return (void *)((unsigned long)entry & ~3ul);
}
static inline unsigned int xa_pointer_tag(const void *entry)
{
	return (unsigned long)entry & 3;
}

/* ---- internal entries ---- */

static inline void *xa_mk_internal(unsigned long v)
{
	return (void *)((v << 2) | 2);
}
static inline unsigned long xa_to_internal(const void *entry)
{
	return (unsigned long)entry >> 2;
}
static inline bool xa_is_internal(const void *entry)
{
	return ((unsigned long)entry & 3) == 2;
}

#define XA_RETRY_ENTRY xa_mk_internal(256)
/*
 * An entry that reserves a place without an object: mtree_load(), mt_find() and
 * mt_find_after() read it as NULL.
 */
#define XA_ZERO_ENTRY xa_mk_internal(257)

static inline bool xa_is_zero(const void *entry)
{
	return entry == XA_ZERO_ENTRY;
}
/**
 * xa_is_advanced() - Whether @entry is an internal one with a meaning to a
 * tree's own code. The zero entry does not count.
 */
static inline bool xa_is_advanced(const void *entry)
{
	return xa_is_internal(entry) && (unsigned long)entry <= (unsigned long)XA_RETRY_ENTRY;
}

/* An errno encoded as a pointer, as a cursor's node is while mas_is_err(). */
static inline bool xa_is_err(const void *entry)
{
	return xa_is_internal(entry) &&
	       (unsigned long)entry >= (unsigned long)xa_mk_internal(-4095UL);
}
/** xa_err() - The negative errno in @entry; 0 if @entry is no error. */
static inline int xa_err(const void *entry)
{
	return xa_is_err(entry) ? (int)((long)entry >> 2) : 0;
}

#include <vmastore/end.h>

#endif
