/* SPDX-License-Identifier: MIT */
/*
 * walked.tmpl.h - stores that first look at what is there: erase and insert.
 * They store in the slot that their own walk came to, so that one walk serves
 * both.
 *
 * A template for an instruction set's file, which must have included
 * plan.tmpl.h; it need define nothing more for it.
 *
 * Locks: the tree's lock to write, for every function. Read next: plan.tmpl.h.
 */
#include <errno.h>

/*
 * Store @entry over [@first, @last], beginning in the slot @found that a walk
 * has just come to.
 */
static inline __attribute__((always_inline)) int isa_store_found(struct ma_state *mas,
								 unsigned long first,
								 unsigned long last, void *entry,
								 const struct isa_found *found)
{
	mas->index = first;
	mas->last = last;
	return isa_store_here(mas, entry, found);
}

/*
 * mas_erase() without its checks. Return: the entry that was erased; NULL:
 * there was none, or the store failed, which the cursor's status says.
 */
static void *isa_erase(struct ma_state *mas)
{
	struct isa_found found;
	void *old;

	if (unlikely(!isa_walk_locked(mas, mas->index, &found)))
		return found.entry && !isa_store_any(mas, NULL, &old) ? found.entry : NULL;
	if (found.entry && !isa_store_found(mas, found.index, found.last, NULL, &found))
		return found.entry;
	if (!found.entry) {
		mas->index = found.index;
		mas->last = found.last;
	}
	return NULL;
}

/*
 * Store @entry from mas->index to mas->last, if that lies inside one gap.
 * Return: 0, -EEXIST or -ENOMEM.
 */
static int isa_insert(struct ma_state *mas, void *entry)
{
	const unsigned long first = ml_scalar(mas->index), last = ml_scalar(mas->last);
	struct isa_found found;
	void *old;

	if (likely(isa_walk_locked(mas, first, &found))) {
		if (found.entry || found.last < last)
			return -EEXIST;
		return isa_store_found(mas, first, last, entry, &found);
	}
	if (found.entry || mas->last < last)
		return -EEXIST;
	mas_set_range(mas, first, last);
	return isa_store_any(mas, entry, &old);
}
