/* SPDX-License-Identifier: MIT */
/*
 * slab.h - the only object cache of the kernel's maple tree: nodes from a list
 * of the thread (shim.c).
 */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include "types.h"

#define GFP_KERNEL 0xcc0u
#define GFP_NOWAIT 0x800u
#define __GFP_NOWARN 0x2000u
#define __GFP_RECLAIM 0x400u
#define SLAB_PANIC 0u

struct kmem_cache;

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_RECLAIM;
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     unsigned int flags, void (*constructor)(void *));
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects);
void kmem_cache_free(struct kmem_cache *cache, void *object);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);

#endif
