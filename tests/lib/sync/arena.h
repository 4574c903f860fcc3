/* SPDX-License-Identifier: MIT */
/*
 * arena.h - a host's hooks for memory (include/vmastore/host.h): chunks cut
 * from one mapping, which check how the library calls them, count, and fail
 * when they are told to.
 *
 * Memory that get() returns is full of garbage, and so is memory that was put
 * back. discard() takes some pages away and leaves others, as a host may.
 */
#ifndef TESTS_SYNC_ARENA_H
#define TESTS_SYNC_ARENA_H

#include <vmastore/host.h>

#define ARENA_CHUNKS 8192u /* places for chunks, of VMS_ALLOCATOR_ALIGN bytes each */

struct arena {
	struct vms_allocator hooks;
	char *memory;
	/* The size of the chunk that begins at each place, in bytes; else 0. */
	size_t size[ARENA_CHUNKS];
	bool used[ARENA_CHUNKS]; /* places that a chunk covers */

	size_t chunks, bytes, most_bytes; /* that the library has now; the most that it had */
	size_t gets, puts, discards;      /* calls */
	/*
	 * get() fails at this call, counted from 1, and from that call on; 0:
	 * never
	 */
	size_t fail_at, fail_from;
	size_t fail_size; /* or if it is asked for this many bytes; 0: never */
	bool failed;      /* it did */
	/* What the library did wrong, or NULL. */
	const char *wrong;
};

/* The only one. */
extern struct arena arena;

/* Set up `arena`, which then lacks only vms_set_allocator(&arena.hooks). */
void arena_init(void);

#endif
