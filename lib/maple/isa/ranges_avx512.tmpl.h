/* SPDX-License-Identifier: MIT */
/*
 * ranges_avx512.tmpl.h - what batch.tmpl.h calls to report a leaf, and the
 * leaves that follow each other under one parent, by 512-bit vectors.
 *
 * A part of avx512.c, which must have included batch.tmpl.h and defined, before
 * this, ISA_VECTOR_LOADS and lanes16().
 *
 * A narrow leaf's bounds are compared, and its empty slots left out, while they
 * are still keys of 32 bits, because one vector has room for all of them. They
 * become indexes only where they are put into the records.
 *
 * Locks: RCU or the tree's lock. Read next: batch.tmpl.h (when ranges count).
 */

/*
 * The number of ranges that may be overwritten, however few the leaf has: whole
 * vectors are stored.
 */
#define ISA_RANGES_AT_ONCE 16u

/*
 * The content of a narrow leaf by slots: the keys before and after each slot,
 * and the entries.
 */
struct isa_leaf_rows {
	__m512i first, end;
	__m512i entry0, entry1;
};

/*
 * The constants that make records of keys, kept in registers while leaves are
 * read. Eight records are three vectors of eight words; the words are by turns
 * a range's first index, its last index and its entry.
 */
struct isa_maker {
	/*
	 * an index is its key times the unit, plus the base; for a last index
	 * the base is one less, because a range ends before the next begins
	 */
	__m512i unit, base[3];
	__mmask8 index[3]; /* the words that are indexes */
	/* the lanes that have a key where slots begin, and where they end */
	__mmask16 first, end;
};

static inline __attribute__((always_inline)) void
isa_make_ready(struct isa_maker *m, unsigned long base, unsigned int shift)
{
	const __m512i b = _mm512_set1_epi64((long long)base);

	m->unit = _mm512_set1_epi64(1ll << shift);
	m->base[0] = _mm512_add_epi64(b, _mm512_setr_epi64(0, -1, 0, 0, -1, 0, 0, -1));
	m->base[1] = _mm512_add_epi64(b, _mm512_setr_epi64(0, 0, -1, 0, 0, -1, 0, 0));
	m->base[2] = _mm512_add_epi64(b, _mm512_setr_epi64(-1, 0, 0, -1, 0, 0, -1, 0));
	m->index[0] = 0xdb;
	m->index[1] = 0xb6;
	m->index[2] = 0x6d;
	m->first = 0x7ffe;
	m->end = 0x3fff;
	/* Without this, compilers load these constants again for each use. */
	__asm__(""
		: "+Yk"(m->index[0]), "+Yk"(m->index[1]), "+Yk"(m->index[2]), "+Yk"(m->first),
		  "+Yk"(m->end));
}

/*
 * Read the slots of a narrow leaf, which begins with the key in all lanes of
 * @low and ends before the key in all lanes of @high. A slot that is empty, or
 * behind the last one, ends where it begins. Return: the slots that have an
 * entry.
 */
ISA_VECTOR_LOADS unsigned int isa_read_slots(const struct maple_node *leaf, __m512i low,
					     __m512i high, const struct isa_maker *m,
					     struct isa_leaf_rows *rows)
{
	const unsigned long *slot = (const unsigned long *)leaf->narrow_leaf.slot;
	const uint32_t *word = (const uint32_t *)leaf;
	__mmask8 full0, full1;

	rows->end = _mm512_min_epu32(_mm512_mask_loadu_epi32(high, m->end, word + 2), high);
	rows->first = _mm512_mask_min_epu32(low, m->first, _mm512_loadu_si512(word + 1), high);
	rows->entry0 = _mm512_load_si512(slot);
	/* The last of these words is the base, no entry. */
	rows->entry1 = _mm512_load_si512(slot + 8);
	atomic_signal_fence(memory_order_seq_cst);
	full0 = _mm512_test_epi64_mask(rows->entry0, rows->entry0);
	full1 = _mm512_test_epi64_mask(rows->entry1, rows->entry1);
	return lanes16(_kand_mask16(_mm512_kunpackb(full1, full0),
				    _mm512_cmpneq_epi32_mask(rows->first, rows->end))) &
	       0x7fff;
}

