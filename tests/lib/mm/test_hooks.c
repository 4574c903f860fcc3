/* SPDX-License-Identifier: MIT */
/*
 * test_hooks.c - every hook of struct vm_operations_struct, through the public
 * API only: when it is called, with which locks and arguments, and what its
 * answer does.
 *
 * The hooks record their calls ("name start-end ..."), and the test compares
 * the list. In debug builds they also assert their locks.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>

#include <vmastore/page.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define ELSEWHERE 0x28000000UL

/* The calls recorded since the last comparison, one a line. */
static char heard[1024];
/* What the hooks are to answer. */
static int refuse;
static vm_fault_t answer;
static struct page *owned; /* the only page of the owner in these tests */

static void hear(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void hear(const char *fmt, ...)
{
	size_t len = strlen(heard);
	va_list args;

	va_start(args, fmt);
	vsnprintf(heard + len, sizeof(heard) - len, fmt, args);
	va_end(args);
}

static void expect_heard_at(const char *expected, const char *file, int line)
{
	if (strcmp(heard, expected) != 0)
		print_error("%s:%d: hooks heard\n%sexpected\n%s", file, line, heard, expected);
	_assert_true(strcmp(heard, expected) == 0, "hooks", file, line);
	heard[0] = '\0';
}
#define expect_heard(expected) expect_heard_at(expected, __FILE__, __LINE__)

static struct mm_struct *mm_of(void **state)
{
	heard[0] = '\0';
	refuse = 0;
	answer = 0;
	return ((struct world *)*state)->mm;
}

static struct file *file_with(const struct vm_operations_struct *ops)
{
	struct file *file = world_file(16, true);

	file->f_vm_ops = ops;
	return file;
}

static struct mm_struct *mm_of_vma(const struct vm_area_struct *vma)
{
	return atomic_load_explicit(&vma->vm_mm, memory_order_relaxed);
}

/* Inserts a VMA of an embedder, without a file. */
static void insert(struct mm_struct *mm, unsigned long start, unsigned long pages, vm_flags_t flags,
		   const struct vm_operations_struct *ops)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);

	assert_non_null(vma);
	vma->vm_start = start;
	vma->vm_end = start + pages * PG;
	vma->vm_ops = ops;
	vm_flags_init(vma, flags);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
}

/* ---- open, close ---- */

static void hear_open(struct vm_area_struct *vma)
{
	mmap_assert_write_locked(mm_of_vma(vma));
	hear("open %lx-%lx\n", vma->vm_start, vma->vm_end);
}

static void hear_close(struct vm_area_struct *vma)
{
	mmap_assert_locked(mm_of_vma(vma));
	hear("close %lx-%lx\n", vma->vm_start, vma->vm_end);
}

static const struct vm_operations_struct life_ops = {.open = hear_open, .close = hear_close};

static void every_vma_that_was_opened_or_mapped_is_closed_once(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	struct file *file = file_with(&life_ops);

	assert_int_equal(vms_mmap(mm, BASE, 8 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0), BASE);
	expect_heard(""); /* mmap itself does not open */
	vms_mprotect(mm, BASE, 2 * PG, PROT_READ);
	expect_heard("open 20002000-20008000\n");
	/* A VMA with a close() must not vanish in a merge. */
	vms_mprotect(mm, BASE, 2 * PG, RW);
	expect_heard("");
	vms_munmap(mm, BASE + 4 * PG, 2 * PG);
	expect_heard("open 20002000-20004000\nopen 20006000-20008000\nclose 20004000-20006000\n");
	assert_int_equal(vms_fork(mm, &child), 0);
	expect_heard("open 20000000-20002000\nopen 20002000-20004000\nopen 20006000-20008000\n");
	mmput(child);
	expect_heard("close 20000000-20002000\nclose 20002000-20004000\nclose 20006000-20008000\n");
	/* A move opens the new VMA and closes the old one. */
	vms_mremap(mm, BASE + 6 * PG, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE);
	expect_heard("open 28000000-28002000\nclose 20006000-20008000\n");
	/* Both are replaced. */
	vms_mmap(mm, BASE, 4 * PG, RW, FIXED, NULL, 0);
	expect_heard("close 20000000-20002000\nclose 20002000-20004000\n");
	vms_munmap(mm, ELSEWHERE, 2 * PG);
	expect_heard("close 28000000-28002000\n");
	fput(file);
}

