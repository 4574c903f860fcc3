/* SPDX-License-Identifier: MIT */
/*
 * avx2.c - the functions of isa.h with 256-bit vectors, two for each cache line
 * of keys. The first vector of a node begins with the state, whose lanes each
 * search leaves out.
 *
 * Locks: as isa.h says for each function. Read next: avx512.c (what a vector
 * load may do), scan.tmpl.h (what each scan answers).
 */
#ifdef __x86_64__

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC optimize("no-tree-slp-vectorize")
#pragma GCC target("avx2,bmi,bmi2,popcnt")
#endif

#include <immintrin.h>

#define ISA_LEAVE_VECTORS() _mm256_zeroupper()

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

/* What avx512.c says of vector loads holds here too. */
#define ISA_VECTOR_LOADS __attribute__((no_sanitize("thread"))) static inline

/*
 * Which of eight keys are above @key. AVX2 compares signed words only; that is
 * right here, because keys have 31 bits.
 */
ISA_VECTOR_LOADS unsigned int above(const __m256i *keys, __m256i key)
{
	return (unsigned int)_mm256_movemask_ps(
		(__m256)_mm256_cmpgt_epi32(_mm256_load_si256(keys), key));
}

ISA_VECTOR_LOADS unsigned long isa_find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	const __m256i k = _mm256_set1_epi32((int)key), *half = (const __m256i *)node;
	/* Lanes 0 and 1 are the state: left out. */
	unsigned int more = (above(half, k) & 0xfc) | above(half + 1, k) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return ML_NARROW_LEAF_KEYS - (unsigned long)__builtin_popcountl(more);
}

ISA_VECTOR_LOADS unsigned long isa_find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	const __m256i k = _mm256_set1_epi32((int)key), *half = (const __m256i *)node;
	unsigned int more = (above(half, k) & 0xfc) | above(half + 1, k) << 8 |
			    above(half + 2, k) << 16 | above(half + 3, k) << 24;

	atomic_signal_fence(memory_order_seq_cst);
	return ML_NARROW_INNER_KEYS - (unsigned long)__builtin_popcountl(more);
}

/*
 * Which of four pivots are below @key. The comparison is signed, so the top bit
 * of both sides is flipped, which keeps the order of unsigned words.
 */
ISA_VECTOR_LOADS unsigned int below(const __m256i *pivots, __m256i key, __m256i top)
{
	return (unsigned int)_mm256_movemask_pd(
		(__m256d)_mm256_cmpgt_epi64(key, _mm256_xor_si256(_mm256_load_si256(pivots), top)));
}

ISA_VECTOR_LOADS unsigned int isa_find_wide_leaf(const struct maple_node *node, unsigned long key)
{
	const __m256i top = _mm256_set1_epi64x(LLONG_MIN),
		      k = _mm256_xor_si256(_mm256_set1_epi64x((long long)key), top);
	const __m256i *p = (const __m256i *)node;
	/* Lane 0 is the state: left out. */
	unsigned int less =
		(below(p, k, top) & 0xe) | below(p + 1, k, top) << 4 | below(p + 2, k, top) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_popcount(less);
}

ISA_VECTOR_LOADS unsigned int isa_find_wide_inner(const struct maple_node *node, unsigned long key)
{
	const __m256i top = _mm256_set1_epi64x(LLONG_MIN),
		      k = _mm256_xor_si256(_mm256_set1_epi64x((long long)key), top);
	const __m256i *p = (const __m256i *)node;
	unsigned int less = below(p, k, top) & 0xe;

	for (unsigned int i = 1; i < 6; i++)
		less |= below(p + i, k, top) << (4 * i);
	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_popcount(less);
}

/*
 * isa_narrow_used() of scan.tmpl.h. Word i + 2 of the node is key i, and a slot
 * is empty where its key is the one before it. So each word is compared with
 * the next; the word after the last key is no key.
 */
ISA_VECTOR_LOADS unsigned int isa_narrow_used(const struct maple_node *leaf)
{
	const uint32_t *word = (const uint32_t *)leaf;
	__m256i same0 = _mm256_cmpeq_epi32(_mm256_load_si256((const __m256i *)word),
					   _mm256_loadu_si256((const __m256i *)(word + 1)));
	__m256i same1 = _mm256_cmpeq_epi32(_mm256_load_si256((const __m256i *)(word + 8)),
					   _mm256_loadu_si256((const __m256i *)(word + 9)));
	unsigned int same = (unsigned int)_mm256_movemask_ps((__m256)same0) |
			    (unsigned int)_mm256_movemask_ps((__m256)same1) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return ((~same >> 1) & 0x3ffe) | 1 |
	       (unsigned int)(ml_key(leaf, ML_NARROW_LEAF_KEYS - 1) != ML_KEY_NONE)
		       << ML_NARROW_LEAF_KEYS;
}

