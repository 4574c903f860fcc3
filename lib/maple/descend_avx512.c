/* SPDX-License-Identifier: MIT */
/*
 * descend_avx512.c - the way down with 512-bit vectors: a node's pivots are two cache lines, the first of which begins with the
 * state.
 */
#ifdef __x86_64__

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,bmi,bmi2,lzcnt,popcnt")
#endif

#include <immintrin.h>

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

/*
 * As mt_find_slot(). A vector load is one access for each of its eight words on every CPU that has it, and is ordered as a load
 * that acquires; the compiler is held to it by the barrier. ThreadSanitizer knows neither, hence the attribute.
 */
__attribute__((no_sanitize("thread"))) static inline unsigned int find_slot(const struct maple_node *node, unsigned long key)
{
	const __m512i k = _mm512_set1_epi64((long long)key);
	const __m512i *line = (const __m512i *)node;
	/* Lane 0 is the state: left out. Bit i + 1 is slot i; the last has no pivot. */
	unsigned int ge = _cvtmask16_u32(_mm512_mask_cmpge_epu64_mask(0xfe, _mm512_load_si512(line), k)) |
			  _cvtmask16_u32(_mm512_cmpge_epu64_mask(_mm512_load_si512(line + 1), k)) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_ctz(ge | 2u << MT_PIVOTS) - 1;
}

/* As in scan.h: a slot is empty where its pivot is the one before it; bit 0 compares with the state, bit 15 with the first slot. */
static unsigned int used(const struct maple_node *leaf)
{
	const unsigned long *word = (const unsigned long *)leaf;
	unsigned int differ = _mm512_cmpneq_epu64_mask(_mm512_load_si512(word), _mm512_loadu_si512(word + 1)) |
			      (unsigned int)_mm512_cmpneq_epu64_mask(_mm512_load_si512(word + 8), _mm512_loadu_si512(word + 9))
				      << 8;

	return (differ & 0x7fff) | 1 | (unsigned int)(word[MT_PIVOTS] != ULONG_MAX) << MT_PIVOTS;
}

static unsigned int nulls(const struct maple_node *leaf)
{
	const unsigned long *slot = (const unsigned long *)leaf + MT_SLOTS;
	const __m512i all = _mm512_set1_epi64(-1);

	return _mm512_testn_epi64_mask(_mm512_load_si512(slot), all) |
	       (unsigned int)_mm512_testn_epi64_mask(_mm512_load_si512(slot + 8), all) << 8;
}

/*
 * As in scan.h. Lane by lane, what slot i spans is pivot[i] less pivot[i - 1]; unused pivots count as the maximum, so that they
 * span nothing. Only the lock's holder is here, so nothing changes meanwhile.
 */
static unsigned long leaf_gap(const struct maple_node *leaf, unsigned long min, unsigned long max)
{
	const unsigned long *word = (const unsigned long *)leaf, *slot = word + MT_SLOTS;
	const __m512i top = _mm512_set1_epi64((long long)max);
	__m512i below0 = _mm512_min_epu64(_mm512_load_si512(word), top);
	__m512i below1 = _mm512_min_epu64(_mm512_load_si512(word + 8), top);
	__m512i upto0 = _mm512_min_epu64(_mm512_loadu_si512(word + 1), top);
	__m512i upto1 = _mm512_mask_min_epu64(top, 0x7f, _mm512_loadu_si512(word + 9), top);
	__mmask8 null0 = _mm512_testn_epi64_mask(_mm512_load_si512(slot), _mm512_set1_epi64(-1));
	__mmask8 null1 = _mm512_testn_epi64_mask(_mm512_load_si512(slot + 8), _mm512_set1_epi64(-1));
	__m512i gap0, gap1;

	below0 = _mm512_mask_set1_epi64(below0, 1, (long long)(min - 1));
	gap0 = _mm512_maskz_sub_epi64(null0, upto0, below0);
	gap1 = _mm512_maskz_sub_epi64(null1, upto1, below1);
	return _mm512_reduce_max_epu64(_mm512_max_epu64(gap0, gap1));
}

static unsigned long inner_gap(const struct maple_node *node)
{
	return _mm512_reduce_max_epu64(_mm512_max_epu64(_mm512_load_si512(node->gap), _mm512_load_si512(node->gap + 8)));
}

static unsigned int gaps(const struct maple_node *node, unsigned long size)
{
	const __m512i s = _mm512_set1_epi64((long long)size);

	return _mm512_cmpge_epu64_mask(_mm512_load_si512(node->gap), s) |
	       (unsigned int)_mm512_cmpge_epu64_mask(_mm512_load_si512(node->gap + 8), s) << 8;
}

#include "lib/maple/descend.h"
#include "lib/maple/find_gap.h"

static bool usable(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
}

const struct vms__mt_isa vms__mt_isa_avx512 = {
	.name = "avx512",
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