/* Records what close() finds at its own place. */
static void look_around_at_close(struct vm_area_struct *vma)
{
	struct mm_struct *mm = mm_of_vma(vma);
	struct vm_area_struct *there = vma_lookup(mm, vma->vm_start);

	hear("%s\n", !there ? "nothing there" : there == vma ? "still there" : "somebody else");
}

static void close_comes_before_whoever_takes_the_place(void **state)
{
	static const struct vm_operations_struct ops = {.close = look_around_at_close};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);

	vms_mmap(mm, BASE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, PG);
	expect_heard("still there\n");
	vms_munmap(mm, BASE, PG);
	expect_heard("nothing there\n");
	fput(file);
}

/* ---- merging ---- */

/*
 * Linux compares the files, not the hooks: the hooks of the surviving VMA serve
 * the whole range. Only close() keeps a VMA from vanishing.
 */
static void mappings_of_one_file_merge_whatever_their_hooks(void **state)
{
	static const struct vm_operations_struct a = {.may_split = NULL}, b = {.may_split = NULL};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&a);
	int err;

	vms_mmap(mm, BASE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	file->f_vm_ops = &b;
	vms_mmap(mm, BASE + PG, PG, RW, MAP_PRIVATE | MAP_FIXED, file, PG);
	expect_layout(mm, "20000000-20002000 rw-p 0\n");
	file->f_vm_ops = NULL;
	vms_mmap(mm, BASE + 2 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 2 * PG);
	vms_mprotect(mm, BASE + 2 * PG, PG, RW);
	expect_layout(mm, "20000000-20003000 rw-p 0\n");
	mmap_read_lock(mm);
	assert_ptr_equal(vma_lookup(mm, BASE + 2 * PG)->vm_ops, &a);
	mmap_read_unlock(mm);
	/* A VMA that has a close() stays. */
	file->f_vm_ops = &life_ops;
	vms_mmap(mm, BASE + 3 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 3 * PG);
	vms_mprotect(mm, BASE + 3 * PG, PG, RW);
	expect_layout(mm, "20000000-20003000 rw-p 0\n20003000-20004000 rw-p 3\n");
	expect_heard("");
	vms_munmap(mm, BASE, 4 * PG);
	expect_heard("close 20003000-20004000\n");
	/*
	 * vma_expand() follows the same rule when nothing else keeps two
	 * neighbours apart.
	 */
	file->f_vm_ops = &a;
	vms_mmap(mm, BASE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_madvise(mm, BASE, PG, MADV_DONTFORK);
	file->f_vm_ops = &b;
	vms_mmap(mm, BASE + PG, PG, RW, MAP_PRIVATE | MAP_FIXED, file, PG);
	expect_layout(mm, "20000000-20001000 rw-p 0\n20001000-20002000 rw-p 1\n");
	mmap_write_lock(mm);
	vm_flags_clear(vma_lookup(mm, BASE), VM_DONTCOPY);
	err = vma_expand(vma_lookup(mm, BASE), BASE, BASE + 2 * PG, 0, vma_lookup(mm, BASE + PG));
	mmap_write_unlock(mm);
	assert_int_equal(err, 0);
	expect_layout(mm, "20000000-20002000 rw-p 0\n");
	fput(file);
}

static void memory_without_a_file_joins_no_other_owners(void **state)
{
	static const struct vm_operations_struct a = {.may_split = NULL}, b = {.may_split = NULL};
	const vm_flags_t flags = VM_READ | VM_MAYREAD | VM_MAYWRITE;
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;

	insert(mm, BASE, 1, flags, &a);
	insert(mm, BASE + PG, 1, flags, &b);
	insert(mm, BASE + 2 * PG, 1, flags, NULL);
	mmap_write_lock(mm);
	for (unsigned long i = 0; i < 3; i++) {
		vma = vma_lookup(mm, BASE + i * PG);
		vma_start_write(vma);
		vma->vm_pgoff = (BASE >> PAGE_SHIFT) + i;
	}
	mmap_write_unlock(mm);
	assert_int_equal(vms_mprotect(mm, BASE, 3 * PG, PROT_NONE), 0);
	expect_layout(mm, "20000000-20001000 ---p 20000\n20001000-20002000 ---p "
			  "20001\n20002000-20003000 ---p 20002\n");
}

/* ---- may_split ---- */

static int hear_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	mmap_assert_write_locked(mm_of_vma(vma));
	hear("may_split %lx-%lx at %lx\n", vma->vm_start, vma->vm_end, addr);
	return refuse;
}

