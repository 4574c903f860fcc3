/* SPDX-License-Identifier: MIT */
/*
 * asym_fence.c - the heavy half, and whether the kernel offers it.
 * Locks: none. Read first: lib/sync/asym_fence.h.
 */
#include "lib/sync/asym_fence.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sync/assert.h"

/*
 * Written while the process has one thread: when the library is loaded, and in
 * a fork's child.
 */
static bool registered;

bool vms__membarrier(int command)
{
	int saved = errno;
	bool ok = !syscall(SYS_membarrier, command, 0, 0);

	errno = saved;
	return ok;
}

bool vms__fence_is_asymmetric(void)
{
	return registered;
}

/*
 * If the kernel refuses the call now, stopping is the only way out: other
 * threads have relied on light fences already. liburcu stops as well when the
 * system call stops working.
 */
void vms__fence_heavy(void)
{
	VMS_BUG_ON(!vms__membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
}

static void register_process(void)
{
	registered = vms__membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

__attribute__((constructor(200))) static void asym_fence_init(void)
{
	register_process();
	VMS_BUG_ON(pthread_atfork(NULL, NULL, register_process));
}
