/* SPDX-License-Identifier: MIT */
/*
 * descend_avx512.c - the way down with 512-bit vectors: a node's pivots are two cache lines, the first of which begins with the state.
 */
#ifdef __x86_64__

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,bmi,bmi2,lzcnt,popcnt")
#endif

#include <immintrin.h>

#include "lib/maple/internal.h"

/*
 * As mt_find_slot(). A vector load is one access for each of its eight words on every CPU that has it, and is ordered as a load that acquires; the
 * compiler is held to it by the barrier. ThreadSanitizer knows neither, hence the attribute.
 */
__attribute__((no_sanitize("thread"))) static inline unsigned int find_slot(const struct maple_node *node, unsigned long key)
{
	const __m512i k = _mm512_set1_epi64((long long)key);
	const __m512i *line = (const __m512i *)node;
	/* Lane 0 is the state: shifted out. Bit 15 is the last slot, which has no pivot. */
	unsigned int ge = _mm512_cmpge_epu64_mask(_mm512_load_si512(line), k) |
			  (unsigned int)_mm512_cmpge_epu64_mask(_mm512_load_si512(line + 1), k) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_ctz(ge >> 1 | 1u << MT_PIVOTS);
}

#include "lib/maple/descend.h"

static bool usable(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
}

const struct vms__mt_isa vms__mt_isa_avx512 = {.name = "avx512", .usable = usable, .load = load, .descend = descend};

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
