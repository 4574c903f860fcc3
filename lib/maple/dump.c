/* SPDX-License-Identifier: MIT */
/*
 * dump.c - prints a tree, with a line for each node and each range, indented by
 * depth; and a cursor, in one line. mt_height() stands here too, because the
 * first line of a printed tree has it.
 *
 * lib/where/where.c and bench/steps read these lines.
 *
 * Locks: the tree's lock, for a tree; none for a cursor.
 */
#include "lib/maple/internal.h"

unsigned int mt_height(const struct maple_tree *mt)
{
	void *ref = ml_root(mt);
	unsigned int height = 0;

	for (; ml_is_node(ref); ref = ml_slot(ml_node(ref), 0)) {
		height++;
		if (ml_is_leaf(ref))
			break;
	}
	return height;
}

struct dump {
	const struct maple_tree *mt;
	FILE *out;
	enum mt_dump_format format;
};

/*
 * The beginning of a line: "MIN-MAX: ", or "INDEX: " for a single index. Both
 * bounds are inclusive.
 */
static void dump_range(const struct dump *d, unsigned long min, unsigned long max,
		       unsigned int depth)
{
	const char *one = d->format == mt_dump_hex ? "%*s%lx: " : "%*s%lu: ";
	const char *two = d->format == mt_dump_hex ? "%*s%lx-%lx: " : "%*s%lu-%lu: ";

	if (min == max)
		fprintf(d->out, one, (int)(2 * depth), "", min);
	else
		fprintf(d->out, two, (int)(2 * depth), "", min, max);
}

static void dump_entry(const struct dump *d, const void *entry, unsigned long min,
		       unsigned long max, unsigned int depth)
{
	dump_range(d, min, max, depth);
	if (!entry)
		fputs("NULL\n", d->out);
	else if (xa_is_value(entry))
		fprintf(d->out, "value %lu\n", xa_to_value(entry));
	else
		fprintf(d->out, "%p\n", entry);
}

/*
 * The node that @ref names, which spans [@min, @max], and all that is below it.
 * A parent's pivots are the only record of a node's bounds, so each level hands
 * them down.
 */
static void dump_node(const struct dump *d, const void *ref, unsigned long min, unsigned long max,
		      unsigned int depth)
{
	const struct maple_node *node = ml_node(ref);
	unsigned int end = ml_find_slot(node, max);
	unsigned long low = min;

	dump_range(d, min, max, depth);
	fprintf(d->out, "%s %p, %u slots, state %lu", ml_is_leaf(ref) ? "leaf" : "node",
		(void *)node, end + 1, ml_state(node));
	for (unsigned int i = 0; i <= end && !ml_is_leaf(ref) && ml_has_gaps(d->mt); i++)
		fprintf(d->out, "%s%lx", i ? " " : ", gaps ", ml_gap(node, i));
	fputc('\n', d->out);
	for (unsigned int i = 0; i <= end; i++) {
		unsigned long high = i < end ? ml_pivot(node, i) : max;

		/* An empty slot of a leaf ends where the slot before it did. */
		if (!ml_is_leaf(ref))
			dump_node(d, ml_slot(node, i), low, high, depth + 1);
		else if (!i || high + 1 != low)
			dump_entry(d, ml_slot(node, i), low, high, depth + 1);
		low = high + 1;
	}
}

void vms_mt_fdump(const struct maple_tree *mt, enum mt_dump_format format, FILE *out)
{
	struct dump d = {.mt = mt, .out = out, .format = format};
	void *root = ml_root(mt);

	fprintf(out, "maple tree %p, flags %#x, height %u, root %p\n", (void *)mt, vms_mt_flags(mt),
		mt_height(mt), root);
	if (ml_is_node(root))
		dump_node(&d, root, 0, ULONG_MAX, 0);
	else if (root)
		dump_entry(&d, root, 0, 0, 1);
}

void mt_dump(const struct maple_tree *mt, enum mt_dump_format format)
{
	vms_mt_fdump(mt, format, stderr);
}

static const char *status_name(enum maple_status status)
{
	static const char *const names[] = {
		[ma_active] = "active",       [ma_start] = "start", [ma_root] = "root",
		[ma_none] = "none",           [ma_pause] = "pause", [ma_overflow] = "overflow",
		[ma_underflow] = "underflow", [ma_error] = "error",
	};

	return status <= ma_error ? names[status] : "invalid";
}

void mas_dump(const struct ma_state *mas)
{
	fprintf(stderr, "cursor %p of maple tree %p: %s, [%#lx, %#lx]", (const void *)mas,
		(void *)mas->tree, status_name(mas->status), mas->index, mas->last);
	if (mas_is_err(mas))
		fprintf(stderr, ", errno %d\n", -xa_err(mas->node));
	else
		fprintf(stderr, ", leaf %p spans [%#lx, %#lx], depth %u, slot %u\n",
			(void *)mas->node, mas->min, mas->max, mas->depth, mas->offset);
}

void mas_wr_dump(const struct ma_wr_state *wr_mas)
{
	fprintf(stderr, "store of %p by ", wr_mas->entry);
	mas_dump(wr_mas->mas);
}
