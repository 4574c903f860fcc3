/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the time that deadlines and pauses are counted in. Any context,
 * signal handlers included.
 */
#ifndef VMS_SYNC_CLOCK_H
#define VMS_SYNC_CLOCK_H

#include <stdint.h>
#include <time.h>

#define VMS__NS_PER_S 1000000000L

/* CLOCK_MONOTONIC, in nanoseconds. */
static inline int64_t vms__clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * VMS__NS_PER_S + ts.tv_nsec;
}

#endif
