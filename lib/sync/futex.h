/* SPDX-License-Identifier: MIT */
/*
 * futex.h - sleep until a 32-bit word changes, and wake the sleepers. The words
 * are private to this process.
 *
 * Every sleep may end early: because of a signal, or because of a wake-up meant
 * for an earlier object at the same address. So callers read the word again.
 */
#ifndef VMS_SYNC_FUTEX_H
#define VMS_SYNC_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * Sleep while *word == expected, until woken or until @deadline (absolute,
 * CLOCK_MONOTONIC; NULL: none).
 * Return: 0 after a wake, -EAGAIN if the word differs, -EINTR, or -ETIMEDOUT.
 *         Orders nothing. errno is kept.
 */
static inline int vms__futex_wait(_Atomic unsigned int *word, unsigned int expected,
				  const struct timespec *deadline)
{
	int saved = errno, ret = 0;

	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline,
		    NULL, FUTEX_BITSET_MATCH_ANY) < 0)
		ret = -errno;
	errno = saved;
	return ret;
}

/*
 * Wake up to @n sleepers on @word. The word is not read, so the object that
 * held it may already be freed: a sleeper on whatever lies there now wakes
 * early.
 */
static inline void vms__futex_wake(_Atomic unsigned int *word, int n)
{
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);
	errno = saved;
}

#define VMS__FUTEX_ALL INT_MAX

#endif
