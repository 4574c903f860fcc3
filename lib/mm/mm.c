/* SPDX-License-Identifier: MIT */
/*
 * mm.c - the life of an address space: two reference counts, teardown in two
 * steps, and the list of all address spaces in use, by which a caller walks
 * them.
 *
 * mm_users counts the users of the address space; the last one to leave unmaps
 * everything. mm_count counts the users of the structure (all users of the
 * address space together count as one); the last one to leave frees it.
 *
 * Locks: mmlist_lock for the list; the counts are atomic. Read next: task.c,
 * which shows who holds which reference; lib/engine/engine.h.
 */
#include <errno.h>
#include <stddef.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"
#include "lib/sync/alloc.h"
#include "lib/sync/list.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/pcounter.h"
#include "lib/sync/rcu.h"
#include "lib/sync/spinlock.h"

/*
 * Which cache lines of an address space a fault reads, and which a writer
 * writes (mm_types.h). A new field that makes an assertion fail belongs to the
 * group of the threads that write it.
 */
#define LINE(field) (offsetof(struct mm_struct, field) / VMS_CACHELINE)
#define STARTS_LINE(field) (offsetof(struct mm_struct, field) % VMS_CACHELINE == 0)
_Static_assert(offsetof(struct mm_struct, engine) == 0 &&
		       offsetof(struct mm_struct, pgd_high) == 2 * sizeof(void *) &&
		       offsetof(struct mm_struct, rules) == 4 * sizeof(void *) &&
		       offsetof(struct mm_struct, layout) ==
			       4 * sizeof(void *) + sizeof(struct mm_rules) &&
		       offsetof(struct mm_struct, layout) < VMS_CACHELINE,
	       "the first line holds constants alone: engine, pgd, pgd_high, counters, rules, the "
	       "beginning of layout");
_Static_assert(
	STARTS_LINE(mm_lock_seq) && LINE(mm_lock_seq) == LINE(layout) + 2 && STARTS_LINE(mm_mt) &&
		LINE(mm_mt) == LINE(mm_lock_seq) + 1 && sizeof(struct maple_tree) <= VMS_CACHELINE,
	"the sequence, with what is written between its steps, and the index have a line each");
_Static_assert(LINE(kept_leaf) == LINE(mm_lock_seq),
	       "who steps the sequence has the line of the kept leaf, too");
_Static_assert(STARTS_LINE(mmap_lock) && LINE(mmap_lock) == LINE(mm_mt) + 1 &&
		       LINE(mm_users) > LINE(mmap_lock),
	       "the first line that a writer of mmap_lock writes comes after those of a fault");
_Static_assert(STARTS_LINE(page_table_lock) && LINE(page_table_lock) > LINE(unmaps_done) &&
		       LINE(map_count) > LINE(page_table_lock),
	       "a first fault of a VMA shares the line of its lock with nothing");
_Static_assert(LINE(map_count) == LINE(map_seq) && LINE(limits) > LINE(brk),
	       "one line of accounts; limits are read more than written");

#define TASK_SIZE 0x7ffffffff000UL

const struct mm_layout vms_mm_layout_default = {
	.task_size = TASK_SIZE,
	.mmap_base = 0x7ffff7fff000UL,
	.mmap_min_addr = 65536,
	.bottom_base = 0x2aaaaaaab000UL, /* a third of the task size */
	.start_brk = 0x555555559000UL,
};

/* ---- the list of all address spaces ---- */

/*
 * An address space is listed when it is complete: fork and exec list theirs
 * last, with the limits, the VMAs and the pages in it, because a walker may map
 * memory there or read its status at once.
 *
 * Locks: mmlist_lock, innermost, guards the list. An mm stays in the list as
 * long as it has users. A walker is a user of the mm at which it stands, so
 * that one keeps its place in the list.
 */
static LIST_HEAD(mmlist);
static _Atomic unsigned int mmlist_lock;

static void lock_list(void)
{
	vms__lockdep_acquire(VMS__RANK_CACHE, &mmlist_lock, "mmlist_lock");
	vms__spin_lock(&mmlist_lock);
}

static void unlock_list(void)
{
	vms__lockdep_release(&mmlist_lock);
	vms__spin_unlock(&mmlist_lock);
}