/* Which of four words, from @word on, equal the word after them. */
ISA_VECTOR_LOADS unsigned int same4(const unsigned long *word)
{
	__m256i same = _mm256_cmpeq_epi64(_mm256_load_si256((const __m256i *)word),
					  _mm256_loadu_si256((const __m256i *)(word + 1)));

	return (unsigned int)_mm256_movemask_pd((__m256d)same);
}

/* isa_narrow_used() for a wide leaf, where word i + 1 is pivot i. */
ISA_VECTOR_LOADS unsigned int wide_used(const struct maple_node *leaf)
{
	const unsigned long *word = (const unsigned long *)leaf;
	unsigned int same = same4(word) | same4(word + 4) << 4 | same4(word + 8) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return (~same & 0x7fe) | 1 |
	       (unsigned int)(ml_wide_pivot(leaf, ML_WIDE_LEAF_KEYS - 1) != ULONG_MAX)
		       << ML_WIDE_LEAF_KEYS;
}

static inline unsigned int isa_used(const struct ml_leaf *l)
{
	return likely(!l->wide) ? isa_narrow_used(l->node) : wide_used(l->node);
}

/* Which of four slots, from @slot on, have no entry. */
ISA_VECTOR_LOADS unsigned int nulls4(void *_Atomic const *slot)
{
	__m256i v = _mm256_cmpeq_epi64(_mm256_loadu_si256((const __m256i *)slot),
				       _mm256_setzero_si256());

	return (unsigned int)_mm256_movemask_pd((__m256d)v);
}

static inline unsigned int isa_nulls(const struct ml_leaf *l)
{
	unsigned int empty = nulls4(l->slot) | nulls4(l->slot + 4) << 4 | nulls4(l->slot + 8) << 8;

	/*
	 * The word behind the fifteenth slot of a narrow leaf is its base, and
	 * left out.
	 */
	if (likely(!l->wide))
		empty |= (nulls4(l->slot + 12) & 7) << 12;
	atomic_signal_fence(memory_order_seq_cst);
	return empty;
}

/*
 * The indexes that four keys stand for; for a key not in use, the index after
 * the leaf.
 */
ISA_VECTOR_LOADS __m256i starts(const uint32_t *key, const struct ml_leaf *l)
{
	const unsigned long end = l->max + 1;
	__m256i keys = _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)key));
	__m256i none = _mm256_cmpeq_epi64(keys, _mm256_set1_epi64x(ML_KEY_NONE));
	__m256i start = _mm256_add_epi64(_mm256_set1_epi64x((long long)l->base),
					 _mm256_sll_epi64(keys, _mm_cvtsi32_si128((int)l->shift)));

	return _mm256_blendv_epi8(start, _mm256_set1_epi64x((long long)end), none);
}

ISA_VECTOR_LOADS void isa_bounds(const struct ml_leaf *l, unsigned long *bound)
{
	const uint32_t *key = (const uint32_t *)l->node + 2;

	bound[0] = l->min;
	if (unlikely(l->wide)) {
		for (unsigned int i = 0; i <= ML_WIDE_LEAF_KEYS; i++)
			bound[i + 1] = ml_leaf_max(l, i) + 1;
		return;
	}
	/*
	 * The last four keys overlap the four before: fourteen is no multiple
	 * of four.
	 */
	_mm256_storeu_si256((__m256i *)(bound + 1), starts(key, l));
	_mm256_storeu_si256((__m256i *)(bound + 5), starts(key + 4, l));
	_mm256_storeu_si256((__m256i *)(bound + 9), starts(key + 8, l));
	_mm256_storeu_si256((__m256i *)(bound + 11), starts(key + 10, l));
	bound[ML_LEAF_SLOTS] = l->max + 1;
	atomic_signal_fence(memory_order_seq_cst);
}

/*
 * All callers of the scans from here to the templates hold the lock. So the
 * only words that may change while they are read are gap bounds, which a
 * concurrent search lowers.
 */

/*
 * All ones in those lanes of four words that are below @size. The top bit of
 * @size is flipped already, as in below().
 */
ISA_VECTOR_LOADS __m256i less4(const __m256i *words, __m256i size, __m256i top)
{
	return _mm256_cmpgt_epi64(size, _mm256_xor_si256(_mm256_load_si256(words), top));
}

/*
 * The order of bytes that takes two bytes of one half and two of the other by
 * turns.
 */
static const unsigned char pairs[32] __attribute__((aligned(32))) = {
	0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
	0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
};

