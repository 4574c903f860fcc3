/* SPDX-License-Identifier: MIT */
/*
 * test_batch.c - vms_mas_batch() must equal repeated mas_find() calls: the same
 * ranges and entries, and the same final position of the cursor, in trees of
 * every form, from every place, for every number of ranges, and up to every
 * limit. test_batch_readers.c and test_readers.c test it concurrently with
 * writers.
 */
#include "tests/lib/maple/model.h"

#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ROOM 200u
#define TRIES (4000 / MODEL_LESS)

static struct model m;

/* Calls mas_find() up to @n times. */
static unsigned int find_each(struct ma_state *mas, unsigned long max, struct vms_mt_range *out,
			      unsigned int n)
{
	unsigned int got = 0;

	while (got < n) {
		void *entry = mas_find(mas, max);

		if (!entry)
			break;
		out[got++] = (struct vms_mt_range){mas->index, mas->last, entry};
	}
	return got;
}

static void check_same(const struct vms_mt_range *a, const struct vms_mt_range *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(a[i].first, b[i].first);
		assert_int_equal(a[i].last, b[i].last);
		assert_ptr_equal(a[i].entry, b[i].entry);
	}
}

/* Asserts that both cursors are in the same state and continue alike. */
static void check_cursors(struct ma_state *a, struct ma_state *b)
{
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->last, b->last);
	switch (model_below(&m, 3)) {
	case 0:
		assert_ptr_equal(mas_next_range(a, ULONG_MAX), mas_next_range(b, ULONG_MAX));
		break;
	case 1:
		assert_ptr_equal(mas_prev(a, 0), mas_prev(b, 0));
		break;
	default:
		assert_ptr_equal(mas_find(a, ULONG_MAX), mas_find(b, ULONG_MAX));
		break;
	}
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->last, b->last);
}

/* Reads some ranges from a random place, then some more. */
static void check_some(void)
{
	struct vms_mt_range batch[ROOM + 1], each[ROOM];
	unsigned long from =
		model_first(&m, model_below(&m, m.cells)) + (model_below(&m, 2) ? 1 : 0);
	unsigned long max =
		model_below(&m, 2) ? ULONG_MAX : model_first(&m, model_below(&m, m.cells));
	MA_STATE(a, &m.tree, from, from);
	MA_STATE(b, &m.tree, from, from);

	for (unsigned int calls = 1 + model_below(&m, 3); calls; calls--) {
		unsigned int n = model_below(&m, 4) ? model_below(&m, 20) : ROOM;

		/* The call must not write more ranges than asked for. */
		memset(&batch[n], 0x5a, sizeof(batch[n]));
		each[0] = batch[n];
		assert_memory_equal(&batch[n], &each[0], sizeof(each[0]));
		unsigned int found = vms_mas_batch(&a, max, batch, n);

		assert_memory_equal(&batch[n], &each[0], sizeof(each[0]));
		assert_int_equal(found, find_each(&b, max, each, n));
		check_same(batch, each, found);
		if (n && found)
			check_cursors(&a, &b);
	}
}

static void check_tree(unsigned int stores)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		unsigned int from, to;
		void *entry;

		if (i % (TRIES / stores + 1) == 0)
			for (unsigned int j = 0; j < 20; j++) {
				model_pick(&m, &from, &to, &entry);
				assert_int_equal(model_store(&m, from, to, entry), 0);
			}
		check_some();
	}
	model_destroy(&m);
}

static void a_batch_is_what_mas_find_finds(void **state)
{
	static const unsigned long bases[] = {0, 4096, 5ul << 43, (6ul << 43) - (300ul << 12),
					      0ul - (600ul << 12)};

	(void)state;
	for (unsigned int i = 0; i < LEN(bases); i++) {
		model_init_at(&m, i & 1 ? MT_FLAGS_ALLOC_RANGE : 0, 600, bases[i], 4096);
		check_tree(40);
	}
	model_init(&m, 0, 500, 1);
	check_tree(40);
	model_init_wide(&m, MT_FLAGS_ALLOC_RANGE, 500, 2);
	check_tree(40);
	model_init_wide(&m, 0, 5, 3);
	check_tree(40);
}

/*
 * From @from, mas_find() and vms_mas_batch() must report the same, up to @max
 * and up to @n ranges, and leave their cursors alike.
 */
static void check_limits(unsigned long from, unsigned long max, unsigned int n)
{
	struct vms_mt_range batch[ROOM + 1], each[ROOM], unwritten;
	MA_STATE(a, &m.tree, from, from);
	MA_STATE(b, &m.tree, from, from);
	unsigned int found;

	memset(batch, 0x5a, sizeof(batch));
	memset(each, 0, sizeof(each));
	unwritten = batch[0];
	found = vms_mas_batch(&a, max, batch, n);
	assert_memory_equal(&batch[n], &unwritten, sizeof(unwritten));
	assert_int_equal(found, find_each(&b, max, each, n));
	check_same(batch, each, found);
	if (n && found)
		check_cursors(&a, &b);
}

/*
 * Leaves in bytes and wide leaves between leaves in pages, all below parents in
 * pages.
 */
