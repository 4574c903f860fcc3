/* SPDX-License-Identifier: MIT */
/*
 * check.c - the checks that debug builds and the sanitizers make on an object:
 * who owns it, and that it is not used after its free. In other builds
 * objcache.h and internal.h have empty functions instead.
 *
 * Locks: none; an object's state changes by an atomic exchange. Read first:
 *        objcache.h, "Builds that check".
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#if VMS__OBJCACHE_CHECKED

#include <stdlib.h>
#include <string.h>

#ifdef VMS_DEBUG
#define FREE_BYTE 0x6b

/*
 * Lies behind each object. It owns the object's state, so that two concurrent
 * frees are found, too.
 */
struct trailer {
	struct vms__objcache *cache;
	_Atomic unsigned int state;
};
enum { OBJ_FREE = 0x46524545, OBJ_LIVE = 0x4c495645, OBJ_DEFERRED = 0x44454652 };

static struct trailer *trailer(const struct vms__objcache *c, void *obj)
{
	return (struct trailer *)((char *)obj + ALIGN_UP(c->size, sizeof(void *)));
}

size_t vms__objcache_check_size(const struct vms__objcache *c)
{
	return ALIGN_UP(c->size, sizeof(void *)) + sizeof(struct trailer);
}

/*
 * Not instrumented, because the trailer lies in memory that AddressSanitizer
 * treats as a red zone.
 */
__attribute__((no_sanitize("address"))) static void change_state(struct vms__objcache *c, void *obj,
								 unsigned int from, unsigned int to,
								 const char *what)
{
	struct trailer *t = trailer(c, obj);
	struct vms__objcache *cache = t->cache;
	unsigned int was =
		cache == c ? atomic_exchange_explicit(&t->state, to, memory_order_relaxed) : 0;

	if (likely(was == from))
		return;
	vms__warn("%s: %s of %p, which is %s", c->name, what, obj,
		  was == OBJ_FREE       ? "free"
		  : was == OBJ_LIVE     ? "in use"
		  : was == OBJ_DEFERRED ? "deferred"
					: "no object of this cache");
	abort();
}

__attribute__((no_sanitize("address"))) static void trailer_init(struct vms__objcache *c, void *obj)
{
	struct trailer *t = trailer(c, obj);

	t->cache = c;
	atomic_store_explicit(&t->state, OBJ_FREE, memory_order_relaxed);
}

static void scribble(struct vms__objcache *c, void *obj)
{
	if (!(c->flags & VMS__OBJCACHE_TYPESAFE))
		memset(obj, FREE_BYTE, c->size);
}

static void check_scribble(struct vms__objcache *c, const unsigned char *obj)
{
	if (c->flags & VMS__OBJCACHE_TYPESAFE)
		return;
	for (size_t i = 0; i < c->size; i++) {
		if (likely(obj[i] == FREE_BYTE))
			continue;
		vms__warn("%s: byte %zu of %p was written after it was freed", c->name, i,
			  (const void *)obj);
		abort();
	}
}

#else

/* The size includes a red zone for AddressSanitizer. */
size_t vms__objcache_check_size(const struct vms__objcache *c)
{
	return ALIGN_UP(c->size, sizeof(void *)) + (VMS__ASAN ? 16 : 0);
}

static void trailer_init(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}

static void scribble(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}

#define change_state(c, obj, from, to, what) ((void)0)
#define check_scribble(c, obj) ((void)0)

#endif

void vms__objcache_check_new(struct vms__objcache *c, void *obj)
{
	trailer_init(c, obj);
	vms__asan_unpoison(obj, c->size);
	scribble(c, obj);
	vms__asan_poison(obj, c->size);
}

/*
 * @obj passes from one user to the next. Atomic accesses of a late user do not
 * race with atomic accesses of the next user. So this counts as a plain write,
 * with which every access races that is not ordered before or after it.
 */
static void change_hands(struct vms__objcache *c, void *obj)
{
	if (!(c->flags & VMS__OBJCACHE_TYPESAFE))
		vms__tsan_write(obj, c->size);
}

void vms__objcache_check_alloc(struct vms__objcache *c, void *obj)
{
	vms__asan_unpoison(obj, c->size);
	check_scribble(c, obj);
	change_state(c, obj, OBJ_FREE, OBJ_LIVE, "alloc");
	change_hands(c, obj);
}

/* Make AddressSanitizer report a free of an object that is free already. */
static void touch(const void *obj)
{
	if (VMS__ASAN)
		(void)*(const volatile char *)obj;
}

void vms__objcache_check_free(struct vms__objcache *c, void *obj)
{
	touch(obj);
	change_state(c, obj, OBJ_LIVE, OBJ_FREE, "free");
	change_hands(c, obj);
	scribble(c, obj);
	/* A late reader may still access TYPESAFE memory. */
	if (!(c->flags & VMS__OBJCACHE_TYPESAFE))
		vms__asan_poison(obj, c->size);
}

void vms__objcache_check_defer(struct vms__objcache *c, void *obj)
{
	(void)c;
	touch(obj);
	change_state(c, obj, OBJ_LIVE, OBJ_DEFERRED, "deferred free");
}

/*
 * No reader may access the object any more, so TYPESAFE memory is poisoned as
 * well.
 */
void vms__objcache_check_grace_over(struct vms__objcache *c, void *obj)
{
	change_state(c, obj, OBJ_DEFERRED, OBJ_FREE, "end of grace period");
	change_hands(c, obj);
	scribble(c, obj);
	vms__asan_poison(obj, c->size);
}

#endif