static const struct vm_operations_struct split_ops = {.may_split = hear_may_split};

static void refused_split_changes_nothing(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&split_ops);

	vms_mmap(mm, BASE, 8 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	refuse = -EXDEV;
	assert_int_equal(vms_munmap(mm, BASE + PG, PG), -EXDEV);
	assert_int_equal(vms_mprotect(mm, BASE + PG, PG, PROT_READ), -EXDEV);
	assert_int_equal(vms_madvise(mm, BASE, PG, MADV_DONTFORK), -EXDEV);
	assert_int_equal(vms_mmap(mm, BASE + 7 * PG, PG, RW, FIXED, NULL, 0), -EXDEV);
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 2 * PG, 0, 0), -EXDEV);
	assert_int_equal(vms_mremap(mm, BASE + PG, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    ELSEWHERE),
			 -EXDEV);
	assert_int_equal(vms_mremap(mm, BASE, PG, PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, ELSEWHERE),
			 -EXDEV);
	expect_heard("may_split 20000000-20008000 at 20001000\n"
		     "may_split 20000000-20008000 at 20001000\n"
		     "may_split 20000000-20008000 at 20001000\n"
		     "may_split 20000000-20008000 at 20007000\n"
		     "may_split 20000000-20008000 at 20002000\n"
		     "may_split 20000000-20008000 at 20001000\n"
		     "may_split 20000000-20008000 at 20001000\n");
	expect_layout(mm, "20000000-20008000 rw-p 0\n");
	/* The hook is not called for whole VMAs. */
	assert_int_equal(vms_mprotect(mm, BASE, 8 * PG, PROT_READ), 0);
	assert_int_equal(vms_mremap(mm, BASE, 8 * PG, 8 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    ELSEWHERE),
			 ELSEWHERE);
	expect_heard("");
	fput(file);
}

/* ---- mremap ---- */

static int hear_mremap(struct vm_area_struct *vma)
{
	mmap_assert_write_locked(mm_of_vma(vma));
	hear("mremap %lx-%lx pgoff %lx\n", vma->vm_start, vma->vm_end, vma->vm_pgoff);
	return refuse;
}

static const struct vm_operations_struct mremap_ops = {.mremap = hear_mremap};

static void owner_hears_of_a_move_and_may_send_it_back(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&mremap_ops);

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, PG);
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    ELSEWHERE),
			 ELSEWHERE);
	expect_heard("mremap 28000000-28004000 pgoff 1\n");
	expect_layout(mm, "28000000-28004000 rw-p 1\n");
	refuse = -ENOSPC;
	assert_int_equal(vms_mremap(mm, ELSEWHERE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    BASE),
			 -ENOSPC);
	expect_heard("mremap 20000000-20004000 pgoff 1\n");
	expect_layout(mm, "28000000-28004000 rw-p 1\n");
	fput(file);
}

