/* SPDX-License-Identifier: MIT */
/*
 * tsan.h - what the sanitizers must be told: orderings that ThreadSanitizer
 * cannot see because liburcu is not instrumented, memory that it must treat as
 * written, and memory that AddressSanitizer must treat as freed. In other
 * builds all of it is empty. No other file asks which sanitizer is on.
 */
#ifndef VMS_SYNC_TSAN_H
#define VMS_SYNC_TSAN_H

#if defined(__has_feature)
#define VMS__HAS_FEATURE(x) __has_feature(x)
#else
#define VMS__HAS_FEATURE(x) 0
#endif

/* 1 or 0: usable in #if and in plain code. */
#if defined(__SANITIZE_THREAD__) || VMS__HAS_FEATURE(thread_sanitizer)
#define VMS__TSAN 1
#else
#define VMS__TSAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || VMS__HAS_FEATURE(address_sanitizer)
#define VMS__ASAN 1
#else
#define VMS__ASAN 0
#endif

#if VMS__TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
void __tsan_write_range(void *addr, long size);
#define vms__tsan_acquire(addr) __tsan_acquire((void *)(addr))
#define vms__tsan_release(addr) __tsan_release((void *)(addr))
/* ThreadSanitizer counts a plain write; nothing is written. */
#define vms__tsan_write(addr, size) __tsan_write_range(addr, size)
#else
#define vms__tsan_acquire(addr) ((void)(addr))
#define vms__tsan_release(addr) ((void)(addr))
#define vms__tsan_write(addr, size) ((void)(addr), (void)(size))
#endif

#if VMS__ASAN
#include <sanitizer/asan_interface.h>
#define vms__asan_poison(addr, size) __asan_poison_memory_region(addr, size)
#define vms__asan_unpoison(addr, size) __asan_unpoison_memory_region(addr, size)
#else
#define vms__asan_poison(addr, size) ((void)(addr), (void)(size))
#define vms__asan_unpoison(addr, size) ((void)(addr), (void)(size))
#endif

#endif
