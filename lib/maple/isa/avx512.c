/* SPDX-License-Identifier: MIT */
/*
 * avx512.c - the functions of isa.h with 512-bit vectors, one for each cache
 * line of keys. The first vector of a node begins with the state, whose lanes
 * each search leaves out.
 *
 * Locks: as isa.h says for each function. Read next: ranges_avx512.tmpl.h (leaf
 * after leaf), scan.tmpl.h (what each scan answers).
 */
#ifdef __x86_64__

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
	__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,bmi,bmi2,popcnt"))),             \
	apply_to = function)
#else
#pragma GCC optimize("no-tree-slp-vectorize")
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,bmi,bmi2,popcnt")
#endif

#include <immintrin.h>

#define ISA_LEAVE_VECTORS() _mm256_zeroupper()

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"

/*
 * A function with vector loads of words that a writer may store to
 * concurrently. Such a load is one access for each of its words on every CPU
 * that has these vectors, and is ordered as a load that acquires. A signal
 * fence after the load keeps the compiler to that order. ThreadSanitizer knows
 * neither, hence the attribute.
 */
#define ISA_VECTOR_LOADS __attribute__((no_sanitize("thread"))) static inline

/*
 * A mask as a number, by an instruction and not by the compiler's own
 * conversion, because gcc 12 may put a mask of eight bits into memory and read
 * four bytes from there.
 */
static inline unsigned int lanes8(__mmask8 mask)
{
	unsigned int lanes;

	__asm__("kmovb %1, %0" : "=r"(lanes) : "k"(mask));
	return lanes;
}

static inline unsigned int lanes16(__mmask16 mask)
{
	unsigned int lanes;

	__asm__("kmovw %1, %0" : "=r"(lanes) : "k"(mask));
	return lanes;
}

static inline unsigned long lanes32(__mmask32 mask)
{
	unsigned long lanes;

	__asm__("kmovd %1, %k0" : "=r"(lanes) : "k"(mask));
	return lanes;
}

#define LEAF_LANES 0xfffcu /* lanes 0 and 1 of the first line are the state; lane i + 2 is key i */

/*
 * The number of bits in @lanes, counted in the register where they are.
 * Compilers clear another register first, which helps only older CPUs.
 */
static inline unsigned long count(unsigned long lanes)
{
	__asm__("popcntq %0, %0" : "+r"(lanes) : : "cc");
	return lanes;
}

/*
 * The key comes first, so that the line it is compared with is an operand in
 * memory.
 */
ISA_VECTOR_LOADS unsigned long isa_find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	unsigned long below = lanes16(
		_mm512_cmpge_epu32_mask(_mm512_set1_epi32((int)key), _mm512_load_si512(node)));

	atomic_signal_fence(memory_order_seq_cst);
	return count(below >> 2);
}

ISA_VECTOR_LOADS unsigned long isa_find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	const __m512i k = _mm512_set1_epi32((int)key), *line = (const __m512i *)node;
	__mmask16 low = _mm512_cmpge_epu32_mask(k, _mm512_load_si512(line));
	__mmask16 high = _mm512_cmpge_epu32_mask(k, _mm512_load_si512(line + 1));
	unsigned long below = lanes32(_mm512_kunpackw(high, low));

	atomic_signal_fence(memory_order_seq_cst);
	return count(below >> 2);
}

ISA_VECTOR_LOADS unsigned int isa_find_wide_leaf(const struct maple_node *node, unsigned long key)
{
	const __m512i k = _mm512_set1_epi64((long long)key), *line = (const __m512i *)node;
	/* Eleven pivots in lanes 1 to 11; slots follow. */
	unsigned int below =
		(lanes8(_mm512_cmplt_epu64_mask(_mm512_load_si512(line), k)) & 0xfe) |
		(lanes8(_mm512_cmplt_epu64_mask(_mm512_load_si512(line + 1), k)) & 0x0f) << 8;

	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_popcount(below);
}

ISA_VECTOR_LOADS unsigned int isa_find_wide_inner(const struct maple_node *node, unsigned long key)
{
	const __m512i k = _mm512_set1_epi64((long long)key), *line = (const __m512i *)node;
	unsigned int below = (lanes8(_mm512_cmplt_epu64_mask(_mm512_load_si512(line), k)) & 0xfe) |
			     lanes8(_mm512_cmplt_epu64_mask(_mm512_load_si512(line + 1), k)) << 8 |
			     lanes8(_mm512_cmplt_epu64_mask(_mm512_load_si512(line + 2), k)) << 16;

	atomic_signal_fence(memory_order_seq_cst);
	return (unsigned int)__builtin_popcount(below);
}

