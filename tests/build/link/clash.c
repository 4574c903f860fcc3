/* SPDX-License-Identifier: MIT */
/*
 * clash.c - what a program with kernel-style code of its own defines: functions
 * whose names the library uses too, in its public headers (rb_insert_color) or
 * inside (vms__alloc). This file includes no header of the library, so that the
 * names are plain. Each function counts its calls: the count shows whether the
 * library called one of them in place of its own.
 */
#include "tests/build/link/clash.h"

int clash_calls;

#define CLASHES(X)                                                                                 \
	X(rb_insert_color)                                                                         \
	X(rb_erase)                                                                                \
	X(rb_next)                                                                                 \
	X(rb_first)                                                                                \
	X(down_read)                                                                               \
	X(up_read)                                                                                 \
	X(down_write)                                                                              \
	X(up_write)                                                                                \
	X(mas_walk)                                                                                \
	X(mas_store_prealloc)                                                                      \
	X(mtree_load)                                                                              \
	X(rcu_read_lock)                                                                           \
	X(rcu_read_unlock)                                                                         \
	X(call_rcu)                                                                                \
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