/* A lookup can already find the copy, but the pages are not moved yet. */
static int try_the_copy(struct vm_area_struct *vma)
{
	struct mm_struct *mm = mm_of_vma(vma);
	struct vm_area_struct *got = lock_vma_under_rcu(mm, vma->vm_start);

	/*
	 * Record, and do not assert: a failed assertion would leave the locks
	 * held, and the tear-down would wait for them.
	 */
	if (got)
		vma_end_read(got);
	hear(got ? "got in\n" : find_vma(mm, vma->vm_start) == vma ? "tried\n" : "not found\n");
	return 0;
}

static void nobody_gets_into_a_new_vma_before_its_change_is_whole(void **state)
{
	static const struct vm_operations_struct ops = {.mremap = try_the_copy};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);
	struct vm_area_struct *vma;

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    ELSEWHERE),
			 ELSEWHERE);
	expect_heard("tried\n");
	vma = lock_vma_under_rcu(mm, ELSEWHERE);
	if (vma)
		vma_end_read(vma);
	assert_int_equal(vma != NULL, strcmp(vms_mm_engine_name(mm), "maple-vma") == 0);
	fput(file);
}

static vm_fault_t give_owned(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(owned);
	return 0;
}

/* ---- a private write, and a writer that comes while the hook runs ---- */

static struct {
	pthread_t thread;
	bool started;
	_Atomic int got; /* mmap_lock for writing: -1 not tried yet, 0 no, 1 yes */
	_Atomic bool over;
} intruder;

/* Tries mmap_lock, and holds it until the fault waits for it or has ended. */
static void *intrude(void *arg)
{
	struct mm_struct *mm = arg;
	bool got = mmap_write_trylock(mm);

	atomic_store(&intruder.got, got);
	if (!got)
		return NULL;
	while (!atomic_load(&intruder.over) && !rwsem_is_contended(&mm->mmap_lock))
		sched_yield();
	mmap_write_unlock(mm);
	return NULL;
}

static vm_fault_t give_owned_beside_an_intruder(struct vm_fault *vmf)
{
	hear("fault\n");
	if (!intruder.started) {
		intruder.started = true;
		if (pthread_create(&intruder.thread, NULL, intrude, mm_of_vma(vmf->vma)))
			return VM_FAULT_OOM;
		while (atomic_load(&intruder.got) < 0)
			sched_yield();
	}
	return give_owned(vmf);
}

/*
 * Symptom: the hook's counts and reservations for a page exist twice. Cause: a
 * private write under the VMA's lock called the hook, found mmap_lock taken
 * when it was about to make the anon_vma, and called the hook again.
 */
static void owner_is_asked_once_for_a_private_write(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_owned_beside_an_intruder};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);

	owned = vms_page_alloc(5);
	intruder.started = false;
	atomic_store(&intruder.got, -1);
	atomic_store(&intruder.over, false);
	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_write_word(mm, BASE, 6), VMS_FAULT_OK);
	atomic_store(&intruder.over, true);
	assert_true(intruder.started);
	pthread_join(intruder.thread, NULL);
	expect_heard("fault\n");
	/* The VMA has its anon_vma, so that the VMA's lock suffices. */
	assert_int_equal(vms_write_word(mm, BASE + PG, 7), VMS_FAULT_OK);
	expect_heard("fault\n");
	assert_int_equal(vms_page_word(owned), 5);
	vms_page_put(owned);
	fput(file);
}

static void pages_of_a_refused_move_are_where_they_were(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_owned, .mremap = hear_mremap};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);
	unsigned long word;

	owned = vms_page_alloc(5);
	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_write_word(mm, BASE + PG, 6), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, BASE + 2 * PG, 0), VMS_FAULT_OK);
	refuse = -EBUSY;
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 6 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    ELSEWHERE),
			 -EBUSY);
	expect_heard("mremap 28000000-28006000 pgoff 0\n");
	assert_int_equal(vms_read_word(mm, BASE + PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 6);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 1);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	vms_page_put(owned);
	fput(file);
}

/* ---- mprotect ---- */

