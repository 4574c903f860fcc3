/* SPDX-License-Identifier: MIT */
/*
 * no_threads.h - have pthread_create() fail, as on a machine that is out of
 * threads. For a child process, because it gives up the rights of root.
 */
#ifndef TESTS_SYNC_NO_THREADS_H
#define TESTS_SYNC_NO_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Somebody who owns no process, in all likelihood, and is not exempt from
 * limits.
 */
#define NOBODY 65534

static inline void limit_threads(rlim_t soft)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NPROC, &limit);
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	setrlimit(RLIMIT_NPROC, &limit);
}

static inline void *do_nothing(void *arg)
{
	return arg;
}

/* Return: true; false where this machine's threads cannot be limited so. */
static inline bool no_more_threads(void)
{
	pthread_t thread;

	if (!geteuid() && setresuid(NOBODY, NOBODY, NOBODY))
		return false;
	limit_threads(0);
	if (pthread_create(&thread, NULL, do_nothing, NULL))
		return true;
	pthread_join(thread, NULL);
	return false;
}

static inline void more_threads(void)
{
	limit_threads(RLIM_INFINITY);
}

#endif
