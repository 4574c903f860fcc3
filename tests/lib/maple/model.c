/* SPDX-License-Identifier: MIT */
/* model.c - the flat array and its comparison with the tree. */
#include "tests/lib/maple/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/rcu.h>

#include "bench/harness/random.h"
#include "lib/sync/objcache/objcache.h"
#include "tests/support/number.h"

size_t model_live_nodes(void)
{
	vms_rcu_barrier();
	return model_nodes_now();
}

size_t model_nodes_now(void)
{
	return vms__objcache_report(NULL);
}

uint64_t model_random(struct model *m)
{
	return bench_random_next(&m->random);
}

unsigned int model_below(struct model *m, unsigned int limit)
{
	return (unsigned int)(model_random(m) >> 32) % limit;
}

static void init(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed)
{
	assert_true(cells && cells <= MODEL_CELLS_MAX);
	m->cells = cells;
	m->random = seed * 0x9e3779b97f4a7c15ull + 1;
	model_reset(m, flags);
}

void model_reset(struct model *m, unsigned int flags)
{
	mt_init_flags(&m->tree, flags);
	memset(m->cell, 0, m->cells * sizeof(m->cell[0]));
	memset(m->store, 0, m->cells * sizeof(m->store[0]));
	m->stores = 0;
}

void model_init(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed)
{
	init(m, flags, cells, seed);
	for (unsigned int i = 0; i < cells; i++)
		m->start[i] = i;
}

void model_init_wide(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed)
{
	unsigned long step = ULONG_MAX / cells;

	init(m, flags, cells, seed);
	for (unsigned int i = 0; i < cells; i++)
		m->start[i] = i ? i * step + model_random(m) % step : 0;
}

void model_init_at(struct model *m, unsigned int flags, unsigned int cells, unsigned long base,
		   unsigned long step)
{
	unsigned int below = base != 0;

	init(m, flags, cells, 1);
	m->start[0] = 0;
	for (unsigned int i = below; i < cells; i++)
		m->start[i] = base + (i - below) * step;
}

void model_destroy(struct model *m)
{
	mtree_destroy(&m->tree);
	assert_true(mtree_empty(&m->tree));
	assert_int_equal(model_live_nodes(), 0);
}

void *model_entry(struct model *m)
{
	static unsigned long next = 4096;

	next += 4;
	/*
	 * Entries of every kind: aligned pointers, values, and entries with the
	 * low bits of a node reference.
	 */
	return (void *)(next + model_below(m, 4));
}

