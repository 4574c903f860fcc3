/* SPDX-License-Identifier: MIT */
/*
 * shim.c - the kernel's environment for its maple tree, made to cost as little
 * as possible. A thread allocates nodes from a list of its own and frees them
 * to it, without a lock or an atomic. Callbacks wait in an array of the thread
 * until BATCH of them share one grace period, and then run on the thread that
 * queued them, so that nodes return to the list from which they are next taken.
 *
 * Locks: `depot` protects the nodes that exited threads left for others. A
 *        thread takes it when its list is empty, and when it leaves.
 */
#include <pthread.h>
#include <stdlib.h>

#include "bench/maple/kernel-peer/shim.h"
#include "bench/maple/kernel-peer/shim/linux/rcupdate.h"
#include "bench/maple/kernel-peer/shim/linux/slab.h"

#ifdef SHIM_RCU_MEMB
#include <urcu/urcu-memb.h>
#else
#include <urcu/urcu-qsbr.h>
#endif

/*
 * Callbacks that share a grace period. With 64 and 256, a writer alone is as
 * fast, and a writer concurrent with a reader is slower.
 */
#define BATCH 1024
#define CHUNK_NODES 256

struct free_node {
	struct free_node *next;
};

struct kmem_cache {
	size_t size, align;
};

/* The state of one thread; shim_enter() makes it. */
struct thread {
	struct free_node *free;
	long in_use; /* allocated less freed by this thread */
	unsigned int nr_pending;
	bool registered; /* by shim_enter(), not by the program */
	struct rcu_head *pending[BATCH];
};

static struct kmem_cache node_cache;
static pthread_mutex_t depot = PTHREAD_MUTEX_INITIALIZER;
static struct free_node *left_behind; /* under depot */
static long left_in_use;              /* under depot */
static __thread struct thread *self;

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     unsigned int flags, void (*constructor)(void *))
{
	(void)name, (void)flags, (void)constructor;
	node_cache = (struct kmem_cache){.size = size, .align = align};
	return &node_cache;
}

/* Chunks are never freed, because the process ends soon after its last tree. */
static struct free_node *carve(const struct kmem_cache *cache)
{
	char *chunk = aligned_alloc(cache->align, cache->size * CHUNK_NODES);

	if (!chunk)
		return NULL;
	for (size_t i = 0; i < CHUNK_NODES; i++) {
		struct free_node *node = (struct free_node *)(chunk + i * cache->size);

		node->next = i + 1 < CHUNK_NODES
				     ? (struct free_node *)(chunk + (i + 1) * cache->size)
				     : NULL;
	}
	return (struct free_node *)chunk;
}

static noinline bool refill(const struct kmem_cache *cache)
{
	pthread_mutex_lock(&depot);
	self->free = left_behind;
	left_behind = NULL;
	pthread_mutex_unlock(&depot);
	if (!self->free)
		self->free = carve(cache);
	return self->free != NULL;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	struct free_node *node;

	(void)gfp;
	if (unlikely(!self->free) && !refill(cache))
		return NULL;
	node = self->free;
	self->free = node->next;
	self->in_use++;
	return node;
}

/* Allocate all or none, as the kernel does. */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (unlikely(!objects[i])) {
			kmem_cache_free_bulk(cache, i, objects);
			return 0;
		}
	}
	return (int)nr;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct free_node *node = object;

	(void)cache;
	node->next = self->free;
	self->free = node;
	self->in_use--;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++)
		kmem_cache_free(cache, objects[i]);
}

static noinline void run_pending(void)
{
	SHIM_URCU(synchronize_rcu)();
	while (self->nr_pending) {
		struct rcu_head *head = self->pending[--self->nr_pending];

		head->func(head);
	}
}

void shim_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	self->pending[self->nr_pending++] = head;
	if (unlikely(self->nr_pending == BATCH))
		run_pending();
}

size_t shim_node_bytes(void)
{
	long in_use;

	run_pending();
	pthread_mutex_lock(&depot);
	in_use = left_in_use;
	pthread_mutex_unlock(&depot);
	return (size_t)(in_use + self->in_use) * node_cache.size;
}

void shim_enter(void)
{
	self = calloc(1, sizeof(*self));
	if (!self)
		abort();
	if (!SHIM_READER.registered) {
		SHIM_URCU(register_thread)();
		self->registered = true;
	}
}

void shim_leave(void)
{
	struct free_node **end = &self->free;

	run_pending();
	while (*end)
		end = &(*end)->next;
	pthread_mutex_lock(&depot);
	*end = left_behind;
	left_behind = self->free;
	left_in_use += self->in_use;
	pthread_mutex_unlock(&depot);
	if (self->registered)
		SHIM_URCU(unregister_thread)();
	free(self);
	self = NULL;
}
