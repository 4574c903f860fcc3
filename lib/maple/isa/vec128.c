/* SPDX-License-Identifier: MIT */
/*
 * vec128.c - the functions of isa.h with vectors of 128 bits, which every
 * x86-64 CPU has (SSE2), and every AArch64 CPU (NEON). The vectors are in the
 * compiler's own notation, so that the file serves both. Only keys are searched
 * by vectors. Pivots of wide nodes are not, because only later instruction sets
 * can compare their 64 bits; they and all else are handled as in scalar.c.
 *
 * Locks: as isa.h says for each function. Read next: avx512.c (what a vector
 * load may do), search.tmpl.h, scan.tmpl.h.
 */
#if defined(__SSE2__) || defined(__ARM_NEON)

#include <string.h>

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

#define ISA_LEAVE_VECTORS() ((void)0)

/*
 * What avx512.c says of vector loads holds here too. A CPU that reorders loads
 * needs a fence after them in addition.
 */
#define ISA_VECTOR_LOADS __attribute__((no_sanitize("thread"))) static inline

static inline void loads_acquire(void)
{
#ifdef __x86_64__
	atomic_signal_fence(memory_order_seq_cst);
#else
	/* Pairs with the release stores in shape.tmpl.h. */
	atomic_thread_fence(memory_order_acquire);
#endif
}

typedef int32_t keys4 __attribute__((vector_size(16), may_alias));

/*
 * All ones, which is -1, in those lanes of the node's words @i to @i + 3 that
 * are above @key. A signed comparison is right, because keys have 31 bits.
 */
ISA_VECTOR_LOADS keys4 above(const struct maple_node *node, unsigned int i, keys4 key)
{
	return *(const keys4 *)((const uint32_t *)node + i) > key;
}

/* The number of lanes that were all ones in the vectors added up to @sum. */
static inline unsigned long count(keys4 sum)
{
	const keys4 lanes = -sum;
	uint64_t half[2];

	/* The numbers are small, so no lane carries into the next. */
	memcpy(half, &lanes, sizeof(half));
	half[0] += half[1];
	return (half[0] + (half[0] >> 32)) & UINT32_MAX;
}

ISA_VECTOR_LOADS unsigned long isa_find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	const keys4 k = {(int32_t)key, (int32_t)key, (int32_t)key, (int32_t)key};
	/* Lanes 0 and 1 are the state: left out. */
	keys4 more = (above(node, 0, k) & (keys4){0, 0, -1, -1}) + above(node, 4, k) +
		     above(node, 8, k) + above(node, 12, k);

	loads_acquire();
	return ML_NARROW_LEAF_KEYS - count(more);
}

ISA_VECTOR_LOADS unsigned long isa_find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	const keys4 k = {(int32_t)key, (int32_t)key, (int32_t)key, (int32_t)key};
	keys4 more = (above(node, 0, k) & (keys4){0, 0, -1, -1}) + above(node, 4, k) +
		     above(node, 8, k) + above(node, 12, k) + above(node, 16, k) +
		     above(node, 20, k) + above(node, 24, k) + above(node, 28, k);

	loads_acquire();
	return ML_NARROW_INNER_KEYS - count(more);
}

#include "lib/maple/isa/search.tmpl.h"

#include "lib/maple/isa/scan.tmpl.h"

#include "lib/maple/isa/descend.tmpl.h"
#include "lib/maple/isa/batch.tmpl.h"
#include "lib/maple/isa/shape.tmpl.h"
#include "lib/maple/isa/place.tmpl.h"
#include "lib/maple/isa/beside.tmpl.h"
#include "lib/maple/isa/find_gap.tmpl.h"
#include "lib/maple/isa/plan.tmpl.h"
#include "lib/maple/isa/walked.tmpl.h"

static bool isa_usable(void)
{
	return true;
}

const struct vms__mt_isa vms__mt_isa_vec128 = VMS__MT_ISA("vec128");

#endif
