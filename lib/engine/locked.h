/* SPDX-License-Identifier: MIT */
/*
 * locked.h - the assertions of locks inside the library: only debug builds
 * look, so only they call. A fault and a system call pass a dozen of them, and
 * around each call a function has to keep what it knows. For programs they stay
 * functions (mm.h), whose definitions have their names in parentheses.
 */
#ifndef VMS_ENGINE_LOCKED_H
#define VMS_ENGINE_LOCKED_H

#include <vmastore/mm.h>

#ifndef VMS_DEBUG
#define mmap_assert_locked(mm) ((void)(mm))
#define mmap_assert_write_locked(mm) ((void)(mm))
#define vma_assert_locked(vma) ((void)(vma))
#define vma_assert_write_locked(vma) ((void)(vma))
#endif

#endif
