/* SPDX-License-Identifier: MIT */
/*
 * compiler.h - the macros that the public headers need of a compiler: export
 * marks, one word for each construct that C and C++ write differently, branch
 * hints, and clang's thread-safety words.
 *
 * The thread-safety words make a lock rule part of a function's type, so that
 * `clang -Wthread-safety` refuses a caller that breaks it. For gcc these words
 * are empty.
 */
#ifndef VMASTORE_COMPILER_H
#define VMASTORE_COMPILER_H

#if !defined(__LP64__)
#error "vmastore needs 64-bit addresses and a 64-bit long: build without -m32 or -mx32"
#endif

#ifndef __cplusplus
#include <stdatomic.h>
#include <stdbool.h>
#endif
#include <stddef.h>
#include <stdint.h>

/*
 * Marks what the shared library exports; everything else is built with
 * -fvisibility=hidden.
 */
#define VMS_API __attribute__((visibility("default")))

/*
 * The symbol of an exported function or object that has a name of Linux's:
 * VMS_SYM(find_vma) at the end of the declaration makes it vms_find_vma. Every
 * exported symbol begins with vms_, so the library links with a program that
 * has a find_vma() or an rb_insert_color() of its own. The lock words (below)
 * stand before VMS_SYM(), because clang reads them only there; for gcc they are
 * empty.
 */
#define VMS_SYM(name) __asm__("vms_" #name)

/*
 * VMS_NO_KERNEL_NAMES, defined before any header of the library, hides Linux's
 * names: then each function, type, macro and enumerator of these headers has a
 * prefix in the program, too. mmput() is vms_mmput(), struct list_head is
 * struct vms_list_head, VM_READ is VMS_VM_READ, for_each_vma() is
 * vms_for_each_vma(): a name that begins with a capital letter gets VMS_.
 * Fields keep their names, and the structures are the same, so a program may
 * link files that define it with files that do not. A name of Linux's that the
 * program itself defines, also as a macro, stays as it is. (begin.h and end.h
 * do it.)
 *
 * VMS_K(name) is such a name in a place that begin.h does not reach: outside of
 * begin.h and end.h, or between begin_fields.h and end_fields.h.
 */
#ifdef VMS_NO_KERNEL_NAMES
#define VMS_K(name) vms_##name
#else
#define VMS_K(name) name
#endif

/* ---- C and C++ ----------------------------------------------------------- */

/*
 * The headers are for C11 and for C++17, each with the extensions that gcc and
 * clang share. Names for constructs that the two languages write differently:
 *
 *   VMS_LITERAL(tag){...}        a value of struct tag
 *   VMS_ATOMIC(type)             an atomic field of a structure
 *   VMS_ATOMIC_INIT(value)       its value in an initializer
 *   vms_atomic_init()            sets it while no other thread knows of it
 *   vms_load_relaxed(), vms_load_acquire()   read it
 *   vms_assign(to, from)         to = from, where from is a void *
 *
 * In C++ an atomic field is a vms_atomic<type>, with the size and the alignment
 * of C's _Atomic(type). It is an aggregate without constructors, which
 * std::atomic is not, so that the structures stay what they are in C: they may
 * be in unions, may be initialized by a list, and may be cleared.
 */
#ifdef __cplusplus

#define VMS_STATIC_ASSERT static_assert

template <typename T> struct vms_atomic {
	T vms_value;

	/* @order: __ATOMIC_RELAXED, __ATOMIC_ACQUIRE or __ATOMIC_SEQ_CST. */
	T load(int order = __ATOMIC_SEQ_CST) const
	{
		return __atomic_load_n(&vms_value, order);
	}
	/* As in C: sequentially consistent. */
	operator T() const
	{
		return load();
	}
};

#define VMS_LITERAL(tag) tag
#define VMS_ATOMIC(...) vms_atomic<__VA_ARGS__>
#define VMS_ATOMIC_INIT(value)                                                                     \
	{                                                                                          \
		value                                                                              \
	}
#define vms_atomic_init(field, value) ((void)((field)->vms_value = (value)))
#define vms_load_relaxed(field) (field)->load(__ATOMIC_RELAXED)
#define vms_load_acquire(field) (field)->load(__ATOMIC_ACQUIRE)

template <typename T> static inline T *vms_assign(T *&to, void *from)
{
	return to = static_cast<T *>(from);
}

#else

#define VMS_STATIC_ASSERT _Static_assert
#define VMS_LITERAL(tag) (struct tag)
#define VMS_ATOMIC(...) _Atomic(__VA_ARGS__)
#define VMS_ATOMIC_INIT(value) value
#define vms_atomic_init(field, value) atomic_init(field, value)
#define vms_load_relaxed(field) atomic_load_explicit(field, memory_order_relaxed)
#define vms_load_acquire(field) atomic_load_explicit(field, memory_order_acquire)
#define vms_assign(to, from) ((to) = (from))

#endif

/* ---- layout and hints ---------------------------------------------------- */

#define VMS_CACHELINE 64
#define vms_cacheline_aligned __attribute__((aligned(VMS_CACHELINE)))

/*
 * The model of the library's thread-local data. In a shared library
 * initial-exec takes one load where the default model takes a call. A library
 * that is opened at run time then uses the C library's spare static TLS. glibc
 * has some hundred bytes of that for all such libraries together. musl has
 * none: its dlopen() refuses such a library, however little it needs
 * ("initial-exec TLS resolves to dynamic definition": tried with musl 1.2.3 and
 * 16 bytes), so with musl the default model stays. If the library is part of
 * the program, the linker turns accesses of either model into direct ones.
 */
#ifdef __GLIBC__
#define VMS_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define VMS_TLS_MODEL
#endif

#define vms_likely(x) __builtin_expect(!!(x), 1)
#define vms_unlikely(x) __builtin_expect(!!(x), 0)
#ifndef VMS_NO_KERNEL_NAMES
#ifndef likely
#define likely(x) vms_likely(x)
#define unlikely(x) vms_unlikely(x)
#endif
#endif

/* ---- lock rules ---------------------------------------------------------- */

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