ISA_VECTOR_LOADS unsigned int isa_gaps(const struct maple_node *node, unsigned long size)
{
	const __m256i top = _mm256_set1_epi64x(LLONG_MIN),
		      s = _mm256_xor_si256(_mm256_set1_epi64x((long long)size), top);
	const __m256i *gap = (const __m256i *)node->gap;
	/*
	 * A pack halves the width of each lane, and all ones stay all ones. But
	 * it packs the two halves of a vector separately, so the order must be
	 * set right afterwards.
	 */
	__m256i low = _mm256_packs_epi32(
		_mm256_packs_epi32(less4(gap, s, top), less4(gap + 1, s, top)),
		_mm256_packs_epi32(less4(gap + 2, s, top), less4(gap + 3, s, top)));
	__m256i high = _mm256_packs_epi32(
		_mm256_packs_epi32(less4(gap + 4, s, top), less4(gap + 5, s, top)),
		_mm256_packs_epi32(less4(gap + 6, s, top), less4(gap + 7, s, top)));
	__m256i less = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8);

	less = _mm256_shuffle_epi8(less, _mm256_load_si256((const __m256i *)pairs));
	return ~(unsigned int)_mm256_movemask_epi8(less);
}

ISA_VECTOR_LOADS unsigned long isa_inner_gap(const struct maple_node *node)
{
	const __m256i top = _mm256_set1_epi64x(LLONG_MIN);
	__m256i most = top;
	unsigned long four[4], gap;

	for (unsigned int i = 0; i < ML_GAPS; i += 4) {
		__m256i g =
			_mm256_xor_si256(_mm256_load_si256((const __m256i *)(node->gap + i)), top);

		most = _mm256_blendv_epi8(most, g, _mm256_cmpgt_epi64(g, most));
	}
	_mm256_storeu_si256((__m256i *)four, _mm256_xor_si256(most, top));
	gap = four[0] > four[1] ? four[0] : four[1];
	gap = four[2] > gap ? four[2] : gap;
	return four[3] > gap ? four[3] : gap;
}

/*
 * isa_narrow_gaps() of scan.tmpl.h. The base, in the word behind the last slot,
 * is left out.
 */
ISA_VECTOR_LOADS unsigned int isa_narrow_gaps(const struct maple_node *leaf, unsigned long need,
					      unsigned int *empty)
{
	const __m256i less = _mm256_set1_epi32((int)(need < ML_KEY_NONE ? need - 1 : ML_KEY_NONE));
	const __m256i none = _mm256_set1_epi32((int)ML_KEY_NONE), *half = (const __m256i *)leaf;
	const __m256i keys0 = _mm256_load_si256(half), keys1 = _mm256_load_si256(half + 1);
	const __m256i below0 =
		_mm256_permutevar8x32_epi32(keys0, _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6));
	const __m256i below1 = _mm256_loadu_si256((const __m256i *)((const uint32_t *)leaf + 7));
	void *_Atomic const *slot = leaf->narrow_leaf.slot;
	unsigned int free, slots;

	*empty = nulls4(slot) | nulls4(slot + 4) << 4 | nulls4(slot + 8) << 8 |
		 (nulls4(slot + 12) & 7) << 12;
	free = (unsigned int)_mm256_movemask_ps((__m256)_mm256_cmpeq_epi32(keys0, none)) |
	       (unsigned int)_mm256_movemask_ps((__m256)_mm256_cmpeq_epi32(keys1, none)) << 8;
	free >>= 2;
	slots = (unsigned int)_mm256_movemask_ps(
			(__m256)_mm256_cmpgt_epi32(_mm256_sub_epi32(keys0, below0), less)) |
		(unsigned int)_mm256_movemask_ps(
			(__m256)_mm256_cmpgt_epi32(_mm256_sub_epi32(keys1, below1), less))
			<< 8;
	return ((slots >> 2 & ~free) | 1u | 1u << __builtin_ctz(free | 1u << ML_NARROW_LEAF_KEYS)) &
	       *empty;
}

static unsigned long isa_leaf_gap(const struct ml_leaf *l)
{
	unsigned long gap = 0;

	for (unsigned int slots = isa_used(l) & isa_nulls(l); slots; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);
		unsigned long width = ml_leaf_max(l, i) + 1 - ml_leaf_min(l, i);

		gap = width > gap ? width : gap;
	}
	return gap;
}

/*
 * With this, batch.tmpl.h takes all bounds of a leaf from vectors
 * (isa_bounds()), because it would take longer to compute them one by one.
 */
#define ISA_LEAF_RANGES isa_leaf_ranges_by_one

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
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

const struct vms__mt_isa vms__mt_isa_avx2 = VMS__MT_ISA("avx2");

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