static void leaves_of_another_form_stand_between(void **state)
{
	static const unsigned long steps[] = {1ul << 16, 1ul << 33};
	const unsigned long pages = 400;

	(void)state;
	for (unsigned int i = 0; i < LEN(steps); i++) {
		model_init(&m, 0, 2, 1);
		for (unsigned long at = 1; at < pages; at++)
			assert_int_equal(mtree_store_range(&m.tree, at * steps[i],
							   (at + 1) * steps[i] - 1, model_entry(&m),
							   GFP_KERNEL),
					 0);
		for (unsigned long at = 35; at < pages; at += 40)
			assert_int_equal(mtree_store_range(&m.tree, at * steps[i] + 1,
							   at * steps[i] + 5, model_entry(&m),
							   GFP_KERNEL),
					 0);
		for (unsigned long at = 0; at < pages; at++)
			check_limits(at * steps[i], ULONG_MAX, ROOM);
		for (unsigned long at = 0; at < pages; at++)
			check_limits(0, at * steps[i] + 3, ROOM);
		model_destroy(&m);
	}
}

/*
 * Makes each slot of each leaf the last one for some limit and for some number,
 * and the first one from some place.
 */
static void check_all_limits(void)
{
	for (unsigned int i = 0; i < m.cells; i++) {
		check_limits(0, model_first(&m, i), ROOM);
		check_limits(0, model_last(&m, i), ROOM);
		check_limits(model_first(&m, i), ULONG_MAX, ROOM);
		check_limits(model_first(&m, i / 2), model_first(&m, i), ROOM);
	}
	for (unsigned int n = 0; n <= ROOM; n++) {
		check_limits(0, ULONG_MAX, n);
		check_limits(model_first(&m, m.cells / 3), ULONG_MAX, n);
	}
}

/*
 * Leaves of each form, below parents of the same form and of others: full
 * leaves, leaves with empty slots, with entries cleared in place, with gaps at
 * their ends, and without any entry.
 */
static void a_batch_ends_anywhere(void **state)
{
	static const struct {
		unsigned long base, width;
	} places[] = {{0, 4096},
		      {1ul << 40, 4096},
		      {(6ul << 43) - (60ul << 12), 4096},
		      {0ul - (150ul << 12), 4096},
		      {5, 1},
		      {1ul << 40, 3}};

	(void)state;
	for (unsigned int i = 0; i < LEN(places) + 1; i++) {
		if (i < LEN(places))
			model_init_at(&m, i & 1 ? MT_FLAGS_ALLOC_RANGE : 0, 150, places[i].base,
				      places[i].width);
		else
			model_init_wide(&m, 0, 150, 7);
		for (unsigned int at = 0; at < m.cells; at++)
			assert_int_equal(model_store(&m, at, at, model_entry(&m)), 0);
		check_all_limits();
		for (unsigned int at = 1; at < m.cells; at += 2 + model_below(&m, 6))
			assert_int_equal(model_store(&m, at, at, NULL), 0);
		check_all_limits();
		assert_int_equal(model_store(&m, 40, 75, NULL), 0);
		assert_int_equal(model_store(&m, 0, 3, NULL), 0);
		check_all_limits();
		for (unsigned int changes = 0; changes < 200 / MODEL_LESS; changes++) {
			unsigned int at = model_below(&m, m.cells - 3);

			assert_int_equal(model_store(&m, at, at + model_below(&m, 4),
						     model_below(&m, 3) ? model_entry(&m) : NULL),
					 0);
			check_limits(0, ULONG_MAX, ROOM);
		}
		check_all_limits();
		model_destroy(&m);
	}
}

/* Some leaves are full, others have no entry. */
static void full_leaves_and_empty_ones_are_read(void **state)
{
	struct vms_mt_range all[600];
	MA_STATE(mas, &m.tree, 0, 0);

	(void)state;
	model_init_at(&m, 0, 500, 1ul << 40, 4096);
	for (unsigned int i = 0; i < m.cells; i++)
		assert_int_equal(model_store(&m, i, i, model_entry(&m)), 0);
	assert_int_equal(vms_mas_batch(&mas, ULONG_MAX, all, 600), m.cells);
	for (unsigned int i = 0; i < m.cells; i++) {
		assert_int_equal(all[i].first, model_first(&m, i));
		assert_int_equal(all[i].last, model_last(&m, i));
		assert_ptr_equal(all[i].entry, m.cell[i]);
	}
	assert_int_equal(vms_mas_batch(&mas, ULONG_MAX, all, 600), 0);
	assert_int_equal(model_store(&m, 100, 300, NULL), 0);
	mas_set(&mas, 0);
	assert_int_equal(vms_mas_batch(&mas, ULONG_MAX, all, 600), m.cells - 201);
	assert_int_equal(all[100].first, model_first(&m, 301));
	model_destroy(&m);
}

static void trees_without_nodes_are_read(void **state)
{
	struct vms_mt_range out[2];
	MA_STATE(mas, &m.tree, 0, 0);

	(void)state;
	model_init(&m, 0, 2, 1);
	assert_int_equal(vms_mas_batch(&mas, ULONG_MAX, out, 2), 0);
	assert_int_equal(model_store(&m, 0, 0, model_entry(&m)), 0);
	mas_set(&mas, 0);
	assert_int_equal(vms_mas_batch(&mas, ULONG_MAX, out, 0), 0);
	assert_int_equal(vms_mas_batch(&mas, ULONG_MAX, out, 2), 1);
	assert_ptr_equal(out[0].entry, m.cell[0]);
	assert_int_equal(out[0].first, 0);
	assert_int_equal(out[0].last, 0);
	model_destroy(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_what_mas_find_finds),
		cmocka_unit_test(a_batch_ends_anywhere),
		cmocka_unit_test(leaves_of_another_form_stand_between),
		cmocka_unit_test(full_leaves_and_empty_ones_are_read),
		cmocka_unit_test(trees_without_nodes_are_read),
	};

	return model_run_all("vms_mas_batch()", tests, LEN(tests));
}
