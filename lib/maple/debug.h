/* SPDX-License-Identifier: MIT */
/*
 * debug.h - what a debug build (VMS_DEBUG) asks at the head of a cursor's
 * functions. Elsewhere nothing is left of it.
 */
#ifndef VMS_MAPLE_DEBUG_H
#define VMS_MAPLE_DEBUG_H

#include <vmastore/maple_tree.h>

/* debug.c: the checks behind the functions below, in debug builds only. */
void vms__mt_check_fresh(struct ma_state *mas);
void vms__mt_check_write_locked(const struct maple_tree *mt);

/*
 * The cursor has not outlived what protected it: the read section, or the hold
 * on the tree's lock, in which it took its place is still open. A cursor
 * without a place takes note of what protects it now. To be asked before a
 * cursor's place is used or changed.
 */
static inline void ml_assert_fresh(struct ma_state *mas)
{
	(void)mas;
#ifdef VMS_DEBUG
	vms__mt_check_fresh(mas);
#endif
}

/* The caller holds the tree's lock to write. */
static inline void ml_assert_write_locked(const struct maple_tree *mt)
{
	(void)mt;
#ifdef VMS_DEBUG
	vms__mt_check_write_locked(mt);
#endif
}

/*
 * The owner's lock, if it is a struct rw_semaphore; NULL: another kind, or not
 * named.
 */
static inline const struct rw_semaphore *ml_external_rwsem(const struct maple_tree *mt)
{
	const char *lock = mt->ma_external_lock;

	return (unsigned long)lock & 1 ? (const struct rw_semaphore *)(lock - 1) : NULL;
}

#endif
