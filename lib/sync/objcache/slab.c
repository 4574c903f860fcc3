/* SPDX-License-Identifier: MIT */
/*
 * slab.c - the places of objects: chunks from the system or from the host, the
 * slabs in them, and slabs whose memory is given back. A chunk is never
 * unmapped, and a place in it is only ever used for objects of its cache. So an
 * old pointer always leads to an object of the same cache, or to zeros.
 *
 * Locks: the cache's lock, unless a function says otherwise. Read first:
 * objcache.h, "Memory", and internal.h, "chunks and slabs".
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include <sys/mman.h>

#define HIGH_BYTES ((size_t)8 << 20) /* idle in the depot before a trim begins by itself */
#define LOW_BYTES ((size_t)4 << 20)  /* what such a trim leaves */
#define COLOUR_STEP 704u             /* an odd number of cache lines */
#define COLOURS 4096u

/*
 * Each cache's slabs begin with a gap of another size, so that the first
 * objects of all caches, which are the busiest, do not map to the same sets of
 * the CPU's cache. Locks: the cache's, and that of the list of caches.
 */
static unsigned int next_colour(const struct vms__objcache *c)
{
	static unsigned int last;

	last = (last + COLOUR_STEP) % COLOURS;
	return last & ~(unsigned int)(c->align - 1);
}

void vms__slab_setup(struct vms__objcache *c)
{
	c->colour = next_colour(c);
	if (vms__memory_from_host())
		c->colour += (unsigned int)ALIGN_UP(HOST_SLAB_FRONT, c->align);
	c->slab_objs = (unsigned int)((SLAB_SIZE - c->colour) / c->stride);
	VMS_BUG_ON(!c->slab_objs);
	if (!c->high) {
		c->high = HIGH_BYTES / c->stride;
		c->low = LOW_BYTES / c->stride;
	}
}

/* ---- from the system ----------------------------------------------------- */

/*
 * Leak checkers look for pointers in memory from malloc() and in registered
 * roots. A program that is linked with LeakSanitizer has this symbol.
 */
__attribute__((weak)) void __lsan_register_root_region(const void *start, size_t size);

/*
 * Map an aligned chunk, with slab-sized room in front of it. Return: NULL if
 * memory is out.
 */
static struct vms__chunk *chunk_map(void)
{
	const size_t all = 2 * CHUNK_SIZE + SLAB_SIZE;
	char *start = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     *memory, *end;
	struct vms__chunk *chunk;

	if (start == MAP_FAILED)
		return NULL;
	memory = (char *)ALIGN_UP((uintptr_t)start + SLAB_SIZE, CHUNK_SIZE);
	end = memory + CHUNK_SIZE;
	if (memory - SLAB_SIZE > start)
		(void)munmap(start, (size_t)(memory - SLAB_SIZE - start));
	if (end < start + all)
		(void)munmap(end, (size_t)(start + all - end));
	if (__lsan_register_root_region)
		__lsan_register_root_region(memory, CHUNK_SIZE);
	chunk = (struct vms__chunk *)(memory - SLAB_SIZE);
	chunk->memory = memory;
	chunk->nr_slabs = CHUNK_SLABS;
	return chunk;
}

/*
 * The slabs of @c's next chunk from the host. Chunks double in size, so that a
 * small host pays for little, and a large one is seldom asked.
 */
static unsigned int next_slabs(const struct vms__objcache *c)
{
	if (!c->chunks)
		return 1;
	return c->chunks->nr_slabs < CHUNK_SLABS ? 2 * c->chunks->nr_slabs : CHUNK_SLABS;
}

/* Return: NULL if memory is out. */
static struct vms__chunk *chunk_from_host(const struct vms__objcache *c)
{
	struct vms__chunk *chunk =
		vms__alloc_uncounted(sizeof(*chunk), _Alignof(struct vms__chunk));
	unsigned int nr = next_slabs(c);

	if (!chunk)
		return NULL;
	vms__host_lock();
	chunk->memory = vms__host_get(nr * SLAB_SIZE);
	vms__host_unlock();
	chunk->nr_slabs = nr;
	if (chunk->memory)
		return chunk;
	vms__free(chunk);
	return NULL;
}

static void make_unused(struct vms__objcache *c, struct vms__slab *slab)
{
	slab->state = SLAB_UNUSED;
	slab->carved = 0;
	slab->next = c->unused;
	c->unused = slab;
}

/*
 * From the second chunk on the cache is big enough for huge pages; the first
 * chunk is populated page by page. The host's pages are the host's affair.
 */
static bool chunk_new(struct vms__objcache *c)
{
	bool from_host = vms__memory_from_host();
	struct vms__chunk *chunk = from_host ? chunk_from_host(c) : chunk_map();

	if (!chunk)
		return false;
	chunk->cache = c;
	chunk->huge = !from_host && c->chunks;
	if (chunk->huge)
		(void)madvise(chunk_memory(chunk), CHUNK_SIZE,
			      MADV_HUGEPAGE); /* a hint: without it the memory serves as well */
	chunk->next = c->chunks;
	c->chunks = chunk;
	vms__asan_poison(chunk_memory(chunk), chunk->nr_slabs * SLAB_SIZE);
	for (unsigned int i = chunk->nr_slabs; i; i--) {
		chunk->slab[i - 1].idle = 0;
		chunk->slab[i - 1].nr = i - 1;
		make_unused(c, &chunk->slab[i - 1]);
	}
	return true;
}

