/* SPDX-License-Identifier: MIT */
/*
 * registry.c - the list of object caches, and that of the threads that use
 * them. objcache.c adds to them and removes from them.
 *
 * Locks: vms__objcaches_lock, outside every cache's lock.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

pthread_mutex_t vms__objcaches_lock = PTHREAD_MUTEX_INITIALIZER;
struct vms__objcache *vms__objcaches[VMS__OBJCACHES_MAX];
unsigned int vms__nr_objcaches;
struct vms__objcache_thread vms__objcache_threads = {.next = &vms__objcache_threads,
						     .prev = &vms__objcache_threads};
struct vms__objcache_thread vms__objcache_nobody;
VMS__TLS struct vms__objcache_thread *vms__objcache_self = &vms__objcache_nobody;

unsigned int vms__objcache_count(void)
{
	unsigned int nr;

	pthread_mutex_lock(&vms__objcaches_lock);
	nr = vms__nr_objcaches;
	pthread_mutex_unlock(&vms__objcaches_lock);
	return nr;
}
