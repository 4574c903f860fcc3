/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - hold pthread_cancel(3) off the calling thread while it waits.
 *
 * A wait on a condition variable and a sleep are cancellation points. A thread
 * that was cancelled there would leave the library's locks held and its counts
 * wrong.
 */
#ifndef VMS_SYNC_CANCEL_H
#define VMS_SYNC_CANCEL_H

#include <pthread.h>

/*
 * Return: the state to pass to vms__cancel_restore(). A cancellation request
 *         that arrives in between stays pending. Calls may nest.
 */
static inline int vms__cancel_disable(void)
{
	int saved;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &saved);
	return saved;
}

static inline void vms__cancel_restore(int saved)
{
	pthread_setcancelstate(saved, &saved);
}

#endif