unsigned int model_cell(const struct model *m, unsigned long key)
{
	unsigned int low = 0, high = m->cells - 1;

	while (low < high) {
		unsigned int mid = (low + high + 1) / 2;

		if (m->start[mid] <= key)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

void model_range(const struct model *m, unsigned int cell, unsigned int *from, unsigned int *to)
{
	for (*from = cell; *from && m->store[*from - 1] == m->store[cell]; (*from)--)
		;
	for (*to = cell; *to + 1 < m->cells && m->store[*to + 1] == m->store[cell]; (*to)++)
		;
}

bool model_next(const struct model *m, unsigned int cell, unsigned int max, bool gaps,
		unsigned int *from, unsigned int *to)
{
	do {
		model_range(m, cell, from, to);
		if (*to >= max)
			return false;
		cell = *to + 1;
		model_range(m, cell, from, to);
	} while (!gaps && !m->cell[cell]);
	return true;
}

bool model_prev(const struct model *m, unsigned int cell, unsigned int min, bool gaps,
		unsigned int *from, unsigned int *to)
{
	do {
		model_range(m, cell, from, to);
		if (*from <= min)
			return false;
		cell = *from - 1;
		model_range(m, cell, from, to);
	} while (!gaps && !m->cell[cell]);
	return true;
}

bool model_gap(const struct model *m, unsigned long min, unsigned long max, unsigned long size,
	       bool highest, unsigned long *at)
{
	bool found = false;

	for (unsigned int from = 0, to; from < m->cells; from = to + 1) {
		unsigned long low, high;

		to = from;
		if (m->cell[from])
			continue;
		model_range(m, from, &from, &to);
		low = model_first(m, from) > min ? model_first(m, from) : min;
		high = model_last(m, to) < max ? model_last(m, to) : max;
		if (low > high || high - low < size - 1)
			continue;
		*at = highest ? high - size + 1 : low;
		found = true;
		if (!highest)
			break;
	}
	return found;
}

void model_set(struct model *m, unsigned int from, unsigned int to, void *entry)
{
	m->stores++;
	for (unsigned int i = from; i <= to; i++) {
		m->cell[i] = entry;
		m->store[i] = entry ? m->stores : 0;
	}
}

int model_store(struct model *m, unsigned int from, unsigned int to, void *entry)
{
	MA_STATE(mas, &m->tree, model_first(m, from), model_last(m, to));
	int err;

	mas_lock(&mas);
	err = mas_store_gfp(&mas, entry, GFP_KERNEL);
	mas_unlock(&mas);
	if (!err)
		model_set(m, from, to, entry);
	return err;
}

void model_pick(struct model *m, unsigned int *from, unsigned int *to, void **entry)
{
	unsigned int width = model_below(m, 3);

	if (!model_below(m, 8))
		width = model_below(m, model_below(m, 8) ? m->cells / 4 + 1 : m->cells);
	*from = model_below(m, m->cells);
	*to = *from + width < m->cells ? *from + width : m->cells - 1;
	*entry = model_below(m, 3) ? model_entry(m) : NULL;
}

unsigned int model_more(void)
{
	return (unsigned int)number_of_variable("VMS_TEST_MORE", 1, 1000000, 1);
}

int model_run_all(const char *name, const struct CMUnitTest *tests, size_t nr)
{
	static const char *const simd[] = {"scalar", "vec128", "avx2", "avx512"};
	int failed = 0;

	for (size_t i = 0; i < sizeof(simd) / sizeof(simd[0]); i++) {
		if (!vms_mt_set_simd(simd[i])) {
			print_message("%s: this CPU has no %s\n", name, simd[i]);
			continue;
		}
		print_message("%s, nodes searched with %s\n", name, simd[i]);
		failed += _cmocka_run_group_tests(name, tests, nr, NULL, NULL);
	}
	return failed;
}

static bool differs(struct model *m, const char *what, unsigned int cell)
{
	fprintf(stderr, "model: %s: cell %u, keys %#lx-%#lx, has %p\n", what, cell,
		model_first(m, cell), model_last(m, cell), m->cell[cell]);
	mt_dump(&m->tree, mt_dump_hex);
	return false;
}

bool model_agrees(struct model *m)
{
	unsigned int cell = 0, from, to;
	void *entry;
	MA_STATE(mas, &m->tree, 0, 0);

	if (vms_mt_check(&m->tree, stderr))
		return differs(m, "broken tree", 0);
	for (unsigned int i = 0; i < m->cells; i++) {
		if (mtree_load(&m->tree, model_first(m, i)) != m->cell[i] ||
		    mtree_load(&m->tree, model_last(m, i)) != m->cell[i])
			return differs(m, "load", i);
		if (vms_mt_walk(&m->tree, model_first(m, i)) != m->cell[i] ||
		    vms_mt_walk(&m->tree, model_last(m, i)) != m->cell[i])
			return differs(m, "walk", i);
	}
	/* Compare again by iteration, bounds included. */
	vms_rcu_read_lock();
	mas_for_each(&mas, entry, ULONG_MAX) {
		while (cell < m->cells && !m->cell[cell])
			cell++;
		if (cell == m->cells)
			break;
		model_range(m, cell, &from, &to);
		if (entry != m->cell[cell] || mas.index != model_first(m, from) ||
		    mas.last != model_last(m, to))
			break;
		cell = to + 1;
	}
	vms_rcu_read_unlock();
	while (cell < m->cells && !m->cell[cell])
		cell++;
	if (entry || cell != m->cells)
		return differs(m, "iteration", cell < m->cells ? cell : m->cells - 1);
	return true;
}

void model_check(struct model *m)
{
	assert_true(model_agrees(m));
}
