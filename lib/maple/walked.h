/* SPDX-License-Identifier: MIT */
/*
 * walked.h - stores that first ask what is there: erase and insert. The slot
 * that their walk comes to is where they store. Compiled once for each
 * instruction set.
 *
 * Locks: the tree's lock to write, for every function.
 */
#include <errno.h>

/*
 * The store of @entry over [first, last], in the slot that a walk has just come
 * to.
 */
static inline __attribute__((always_inline)) int store_found(struct ma_state *mas,
							     unsigned long first,
							     unsigned long last, void *entry,
							     const struct found *found)
{
	mas->index = first;
	mas->last = last;
	mas->store_type = 0;
	return store_here(mas, entry, found);
}

/* mas_erase() without its checks. */
static void *erase(struct ma_state *mas)
{
	struct found found;
	void *old;

	if (unlikely(!walk_locked(mas, mas->index, &found)))
		return found.entry && !store_any(mas, NULL, &old) ? found.entry : NULL;
	if (found.entry && !store_found(mas, found.index, found.last, NULL, &found))
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
static int insert(struct ma_state *mas, void *entry)
{
	const unsigned long first = mt_scalar(mas->index), last = mt_scalar(mas->last);
	struct found found;
	void *old;

	if (likely(walk_locked(mas, first, &found))) {
		if (found.entry || found.last < last)
			return -EEXIST;
		return store_found(mas, first, last, entry, &found);
	}
	if (found.entry || mas->last < last)
		return -EEXIST;
	mas_set_range(mas, first, last);
	return store_any(mas, entry, &old);
}
