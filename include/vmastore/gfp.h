/* SPDX-License-Identifier: MIT */
/*
 * gfp.h - how an allocation may behave: Linux's words, for code that carries
 * them.
 *
 * The library takes its objects from per-thread caches over the process's heap.
 * It never sleeps until another thread frees memory, and it releases no lock to
 * look for some. So every flag asks for the same thing, an attempt that may
 * fail, and a function takes a gfp_t only for compatibility with its caller.
 * The differences from the kernel:
 *
 *   GFP_KERNEL GFP_NOIO GFP_NOFS   may block in the kernel. Here no call waits
 *                                  for memory, and -ENOMEM is always possible.
 *   GFP_NOWAIT GFP_ATOMIC          may not block in the kernel. Here a call may
 *                                  enter the heap (malloc's locks, mmap(2)): a
 *                                  signal handler must not make it, nor any
 *                                  other call that allocates.
 *   __GFP_NOWARN __GFP_ACCOUNT     change nothing: the library warns of
 *   __GFP_NORETRY                  nothing, charges nothing and tries once.
 *   __GFP_RETRY_MAYFAIL
 *   __GFP_ZERO                     changes nothing: no function that takes a
 *                                  gfp_t hands out raw memory.
 *   __GFP_NOFAIL                   is not defined: code that rests on it must
 *                                  not compile. mas_preallocate() is the way to
 *                                  stores that cannot fail.
 *
 * A program that defines VMS_NO_GFP before this header gets none of these
 * names and must define gfp_t and the flags itself. Under VMS_NO_KERNEL_NAMES
 * (compiler.h) there is no need for VMS_NO_GFP, and it has no effect.
 */
#ifndef VMASTORE_GFP_H
#define VMASTORE_GFP_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

#if !defined(VMS_NO_GFP) || defined(VMS_NO_KERNEL_NAMES)

typedef unsigned int gfp_t;

#define __GFP_HIGH 0x20u
#define __GFP_IO 0x40u
#define __GFP_FS 0x80u
#define __GFP_ZERO 0x100u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_KSWAPD_RECLAIM 0x800u
#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_NOWARN 0x2000u
#define __GFP_RETRY_MAYFAIL 0x4000u
#define __GFP_NORETRY 0x10000u
#define __GFP_ACCOUNT 0x400000u

#define GFP_ATOMIC (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#define GFP_NOIO __GFP_RECLAIM
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)

/** gfpflags_allow_blocking() - Whether @gfp says that its caller may sleep. */
static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

#endif

#include <vmastore/end.h>

#endif
