/* SPDX-License-Identifier: MIT */
/*
 * test_batch_readers.c - vms_mas_batch() concurrently with a writer that
 * changes leaves in place and sometimes replaces them. Symptom: a batch reports
 * an entry in a range that it never had, or skips a range. Cause: the batch
 * combines words of a leaf from different moments. Every cell always has an
 * entry, so that a reader can detect each of these.
 */
#include "tests/lib/maple/model.h"

#include <pthread.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define GROUPS 130u
#define ROOM (4 * GROUPS)
#define CHANGES (60000ul / MODEL_LESS)

/*
 * A group is three cells. Either all three share the entry WHOLE, or the first
 * has BEGIN and the other two share END. A change from WHOLE to the latter
 * passes through BETWEEN in all three cells, then BETWEEN in the first only. An
 * entry encodes its group and its part.
 */
enum part { WHOLE, BEGIN, END, BETWEEN };

static struct model m;
static unsigned long base, width;
static _Atomic bool done;
static _Atomic unsigned long wrong, read_ranges;

static unsigned long cell_first(unsigned long cell)
{
	return base + cell * width;
}

static int store(unsigned long from, unsigned long cells, unsigned long group, enum part part)
{
	return mtree_store_range(&m.tree, cell_first(from), cell_first(from + cells) - 1,
				 xa_mk_value(4 * group + part), GFP_KERNEL);
}

static int change(uint64_t random)
{
	unsigned long group = (random >> 33) % GROUPS;
	int err;

	if (random >> 63)
		return store(3 * group, 3, group, WHOLE);
	err = store(3 * group, 3, group, BETWEEN);
	err = err ? err : store(3 * group + 1, 2, group, END);
	return err ? err : store(3 * group, 1, group, BEGIN);
}

/*
 * Whether a correct batch may report @range if the range before it ended before
 * cell @at. The entry must be possible at that cell. The range's end may belong
 * to another moment, as maple_tree.h says of a reader under RCU, but must be
 * one that the group can have.
 */
static bool belongs(const struct vms_mt_range *range, unsigned long at)
{
	unsigned long value = xa_to_value(range->entry), cell = 3 * (value / 4), end = cell + 3;

	switch ((enum part)(value % 4)) {
	case BEGIN:
		end = cell + 1;
		break;
	case END:
		cell++;
		break;
	case WHOLE:
	case BETWEEN:
		break;
	}
	return range->first == cell_first(at) && at >= cell && at < end &&
	       (range->last == cell_first(end) - 1 ||
		(at % 3 == 0 && range->last == cell_first(at + 1) - 1));
}

static void read_all(unsigned int n)
{
	struct vms_mt_range range[ROOM];
	unsigned long at = 0;
	unsigned int found;
	MA_STATE(mas, &m.tree, cell_first(0), cell_first(0));

	rcu_read_lock();
	do {
		found = vms_mas_batch(&mas, ULONG_MAX, range, n);
		for (unsigned int i = 0; i < found; i++) {
			if (!xa_is_value(range[i].entry) || !belongs(&range[i], at))
				atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
			at = (range[i].last + 1 - base) / width;
		}
	} while (found == n);
	rcu_read_unlock();
	if (at != 3ul * GROUPS)
		atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&read_ranges, at, memory_order_relaxed);
}

static void *reader(void *arg)
{
	unsigned int n = 0;

	(void)arg;
	/* Relaxed: the flag orders nothing; it only ends the loop. */
	while (!atomic_load_explicit(&done, memory_order_relaxed)) {
		read_all(ROOM);
		read_all(1 + n++ % 60);
	}
	return NULL;
}

static void ranges_and_entries_belong_together(unsigned long first, unsigned long cell_width)
{
	uint64_t random = 1;
	pthread_t thread;
	int failed = 0;

	base = first;
	width = cell_width;
	atomic_store_explicit(&done, false, memory_order_relaxed);
	model_init(&m, MT_FLAGS_USE_RCU, 2, 1);
	for (unsigned long group = 0; group < GROUPS; group++)
		assert_int_equal(store(3 * group, 3, group, WHOLE), 0);
	assert_int_equal(pthread_create(&thread, NULL, reader, NULL), 0);
	for (unsigned long i = 0; i < CHANGES; i++) {
		random = random * 6364136223846793005ul + 1442695040888963407ul;
		failed |= change(random);
	}
	atomic_store_explicit(&done, true, memory_order_relaxed);
	pthread_join(thread, NULL);
	print_message("%lu cells read\n", read_ranges);
	assert_int_equal(failed, 0);
	assert_int_equal(wrong, 0);
	rcu_barrier();
	model_destroy(&m);
}

static void in_leaves_of_pages(void **state)
{
	(void)state;
	ranges_and_entries_belong_together(1ul << 40, 4096);
}

static void in_leaves_of_bytes(void **state)
{
	(void)state;
	ranges_and_entries_belong_together(1ul << 40, 5);
}

static void in_wide_leaves(void **state)
{
	(void)state;
	ranges_and_entries_belong_together(1ul << 40, (1ul << 45) + 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_leaves_of_pages),
		cmocka_unit_test(in_leaves_of_bytes),
		cmocka_unit_test(in_wide_leaves),
	};

	return model_run_all("vms_mas_batch() beside a writer", tests, LEN(tests));
}