/* The numbers of the slots in @full, in order, four bits each. */
static inline unsigned long isa_in_order(unsigned int full)
{
	return _pext_u64(0xfedcba9876543210ul, _pdep_u64(full, 0x1111111111111111ul) * 15);
}

/*
 * The words of eight records: the indexes as keys, first and end by turns, and
 * the entries.
 */
struct isa_eight {
	__m512i keys, entry;
};

/* The words of the eight slots whose numbers are in @order. */
static inline struct isa_eight isa_take_eight(const struct isa_leaf_rows *rows, unsigned int order)
{
	const unsigned long twice = order * 0x100000001ul;
	/*
	 * Both halves of word k begin with the four bits of slot k; the
	 * permutations ignore the bits after those.
	 */
	__m512i slot = _mm512_srlv_epi32(_mm512_set1_epi64((long long)twice),
					 _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20,
							   24, 24, 28, 28));
	/*
	 * The permutation counts lanes 0 to 15 in its first vector, 16 to 31 in
	 * its second. 0xea: (slot and 15) or 16 for the odd words.
	 */
	__m512i lane = _mm512_ternarylogic_epi32(slot, _mm512_set1_epi32(15),
						 _mm512_set1_epi64(16ll << 32), 0xea);

	return (struct isa_eight){_mm512_permutex2var_epi32(rows->first, lane, rows->end),
				  _mm512_permutex2var_epi64(rows->entry0, slot, rows->entry1)};
}

/* Vector @i of the three that eight records fill. */
static inline __attribute__((always_inline)) __m512i
isa_eight_words(const struct isa_eight *e, const struct isa_maker *m, unsigned int i)
{
#define F(k) 2 * (k), 0
#define L(k) 2 * (k) + 1, 0
#define E(k) 16 + 2 * (k), 17 + 2 * (k)
	static const uint32_t lanes[3][16] __attribute__((aligned(64))) = {
		{F(0), L(0), E(0), F(1), L(1), E(1), F(2), L(2)},
		{E(2), F(3), L(3), E(3), F(4), L(4), E(4), F(5)},
		{L(5), E(5), F(6), L(6), E(6), F(7), L(7), E(7)},
	};
#undef F
#undef L
#undef E
	__m512i words = _mm512_permutex2var_epi32(e->keys, _mm512_load_si512(lanes[i]), e->entry);

	words = _mm512_mask_mul_epu32(words, m->index[i], words, m->unit);
	return _mm512_mask_add_epi64(words, m->index[i], words, m->base[i]);
}

/*
 * Write the ranges of the @got slots in @full. Up to ISA_RANGES_AT_ONCE records
 * are overwritten, because whole vectors are stored.
 */
static inline __attribute__((always_inline)) void
isa_put_ranges(struct vms_mt_range *out, unsigned int full, unsigned int got,
	       const struct isa_leaf_rows *rows, const struct isa_maker *m)
{
	unsigned long *word = (unsigned long *)out, order = isa_in_order(full);
	struct isa_eight e = isa_take_eight(rows, (unsigned int)order);

	_mm512_storeu_si512(word, isa_eight_words(&e, m, 0));
	_mm512_storeu_si512(word + 8, isa_eight_words(&e, m, 1));
	_mm512_storeu_si512(word + 16, isa_eight_words(&e, m, 2));
	if (got <= 8)
		return;
	e = isa_take_eight(rows, (unsigned int)(order >> 32));
	_mm512_storeu_si512(word + 24, isa_eight_words(&e, m, 0));
	_mm512_storeu_si512(word + 32, isa_eight_words(&e, m, 1));
	_mm512_storeu_si512(word + 40, isa_eight_words(&e, m, 2));
}

/*
 * isa_put_ranges() for an @out that ends with these ranges: the stores are
 * masked, so that no word behind them is written.
 */
