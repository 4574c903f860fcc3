/* SPDX-License-Identifier: MIT */
/*
 * locked.h - the assertions of locks, as the library itself uses them. Only
 * debug builds check, so only they make the call: a fault and a system call
 * pass a dozen assertions, and around each call the compiler would have to save
 * its registers. For programs they stay functions (mm_lock.h), whose
 * definitions have their names in parentheses so that these macros do not
 * expand there.
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
