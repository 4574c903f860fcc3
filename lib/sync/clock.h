/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the clock for deadlines and pauses. Locks: none; any context,
 * including signal handlers.
 */
#ifndef VMS_SYNC_CLOCK_H
#define VMS_SYNC_CLOCK_H

#include <stdint.h>
#include <time.h>

#define VMS__NS_PER_S 1000000000L

/* Return: CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t vms__clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * VMS__NS_PER_S + ts.tv_nsec;
}

#endif
