/* SPDX-License-Identifier: MIT */
/*
 * maple_debug.h - looking into a maple tree: print it, check its invariants,
 * and the checks that a program or a test states about it. maple_tree.h
 * includes this header, so no other file needs to.
 *
 * The checks come in Linux's two kinds. A program built with VMS_DEBUG (or
 * CONFIG_DEBUG_MAPLE_TREE) counts each check. A check that fails there says
 * where and prints the tree or the cursor, and the program goes on;
 * maple_tree_tests_run and _passed tell the result at the end. In other
 * programs a *_BUG_ON that fails stops the program, and a *_WARN_ON that fails
 * says so and the program goes on. Either way the condition is evaluated, once,
 * and a *_WARN_ON is an expression with its value.
 *
 *   MT_BUG_ON(tree, x)    MT_WARN_ON(tree, x)    prints the tree
 *   MAS_BUG_ON(mas, x)    MAS_WARN_ON(mas, x)    the cursor, then its tree
 *   MAS_WR_BUG_ON(wr, x)  MAS_WR_WARN_ON(wr, x)  store, cursor, tree
 */
#ifndef VMASTORE_MAPLE_DEBUG_H
#define VMASTORE_MAPLE_DEBUG_H

#include <stdio.h>

#include <vmastore/maple_tree.h>

#include <vmastore/begin.h>

enum mt_dump_format { mt_dump_dec, mt_dump_hex };

/**
 * mt_dump() - Print every range, indented by depth, to standard error.
 *
 * Locks: the lock.
 */
VMS_API void mt_dump(const struct maple_tree *mt, enum mt_dump_format format) VMS_SYM(mt_dump);
/** vms_mt_fdump() - mt_dump() to @out. */
VMS_API void vms_mt_fdump(const struct maple_tree *mt, enum mt_dump_format format, FILE *out);

/**
 * mt_validate() - Check every invariant of the tree. If one is broken, print
 * it and the tree, and abort().
 *
 * Locks: the lock.
 */
VMS_API void mt_validate(struct maple_tree *mt) VMS_SYM(mt_validate);
/**
 * vms_mt_check() - Count the broken invariants.
 * @why: the stream to which each is printed; NULL: none.
 *
 * Locks: the lock; it is enough to hold it for reading, also concurrently with
 *        searches for gaps.
 */
VMS_API int vms_mt_check(const struct maple_tree *mt, FILE *why);

/**
 * mt_cache_shrink() - Pass freed nodes that still wait for their batch to fill
 * on to their grace period, and give the memory of nodes that are free already
 * back to the system, as vms_trim() does (memory.h).
 *
 * Locks: none.
 * RCU:   not in a read section, because the call may wait for a grace period.
 */
VMS_API void mt_cache_shrink(void) VMS_SYM(mt_cache_shrink);

/**
 * mas_dump() - Print a cursor to standard error: tree, state, range, place. The
 * call does not read the nodes that the cursor names. Any context.
 */
VMS_API void mas_dump(const struct ma_state *mas) VMS_SYM(mas_dump);

/*
 * A store, as the debugging functions take it. The cursor has the range.
 */
struct ma_wr_state {
	struct ma_state *mas;
	void *entry;
};
#define MA_WR_STATE(name, ma_state, wr_entry) struct ma_wr_state name = {(ma_state), (wr_entry)}
/** mas_wr_dump() - Print a store: the entry, then the cursor. Any context. */
VMS_API void mas_wr_dump(const struct ma_wr_state *wr_mas) VMS_SYM(mas_wr_dump);

/* Checks made, and those of them that held. Any thread. */
extern VMS_API VMS_ATOMIC(unsigned int) maple_tree_tests_run VMS_SYM(maple_tree_tests_run);
extern VMS_API VMS_ATOMIC(unsigned int) maple_tree_tests_passed VMS_SYM(maple_tree_tests_passed);

/* ---- the checks ---- */

/*
 * The place of a check, and what the library prints if the check fails. Any of
 * the pointers may be NULL.
 */
#include <vmastore/begin_fields.h>
struct vms_mt_where {
	const char *file, *func, *what;
	int line;
	bool counted, fatal;
	const struct maple_tree *mt;
	const struct ma_state *mas;
	const struct ma_wr_state *wr_mas;
};
#include <vmastore/end_fields.h>
/**
 * vms_mt_checked() - Record a check that was made: count it, report it if it
 * @failed, and stop the program, as @where tells.
 *
 * Return: @failed.
 */
VMS_API bool vms_mt_checked(bool failed, const struct vms_mt_where *where);

#if defined(VMS_DEBUG) || defined(CONFIG_DEBUG_MAPLE_TREE)
#define VMS_MT_COUNTED true
#else
#define VMS_MT_COUNTED false
#endif

/* The address of a struct vms_mt_where with these fields. */
#ifdef __cplusplus
#define VMS_MT_WHERE(...) (&static_cast<const vms_mt_where &>(vms_mt_where{__VA_ARGS__}))
#else
#define VMS_MT_WHERE(...) (&(const struct vms_mt_where){__VA_ARGS__})
#endif

/* A check that holds costs one branch, if it is not counted. */
#define VMS_MT_CHECK(x, text, stop, mt, mas, wr_mas)                                               \
	__extension__({                                                                            \
		bool vms_failed = (x);                                                             \
                                                                                                   \
		(VMS_MT_COUNTED || vms_unlikely(vms_failed)) &&                                    \
			vms_mt_checked(vms_failed,                                                 \
				       VMS_MT_WHERE(__FILE__, __func__, (text), __LINE__,          \
						    VMS_MT_COUNTED, (stop) && !VMS_MT_COUNTED,     \
						    (mt), (mas), (wr_mas)));                       \
	})

#define MT_BUG_ON(tree, x) ((void)VMS_MT_CHECK(x, #x, true, tree, NULL, NULL))
#define MT_WARN_ON(tree, x) VMS_MT_CHECK(x, #x, false, tree, NULL, NULL)
#define MAS_BUG_ON(ma_state, x) ((void)VMS_MT_CHECK(x, #x, true, NULL, ma_state, NULL))
#define MAS_WARN_ON(ma_state, x) VMS_MT_CHECK(x, #x, false, NULL, ma_state, NULL)
#define MAS_WR_BUG_ON(wr_state, x) ((void)VMS_MT_CHECK(x, #x, true, NULL, NULL, wr_state))
#define MAS_WR_WARN_ON(wr_state, x) VMS_MT_CHECK(x, #x, false, NULL, NULL, wr_state)

#include <vmastore/end.h>

#endif