static int hear_mprotect(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 unsigned long newflags)
{
	mmap_assert_write_locked(mm_of_vma(vma));
	hear("mprotect %lx-%lx: %lx-%lx %c%c%c\n", vma->vm_start, vma->vm_end, start, end,
	     newflags & VM_READ ? 'r' : '-', newflags & VM_WRITE ? 'w' : '-',
	     newflags & VM_EXEC ? 'x' : '-');
	return refuse;
}

static const struct vm_operations_struct mprotect_ops = {.mprotect = hear_mprotect};

static void owner_hears_of_new_rights_piece_by_piece(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&mprotect_ops);

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_mprotect(mm, BASE, 2 * PG, PROT_READ), 0);
	/* The hook is called even if nothing changes. */
	assert_int_equal(vms_mprotect(mm, BASE + PG, 2 * PG, PROT_READ), 0);
	expect_heard("mprotect 20000000-20004000: 20000000-20002000 r--\n"
		     "mprotect 20000000-20002000: 20001000-20002000 r--\n"
		     "mprotect 20002000-20004000: 20002000-20003000 r--\n");
	refuse = -EPERM;
	assert_int_equal(vms_mprotect(mm, BASE, 4 * PG, PROT_EXEC), -EPERM);
	expect_heard("mprotect 20000000-20003000: 20000000-20003000 --x\n");
	expect_layout(mm, "20000000-20003000 r--p 0\n20003000-20004000 rw-p 3\n");
	/*
	 * Rights that the VMA can never have are refused before the hook is
	 * called.
	 */
	fput(file);
	file = vms_file_open(file->f_mapping, "/ro", FMODE_READ);
	file->f_vm_ops = &mprotect_ops;
	vms_mmap(mm, ELSEWHERE, PG, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(vms_mprotect(mm, ELSEWHERE, PG, RW), -EACCES);
	expect_heard("");
	fput(file);
}

/* ---- fault ---- */

static vm_fault_t hear_fault(struct vm_fault *vmf)
{
	vma_assert_locked(vmf->vma);
	hear("fault %lx pgoff %lx%s%s\n", vmf->address, vmf->pgoff,
	     vmf->flags & FAULT_FLAG_WRITE ? " write" : "",
	     vmf->flags & FAULT_FLAG_VMA_LOCK ? " vma" : "");
	if (!answer)
		vmf->page = vms_page_get(owned);
	return answer;
}

static const struct vm_operations_struct fault_ops = {.fault = hear_fault};

static bool has_vma_locks(const struct mm_struct *mm)
{
	return strcmp(vms_mm_engine_name(mm), "maple-vma") == 0;
}

static void fault_hook_brings_the_page(void **state)
{
	struct mm_struct *mm = mm_of(state);
	const char *lock = has_vma_locks(mm) ? " vma" : "";
	struct file *file = file_with(&fault_ops);
	char expected[128];
	unsigned long word;

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 2 * PG);
	assert_int_equal(vms_read_word(mm, BASE + PG + 8, &word), VMS_FAULT_OK);
	assert_int_equal(word, 7);
	snprintf(expected, sizeof(expected), "fault 20001000 pgoff 3%s\n", lock);
	expect_heard(expected);
	/*
	 * In shared memory the page itself is written, and it is writable at
	 * once.
	 */
	assert_int_equal(vms_write_word(mm, BASE + PG, 8), VMS_FAULT_OK);
	assert_int_equal(vms_page_word(owned), 8);
	expect_heard("");
	assert_int_equal(vms_write_word(mm, BASE, 9), VMS_FAULT_OK);
	snprintf(expected, sizeof(expected), "fault 20000000 pgoff 2 write%s\n", lock);
	expect_heard(expected);
	vms_page_put(owned);
	fput(file);
}

/*
 * A private write needs the first anon_vma. The fault takes mmap_lock for it
 * after it has called the hook.
 */
