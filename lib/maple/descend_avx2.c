/* SPDX-License-Identifier: MIT */
/*
 * descend_avx2.c - the way down with 256-bit vectors.
 */
#ifdef __x86_64__

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#endif

#include <immintrin.h>

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

/* Which of the four words at @p are below @key; both with the top bit turned over, as there is only a signed comparison. */
__attribute__((no_sanitize("thread"))) static inline unsigned int below(const __m256i *p, __m256i key, __m256i top)
{
	return (unsigned int)_mm256_movemask_pd((__m256d)_mm256_cmpgt_epi64(key, _mm256_xor_si256(_mm256_load_si256(p), top)));
}

/* As mt_find_slot(); what descend_avx512.c says of vector loads holds here too. */
__attribute__((no_sanitize("thread"))) static inline unsigned int find_slot(const struct maple_node *node, unsigned long key)
{
	const __m256i top = _mm256_set1_epi64x(LLONG_MIN), k = _mm256_xor_si256(_mm256_set1_epi64x((long long)key), top);
	const __m256i *p = (const __m256i *)node;
	/* Lane 0 is the state: shifted out. */
	unsigned int lt = below(p, k, top) | below(p + 1, k, top) << 4 | below(p + 2, k, top) << 8 | below(p + 3, k, top) << 12;

	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_ctz(~(lt >> 1) | 1u << MT_PIVOTS);
}

#include "lib/maple/scan.h"
#include "lib/maple/descend.h"
#include "lib/maple/find_gap.h"

static bool usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

const struct vms__mt_isa vms__mt_isa_avx2 = {
	.name = "avx2",
	.usable = usable,
	.lookup = lookup,
	.load = load,
	.descend = descend,
	.find = find,
	.used = used,
	.leaf_gap = leaf_gap,
	.inner_gap = inner_gap,
	.find_gap = find_gap,
};

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