/*
 * isa_narrow_used() of scan.tmpl.h. A slot is empty where its key is the one
 * before it: lane i + 1, which is key i - 1, is compared with lane i + 2.
 */
ISA_VECTOR_LOADS unsigned int isa_narrow_used(const struct maple_node *leaf)
{
	__m512i keys = _mm512_load_si512(leaf),
		after = _mm512_alignr_epi32(_mm512_set1_epi32((int)ML_KEY_NONE), keys, 1);
	unsigned int differ = lanes16(_mm512_cmpneq_epu32_mask(keys, after));

	atomic_signal_fence(memory_order_seq_cst);
	return ((differ >> 1) & 0x7ffe) | 1;
}

ISA_VECTOR_LOADS unsigned int isa_used(const struct ml_leaf *l)
{
	const unsigned long *word = (const unsigned long *)l->node;
	unsigned int differ;

	if (likely(!l->wide))
		return isa_narrow_used(l->node);
	differ = lanes8(_mm512_cmpneq_epu64_mask(_mm512_load_si512(word),
						 _mm512_loadu_si512(word + 1))) |
		 lanes8(_mm512_cmpneq_epu64_mask(_mm512_load_si512(word + 8),
						 _mm512_loadu_si512(word + 9)))
			 << 8;
	atomic_signal_fence(memory_order_seq_cst);
	/*
	 * Lane 0 compares the state with pivot 0, lane 11 pivot 10 with slot 0.
	 */
	return (differ & 0x7fe) | 1 |
	       (unsigned int)(word[ML_WIDE_LEAF_KEYS] != ULONG_MAX) << ML_WIDE_LEAF_KEYS;
}

/* Bits of slots that the leaf's form does not have are garbage. */
ISA_VECTOR_LOADS unsigned int isa_nulls(const struct ml_leaf *l)
{
	const unsigned long *slot = (const unsigned long *)l->slot;
	const __m512i all = _mm512_set1_epi64(-1);
	unsigned int empty =
		lanes8(_mm512_testn_epi64_mask(_mm512_loadu_si512(slot), all)) |
		lanes8(_mm512_testn_epi64_mask(
			_mm512_maskz_loadu_epi64(l->wide ? 0x0f : 0x7f, slot + 8), all))
			<< 8;

	atomic_signal_fence(memory_order_seq_cst);
	return empty;
}

/*
 * The indexes that four keys stand for; for a key not in use, the index after
 * the leaf. These are vectors of four and not of eight, because vectors of
 * eight hold up the loads of single words that follow.
 */
ISA_VECTOR_LOADS __m256i starts(const uint32_t *key, const struct ml_leaf *l)
{
	const unsigned long end = l->max + 1;
	__m256i keys = _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)key));
	__m256i start = _mm256_add_epi64(_mm256_set1_epi64x((long long)l->base),
					 _mm256_sll_epi64(keys, _mm_cvtsi32_si128((int)l->shift)));

	return _mm256_mask_set1_epi64(
		start, _mm256_cmpeq_epi64_mask(keys, _mm256_set1_epi64x(ML_KEY_NONE)),
		(long long)end);
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

/* What batch.tmpl.h calls; ranges_avx512.tmpl.h defines it. */
struct isa_batch;
static unsigned int isa_leaf_ranges(const struct ml_leaf *l, unsigned int wanted, unsigned long max,
				    struct vms_mt_range *out, unsigned int n, unsigned int *slot);
static bool isa_leaves_at_once(struct isa_batch *b, unsigned int from, unsigned long max,
			       struct vms_mt_range *out, unsigned int n, unsigned int *got);
#define ISA_LEAF_RANGES isa_leaf_ranges
#define ISA_LEAVES_AT_ONCE isa_leaves_at_once

/*
 * All callers of the scans from here to the templates hold the lock. So the
 * only words that may change while they are read are gap bounds, which a
 * concurrent search lowers.
 */

static unsigned long wide_leaf_gap(const struct ml_leaf *l)
{
	unsigned long largest = 0;

	for (unsigned int todo = isa_used(l) & isa_nulls(l); todo; todo &= todo - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(todo);
		unsigned long width = ml_leaf_max(l, i) + 1 - ml_leaf_min(l, i);

		largest = width > largest ? width : largest;
	}
	return largest;
}

/*
 * The widths of a narrow leaf's gaps between two of its keys, in the keys'
 * unit: slot i in lane i + 2, 0 where it has an entry. The first slot and the
 * last one, *end, begin or end with the leaf, which a key need not tell: *first
 * and *last are their gaps, in indexes.
 */