void vms__mmlist_add(struct mm_struct *mm)
{
	lock_list();
	/*
	 * list_move_tail(), not list_add_tail(), so that an mm that is listed
	 * already does no harm.
	 */
	list_move_tail(&mm->mmlist, &mmlist);
	unlock_list();
}

/* @mm need not be in the list. */
static void unlist(struct mm_struct *mm)
{
	lock_list();
	if (!list_empty(&mm->mmlist))
		list_del(&mm->mmlist);
	unlock_list();
}

/* ---- birth ---- */

/*
 * Bounds that are no pages, or that the page tables cannot map, would break the
 * searches for room later. They are refused here, where there is a caller to
 * tell.
 */
static bool layout_makes_sense(const struct mm_layout *l)
{
	return l->task_size && l->task_size <= VMS_TASK_SIZE_MAX &&
	       !((l->task_size | l->mmap_base | l->bottom_base) & ~PAGE_MASK) &&
	       l->mmap_base <= l->task_size && l->bottom_base < l->task_size &&
	       l->start_brk < l->task_size;
}

int vms__mm_alloc(const char *engine_name, const struct mm_layout *layout,
		  const struct mm_rules *rules, struct mm_struct **mmp)
{
	const struct vms__engine *engine = vms__engine_find(engine_name);
	struct mm_struct *mm;

	if (!layout)
		layout = &vms_mm_layout_default;
	if (!engine || !layout_makes_sense(layout))
		return -EINVAL;
	/* An address space frees nodes and pages after a grace period. */
	if (!vms__rcu_is_ready())
		return -ENOMEM;
	mm = vms__zalloc(sizeof(*mm), _Alignof(struct mm_struct));
	if (!mm)
		return -ENOMEM;
	mm->engine = engine;
	mm->layout = *layout;
	mm->limits = vms_mm_limits_default;
	mm->rules = rules ? *rules : vms_mm_rules_default;
	mm->start_brk = mm->brk = layout->start_brk;
	/*
	 * Even: not write-locked. It starts at 2, because 0 is the stamp of a
	 * new VMA.
	 */
	atomic_init(&mm->mm_lock_seq, 2);
	atomic_init(&mm->mm_users, 1);
	atomic_init(&mm->mm_count, 1);
	init_rwsem(&mm->mmap_lock);
	INIT_LIST_HEAD(&mm->mmlist);
	/*
	 * All that may fail comes before the index is set up and the mm is
	 * listed.
	 */
	mm->counters = vms__pcounter_create(VMS__NR_COUNTERS);
	if (!mm->counters)
		goto out_free;
	if (vms__pgd_alloc(mm))
		goto out_counters;
	engine->index->init(mm);
#ifdef VMS_PLANT_LIST_EARLY
	/*
	 * The bug that the tests must catch: other threads find the mm before
	 * fork or exec has completed it.
	 */
	vms__mmlist_add(mm);
#endif
	*mmp = mm;
	return 0;

out_counters:
	vms__pcounter_destroy(mm->counters);
out_free:
	vms__free(mm);
	return -ENOMEM;
}

int vms_mm_new(const char *engine_name, const struct mm_layout *layout,
	       const struct mm_rules *rules, struct mm_struct **mm)
{
	int err = vms__mm_alloc(engine_name, layout, rules, mm);

	if (!err)
		vms__mmlist_add(*mm);
	return err;
}

struct mm_struct *vms_mm_create(const char *engine_name, const struct mm_layout *layout,
				const struct mm_rules *rules)
{
	struct mm_struct *mm;

	return vms_mm_new(engine_name, layout, rules, &mm) ? NULL : mm;
}

/* ---- references, and the end ---- */

void mmget(struct mm_struct *mm)
{
	/*
	 * Relaxed: the caller has a reference, which orders what it knows of
	 * the mm.
	 */
	atomic_fetch_add_explicit(&mm->mm_users, 1, memory_order_relaxed);
}