static inline void isa_put_only(struct vms_mt_range *out, unsigned int full, unsigned int got,
				const struct isa_leaf_rows *rows, const struct isa_maker *m)
{
	unsigned long *word = (unsigned long *)out, words = (1ul << 3 * got) - 1,
		      order = isa_in_order(full);
	struct isa_eight e = isa_take_eight(rows, (unsigned int)order);

	_mm512_mask_storeu_epi64(word, (__mmask8)words, isa_eight_words(&e, m, 0));
	_mm512_mask_storeu_epi64(word + 8, (__mmask8)(words >> 8), isa_eight_words(&e, m, 1));
	_mm512_mask_storeu_epi64(word + 16, (__mmask8)(words >> 16), isa_eight_words(&e, m, 2));
	if (got <= 8)
		return;
	e = isa_take_eight(rows, (unsigned int)(order >> 32));
	_mm512_mask_storeu_epi64(word + 24, (__mmask8)(words >> 24), isa_eight_words(&e, m, 0));
	_mm512_mask_storeu_epi64(word + 32, (__mmask8)(words >> 32), isa_eight_words(&e, m, 1));
	_mm512_mask_storeu_epi64(word + 40, (__mmask8)(words >> 40), isa_eight_words(&e, m, 2));
}

/* isa_leaf_ranges_by_one() for a narrow leaf. */
static inline unsigned int isa_narrow_leaf_ranges(const struct ml_leaf *l, unsigned int wanted,
						  unsigned long max, struct vms_mt_range *out,
						  unsigned int n, unsigned int *slot)
{
	unsigned int full, got, last;
	struct isa_leaf_rows rows;
	struct isa_maker m;

	isa_make_ready(&m, l->base, l->shift);
	/*
	 * The leaf may begin and end where no key says it, so the first and the
	 * last bound are put right below. The low key equals no other, so that
	 * slot 0, which never is empty, does not look empty.
	 */
	full = isa_read_slots(l->node, _mm512_set1_epi32(-1), _mm512_set1_epi32((int)ML_KEY_NONE),
			      &m, &rows) &
	       wanted;
	got = (unsigned int)__builtin_popcount(full);
	if (got > n) {
		full = _pdep_u32((1u << n) - 1, full);
		got = n;
	}
	if (unlikely(!got))
		return 0;
	if (n < ISA_RANGES_AT_ONCE)
		isa_put_only(out, full, got, &rows, &m);
	else
		isa_put_ranges(out, full, got, &rows, &m);
	last = 31 - (unsigned int)__builtin_clz(full);
	if (full & 1)
		out[0].first = l->min;
	if (last == ML_NARROW_LEAF_KEYS || ml_key(l->node, last) == ML_KEY_NONE)
		out[got - 1].last = l->max;
	while (unlikely(out[got - 1].first > max)) {
		full ^= 1u << last;
		if (!--got)
			return 0;
		last = 31 - (unsigned int)__builtin_clz(full);
	}
	*slot = last;
	return got;
}

static unsigned int isa_leaf_ranges(const struct ml_leaf *l, unsigned int wanted, unsigned long max,
				    struct vms_mt_range *out, unsigned int n, unsigned int *slot)
{
	/*
	 * ThreadSanitizer sees no acquire in a vector's loads, so it would
	 * report what a writer wrote to an entry's object as a race.
	 */
	if (VMS__TSAN || unlikely(l->wide))
		return isa_leaf_ranges_by_one(l, wanted, max, out, n, slot);
	return isa_narrow_leaf_ranges(l, wanted, max, out, n, slot);
}

/*
 * The key that stands for @start in nodes of this base and shift; ML_KEY_NONE
 * if there is none.
 */
static inline uint32_t isa_key_of(unsigned long start, unsigned long base, unsigned int shift)
{
	return start - base < (unsigned long)ML_KEY_NONE << shift && ml_key_fits(start, shift)
		       ? (uint32_t)((start - base) >> shift)
		       : ML_KEY_NONE;
}

/*
 * Report the ranges of @leaf, the next one, which begins with the key in all
 * lanes of @low and ends before the key in all lanes of @high. Its state was
 * @state.
 * 	Return: one past its last range; NULL: its ranges do not count, or
 * 	        may be more than there is room for.
 */
static inline __attribute__((always_inline)) struct vms_mt_range *
isa_put_leaf(const struct maple_node *leaf, unsigned long state, __m512i low, __m512i high,
	     const struct isa_maker *m, struct vms_mt_range *at, const struct vms_mt_range *end)
{
	struct isa_leaf_rows rows;
	unsigned int full = isa_read_slots(leaf, low, high, m, &rows),
		     got = (unsigned int)__builtin_popcount(full);

	if (unlikely(end - at < (got <= 8 ? 9 : (int)ISA_RANGES_AT_ONCE)))
		return NULL;
	isa_put_ranges(at, full, got, &rows, m);
	/*
	 * The state is unchanged, so the words read are of one phase: the
	 * loads, vectors too, acquire, and ml_state() pairs with the releases
	 * in shape.tmpl.h.
	 */
	return likely(ml_state(leaf) == state) ? at + got : NULL;
}