static inline __m512i gap_widths(const struct ml_leaf *l, unsigned int *end, unsigned long *first,
				 unsigned long *last)
{
	__m512i keys = _mm512_load_si512(l->node),
		below = _mm512_alignr_epi32(keys, _mm512_setzero_si512(), 15);
	unsigned int empty = isa_nulls(l), lanes;

	lanes = lanes16(_mm512_mask_cmpneq_epu32_mask(LEAF_LANES, keys,
						      _mm512_set1_epi32((int)ML_KEY_NONE)));
	*end = (unsigned int)__builtin_popcount(lanes);
	*first = empty & 1 ? ml_leaf_max(l, 0) + 1 - l->min : 0;
	*last = empty >> *end & 1 ? l->max + 1 - ml_leaf_min(l, *end) : 0;
	/* Slot 0 is left out: no key says where it begins. */
	return _mm512_maskz_sub_epi32((__mmask16)(empty << 2 & lanes & ~4u), keys, below);
}

static unsigned long isa_leaf_gap(const struct ml_leaf *l)
{
	unsigned long first, last, largest;
	unsigned int end;

	if (unlikely(l->wide))
		return wide_leaf_gap(l);
	largest = (unsigned long)_mm512_reduce_max_epu32(gap_widths(l, &end, &first, &last))
		  << l->shift;
	largest = largest > first ? largest : first;
	return largest > last ? largest : last;
}

/*
 * isa_narrow_gaps() of scan.tmpl.h. The base, in lane 7 of the last line, is no
 * slot, and is left out.
 */
ISA_VECTOR_LOADS unsigned int isa_narrow_gaps(const struct maple_node *leaf, unsigned long need,
					      unsigned int *empty)
{
	const __m512i none = _mm512_set1_epi32((int)ML_KEY_NONE), *line = (const __m512i *)leaf;
	__m512i keys = _mm512_load_si512(line), below = _mm512_alignr_epi32(keys, keys, 15);
	__m512i enough = _mm512_set1_epi32((int)(need < ML_KEY_NONE ? need : ML_KEY_NONE));
	__mmask16 in_use = _mm512_cmpneq_epu32_mask(keys, none);
	__mmask16 wide =
		_mm512_mask_cmpge_epu32_mask(in_use, _mm512_sub_epi32(keys, below), enough);
	__mmask8 null0 =
		_mm512_testn_epi64_mask(_mm512_load_si512(line + 1), _mm512_load_si512(line + 1));
	__mmask8 null1 =
		_mm512_testn_epi64_mask(_mm512_load_si512(line + 2), _mm512_load_si512(line + 2));
	unsigned int last = (unsigned int)__builtin_popcount(lanes16(in_use) >> 2);

	*empty = lanes16(_mm512_kunpackb(null1, null0)) & 0x7fff;
	return (lanes16(wide) >> 2 | 1u | 1u << last) & *empty;
}

ISA_VECTOR_LOADS unsigned long isa_inner_gap(const struct maple_node *node)
{
	const unsigned long *gap = (const unsigned long *)node->gap;

	return _mm512_reduce_max_epu64(_mm512_max_epu64(
		_mm512_max_epu64(_mm512_load_si512(gap), _mm512_load_si512(gap + 8)),
		_mm512_max_epu64(_mm512_load_si512(gap + 16), _mm512_load_si512(gap + 24))));
}

ISA_VECTOR_LOADS unsigned int isa_gaps(const struct maple_node *node, unsigned long size)
{
	const __m512i s = _mm512_set1_epi64((long long)size);
	const unsigned long *gap = (const unsigned long *)node->gap;

	__mmask8 lanes0 = _mm512_cmpge_epu64_mask(_mm512_load_si512(gap), s);
	__mmask8 lanes1 = _mm512_cmpge_epu64_mask(_mm512_load_si512(gap + 8), s);
	__mmask8 lanes2 = _mm512_cmpge_epu64_mask(_mm512_load_si512(gap + 16), s);
	__mmask8 lanes3 = _mm512_cmpge_epu64_mask(_mm512_load_si512(gap + 24), s);

	return (unsigned int)lanes32(
		_mm512_kunpackw(_mm512_kunpackb(lanes3, lanes2), _mm512_kunpackb(lanes1, lanes0)));
}

#include "lib/maple/isa/descend.tmpl.h"
#include "lib/maple/isa/batch.tmpl.h"
#include "lib/maple/isa/ranges_avx512.tmpl.h"
#include "lib/maple/isa/shape.tmpl.h"
#include "lib/maple/isa/place.tmpl.h"
#include "lib/maple/isa/beside.tmpl.h"
#include "lib/maple/isa/find_gap.tmpl.h"
#include "lib/maple/isa/plan.tmpl.h"
#include "lib/maple/isa/walked.tmpl.h"

static bool isa_usable(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}

const struct vms__mt_isa vms__mt_isa_avx512 = VMS__MT_ISA("avx512");

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
