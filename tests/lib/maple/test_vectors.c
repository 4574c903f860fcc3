/* SPDX-License-Identifier: MIT */
/*
 * test_vectors.c - no function of the tree leaves the upper halves of vector
 * registers in use. Symptom: the caller's SSE code is slow, and no result is
 * wrong. Cause: a function returned without vzeroupper.
 */
#include "tests/lib/maple/model.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <stdint.h>
#endif

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define RANGES 300UL
#define PAGE 4096UL
#define FIRST(i) ((1UL << 32) + (i)*16 * PAGE)

static struct maple_tree tree = MTREE_INIT(tree, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
static int object[RANGES];

#ifdef __x86_64__
/* Whether XGETBV can report which parts of the vector registers are in use. */
static bool can_tell(void)
{
	unsigned int a, b, c, d;

#ifdef VMS_DEBUG
	/*
	 * A debug build is not optimised: gcc then inserts no vzeroupper, and
	 * the speed does not matter.
	 */
	return false;
#endif
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return false;
	return __get_cpuid_count(0xd, 1, &a, &b, &c, &d) && a & 4;
}

static void clear_upper_halves(void)
{
	__asm__ volatile("vzeroupper" ::: "memory");
}

/*
 * Return: bit 2 if bits 128 to 255 of the first sixteen registers are in use,
 * bit 6 if bits 256 to 511 of them are.
 */
static unsigned int upper_halves(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
	return low & (1u << 2 | 1u << 6);
}
#else
static bool can_tell(void)
{
	return false;
}
static void clear_upper_halves(void)
{
}
static unsigned int upper_halves(void)
{
	return 0;
}
#endif

#define LEAVES_NONE(call)                                                                          \
	do {                                                                                       \
		unsigned int left;                                                                 \
                                                                                                   \
		clear_upper_halves();                                                              \
		(void)(call);                                                                      \
		left = upper_halves();                                                             \
		if (left)                                                                          \
			fail_msg("%s: with %s, upper halves of vectors are in use: %#x", #call,    \
				 vms_mt_simd(), left);                                             \
	} while (0)

/*
 * Makes every kind of store at range @i: cuts a page out of it and restores it,
 * erases it and restores it, and replaces its entry.
 */
static void store(unsigned long i)
{
	const unsigned long first = FIRST(i), last = first + 8 * PAGE - 1;
	MA_STATE(mas, &tree, first, last);

	LEAVES_NONE(mtree_insert_range(&tree, first, last, &object[i], GFP_KERNEL));
	LEAVES_NONE(mtree_store_range(&tree, first + PAGE, first + 2 * PAGE - 1, NULL, GFP_KERNEL));
	LEAVES_NONE(mtree_store_range(&tree, first, last, &object[i], GFP_KERNEL));
	LEAVES_NONE(mtree_store_range(&tree, first, first + PAGE - 1, NULL, GFP_KERNEL));
	LEAVES_NONE(mtree_store_range(&tree, first, last, &object[0], GFP_KERNEL));
	LEAVES_NONE(mtree_erase(&tree, first));
	LEAVES_NONE(mtree_insert_range(&tree, first, last, &object[0], GFP_KERNEL));
	LEAVES_NONE(mtree_insert_range(&tree, first, last, &object[0], GFP_KERNEL));
	mtree_lock(&tree);
	LEAVES_NONE(mas_preallocate(&mas, &object[i], GFP_KERNEL));
	LEAVES_NONE((mas_store_prealloc(&mas, &object[i]), 0));
	mas_set(&mas, first);
	LEAVES_NONE(mas_walk(&mas));
	LEAVES_NONE(mas_store(&mas, &object[i]));
	mtree_unlock(&tree);
}

static void look(unsigned long i)
{
	MA_STATE(mas, &tree, 0, 0);

	rcu_read_lock();
	LEAVES_NONE(mtree_load(&tree, FIRST(i)));
	LEAVES_NONE(mas_find(&mas, ULONG_MAX));
	LEAVES_NONE(mas_next(&mas, ULONG_MAX));
	LEAVES_NONE(mas_prev(&mas, 0));
	rcu_read_unlock();
	mtree_lock(&tree);
	mas_set(&mas, 0);
	LEAVES_NONE(mas_empty_area(&mas, 0, ULONG_MAX, PAGE));
	mas_set(&mas, 0);
	LEAVES_NONE(mas_empty_area_rev(&mas, 0, ULONG_MAX, 8 * PAGE));
	mtree_unlock(&tree);
}

static void upper_halves_of_vectors_are_left_clear(void **state)
{
	static const char *const sets[] = {"avx512", "avx2", "vec128", "scalar"};

	(void)state;
	if (!can_tell())
		skip();
	for (size_t s = 0; s < LEN(sets); s++) {
		if (!vms_mt_set_simd(sets[s]))
			continue;
		for (unsigned long i = 0; i < RANGES; i++) {
			store(i * 7 % RANGES);
			look(i * 7 % RANGES);
		}
		mtree_destroy(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upper_halves_of_vectors_are_left_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
