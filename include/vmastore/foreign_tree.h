/* SPDX-License-Identifier: MIT */
/*
 * foreign_tree.h - the maple tree for languages that cannot read a C header. It
 * has a function for each macro and inline function of maple_tree.h and
 * range_map.h that a program in Python (ctypes), Rust (extern "C") and so on
 * needs, and for each structure of which it would need the size. foreign.h has
 * the same for address spaces.
 *
 * All other functions of the headers are symbols that such a program calls
 * directly. The symbol is the function's name with vms_ before it, unless it
 * begins so already: mtree_store_range() is vms_mtree_store_range, mas_walk()
 * is vms_mas_walk. A gfp_t is a 32-bit integer, and 0 will do, because the
 * library makes no difference between its values (gfp.h).
 *
 *   C                                  here
 *   DEFINE_MTREE(), mt_init_flags()    vms_tree_new()
 *   MA_STATE(), mas_init()             vms_cursor_new()
 *   mas_find(), mas_next()             vms_cursor_find(), vms_cursor_next()
 *   mas_for_each()                     vms_cursor_find() until it answers NULL
 *   mas_set(), mas_set_range()         vms_cursor_set()
 *   mas_pause()                        vms_cursor_pause()
 *   mas->index, mas->last              vms_cursor_first(), vms_cursor_last()
 *   mas_is_err(), xa_err(mas->node)    vms_cursor_error()
 *   mas_lock(), mas_unlock()           vms_mtree_lock(), vms_mtree_unlock() of
 *                                      the tree
 *   vms_mt_for_each_span()             vms_mt_find_span() from the end of the
 *                                      span before, until it answers NULL or
 *                                      that end is 0
 *   rcu_read_lock(), and its kind      vms_rcu_read_lock(), and so on
 *   call_rcu()                         vms_rcu_defer()
 *
 * A lock or a read section belongs to the thread that entered it. A language
 * that moves its tasks between threads must not do so while one is held. In
 * Python, load the library as a ctypes.CDLL, which releases the interpreter's
 * lock during each call; with PyDLL a thread that waits for a lock would keep
 * the thread that holds it from running.
 */
#ifndef VMASTORE_FOREIGN_TREE_H
#define VMASTORE_FOREIGN_TREE_H

#include <stdint.h>

#include <vmastore/maple_tree.h>

#include <vmastore/begin.h>

/* ---- trees --------------------------------------------------------------- */

/**
 * vms_tree_new() - A new, empty tree.
 * @flags: MT_FLAGS_*: 1 to search for gaps, 2 for readers under RCU.
 *
 * Return: it; NULL: there is no memory.
 */
VMS_API struct maple_tree *vms_tree_new(unsigned int flags);
/**
 * vms_tree_free() - mtree_destroy(), and free what vms_tree_new() made. The
 * objects that the tree points to are the caller's.
 * @mt: NULL is allowed.
 *
 * Locks: takes ma_lock; with MT_FLAGS_LOCK_EXTERN the caller holds the owner's
 *        lock to write. No other thread uses @mt during the call or after it.
 */
VMS_API void vms_tree_free(struct maple_tree *mt);
/** vms_tree_is_empty() - mtree_empty(). */
VMS_API bool vms_tree_is_empty(const struct maple_tree *mt);
/** vms_tree_flags() - MT_FLAGS_* of @mt. Any context. */
VMS_API unsigned int vms_tree_flags(const struct maple_tree *mt);

/* ---- cursors: the locks of maple_tree.h ---------------------------------- */

/**
 * vms_cursor_new() - A cursor on [first, last] of @mt, for every function that
 * takes a struct ma_state *. One thread may use it at a time.
 *
 * Locks:  none.
 * Return: it; NULL: there is no memory.
 */
VMS_API struct ma_state *vms_cursor_new(struct maple_tree *mt, unsigned long first,
					unsigned long last);
/**
 * vms_cursor_free() - mas_destroy(), and free the cursor.
 * @mas: NULL is allowed.
 *
 * Locks: none.
 */
VMS_API void vms_cursor_free(struct ma_state *mas);
/**
 * vms_cursor_set() - mas_set_range(): go to [first, last], and forget the
 * place.
 *
 * Locks: none.
 */
VMS_API void vms_cursor_set(struct ma_state *mas, unsigned long first, unsigned long last);
/** vms_cursor_pause() - mas_pause(), before the lock is released. */
VMS_API void vms_cursor_pause(struct ma_state *mas);
/**
 * vms_cursor_find() - mas_find(): the first entry at or after the cursor's
 * first index, then the next one with each call; up to @max, inclusive.
 *
 * Locks:  RCU or the lock.
 * Return: the entry; NULL: there is none.
 */
VMS_API void *vms_cursor_find(struct ma_state *mas, unsigned long max);
/**
 * vms_cursor_next() - mas_next(): the first entry after the cursor's range that
 * begins at or before @max.
 *
 * Locks, Return: as vms_cursor_find().
 */
VMS_API void *vms_cursor_next(struct ma_state *mas, unsigned long max);
/**
 * vms_cursor_first(), vms_cursor_last() - The bounds of the range where the
 * cursor stands, both inclusive.
 */
VMS_API unsigned long vms_cursor_first(const struct ma_state *mas);
VMS_API unsigned long vms_cursor_last(const struct ma_state *mas);
/**
 * vms_cursor_error() - The -errno with which the last store of this cursor
 * failed; 0: it did not.
 */
VMS_API int vms_cursor_error(const struct ma_state *mas);

/* ---- entries ------------------------------------------------------------- */

/**
 * vms_entry_of_value(), vms_value_of_entry(), vms_entry_is_value() -
 * xa_mk_value(), xa_to_value(), xa_is_value(): an integer of 63 bits as an
 * entry.
 */
VMS_API void *vms_entry_of_value(unsigned long value);
VMS_API unsigned long vms_value_of_entry(const void *entry);
VMS_API bool vms_entry_is_value(const void *entry);
/**
 * vms_entry_of_word(), vms_word_of_entry() - vms_mt_mk_word() and
 * vms_mt_to_word(): an integer of 64 bits as an entry. @unused is explained
 * there (range_map.h).
 */
VMS_API void *vms_entry_of_word(uint64_t value, uint64_t unused);
VMS_API uint64_t vms_word_of_entry(const void *entry, uint64_t unused);

/* ---- after a grace period ------------------------------------------------ */

/**
 * vms_rcu_defer() - call_rcu() without a head in the object: call func(arg)
 * after a grace period, when no read section that began before this call is
 * left.
 * @func: runs where the callbacks of call_rcu() run (rcu.h), usually in a
 *        thread of the library's. It must not wait for a grace period.
 *
 * Locks:  any.
 * Return: 0; -ENOMEM, and nothing will be called.
 */
VMS_API int vms_rcu_defer(void (*func)(void *arg), void *arg);

#include <vmastore/end.h>

#endif
