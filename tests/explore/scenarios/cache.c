/* SPDX-License-Identifier: MIT */
/*
 * cache.c - the object caches: what vms_rcu_barrier() promises beside another
 * thread that frees.
 */
#include <vmastore/rcu.h>

#include "lib/sync/objcache/objcache.h"
#include "tests/explore/scenarios/scenarios.h"

static VMS__OBJCACHE_DEFINE(first_cache, "first", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(second_cache, "second", 64, 64, 0);
static void *first_obj, *second_obj;

static void begin_caches(void)
{
	first_obj = vms__objcache_alloc(&first_cache);
	second_obj = vms__objcache_alloc(&second_cache);
	explore_check(first_obj && second_obj);
}

/* No other thread has objects of this cache. */
static void free_and_wait(struct vms__objcache *c, void *obj)
{
	vms__objcache_free_rcu(c, obj);
	vms_rcu_barrier();
	explore_check(!vms__objcache_in_use(c));
	explore_check(!c->inflight);
}

static void free_first(void)
{
	free_and_wait(&first_cache, first_obj);
}

static void free_second(void)
{
	free_and_wait(&second_cache, second_obj);
}

EXPLORE_SCENARIO(cache_barrier, "a batch is queued while the collector looks at the caches",
		 .begin = begin_caches, .threads = {free_first, free_second});
