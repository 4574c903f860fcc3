/* SPDX-License-Identifier: MIT */
/*
 * debug.h - the checks that a debug build (VMS_DEBUG) makes at the head of a
 * cursor's functions. In other builds the checks are empty. Read next: debug.c.
 */
#ifndef VMS_MAPLE_DEBUG_H
#define VMS_MAPLE_DEBUG_H

#include <vmastore/maple_tree.h>

/* debug.c: the checks behind the functions below, in debug builds only. */
void vms__mt_check_fresh(struct ma_state *mas);
void vms__mt_check_write_locked(const struct maple_tree *mt);

/*
 * Assert that the cursor has not outlived what protected it: the read section,
 * or the hold of the tree's lock, in which it took its place is still open. If
 * the cursor has no place, the call notes what protects it from now on. So each
 * function calls this before it uses or changes the cursor's place.
 */
static inline void ml_assert_fresh(struct ma_state *mas)
{
	(void)mas;
#ifdef VMS_DEBUG
	vms__mt_check_fresh(mas);
#endif
}

/* Assert that the tree's lock is held to write. */
static inline void ml_assert_write_locked(const struct maple_tree *mt)
{
	(void)mt;
#ifdef VMS_DEBUG
	vms__mt_check_write_locked(mt);
#endif
}

/*
 * The owner's lock, if it is a struct rw_semaphore: bit 0 of ma_external_lock
 * says so. NULL: the lock is of another kind, or was not named.
 */
static inline const struct rw_semaphore *ml_external_rwsem(const struct maple_tree *mt)
{
	const char *lock = mt->ma_external_lock;

	return (unsigned long)lock & 1 ? (const struct rw_semaphore *)(lock - 1) : NULL;
}

#endif
