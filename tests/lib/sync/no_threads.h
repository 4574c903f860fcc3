/* SPDX-License-Identifier: MIT */
/*
 * no_threads.h - makes pthread_create() fail, as on a machine that is out of
 * threads. Only for a child process, because it gives up root's privileges.
 */
#ifndef TESTS_SYNC_NO_THREADS_H
#define TESTS_SYNC_NO_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * A user ID without exemption from limits, which very likely owns no process.
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

/*
 * Return: true if no thread can be created now; false if this machine cannot
 * limit the number of threads in this way.
 */
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
