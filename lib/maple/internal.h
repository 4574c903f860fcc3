/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of lib/maple share: all of its headers except for
 * debug.h, run.h and track.h, which few files need.
 *
 * Names. A name that begins as the kernel's do (mt_, mtree_, mas_, MT_, MA_,
 * ma_) is public and stands in include/vmastore, and so does every name that
 * begins with vms_. All other names have one of these prefixes:
 *
 *   vms__mt_, vms__mas_   a function or an object that another file of lib/
 *                         links with
 *   ml_, ML_              a type, a constant or a static inline function of a
 *                         header
 *   isa_, ISA_            what a template (isa/, *.tmpl.h) defines, or asks of
 *                         the file that includes it
 *
 * A name that only one .c file sees has no prefix.
 *
 * Where things are:
 *
 *   node.h      what a node is; leaf.h a leaf, its form looked up once
 *   cursor.h    a cursor's place
 *   api.c       mtree_*, mt_*: the normal API, over cursors
 *   iter.c      mas_walk() mas_next() mas_find() ...: the read side
 *   store.c     mas_store() and its kin; writer.h one way down for several calls
 *   write.h     a store that is being made
 *     leaf.c      a new leaf for an old one
 *     rebuild.c   new leaves, new parents; run.h, track.h what they are made of
 *   gap.c       gap maxima; mas_empty_area()
 *   alloc.c     memory of nodes; reserve.c how many are set aside
 *   cyclic.c    mas_alloc_cyclic(); dup.c copies of whole trees
 *   validate.c  invariants; debug.c debug builds' checks; dump.c printing
 *
 *   isa/        what is compiled once for each instruction set: isa.h the
 *               table, isa.c the choice, a file for each set, the templates
 *     descend     the way down from the root; find_gap the way down to a gap
 *     scan        scans of one node; search searches of one
 *     batch       many ranges at once, leaf after leaf
 *     place       where a store begins; beside the entries next to it
 *     plan        what kind of store it is, and those done in place
 *     shape       changes of bounds in place
 *     walked      erase and insert
 */
#ifndef VMS_MAPLE_INTERNAL_H
#define VMS_MAPLE_INTERNAL_H

#include "lib/maple/alloc.h"
#include "lib/maple/cursor.h"
#include "lib/maple/gap.h"
#include "lib/maple/isa/isa.h"
#include "lib/maple/leaf.h"
#include "lib/maple/node.h"
#include "lib/maple/write.h"
#include "lib/maple/writer.h"

static inline bool ml_has_gaps(const struct maple_tree *mt)
{
	return vms_mt_flags(mt) & MT_FLAGS_ALLOC_RANGE;
}

/* Locks: the tree's lock. */
static inline void ml_set_flags(struct maple_tree *mt, unsigned int flags)
{
	/*
	 * Relaxed: pairs with vms_mt_flags(). No other memory depends on the
	 * flags; the store is atomic only so that a reader sees a whole number.
	 */
	atomic_store_explicit(&mt->ma_flags, flags, memory_order_relaxed);
}

#endif
