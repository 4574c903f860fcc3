/* SPDX-License-Identifier: MIT */
/*
 * parts.c - the tables of operations that vms__parts_begin() gives an address
 * space, and the functions in them.
 *
 * Locks: as parts.h says. Read first: parts.h.
 */
#include "lib/where/parts.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/engine/engine.h"

const char *const vms__part_names[] = {"gap_search", "look_around", "stores",
				       "locks",      "fault",       NULL};

static const struct vms__engine *real; /* the engine's own table */
static struct vms__engine counted;
static struct mm_struct *counted_mm;

/* Not inlined: the profile must show the function by its name. */
#define PART static __attribute__((noinline))

/*
 * While a part runs, the address space has the engine's own table, so nested
 * operations count for this part. The store after the call also keeps the
 * compiler from replacing the call by a jump, which would hide the caller from
 * the profile.
 */
#define OPERATION(part, table, op, type, params, args)                                             \
	PART type vms__part_##part##__##op params                                                  \
	{                                                                                          \
		type result;                                                                       \
                                                                                                   \
		counted_mm->engine = real;                                                         \
		result = real->table->op args;                                                     \
		counted_mm->engine = &counted;                                                     \
		return result;                                                                     \
	}

#define OPERATION_VOID(part, table, op, params, args)                                              \
	PART void vms__part_##part##__##op params                                                  \
	{                                                                                          \
		counted_mm->engine = real;                                                         \
		real->table->op args;                                                              \
		counted_mm->engine = &counted;                                                     \
	}

#define VMA struct vm_area_struct *
#define MM struct mm_struct *
#define PLACE struct vms__place *

/*
 * The operations, each with its part. look_around is every search for a VMA
 * that lies at an address or next to one.
 */
/* clang-format off */
OPERATION(gap_search, index, gap_lowest, bool,
	  (MM mm, unsigned long low, unsigned long high, unsigned long size, PLACE place),
	  (mm, low, high, size, place))
OPERATION(gap_search, index, gap_highest, bool,
	  (MM mm, unsigned long low, unsigned long high, unsigned long size, PLACE place),
	  (mm, low, high, size, place))
OPERATION(look_around, index, find, VMA, (MM mm, unsigned long addr), (mm, addr))
OPERATION(look_around, index, prev_below, VMA, (MM mm, unsigned long addr), (mm, addr))
OPERATION(look_around, index, next, VMA, (MM mm, VMA vma), (mm, vma))
OPERATION_VOID(look_around, index, chain, (MM mm, VMA vma, unsigned long end), (mm, vma, end))
OPERATION(look_around, index, prev, VMA, (MM mm, VMA vma), (mm, vma))
OPERATION_VOID(look_around, index, around, (MM mm, struct vms__place *place), (mm, place))
OPERATION_VOID(look_around, index, touching, (MM mm, VMA vma, VMA *prev, VMA *next),
	       (mm, vma, prev, next))
OPERATION(look_around, index, step, VMA, (struct vma_iterator *vmi, bool good), (vmi, good))
OPERATION(stores, index, prepare, int, (MM mm, struct vms__store *store), (mm, store))
OPERATION_VOID(stores, index, commit, (MM mm, struct vms__store *store), (mm, store))
OPERATION_VOID(stores, index, cancel, (MM mm, struct vms__store *store), (mm, store))
OPERATION(locks, lock, fault_enter, VMA, (MM mm, unsigned long addr), (mm, addr))
OPERATION_VOID(locks, lock, fault_exit, (VMA vma), (vma))
OPERATION_VOID(locks, lock, vma_write, (VMA vma), (vma))
OPERATION(locks, lock, vma_try_write, bool, (VMA vma), (vma))
OPERATION_VOID(locks, lock, vma_end_write, (VMA vma), (vma))
OPERATION(locks, lock, vma_try_read, bool, (MM mm, VMA vma), (mm, vma))
OPERATION_VOID(locks, lock, read_enter, (MM mm), (mm))
OPERATION_VOID(locks, lock, read_exit, (MM mm), (mm))
OPERATION_VOID(locks, lock, write_enter, (MM mm, unsigned long start, unsigned long end),
	       (mm, start, end))
OPERATION_VOID(locks, lock, write_exit, (MM mm), (mm))
OPERATION_VOID(locks, lock, write_downgrade, (MM mm), (mm))
/* clang-format on */

/*
 * The tables have no init, destroy and validate, because nothing that is
 * counted calls them: an address space is created before vms__parts_begin(),
 * and freed after vms__parts_end().
 */
static struct vms__index_ops counted_index = {
	.find = vms__part_look_around__find,
	.prev_below = vms__part_look_around__prev_below,
	.next = vms__part_look_around__next,
	.chain = vms__part_look_around__chain,
	.around = vms__part_look_around__around,
	.prev = vms__part_look_around__prev,
	.touching = vms__part_look_around__touching,
	.step = vms__part_look_around__step,
	.gap_lowest = vms__part_gap_search__gap_lowest,
	.gap_highest = vms__part_gap_search__gap_highest,
	.prepare = vms__part_stores__prepare,
	.commit = vms__part_stores__commit,
	.cancel = vms__part_stores__cancel,
};

static struct vms__lock_ops counted_lock = {
	.fault_enter = vms__part_locks__fault_enter,
	.fault_exit = vms__part_locks__fault_exit,
	.vma_write = vms__part_locks__vma_write,
	.vma_try_write = vms__part_locks__vma_try_write,
	.vma_end_write = vms__part_locks__vma_end_write,
	.vma_try_read = vms__part_locks__vma_try_read,
	.read_enter = vms__part_locks__read_enter,
	.read_exit = vms__part_locks__read_exit,
	.write_enter = vms__part_locks__write_enter,
	.write_exit = vms__part_locks__write_exit,
	.write_downgrade = vms__part_locks__write_downgrade,
};

/*
 * The sizes count all members of the tables, also name, init, destroy and
 * validate. A new operation needs a function and a part here.
 */
_Static_assert(sizeof(struct vms__index_ops) == (13 + 4) * sizeof(void *),
	       "an operation of the index belongs to no part");
_Static_assert(sizeof(struct vms__lock_ops) == (11 + 2) * sizeof(void *),
	       "an operation of the locks belongs to no part");

static struct vms__engine counted = {.index = &counted_index, .lock = &counted_lock};

void vms__parts_begin(struct mm_struct *mm)
{
	real = mm->engine;
	counted.name = real->name;
	counted_index.name = real->index->name;
	counted_lock.name = real->lock->name;
	counted_lock.per_vma = real->lock->per_vma;
	counted_mm = mm;
	mm->engine = &counted;
}

void vms__parts_end(struct mm_struct *mm)
{
	mm->engine = real;
}

/*
 * A fault is a part of its own, with the locks that it takes and the search of
 * the index: the engine's own table is in place during the call.
 */
enum vms_fault_result vms__part_fault__vms_fault(struct mm_struct *mm, unsigned long addr,
						 unsigned int flags)
{
	enum vms_fault_result result;

	counted_mm->engine = real;
	result = vms_fault(mm, addr, flags);
	counted_mm->engine = &counted;
	return result;
}
