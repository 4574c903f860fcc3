/* SPDX-License-Identifier: MIT */
/*
 * maple_debug.h - looking into a maple tree: print it, check its invariants,
 * and the checks that a program or a test states about it. maple_tree.h
 * includes this; nobody else need.
 *
 * The checks come in Linux's two kinds. In a program built with VMS_DEBUG (or
 * CONFIG_DEBUG_MAPLE_TREE) each is counted; one that does not hold says where
 * and prints the tree or the cursor; the program goes on, and
 * maple_tree_tests_run and _passed tell at the end. Elsewhere a *_BUG_ON that
 * does not hold stops the program, and a *_WARN_ON says so and goes on. Either
 * way the condition is evaluated, once, and a *_WARN_ON is an expression with
 * its value.
 *
 *   MT_BUG_ON(tree, x)    MT_WARN_ON(tree, x)    prints the tree
 *   MAS_BUG_ON(mas, x)    MAS_WARN_ON(mas, x)    the cursor, then its tree
 *   MAS_WR_BUG_ON(wr, x)  MAS_WR_WARN_ON(wr, x)  the store, its cursor, its tree
 */
#ifndef VMASTORE_MAPLE_DEBUG_H
#define VMASTORE_MAPLE_DEBUG_H

#include <stdio.h>

#include <vmastore/maple_tree.h>

#include <vmastore/begin.h>

enum mt_dump_format { mt_dump_dec, mt_dump_hex };

/**
 * mt_dump() - Print every range, indented by depth, to standard error. Locks:
 * the lock.
 */
VMS_API void mt_dump(const struct maple_tree *mt, enum mt_dump_format format) VMS_SYM(mt_dump);
/** vms_mt_fdump() - mt_dump() to @out. */
VMS_API void vms_mt_fdump(const struct maple_tree *mt, enum mt_dump_format format, FILE *out);

/**
 * mt_validate() - Check every invariant of the tree; print what is broken, and
 * the tree, and abort(). Locks: the lock.
 */
VMS_API void mt_validate(struct maple_tree *mt) VMS_SYM(mt_validate);
/**
 * vms_mt_check() - Number of broken invariants, each printed to @why unless
 * NULL.
 * Locks: the lock; held for reading will do, beside searches for gaps, too.
 */
VMS_API int vms_mt_check(const struct maple_tree *mt, FILE *why);

/**
 * mt_cache_shrink() - Send freed nodes that wait for company on to their grace
 * period, and give the memory of those that are free already back to the
 * system, as vms_trim() does (memory.h). Locks: none. Not in a read section:
 * may wait for a grace period.
 */
VMS_API void mt_cache_shrink(void) VMS_SYM(mt_cache_shrink);

/**
 * mas_dump() - Print a cursor to standard error: tree, state, range, place. The
 * nodes it names are not looked at. Any context.
 */
VMS_API void mas_dump(const struct ma_state *mas) VMS_SYM(mas_dump);

/*
 * A store as it is handed to the debugging functions: the cursor has the range.
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
 * Where a check stands, and what it prints if it does not hold; any of the
 * pointers may be NULL.
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
 * vms_mt_checked() - A check was made, and @failed. Counts, says so, stops: as
 * @where tells. Return: @failed.
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

/* One that holds costs a branch, where it is not counted. */
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
