/* SPDX-License-Identifier: MIT */
/*
 * test_random.c - random operations, the same on every engine, compared with
 * two references: a flat array that knows of each page whether it is mapped and
 * with which rights, and the other engines, whose layout must be the same text
 * after every operation.
 */
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "tests/lib/mm/world.h"
#include "bench/harness/random.h"
#include "tests/support/number.h"

#define BASE 0x20000000UL
#define PAGES 64UL
#define ROUNDS 60
#define STEPS 200
#define NR_ENGINES 3

static const char *const engines[NR_ENGINES] = {"rbtree", "maple", "maple-vma"};

struct flat {
	unsigned char mapped[PAGES], prot[PAGES];
	unsigned long word[PAGES];
};

static uint64_t rng_state;

static unsigned long rnd(unsigned long n)
{
	return (bench_random_next(&rng_state) >> 11) % n;
}

struct op {
	unsigned int kind;
	unsigned long first, count, word;
	int prot;
};

static struct op draw(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, RW, PROT_READ | PROT_EXEC};
	struct op op = {
		.kind = rnd(9), .first = rnd(PAGES), .word = 1 + rnd(1000), .prot = prots[rnd(5)]};

	op.count = 1 + rnd(rnd(2) ? 3 : PAGES);
	if (op.first + op.count > PAGES)
		op.count = PAGES - op.first;
	return op;
}

static long apply(struct mm_struct *mm, const struct op *op)
{
	unsigned long addr = BASE + op->first * PG, len = op->count * PG, word = 0;

	switch (op->kind) {
	case 0:
	case 1:
		return (long)vms_mmap(mm, addr, len, op->prot, FIXED, NULL, 0);
	case 2:
		return vms_munmap(mm, addr, len);
	case 3:
		return vms_mprotect(mm, addr, len, op->prot);
	case 4:
		return vms_madvise(mm, addr, len, MADV_DONTNEED);
	case 5:
		return vms_madvise(mm, addr, len, op->word & 1 ? MADV_DONTFORK : MADV_DOFORK);
	case 6:
		return vms_read_word(mm, addr, &word) == VMS_FAULT_OK ? (long)word : -1;
	default:
		return vms_write_word(mm, addr, op->word) == VMS_FAULT_OK ? 0 : -1;
	}
}

static long model(struct flat *f, const struct op *op)
{
	long result = 0;

	switch (op->kind) {
	case 0:
	case 1:
		for (unsigned long i = op->first; i < op->first + op->count; i++) {
			f->mapped[i] = 1;
			f->prot[i] = op->prot;
			f->word[i] = 0;
		}
		return (long)(BASE + op->first * PG);
	case 2:
		for (unsigned long i = op->first; i < op->first + op->count; i++)
			f->mapped[i] = 0;
		return 0;
	case 3:
		for (unsigned long i = op->first; i < op->first + op->count; i++) {
			if (!f->mapped[i])
				return -ENOMEM;
			f->prot[i] = op->prot;
		}
		return 0;
	case 4:
	case 5:
		for (unsigned long i = op->first; i < op->first + op->count; i++) {
			if (!f->mapped[i])
				result = -ENOMEM;
			if (op->kind == 4)
				f->word[i] = 0;
		}
		return result;
	case 6:
		return f->mapped[op->first] && f->prot[op->first] ? (long)f->word[op->first] : -1;
	default:
		if (!f->mapped[op->first] || !(f->prot[op->first] & PROT_WRITE))
			return -1;
		f->word[op->first] = op->word;
		return 0;
	}
}

static void check_against_flat(struct mm_struct *mm, const struct flat *f)
{
	for (unsigned long i = 0; i < PAGES; i++) {
		struct vm_area_struct *vma;

		mmap_read_lock(mm);
		vma = vma_lookup(mm, BASE + i * PG);
		assert_int_equal(vma != NULL, f->mapped[i]);
		if (vma)
			assert_int_equal(vma->vm_flags & VM_ACCESS_FLAGS, f->prot[i]);
		mmap_read_unlock(mm);
	}
}

static void one_round(uint64_t seed)
{
	struct mm_struct *mm[NR_ENGINES];
	struct flat flat = {0};

	rng_state = seed;
	for (int e = 0; e < NR_ENGINES; e++)
		mm[e] = vms_mm_create(engines[e], &world_layout, NULL);
	for (int step = 0; step < STEPS; step++) {
		struct op op = draw();
		long expected = model(&flat, &op);
		char *first = NULL;

		for (int e = 0; e < NR_ENGINES; e++) {
			long got = apply(mm[e], &op);
			char *text = layout_text(mm[e]);

			if (got != expected || (first && strcmp(first, text) != 0) ||
			    vms_mm_validate(mm[e], stderr)) {
				print_error("seed %llu step %d on %s: op %u pages %lu+%lu: %lx, "
					    "expected %lx; layout\n%s",
					    (unsigned long long)seed, step, engines[e], op.kind,
					    op.first, op.count, got, expected, text);
				fail();
			}
			check_against_flat(mm[e], &flat);
			if (first)
				free(text);
			else
				first = text;
		}
		free(first);
	}
	for (int e = 0; e < NR_ENGINES; e++)
		mmput(mm[e]);
}

static void engines_agree_with_a_flat_array_and_each_other(void **state)
{
	uint64_t seed = number_of_variable("VMS_SEED", 0, ULONG_MAX, (unsigned long)time(NULL));

	(void)state;
	print_message("VMS_SEED=%llu\n", (unsigned long long)seed);
	for (int round = 0; round < ROUNDS; round++)
		one_round(seed * 1000 + (uint64_t)round + 1);
	assert_int_equal(vms_leak_report(stderr), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_agree_with_a_flat_array_and_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
