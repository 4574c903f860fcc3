/* SPDX-License-Identifier: MIT */
/*
 * clash.c - what a program that carries kernel-style code of its own defines:
 * functions under names that the library uses too, each of those in its public
 * headers (rb_insert_color) and some from its inside (vms__alloc). This file
 * includes no header of the library, so the names are plain. Each function
 * counts its calls: if the library called one of them in place of its own, the
 * count would show it.
 */
#include "tests/build/link/clash.h"

int clash_calls;

/* KERNEL_NAMES(X): each name of Linux's that the public headers declare. */
#include "tests/build/link/kernel_names.h"

#define CLASHES(X)                                                                                 \
	KERNEL_NAMES(X)                                                                            \
	X(vms__alloc)                                                                              \
	X(vms__free)                                                                               \
	X(vms__objcache_alloc)                                                                     \
	X(vms__futex_wait)                                                                         \
	X(vms__engine_find)                                                                        \
	X(vms__pgd_alloc)

#define DEFINE(name)                                                                               \
	void name(void);                                                                           \
	void name(void)                                                                            \
	{                                                                                          \
		clash_calls++;                                                                     \
	}
CLASHES(DEFINE)

void clash_call_all(void)
{
#define CALL(name) name();
	CLASHES(CALL)
}

int clash_count(void)
{
#define ONE(name) +1
	return 0 CLASHES(ONE);
}
