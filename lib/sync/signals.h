/* SPDX-License-Identifier: MIT */
/*
 * signals.h - block signals on the calling thread for a moment.
 *
 * A signal handler may look things up, and a thread's first lookup registers
 * the thread. A handler that interrupted that registration would wait for a
 * lock which its own thread holds.
 */
#ifndef VMS_SYNC_SIGNALS_H
#define VMS_SYNC_SIGNALS_H

#include <pthread.h>
#include <signal.h>

/* Block every signal. *@saved receives the mask for vms__signals_restore(). */
static inline void vms__signals_block(sigset_t *saved)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, saved);
}

static inline void vms__signals_restore(const sigset_t *saved)
{
	pthread_sigmask(SIG_SETMASK, saved, NULL);
}

/*
 * Restore @saved, but keep asynchronous signals blocked. A signal that the
 * thread raises by its own fault still reaches its handler.
 */
static inline void vms__signals_restore_own(const sigset_t *saved)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
	sigset_t mask;

	sigfillset(&mask);
	for (unsigned int i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (!sigismember(saved, own[i]))
			sigdelset(&mask, own[i]);
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

#endif
