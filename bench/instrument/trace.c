/* SPDX-License-Identifier: MIT */
/*
 * trace.c - see trace.h. Defines the functions that gcc calls with
 * -fsanitize=thread. This file is compiled without that flag, or it would call
 * itself. All state is thread-local, so there are no locks.
 */
#include "bench/instrument/trace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define TRACE_MAX (1u << 22)

static _Thread_local struct trace_access *accesses;
static _Thread_local size_t nr_accesses;
static _Thread_local bool tracing;
/* The thread's own stack; glibc keeps its thread-local data there, too. */
static _Thread_local uintptr_t stack_low, stack_high;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "trace: %s\n", what);
	abort();
}

static void find_stack(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr) != 0 ||
	    pthread_attr_getstack(&attr, &low, &size) != 0)
		die("the thread's stack is not known");
	pthread_attr_destroy(&attr);
	stack_low = (uintptr_t)low;
	stack_high = stack_low + size;
}

void trace_begin(void)
{
	if (!accesses) {
		find_stack();
		/* The kernel allocates only the pages that are used. */
		accesses = mmap(NULL, TRACE_MAX * sizeof(*accesses), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (accesses == MAP_FAILED)
			die("out of memory");
	}
	nr_accesses = 0;
	tracing = true;
}

void trace_end(void)
{
	tracing = false;
}

const struct trace_access *trace_taken(size_t *nr)
{
	*nr = nr_accesses;
	return accesses;
}

void trace_note(uintptr_t addr, size_t size, bool write)
{
	if (!tracing || !size || (addr >= stack_low && addr < stack_high))
		return;
	if (nr_accesses == TRACE_MAX)
		die("too many accesses in one operation");
	accesses[nr_accesses++] = (struct trace_access){addr, (uint32_t)size, write};
}

/* ---- plain accesses ---- */

#define ACCESS(name, size, write)                                                                  \
	void __tsan_##name(void *addr);                                                            \
	void __tsan_##name(void *addr)                                                             \
	{                                                                                          \
		trace_note((uintptr_t)addr, size, write);                                          \
	}
#define ACCESSES(size)                                                                             \
	ACCESS(read##size, size, false)                                                            \
	ACCESS(write##size, size, true)                                                            \
	ACCESS(unaligned_read##size, size, false)                                                  \
	ACCESS(unaligned_write##size, size, true)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *addr, unsigned long size);
void __tsan_read_range(void *addr, unsigned long size)
{
	trace_note((uintptr_t)addr, size, false);
}

void __tsan_write_range(void *addr, unsigned long size);
void __tsan_write_range(void *addr, unsigned long size)
{
	trace_note((uintptr_t)addr, size, true);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/*
 * ---- atomic accesses, made in the strongest order: it suits every caller ----
 */

#define ATOMIC_RMW(bits, type, name)                                                               \
	type __tsan_atomic##bits##_##name(volatile type *addr, type value, int order);             \
	type __tsan_atomic##bits##_##name(volatile type *addr, type value, int order)              \
	{                                                                                          \
		(void)order;                                                                       \
		trace_note((uintptr_t)addr, sizeof(type), true);                                   \
		return __atomic_##name(addr, value, __ATOMIC_SEQ_CST);                             \
	}
#define ATOMIC_EXCHANGE(bits, type)                                                                \
	type __tsan_atomic##bits##_exchange(volatile type *addr, type value, int order);           \
	type __tsan_atomic##bits##_exchange(volatile type *addr, type value, int order)            \
	{                                                                                          \
		(void)order;                                                                       \
		trace_note((uintptr_t)addr, sizeof(type), true);                                   \
		return __atomic_exchange_n(addr, value, __ATOMIC_SEQ_CST);                         \
	}
#define ATOMIC_CAS(bits, type, name)                                                               \
	int __tsan_atomic##bits##_##name(volatile type *addr, type *old, type value, int order,    \
					 int failed);                                              \
	int __tsan_atomic##bits##_##name(volatile type *addr, type *old, type value, int order,    \
					 int failed)                                               \
	{                                                                                          \
		(void)order, (void)failed;                                                         \
		trace_note((uintptr_t)addr, sizeof(type), true);                                   \
		return __atomic_compare_exchange_n(addr, old, value, 0, __ATOMIC_SEQ_CST,          \
						   __ATOMIC_SEQ_CST);                              \
	}
#define ATOMIC_LOAD_STORE(bits, type)                                                              \
	type __tsan_atomic##bits##_load(const volatile type *addr, int order);                     \
	type __tsan_atomic##bits##_load(const volatile type *addr, int order)                      \
	{                                                                                          \
		(void)order;                                                                       \
		trace_note((uintptr_t)addr, sizeof(type), false);                                  \
		return __atomic_load_n(addr, __ATOMIC_SEQ_CST);                                    \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *addr, type value, int order);              \
	void __tsan_atomic##bits##_store(volatile type *addr, type value, int order)               \
	{                                                                                          \
		(void)order;                                                                       \
		trace_note((uintptr_t)addr, sizeof(type), true);                                   \
		__atomic_store_n(addr, value, __ATOMIC_SEQ_CST);                                   \
	}
#define ATOMIC(bits, type)                                                                         \
	ATOMIC_LOAD_STORE(bits, type)                                                              \
	ATOMIC_EXCHANGE(bits, type)                                                                \
	ATOMIC_RMW(bits, type, fetch_add)                                                          \
	ATOMIC_RMW(bits, type, fetch_sub)                                                          \
	ATOMIC_RMW(bits, type, fetch_and)                                                          \
	ATOMIC_RMW(bits, type, fetch_or)                                                           \
	ATOMIC_RMW(bits, type, fetch_xor)                                                          \
	ATOMIC_CAS(bits, type, compare_exchange_strong)                                            \
	ATOMIC_CAS(bits, type, compare_exchange_weak)

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}
