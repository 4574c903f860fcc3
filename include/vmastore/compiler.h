/* SPDX-License-Identifier: MIT */
/*
 * compiler.h - attributes that the public headers need: export marks, branch
 * hints, and clang's thread-safety words.
 *
 * The thread-safety words make a lock rule part of a function's type, so that
 * `clang -Wthread-safety` refuses a caller that breaks it. gcc sees empty
 * words.
 */
#ifndef VMASTORE_COMPILER_H
#define VMASTORE_COMPILER_H

#if !defined(__LP64__)
#error "vmastore needs 64-bit addresses and a 64-bit long: build for a 64-bit target (without -m32 or -mx32)"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the shared library exports; everything else is built with
 * -fvisibility=hidden.
 */
#define VMS_API __attribute__((visibility("default")))

/*
 * The symbol of an exported function or object that has a name of Linux's:
 * VMS_SYM(find_vma) at the end of the declaration makes it vms_find_vma. Every
 * exported symbol begins with vms_, so the library links beside a program that
 * has a find_vma() or an rb_insert_color() of its own. The lock words (below)
 * come before it, because clang reads them only there; gcc sees none.
 */
#define VMS_SYM(name) __asm__("vms_" #name)

#define VMS_CACHELINE 64
#define vms_cacheline_aligned __attribute__((aligned(VMS_CACHELINE)))

/*
 * The model of the library's thread-local data. initial-exec takes one load in
 * a shared library where the default model takes a call. A library that is
 * opened at run time then draws on the spare static TLS of the C library. glibc
 * has some hundred bytes of that for all such libraries together. musl has
 * none: its dlopen() refuses such a library, however little it needs
 * ("initial-exec TLS resolves to dynamic definition": tried with musl 1.2.3 and
 * 16 bytes), so there the default model stays. A linker makes direct accesses
 * of either where the library is part of the program.
 */
#ifdef __GLIBC__
#define VMS_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define VMS_TLS_MODEL
#endif

#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

#if defined(__clang__)
#define VMS_TSA(x) __attribute__((x))
#else
#define VMS_TSA(x)
#endif

#define VMS_CAPABILITY(name) VMS_TSA(capability(name))
#define VMS_GUARDED_BY(l) VMS_TSA(guarded_by(l))
#define VMS_ACQUIRE(...) VMS_TSA(acquire_capability(__VA_ARGS__))
#define VMS_ACQUIRE_SHARED(...) VMS_TSA(acquire_shared_capability(__VA_ARGS__))
#define VMS_TRY_ACQUIRE(ok, ...) VMS_TSA(try_acquire_capability(ok, __VA_ARGS__))
#define VMS_TRY_ACQUIRE_SHARED(ok, ...) VMS_TSA(try_acquire_shared_capability(ok, __VA_ARGS__))
#define VMS_RELEASE(...) VMS_TSA(release_capability(__VA_ARGS__))
#define VMS_RELEASE_SHARED(...) VMS_TSA(release_shared_capability(__VA_ARGS__))
#define VMS_REQUIRES(...) VMS_TSA(requires_capability(__VA_ARGS__))
#define VMS_REQUIRES_SHARED(...) VMS_TSA(requires_shared_capability(__VA_ARGS__))
#define VMS_EXCLUDES(...) VMS_TSA(locks_excluded(__VA_ARGS__))
#define VMS_ASSERT_HELD(l) VMS_TSA(assert_capability(l))
#define VMS_ASSERT_HELD_SHARED(l) VMS_TSA(assert_shared_capability(l))
#define VMS_NO_TSA VMS_TSA(no_thread_safety_analysis)

#endif