/*
 * ISA_LEAVES_AT_ONCE: report leaves under the reader's parent, from slot @from
 * on, whose bounds and whose parent's bounds are keys of one kind. A leaf
 * between two bounds that are keys of its kind has no other bounds, whatever
 * region its own base names. All of these leaves end before @max and leave room
 * for a range or more: *got stays below @n.
 * 	Return: false: there is no such leaf, or the leaves may not have been
 * 	        current; then all is as it was. Else the reader stands in the
 * 	        last leaf, which has been reported.
 */
static bool isa_leaves_at_once(struct isa_batch *b, unsigned int from, unsigned long max,
			       struct vms_mt_range *out, unsigned int n, unsigned int *got)
{
	const unsigned long form = ML_LEAF_BIT | (b->form & ML_BYTE_BIT),
			    start = from == b->slot ? b->leaf.min : b->leaf.max + 1;
	const unsigned int shift = ml_shift_of(b->form);
	struct vms_mt_range *at = out + *got, *end = out + n, *next;
	struct maple_node *parent = b->parent, *leaf = NULL;
	unsigned long base, state = 0;
	uint32_t key, low_key, limit;
	unsigned int i = from;
	__m512i low, high;
	struct isa_maker m;

	if (VMS__TSAN || b->form & (ML_WIDE_BIT | ML_LEAF_BIT) ||
	    end - at < (int)ISA_RANGES_AT_ONCE)
		return false;
	base = parent->narrow_inner.base;
	key = low_key = isa_key_of(start, base, shift);
	if (low_key == ML_KEY_NONE || max <= start)
		return false;
	limit = (max - base) >> shift < ML_KEY_NONE ? (uint32_t)((max - base) >> shift)
						    : ML_KEY_NONE - 1;
	isa_make_ready(&m, base, shift);
	low = _mm512_set1_epi32((int)low_key);
	for (;;) {
		struct maple_node *child;
		unsigned int far = i + ISA_LEAVES_AHEAD;
		unsigned long fetch, seen;
		uint32_t top = i < ML_NARROW_INNER_KEYS ? ml_key(parent, i) : ML_KEY_NONE;

		/*
		 * The parent does not say where its last child ends, so the
		 * caller goes on there; so it does with a leaf that ends after
		 * @max.
		 */
		if (top > limit)
			break;
		child = ml_node(
			atomic_load_explicit(&parent->narrow_inner.slot[i], memory_order_acquire));
		/*
		 * Relaxed: only fetched, not followed, as in isa_next_entry().
		 */
		far = far < ML_NARROW_INNER_KEYS ? far : ML_NARROW_INNER_KEYS;
		fetch = (unsigned long)atomic_load_explicit(&parent->narrow_inner.slot[far],
							    memory_order_relaxed);
		__builtin_prefetch((const void *)fetch);
		__builtin_prefetch((const void *)(fetch + 64));
		__builtin_prefetch((const void *)(fetch + 128));
		seen = ml_state(child);
		if (unlikely((seen & (ML_LEAF_BIT | ML_WIDE_BIT | ML_BYTE_BIT | ML_DEAD |
				      ML_BUSY)) != form))
			break;
		high = _mm512_set1_epi32((int)top);
		next = isa_put_leaf(child, seen, low, high, &m, at, end);
		if (unlikely(!next))
			break;
		at = next;
		leaf = child;
		state = seen;
		low = high;
		low_key = key;
		key = top;
		i++;
	}
	/*
	 * The parent is alive after the loads of its children, all of which
	 * acquire, so the children were current then. Pairs with ml_kill(), as
	 * ml_state() does.
	 */
	if (!leaf || unlikely(ml_state(parent) & ML_DEAD))
		return false;
	*got = (unsigned int)(at - out);
	b->slot = i - 1;
	b->state = state;
	ml_leaf_view(&b->leaf, leaf, state, base + ((unsigned long)low_key << shift),
		     base + ((unsigned long)key << shift) - 1);
	return true;
}