static void private_write_copies_the_owners_page(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&fault_ops);
	unsigned long word;

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_write_word(mm, BASE, 8), VMS_FAULT_OK);
	expect_heard(has_vma_locks(mm) ? "fault 20000000 pgoff 0 write vma\n"
				       : "fault 20000000 pgoff 0 write\n");
	assert_int_equal(vms_page_word(owned), 7);
	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 8);
	vms_page_put(owned);
	fput(file);
}

static void errors_of_the_fault_hook_become_signals(void **state)
{
	static const struct {
		vm_fault_t answer;
		enum vms_fault_result result;
	} cases[] = {
		{VM_FAULT_SIGBUS, VMS_SIGBUS},
		{VM_FAULT_SIGSEGV, VMS_SEGV_MAPERR},
		{VM_FAULT_OOM, VMS_FAULT_OOM},
	};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&fault_ops);

	vms_mmap(mm, BASE, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer = cases[i].answer;
		assert_int_equal(vms_fault(mm, BASE, 0), cases[i].result);
		assert_int_equal(vms_fault(mm, BASE, FAULT_FLAG_WRITE), cases[i].result);
	}
	fput(file);
}

static vm_fault_t retry_without_mmap_lock(struct vm_fault *vmf)
{
	answer = vmf->flags & FAULT_FLAG_VMA_LOCK ? VM_FAULT_RETRY : 0;
	return hear_fault(vmf);
}

/* VM_FAULT_RETRY under the VMA's lock asks for mmap_lock. */
static void hook_that_wants_mmap_lock_gets_it(void **state)
{
	static const struct vm_operations_struct ops = {.fault = retry_without_mmap_lock};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
	expect_heard(has_vma_locks(mm) ? "fault 20000000 pgoff 0 vma\nfault 20000000 pgoff 0\n"
				       : "fault 20000000 pgoff 0\n");
	vms_page_put(owned);
	fput(file);
}

static vm_fault_t insert_owned(struct vm_fault *vmf)
{
	hear("fault%s\n", vmf->flags & FAULT_FLAG_WRITE ? " write" : "");
	return vmf_insert_page(vmf->vma, vmf->address, owned);
}

static void hook_may_map_the_page_itself(void **state)
{
	static const struct vm_operations_struct ops = {.fault = insert_owned};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);
	unsigned long word;

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, ELSEWHERE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 7);
	assert_int_equal(vms_write_word(mm, BASE, 8), VMS_FAULT_OK);
	expect_heard("fault\n");
	/* A private write calls the hook once, then copies the mapped page. */
	assert_int_equal(vms_write_word(mm, ELSEWHERE, 9), VMS_FAULT_OK);
	expect_heard("fault write\n");
	assert_int_equal(vms_page_word(owned), 8);
	assert_int_equal(vms_read_word(mm, ELSEWHERE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 9);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	vms_munmap(mm, BASE, PG);
	vms_page_put(owned);
	fput(file);
}

static vm_fault_t insert_outside(struct vm_fault *vmf)
{
	return vmf_insert_page(vmf->vma, vmf->vma->vm_end, owned);
}

static void page_is_not_mapped_outside_the_vma(void **state)
{
	static const struct vm_operations_struct ops = {.fault = insert_outside};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_SIGBUS);
	vms_page_put(owned);
	fput(file);
}

/* ---- map_pages ---- */

static bool map_all;

static vm_fault_t hear_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct page *pages[16] = {NULL};

	vma_assert_locked(vmf->vma);
	assert_true(rcu_read_lock_held());
	hear("map_pages pgoff %lx-%lx\n", start, end);
	for (pgoff_t i = start; i <= end; i++)
		if (map_all || i != vmf->pgoff)
			pages[i - start] = vms_page_get(owned);
	vms_map_pages(vmf, start, pages, (unsigned int)(end - start + 1));
	return 0;
}