bool mmget_not_zero(struct mm_struct *mm)
{
	int users = atomic_load_explicit(&mm->mm_users, memory_order_relaxed);

	while (users > 0)
		/*
		 * Acquire: pairs with the release in mmput(), so that this user
		 * sees what former users did.
		 */
		if (atomic_compare_exchange_weak_explicit(&mm->mm_users, &users, users + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

void mmgrab(struct mm_struct *mm)
{
	/*
	 * Relaxed: the caller has a reference, which orders what it knows of
	 * the mm.
	 */
	atomic_fetch_add_explicit(&mm->mm_count, 1, memory_order_relaxed);
}

void mmdrop(struct mm_struct *mm)
{
	/*
	 * Release what this user did, acquire what all others did: pairs with
	 * itself.
	 */
	if (atomic_fetch_sub_explicit(&mm->mm_count, 1, memory_order_acq_rel) != 1)
		return;
	vms__pcounter_destroy(mm->counters);
	vms__free(mm);
}

/*
 * Unmap everything. The address space has no users, so no thread faults or
 * looks in it. But reverse-map walkers still come to its VMAs, which is why
 * each VMA leaves their lists (vms__vma_unlink_file(), vms__vma_discard()) and
 * why page tables are freed last, when no VMA leads to them.
 */
static void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	VMA_ITERATOR(vmi, mm, 0);

	/*
	 * No other thread competes for the locks. They are taken because the
	 * functions below, and the owners' hooks, rely on them.
	 */
	mmap_write_lock(mm);
	for (vma = vma_next(&vmi); vma; vma = next) {
		/*
		 * Before @vma is freed, because the iterator's next step may
		 * start from it.
		 */
		next = vma_next(&vmi);
		vms__vmas_unbias(vma, mm->layout.task_size);
		vma_start_write(vma);
		vms__zap_range(vma, vma->vm_start, vma->vm_end);
		vms__account(mm, vma->vm_flags, -(long)vma_pages(vma));
		vms__vma_unlink_file(vma);
		vms__vma_mark_detached(vma);
		vms__map_count_add(mm, -1);
		vma->vm_index_state = 0;
		vms__vma_close(vma);
		vms__vma_discard(vma);
	}
	/*
	 * Once for all, instead of one store for each VMA: no reader is left
	 * that could find a VMA in the index that is freed by now.
	 */
	mm->engine->index->destroy(mm);
	mmap_write_unlock(mm);
	vms__pgd_free(mm);
	VMS_ASSERT(vms__map_count(mm) == 0);
}

void mmput(struct mm_struct *mm)
{
	/*
	 * Release what this user did to the address space, acquire what all
	 * others did: pairs with itself.
	 */
	if (atomic_fetch_sub_explicit(&mm->mm_users, 1, memory_order_acq_rel) != 1)
		return;
	exit_mmap(mm);
	/*
	 * Until here a walker may meet this mm in the list. It passes the mm
	 * over, because the mm has no users.
	 */
	unlist(mm);
	mmdrop(mm);
}

/* ---- the walk over all address spaces ---- */

/*
 * The first mm after @pos that still has users, with a use for the caller.
 * Locks: mmlist_lock, which keeps the mms in the list, and so their memory: an
 * mm leaves the list before its last mmdrop().
 */
static struct mm_struct *get_next(struct list_head *pos)
{
	while ((pos = pos->next) != &mmlist) {
		struct mm_struct *mm = list_entry(pos, struct mm_struct, mmlist);

		if (mmget_not_zero(mm))
			return mm;
	}
	return NULL;
}

struct mm_struct *vms_mm_next(struct mm_struct *prev)
{
	struct mm_struct *next;

	lock_list();
	next = get_next(prev ? &prev->mmlist : &mmlist);
	unlock_list();
	/*
	 * After the lock: the last mmput() tears the address space down, which
	 * takes other locks and much time.
	 */
	if (prev)
		mmput(prev);
	return next;
}

/* ---- name and counters ---- */

const char *vms_mm_engine_name(const struct mm_struct *mm)
{
	return mm->engine->name;
}

long vms_mm_counter(const struct mm_struct *mm, enum vms_mm_counter which)
{
	return vms__pcounter_sum(mm->counters, which);
}

unsigned long mm_pgtables_bytes(const struct mm_struct *mm)
{
	long tables = vms_mm_counter(mm, MM_PGTABLES);

	/* While other threads run, the sum may be negative for a moment. */
	return tables > 0 ? (unsigned long)tables << PAGE_SHIFT : 0;
}
