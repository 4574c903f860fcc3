/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - wraps the C library's calls whose accesses count. The C library is
 * not instrumented, so the linker leads instrumented code here (--wrap), and
 * the wrappers record the accesses. They take the whole range or lock as
 * touched.
 */
#include <pthread.h>
#include <stddef.h>

#include "bench/instrument/trace.h"

void *__real_memcpy(void *to, const void *from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__real_memset(void *to, int byte, size_t size);
int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __real_pthread_mutex_trylock(pthread_mutex_t *lock);
int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int byte, size_t size);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
	trace_note((uintptr_t)from, size, false);
	trace_note((uintptr_t)to, size, true);
	return __real_memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
	trace_note((uintptr_t)from, size, false);
	trace_note((uintptr_t)to, size, true);
	return __real_memmove(to, from, size);
}

void *__wrap_memset(void *to, int byte, size_t size)
{
	trace_note((uintptr_t)to, size, true);
	return __real_memset(to, byte, size);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
	trace_note((uintptr_t)lock, sizeof(*lock), true);
	return __real_pthread_mutex_lock(lock);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *lock)
{
	trace_note((uintptr_t)lock, sizeof(*lock), true);
	return __real_pthread_mutex_trylock(lock);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock)
{
	trace_note((uintptr_t)lock, sizeof(*lock), true);
	return __real_pthread_mutex_unlock(lock);
}