/* ---- carving ------------------------------------------------------------- */

/* Write what slab_of() reads. The host may have discarded it. */
static void set_front(struct vms__slab *slab)
{
	struct vms__slab **front = (struct vms__slab **)slab_memory(slab);

	vms__asan_unpoison(front, HOST_SLAB_FRONT);
	*front = slab;
}

/* Return: the slab that @l carves from; NULL if memory is out. */
static struct vms__slab *slab_for(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__slab **list = c->open ? &c->open : &c->unused, *slab;

	if (l->slab)
		return l->slab;
	if (!*list && !chunk_new(c))
		return NULL;
	slab = *list;
	VMS_ASSERT(slab); /* a chunk has one at least */
	*list = slab->next;
	if (slab->state == SLAB_UNUSED && vms__memory_is_host())
		set_front(slab);
	slab->state = SLAB_HELD;
	l->slab = slab;
	return slab;
}

/*
 * Give a place the zeros that a first user may rely on, because the host's
 * memory need not be cleared. A late reader of the place, whose object was
 * freed and given back, may look meanwhile, so that these are atomic stores
 * (relaxed: it finds zeros or the old object, as after MADV_DONTNEED).
 */
__attribute__((no_sanitize("address"))) static void clear_place(const struct vms__objcache *c,
								char *obj)
{
	_Atomic unsigned long *word = (_Atomic unsigned long *)obj;

	for (size_t i = 0; i < c->stride / sizeof(*word); i++)
		atomic_store_explicit(&word[i], 0, memory_order_relaxed);
}

unsigned int vms__slab_carve(struct vms__objcache *c, struct vms__objcache_local *l, void **objs,
			     unsigned int n)
{
	unsigned int done = 0;

	while (done < n) {
		struct vms__slab *slab = slab_for(c, l);
		char *obj;

		if (!slab)
			break;
		obj = slab_memory(slab) + c->colour + slab->carved * c->stride;
		if (vms__memory_is_host())
			clear_place(c, obj);
		vms__objcache_check_new(c, obj);
		objs[done++] = obj;
		if (++slab->carved == c->slab_objs)
			vms__slab_leave(c, l);
	}
	return done;
}

void vms__slab_leave(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__slab *slab = l->slab;

	l->slab = NULL;
	if (!slab)
		return;
	slab->state = SLAB_CARVED;
	if (slab->carved < c->slab_objs) {
		slab->state = SLAB_OPEN;
		slab->next = c->open;
		c->open = slab;
	}
}

/* ---- back to the system -------------------------------------------------- */

/*
 * Tell the system whether to use a huge page for @chunk. It must not once a
 * part of the chunk was given back, because it might refill the holes by
 * itself. Locks: none.
 */
static void want_huge(struct vms__chunk *chunk, bool huge)
{
	struct vms__objcache *c = chunk->cache;
	bool changed;

	depot_lock(c);
	huge = huge && chunk->next; /* the oldest chunk never has a huge page */
	changed = chunk->huge != huge;
	chunk->huge = huge;
	depot_unlock(c);
	if (changed)
		(void)madvise(chunk_memory(chunk), CHUNK_SIZE,
			      huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/*
 * Give back the memory of @n neighbours, from @first on. Return: bytes given
 * back, which is 0 if the program has locked its memory or the host keeps it.
 */
static size_t release_run(struct vms__slab *first, unsigned int n)
{
	struct vms__chunk *chunk = chunk_of_slab(first);
	struct vms__objcache *c = chunk->cache;
	size_t bytes = 0;
	bool gone;

	if (vms__memory_is_host()) {
		gone = vms__host_discard(slab_memory(first), n * SLAB_SIZE);
	} else {
		want_huge(chunk, n == CHUNK_SLABS);
		gone = madvise(slab_memory(first), n * SLAB_SIZE, MADV_DONTNEED) == 0;
	}
	depot_lock(c);
	c->nr_leaving -= n;
	for (unsigned int i = n; i; i--) {
		/* A slab that was unused may never have had memory. */
		bytes += gone && first[i - 1].carved ? SLAB_SIZE : 0;
		make_unused(c, &first[i - 1]);
	}
	depot_unlock(c);
	return bytes;
}

size_t vms__slabs_release(struct vms__slab *leaving)
{
	size_t bytes = 0;

	while (leaving) {
		struct vms__slab *first = leaving;
		unsigned int n = 1;

		while (first->next == first - 1 &&
		       chunk_of_slab(first->next) == chunk_of_slab(first)) {
			first = first->next;
			n++;
		}
		leaving = first->next;
		bytes += release_run(first, n);
	}
	return bytes;
}

/*
 * The slabs' memory may or may not have been given back; either serves for new
 * objects. Locks: none; the process has one thread.
 */
void vms__slabs_after_fork(struct vms__objcache *c)
{
	if (!c->nr_leaving)
		return;
	c->nr_leaving = 0;
	for (struct vms__chunk *chunk = c->chunks; chunk; chunk = chunk->next) {
		for (unsigned int i = 0; i < chunk->nr_slabs; i++) {
			if (chunk->slab[i].state == SLAB_LEAVING)
				make_unused(c, &chunk->slab[i]);
		}
	}
}