static void map_pages_is_asked_first_and_only_for_reads(void **state)
{
	static const struct vm_operations_struct ops = {.fault = hear_fault,
							.map_pages = hear_map_pages};
	struct mm_struct *mm = mm_of(state);
	const char *lock = has_vma_locks(mm) ? " vma" : "";
	struct file *file = file_with(&ops);
	char expected[128];

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE + 14 * PG, 6 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	/*
	 * 16 pages from a multiple of 16 of the address, or from the VMA's
	 * beginning, up to the VMA's end.
	 */
	map_all = true;
	assert_int_equal(vms_fault(mm, BASE + 15 * PG, 0), VMS_FAULT_OK);
	expect_heard("map_pages pgoff 0-5\n");
	assert_int_equal(vms_fault(mm, BASE + 14 * PG, 0), VMS_FAULT_OK);
	expect_heard("");
	vms_madvise(mm, BASE + 14 * PG, 6 * PG, MADV_DONTNEED);
	/*
	 * If map_pages() does not map the faulting page, fault() is called for
	 * it.
	 */
	map_all = false;
	assert_int_equal(vms_fault(mm, BASE + 17 * PG, 0), VMS_FAULT_OK);
	snprintf(expected, sizeof(expected), "map_pages pgoff 2-5\nfault 20011000 pgoff 3%s\n",
		 lock);
	expect_heard(expected);
	vms_madvise(mm, BASE + 14 * PG, 6 * PG, MADV_DONTNEED);
	assert_int_equal(vms_fault(mm, BASE + 16 * PG, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	snprintf(expected, sizeof(expected), "fault 20010000 pgoff 2 write%s\n", lock);
	expect_heard(expected);
	vms_page_put(owned);
	fput(file);
}

/* ---- page_mkwrite, pfn_mkwrite ---- */

static vm_fault_t hear_mkwrite(struct vm_fault *vmf)
{
	vma_assert_locked(vmf->vma);
	hear("mkwrite %lx%s%s\n", vmf->address,
	     vmf->flags & FAULT_FLAG_MKWRITE ? "" : " without its flag",
	     vmf->page == owned ? " page"
	     : vmf->page        ? " another page"
				: "");
	return answer;
}

static vm_fault_t give_quietly(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(owned);
	return VM_FAULT_LOCKED | VM_FAULT_MAJOR;
}

static void owner_hears_of_the_first_write_to_each_page(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_quietly,
							.page_mkwrite = hear_mkwrite};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);

	owned = vms_page_alloc(7);
	vms_mmap(mm, BASE, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, ELSEWHERE, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	/* Read first: the page is mapped read-only. */
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
	expect_heard("");
	answer = VM_FAULT_LOCKED;
	assert_int_equal(vms_write_word(mm, BASE, 1), VMS_FAULT_OK);
	assert_int_equal(vms_write_word(mm, BASE, 2), VMS_FAULT_OK);
	expect_heard("mkwrite 20000000 page\n");
	/* Written first. */
	assert_int_equal(vms_write_word(mm, BASE + PG, 3), VMS_FAULT_OK);
	expect_heard("mkwrite 20001000 page\n");
	/*
	 * The right to write returns, but the owner must still be told of the
	 * write.
	 */
	vms_mprotect(mm, BASE, PG, PROT_READ);
	vms_mprotect(mm, BASE, PG, RW);
	assert_int_equal(vms_write_word(mm, BASE, 4), VMS_FAULT_OK);
	expect_heard("mkwrite 20000000 page\n");
	/* The owner need not be told of a write to a private copy. */
	assert_int_equal(vms_write_word(mm, ELSEWHERE, 5), VMS_FAULT_OK);
	expect_heard("");
	answer = VM_FAULT_SIGBUS;
	assert_int_equal(vms_fault(mm, BASE + 2 * PG, FAULT_FLAG_WRITE), VMS_SIGBUS);
	assert_int_equal(vms_page_word(owned), 4);
	vms_page_put(owned);
	fput(file);
}

static vm_fault_t no_page_mkwrite(struct vm_fault *vmf)
{
	(void)vmf;
	hear("page_mkwrite\n");
	return 0;
}

/*
 * With and without a page_mkwrite(): that hook is not for memory without pages.
 */
static void device_memory_is_written_by_pfn_mkwrite(void **state)
{
	static const struct vm_operations_struct both = {.fault = insert_owned,
							 .pfn_mkwrite = hear_mkwrite,
							 .page_mkwrite = no_page_mkwrite};
	static const struct vm_operations_struct alone = {.fault = insert_owned,
							  .pfn_mkwrite = hear_mkwrite};
	const vm_flags_t flags =
		VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE | VM_PFNMAP;
	struct mm_struct *mm = mm_of(state);

	owned = vms_page_alloc(7);
	insert(mm, BASE, 2, flags, &both);
	insert(mm, ELSEWHERE, 2, flags, &alone);
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, ELSEWHERE, 0), VMS_FAULT_OK);
	expect_heard("fault\nfault\n");
	assert_int_equal(vms_write_word(mm, BASE, 8), VMS_FAULT_OK);
	assert_int_equal(vms_write_word(mm, ELSEWHERE, 9), VMS_FAULT_OK);
	expect_heard("mkwrite 20000000\nmkwrite 28000000\n");
	assert_int_equal(vms_page_word(owned), 9);
	answer = VM_FAULT_SIGBUS;
	assert_int_equal(vms_write_word(mm, BASE + PG, 9), VMS_SIGBUS);
	vms_munmap(mm, BASE, 2 * PG);
	vms_munmap(mm, ELSEWHERE, 2 * PG);
	vms_page_put(owned);
}

