/* SPDX-License-Identifier: MIT */
/*
 * tsan.c - stands for ThreadSanitizer's runtime: the functions that the
 * compiler calls for each access to memory. This file is not instrumented.
 */
#include "tests/explore/sched.h"

#include <string.h>

#define PC __builtin_return_address(0)

/* ---- plain accesses ------------------------------------------------------ */

#define PLAIN(name, size, write)                                                                   \
	void __tsan_##name(void *addr);                                                            \
	void __tsan_##name(void *addr)                                                             \
	{                                                                                          \
		race_plain(addr, size, write, PC);                                                 \
	}

/* A volatile access is a step, like a relaxed atomic one. */
static void volatile_access(void *addr, unsigned int size, bool write, const void *pc)
{
	if (!live)
		return;
	order_plain_store();
	sched_point(&(struct access){write ? VOLATILE_STORE : VOLATILE_LOAD, addr, size, -1, pc});
	race_atomic(addr, size, write, pc);
	/* The end of a read section, for the grace period that waits for it. */
	if (write)
		race_release(addr);
}

#define VOLATILE(name, size, write)                                                                \
	void __tsan_##name(void *addr);                                                            \
	void __tsan_##name(void *addr)                                                             \
	{                                                                                          \
		volatile_access(addr, size, write, PC);                                            \
	}

#define ACCESSES(size)                                                                             \
	PLAIN(read##size, size, false)                                                             \
	PLAIN(write##size, size, true)                                                             \
	PLAIN(unaligned_read##size, size, false)                                                   \
	PLAIN(unaligned_write##size, size, true)                                                   \
	VOLATILE(volatile_read##size, size, false)                                                 \
	VOLATILE(volatile_write##size, size, true)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *addr, unsigned long size);
void __tsan_read_range(void *addr, unsigned long size)
{
	race_plain(addr, size, false, PC);
}

void __tsan_write_range(void *addr, unsigned long size);
void __tsan_write_range(void *addr, unsigned long size)
{
	race_plain(addr, size, true, PC);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void *__real_memcpy(void *to, const void *from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__real_memset(void *to, int byte, size_t size);
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int byte, size_t size);

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
	race_plain(from, size, false, PC);
	race_plain(to, size, true, PC);
	return __real_memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
	race_plain(from, size, false, PC);
	race_plain(to, size, true, PC);
	return __real_memmove(to, from, size);
}

void *__wrap_memset(void *to, int byte, size_t size)
{
	race_plain(to, size, true, PC);
	return __real_memset(to, byte, size);
}

/* ---- atomic accesses ----------------------------------------------------- */

static uint64_t load(const volatile void *addr, unsigned int size, int order, const void *pc)
{
	bool is_shared;
	uint64_t value;

	if (!explored())
		return memory_peek(addr, size);
	is_shared = sched_point(&(struct access){LOAD, addr, size, order, pc});
	race_atomic(addr, size, false, pc);
	value = order_load(addr, size, order, is_shared);
	sched_note_value(value);
	return value;
}

static void store(volatile void *addr, unsigned int size, uint64_t value, int order, const void *pc)
{
	bool is_shared = sched_point(&(struct access){STORE, addr, size, order, pc});

	race_atomic(addr, size, true, pc);
	sched_note_value(value);
	order_store(addr, size, value, order, is_shared);
}

static void rmw_begin(volatile void *addr, unsigned int size, int order, const void *pc)
{
	sched_point(&(struct access){RMW, addr, size, order, pc});
	race_atomic(addr, size, true, pc);
	order_rmw_begin(addr, size);
}

#define ATOMIC_RMW(bits, type, name, expr)                                                         \
	type __tsan_atomic##bits##_##name(volatile type *addr, type value, int order);             \
	type __tsan_atomic##bits##_##name(volatile type *addr, type value, int order)              \
	{                                                                                          \
		type old;                                                                          \
		rmw_begin(addr, sizeof(type), order, PC);                                          \
		old = *addr;                                                                       \
		*addr = (type)(expr);                                                              \
		sched_note_value(*addr);                                                           \
		order_rmw_end(addr, sizeof(type), order, true);                                    \
		return old;                                                                        \
	}
#define ATOMIC_CAS(bits, type, name)                                                               \
	int __tsan_atomic##bits##_##name(volatile type *addr, type *old, type value, int order,    \
					 int failed);                                              \
	int __tsan_atomic##bits##_##name(volatile type *addr, type *old, type value, int order,    \
					 int failed)                                               \
	{                                                                                          \
		bool same;                                                                         \
		rmw_begin(addr, sizeof(type), order, PC);                                          \
		same = *addr == *old;                                                              \
		if (same)                                                                          \
			*addr = value;                                                             \
		else                                                                               \
			*old = *addr;                                                              \
		sched_note_value(*addr);                                                           \
		order_rmw_end(addr, sizeof(type), same ? order : failed, same);                    \
		return same;                                                                       \
	}
#define ATOMIC(bits, type)                                                                         \
	type __tsan_atomic##bits##_load(const volatile type *addr, int order);                     \
	type __tsan_atomic##bits##_load(const volatile type *addr, int order)                      \
	{                                                                                          \
		return (type)load(addr, sizeof(type), order, PC);                                  \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *addr, type value, int order);              \
	void __tsan_atomic##bits##_store(volatile type *addr, type value, int order)               \
	{                                                                                          \
		store(addr, sizeof(type), value, order, PC);                                       \
	}                                                                                          \
	ATOMIC_RMW(bits, type, exchange, value)                                                    \
	ATOMIC_RMW(bits, type, fetch_add, old + value)                                             \
	ATOMIC_RMW(bits, type, fetch_sub, old - value)                                             \
	ATOMIC_RMW(bits, type, fetch_and, old &value)                                              \
	ATOMIC_RMW(bits, type, fetch_or, old | value)                                              \
	ATOMIC_RMW(bits, type, fetch_xor, old ^ value)                                             \
	ATOMIC_CAS(bits, type, compare_exchange_strong)                                            \
	ATOMIC_CAS(bits, type, compare_exchange_weak)

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	order_fence(order);
}

/* A light fence: only membarrier(2) makes one of it. */
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}
