/* SPDX-License-Identifier: MIT */
/*
 * cond.h - a timed wait on a condition variable by CLOCK_MONOTONIC, for C
 * libraries with such a call and for those without. Read next: rcu_call.c, its
 * user.
 */
#ifndef VMS_SYNC_COND_H
#define VMS_SYNC_COND_H

#include <pthread.h>
#include <time.h>

#include "lib/sync/clock.h"

/* Add @ns, less than a second, to *@t. */
static inline void vms__timespec_add(struct timespec *t, long ns)
{
	t->tv_nsec += ns;
	if (t->tv_nsec >= VMS__NS_PER_S) {
		t->tv_sec++;
		t->tv_nsec -= VMS__NS_PER_S;
	}
}

/*
 * Wait on @cond until it is signalled, or until CLOCK_MONOTONIC reads @until.
 * May return early, like every wait on a condition variable.
 * Locks:  @lock held, released while the caller waits.
 * Return: 0 or ETIMEDOUT.
 */
static inline int vms__cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock,
				       const struct timespec *until)
{
#ifdef __GLIBC__
	return pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, until);
#else
	/*
	 * musl waits by CLOCK_REALTIME alone. If that clock is set during the
	 * wait, this one wait is longer or shorter by as much.
	 */
	struct timespec now, real;

	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_REALTIME, &real);
	real.tv_sec += until->tv_sec - now.tv_sec;
	if (until->tv_nsec >= now.tv_nsec) {
		vms__timespec_add(&real, until->tv_nsec - now.tv_nsec);
	} else {
		real.tv_sec--;
		vms__timespec_add(&real, VMS__NS_PER_S + until->tv_nsec - now.tv_nsec);
	}
	return pthread_cond_timedwait(cond, lock, &real);
#endif
}

#endif