/* ---- name ---- */

static const char *tell_name(struct vm_area_struct *vma)
{
	mmap_assert_locked(mm_of_vma(vma));
	return vma->vm_start == BASE ? "[special]" : NULL;
}

static void owner_names_its_memory(void **state)
{
	static const struct vm_operations_struct ops = {.name = tell_name};
	struct mm_struct *mm = mm_of(state);
	struct file *file = file_with(&ops);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	insert(mm, BASE, 1, VM_READ, &ops);
	insert(mm, BASE + 2 * PG, 1, VM_READ, &ops);
	vms_mmap(mm, BASE + 4 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	assert_string_equal(
		text,
		"20000000-20001000 r--p 00000000 00:00 0                                  "
		"[special]\n"
		"20002000-20003000 r--p 00000000 00:00 0 \n"
		"20004000-20005000 r--p 00000000 08:01 42                                 /data\n");
	free(text);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(every_vma_that_was_opened_or_mapped_is_closed_once),
		ON_EVERY_ENGINE(mappings_of_one_file_merge_whatever_their_hooks),
		ON_EVERY_ENGINE(memory_without_a_file_joins_no_other_owners),
		ON_EVERY_ENGINE(close_comes_before_whoever_takes_the_place),
		ON_EVERY_ENGINE(refused_split_changes_nothing),
		ON_EVERY_ENGINE(owner_hears_of_a_move_and_may_send_it_back),
		ON_EVERY_ENGINE(nobody_gets_into_a_new_vma_before_its_change_is_whole),
		ON_EVERY_ENGINE(owner_is_asked_once_for_a_private_write),
		ON_EVERY_ENGINE(pages_of_a_refused_move_are_where_they_were),
		ON_EVERY_ENGINE(owner_hears_of_new_rights_piece_by_piece),
		ON_EVERY_ENGINE(fault_hook_brings_the_page),
		ON_EVERY_ENGINE(private_write_copies_the_owners_page),
		ON_EVERY_ENGINE(errors_of_the_fault_hook_become_signals),
		ON_EVERY_ENGINE(hook_that_wants_mmap_lock_gets_it),
		ON_EVERY_ENGINE(hook_may_map_the_page_itself),
		ON_EVERY_ENGINE(page_is_not_mapped_outside_the_vma),
		ON_EVERY_ENGINE(map_pages_is_asked_first_and_only_for_reads),
		ON_EVERY_ENGINE(owner_hears_of_the_first_write_to_each_page),
		ON_EVERY_ENGINE(device_memory_is_written_by_pfn_mkwrite),
		ON_EVERY_ENGINE(owner_names_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
