/* SPDX-License-Identifier: MIT */
/*
 * test_hook_answers.c - hooks that answer late, repeatedly or wrongly. An
 * access is retried as on Linux, it ends if retries lead nowhere, and no answer
 * may make the library believe something false.
 *
 * Where another thread would have to run at the right moment, the hook itself
 * does what that thread would do: it may call unmap_mapping_range(). Where the
 * difference matters, the hook asks a real thread and waits for it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include <vmastore/page.h>
#include <vmastore/query.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define ELSEWHERE 0x28000000UL

static struct file *file;
static struct page *owned;      /* the page that the hooks give */
static unsigned int calls;      /* of the hook under test */
static unsigned int lose;       /* number of calls that leave the access without a page */
static vm_fault_t losing_with;  /* the answer of those calls */
static unsigned int last_flags; /* vmf->flags of the last call */

static struct mm_struct *begin(void **state, const struct vm_operations_struct *ops)
{
	calls = lose = last_flags = 0;
	losing_with = VM_FAULT_NOPAGE;
	file = world_file(32, true);
	file->f_vm_ops = ops;
	owned = vms_page_alloc(7);
	assert_non_null(owned);
	return ((struct world *)*state)->mm;
}

static void end(struct mm_struct *mm)
{
	vms_munmap(mm, 0x10000, 0x3fff0000);
	vms_page_put(owned);
	fput(file);
}

static void map(struct mm_struct *mm, unsigned long at, unsigned long pages, int prot, int flags)
{
	assert_int_equal(vms_mmap(mm, at, pages * PG, (unsigned long)prot,
				  (unsigned long)(flags | MAP_FIXED), file, 0),
			 at);
}

static void zap_all(void)
{
	unmap_mapping_range(file->f_mapping, 0, 0, 0);
}

/* ---- every way to touch memory ---- */

static int by_fault(struct mm_struct *mm)
{
	return vms_fault(mm, BASE, 0);
}

static int by_read(struct mm_struct *mm)
{
	unsigned long word;

	return vms_read_word(mm, BASE, &word);
}

static int by_write(struct mm_struct *mm)
{
	return vms_write_word(mm, BASE, 8);
}

static int by_debugger(struct mm_struct *mm)
{
	unsigned long word;

	return vms_access_word(mm, BASE, &word, 0);
}

static int by_populate_read(struct mm_struct *mm)
{
	return vms_madvise(mm, BASE, PG, MADV_POPULATE_READ);
}

static int by_populate_write(struct mm_struct *mm)
{
	return vms_madvise(mm, BASE, PG, MADV_POPULATE_WRITE);
}

static int by_mlock(struct mm_struct *mm)
{
	return vms_mlock(mm, BASE, PG);
}

static const struct touch {
	const char *name;
	int (*touch)(struct mm_struct *mm);
	int none; /* its result if there is no page */
} touches[] = {
	{"vms_fault", by_fault, VMS_SIGBUS},
	{"vms_read_word", by_read, VMS_SIGBUS},
	{"vms_write_word", by_write, VMS_SIGBUS},
	{"vms_access_word", by_debugger, -EFAULT},
	{"MADV_POPULATE_READ", by_populate_read, -EFAULT},
	{"MADV_POPULATE_WRITE", by_populate_write, -EFAULT},
	{"mlock", by_mlock, -ENOMEM},
};
#define NR_TOUCHES (sizeof(touches) / sizeof(touches[0]))

/*
 * Tries each way in shared and in private memory. The hook loses the first
 * @losses times. The result must be 0, or that there is no page.
 */
static void touch_each_way_at(struct mm_struct *mm, unsigned int losses, const char *where,
			      int line)
{
	for (size_t i = 0; i < 2 * NR_TOUCHES; i++) {
		const struct touch *t = &touches[i / 2];
		int ret;

		map(mm, BASE, 1, RW, i % 2 ? MAP_PRIVATE : MAP_SHARED);
		calls = 0;
		lose = losses;
		ret = t->touch(mm);
		if (ret != (losses < VMS_FAULT_TRIES ? 0 : t->none) ||
		    calls < (losses < VMS_FAULT_TRIES ? losses + 1 : VMS_FAULT_TRIES))
			print_error("%s:%d: %s (%s): %d after %u calls\n", where, line, t->name,
				    i % 2 ? "private" : "shared", ret, calls);
		_assert_int_equal(ret, losses < VMS_FAULT_TRIES ? 0 : t->none, where, line);
		/*
		 * No call more than needed; under the VMA's lock VM_FAULT_RETRY
		 * leads to two calls in one try.
		 */
		assert_true(calls >= (losses < VMS_FAULT_TRIES ? losses + 1 : VMS_FAULT_TRIES));
		assert_true(calls <= 2 * VMS_FAULT_TRIES);
		assert_int_equal((last_flags & FAULT_FLAG_TRIED) != 0, losses > 1);
		_assert_int_equal(vms_mm_validate(mm, stderr), 0, where, line);
		vms_munmap(mm, BASE, PG);
	}
}
#define touch_each_way(mm, losses) touch_each_way_at(mm, losses, __FILE__, __LINE__)

/* ---- retried accesses ---- */

static vm_fault_t map_and_lose(struct vm_fault *vmf)
{
	vm_fault_t ret = vmf_insert_page(vmf->vma, vmf->address, owned);

	last_flags = vmf->flags;
	calls++;
	if (lose) {
		lose--;
		zap_all();
	}
	return ret;
}

static void page_mapped_by_a_hook_and_zapped_at_once_is_asked_for_again(void **state)
{
	static const struct vm_operations_struct ops = {.fault = map_and_lose};
	struct mm_struct *mm = begin(state, &ops);

	touch_each_way(mm, 0);
	touch_each_way(mm, 3);
	touch_each_way(mm, ~0U);
	end(mm);
}

static vm_fault_t give_or_lose(struct vm_fault *vmf)
{
	last_flags = vmf->flags;
	calls++;
	if (lose) {
		lose--;
		return losing_with;
	}
	vmf->page = vms_page_get(owned);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct give_ops = {.fault = give_or_lose};

static void hook_that_is_not_ready_is_asked_again(void **state)
{
	static const vm_fault_t answers[] = {VM_FAULT_NOPAGE, VM_FAULT_RETRY,
					     VM_FAULT_RETRY | VM_FAULT_MAJOR | VM_FAULT_NOPAGE};
	struct mm_struct *mm = begin(state, &give_ops);

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		losing_with = answers[i];
		touch_each_way(mm, 3);
		touch_each_way(mm, ~0U);
	}
	end(mm);
}

/*
 * Symptom: mprotect() never returns. Cause: locked private memory that becomes
 * writable is populated under mmap_lock for writing, and the hook never gives a
 * page. The call must end and return 0, as on Linux.
 */
static void mprotect_of_locked_memory_ends(void **state)
{
	struct mm_struct *mm = begin(state, &give_ops);

	map(mm, BASE, 1, PROT_READ, MAP_PRIVATE);
	vms_mlock(mm, BASE, PG);
	zap_all();
	calls = 0;
	lose = ~0U;
	assert_int_equal(vms_mprotect(mm, BASE, PG, RW), 0);
	assert_int_equal(calls, VMS_FAULT_TRIES);
	end(mm);
}

static vm_fault_t give(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(owned);
	return 0;
}

static vm_fault_t mkwrite_or_lose(struct vm_fault *vmf)
{
	last_flags = vmf->flags;
	calls++;
	if (!lose)
		return 0;
	lose--;
	return losing_with;
}

static void first_write_is_made_again_when_its_owner_is_not_ready(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give,
							.page_mkwrite = mkwrite_or_lose};
	static const vm_fault_t answers[] = {VM_FAULT_NOPAGE, VM_FAULT_RETRY};
	struct mm_struct *mm = begin(state, &ops);

	map(mm, BASE, 2, RW, MAP_SHARED);
	for (size_t i = 0; i < 4; i++) {
		losing_with = answers[i / 2];
		zap_all();
		if (i % 2) /* mapped read-only by then */
			assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
		calls = 0;
		lose = 1;
		assert_int_equal(vms_write_word(mm, BASE, 20 + i), VMS_FAULT_OK);
		assert_in_range(calls, 2, 3);
		assert_int_equal(vms_page_word(owned), 20 + i);
		zap_all();
		if (i % 2)
			assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
		lose = ~0U;
		assert_int_equal(vms_write_word(mm, BASE, 30), VMS_SIGBUS);
		assert_int_equal(vms_madvise(mm, BASE, PG, MADV_POPULATE_WRITE), -EFAULT);
		assert_int_equal(vms_page_word(owned), 20 + i);
	}
	end(mm);
}

/* Allows the write, and zaps the page in the same call. */
static vm_fault_t mkwrite_and_zap(struct vm_fault *vmf)
{
	(void)vmf;
	calls++;
	zap_all();
	return 0;
}

static vm_fault_t only_map(struct vm_fault *vmf)
{
	return vmf_insert_page(vmf->vma, vmf->address, owned);
}

static void hooks_that_undo_each_other_end(void **state)
{
	static const struct vm_operations_struct ops = {.fault = only_map,
							.page_mkwrite = mkwrite_and_zap};
	struct mm_struct *mm = begin(state, &ops);

	map(mm, BASE, 1, RW, MAP_SHARED);
	assert_int_equal(vms_write_word(mm, BASE, 1), VMS_SIGBUS);
	assert_in_range(calls, VMS_FAULT_TRIES / 2 - 1, VMS_FAULT_TRIES);
	end(mm);
}

/* ---- the locks are released between two tries ---- */

static struct {
	struct mm_struct *mm;
	sem_t begin;
	_Atomic bool done;
} writer;

static void *change_the_vma(void *arg)
{
	sem_wait(&writer.begin);
	mmap_write_lock(writer.mm);
	vma_start_write(vma_lookup(writer.mm, BASE));
	mmap_write_unlock(writer.mm);
	atomic_store(&writer.done, true);
	return arg;
}

/*
 * Gives the page when a writer has held the lock. The tries take some seconds,
 * and a waiting writer gets the lock only if it is released between them.
 */
static vm_fault_t wait_for_the_writer(struct vm_fault *vmf)
{
	const struct timespec nap = {.tv_nsec = 3000000};

	if (calls++ == 0)
		sem_post(&writer.begin);
	if (!atomic_load(&writer.done)) {
		nanosleep(&nap, NULL);
		return losing_with;
	}
	vmf->page = vms_page_get(owned);
	return 0;
}

static void writers_get_their_turn_between_two_tries(void **state)
{
	static const struct vm_operations_struct ops = {.fault = wait_for_the_writer};
	struct mm_struct *mm = begin(state, &ops);
	pthread_t thread;

	writer.mm = mm;
	for (size_t i = 0; i < 2 * NR_TOUCHES; i++) {
		losing_with = i % 2 ? VM_FAULT_RETRY : VM_FAULT_NOPAGE;
		map(mm, BASE, 1, RW, MAP_SHARED);
		sem_init(&writer.begin, 0, 0);
		atomic_store(&writer.done, false);
		calls = 0;
		assert_int_equal(pthread_create(&thread, NULL, change_the_vma, NULL), 0);
		assert_int_equal(touches[i / 2].touch(mm), 0);
		pthread_join(thread, NULL);
		sem_destroy(&writer.begin);
		vms_munmap(mm, BASE, PG);
	}
	end(mm);
}

/* ---- pages that the hook may not give ---- */

static vm_fault_t insert_given(struct vm_fault *vmf)
{
	calls++;
	return vmf_insert_page(vmf->vma, vmf->address, owned);
}

static vm_fault_t map_given_around(struct vm_fault *vmf, pgoff_t start, pgoff_t last)
{
	struct page *pages[16] = {NULL};

	for (pgoff_t i = start; i <= last; i++)
		pages[i - start] = vms_page_get(owned);
	vms_map_pages(vmf, start, pages, (unsigned int)(last - start + 1));
	return 0;
}

static const struct vm_operations_struct insert_ops = {.fault = insert_given};
static const struct vm_operations_struct around_ops = {.fault = give_or_lose,
						       .map_pages = map_given_around};
static const struct vm_operations_struct *const givers[] = {&give_ops, &insert_ops, &around_ops};
#define NR_GIVERS (sizeof(givers) / sizeof(givers[0]))

/*
 * Asserts that no access to memory served by @ops maps @given, and that the
 * page keeps its number of references.
 */
static void expect_refused(struct mm_struct *mm, struct page *given,
			   const struct vm_operations_struct *ops)
{
	struct page *saved = owned;

	owned = given;
	file->f_vm_ops = ops;
	for (size_t i = 0; i < 2 * NR_TOUCHES; i++) {
		map(mm, BASE, 4, RW, i % 2 ? MAP_PRIVATE : MAP_SHARED);
		assert_int_equal(touches[i / 2].touch(mm), touches[i / 2].none);
		assert_null(vms_page_lookup(mm, BASE));
		assert_null(vms_page_lookup(mm, BASE + PG));
		vms_munmap(mm, BASE, 4 * PG);
	}
	owned = saved;
}

static void private_memory_of_an_address_space_is_no_files_page(void **state)
{
	struct mm_struct *mm = begin(state, NULL),
			 *other = vms_mm_create("maple", &world_layout, NULL);
	struct mm_struct *const sources[] = {mm, other};

	for (size_t i = 0; i < 2 * NR_GIVERS; i++) {
		struct mm_struct *source = sources[i % 2];
		struct page *given;

		vms_mmap(source, ELSEWHERE, PG, RW, FIXED, NULL, 0);
		assert_int_equal(vms_write_word(source, ELSEWHERE, 5), VMS_FAULT_OK);
		given = vms_page_lookup(source, ELSEWHERE);
		expect_refused(mm, given, givers[i / 2]);
		vms_munmap(source, ELSEWHERE, PG);
		vms_page_put(given);
	}
	mmput(other);
	end(mm);
}

/* Another file's page, until that file is truncated. */
static void page_that_left_its_cache_is_asked_for_again_and_then_refused(void **state)
{
	struct mm_struct *mm = begin(state, NULL);
	struct file *other = world_file(1, true);
	struct page *given, *saved = owned;
	unsigned long word;

	vms_mmap(mm, ELSEWHERE, PG, RW, MAP_SHARED | MAP_FIXED, other, 0);
	vms_write_word(mm, ELSEWHERE, 5);
	given = vms_page_lookup(mm, ELSEWHERE);
	for (size_t i = 0; i < NR_GIVERS; i++) {
		owned = given;
		file->f_vm_ops = givers[i];
		map(mm, BASE, 1, PROT_READ, MAP_SHARED);
		assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
		assert_int_equal(word, 5);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		vms_munmap(mm, BASE, PG);
		owned = saved;
	}
	vms_file_truncate(other->f_mapping, 0);
	for (size_t i = 0; i < NR_GIVERS; i++)
		expect_refused(mm, given, givers[i]);
	vms_page_put(given);
	fput(other);
	end(mm);
}

/* ---- wrong answers ---- */

static vm_fault_t answer;

static vm_fault_t give_with_answer(struct vm_fault *vmf)
{
	calls++;
	if (!(answer & (VM_FAULT_ERROR | VM_FAULT_RETRY | VM_FAULT_NOPAGE)))
		vmf->page = vms_page_get(owned);
	return answer;
}

static vm_fault_t mkwrite_with_answer(struct vm_fault *vmf)
{
	(void)vmf;
	return answer;
}

static const struct {
	vm_fault_t answer;
	enum vms_fault_result result;
} fault_answers[] = {
	{0x80000000u, VMS_FAULT_OK}, /* no such bit: only the page counts */
	{0xffff8000u | VM_FAULT_MAJOR | VM_FAULT_LOCKED, VMS_FAULT_OK},
	/*
	 * An errno in place of VM_FAULT_ bits is read as the bits it contains.
	 */
	{(vm_fault_t)-EIO, VMS_FAULT_OOM},
	{~0u, VMS_FAULT_OOM},
	{0x80000000u | VM_FAULT_NOPAGE, VMS_SIGBUS},
	{VM_FAULT_SIGBUS | VM_FAULT_NOPAGE | VM_FAULT_RETRY, VMS_SIGBUS},
	{VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV, VMS_SIGBUS},
};

static void senseless_fault_answers_end_an_access(void **state)
{
	static const struct vm_operations_struct by_fault_hook = {.fault = give_with_answer};
	static const struct vm_operations_struct by_mkwrite = {.fault = give,
							       .page_mkwrite = mkwrite_with_answer};
	struct mm_struct *mm = begin(state, NULL);

	for (size_t i = 0; i < 2 * sizeof(fault_answers) / sizeof(fault_answers[0]); i++) {
		file->f_vm_ops = i % 2 ? &by_fault_hook : &by_mkwrite;
		answer = fault_answers[i / 2].answer;
		map(mm, BASE, 1, RW, MAP_SHARED);
		assert_int_equal(vms_write_word(mm, BASE, 1), fault_answers[i / 2].result);
		assert_int_equal(vms_write_word(mm, BASE, 1), fault_answers[i / 2].result);
		vms_munmap(mm, BASE, PG);
	}
	end(mm);
}

static vm_fault_t map_pages_with_answer(struct vm_fault *vmf, pgoff_t start, pgoff_t last)
{
	(void)vmf;
	(void)start;
	(void)last;
	return answer;
}

/* As on Linux, an error of map_pages() is the result of the fault. */
static void error_of_map_pages_is_the_answer(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_or_lose,
							.map_pages = map_pages_with_answer};
	struct mm_struct *mm = begin(state, &ops);

	map(mm, BASE, 1, RW, MAP_SHARED);
	for (size_t i = 2; i < sizeof(fault_answers) / sizeof(fault_answers[0]); i++) {
		answer = fault_answers[i].answer;
		assert_int_equal(vms_fault(mm, BASE, 0), fault_answers[i].result);
	}
	assert_int_equal(calls, 0);
	answer = 0x80000000u;
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
	assert_int_equal(calls, 1);
	end(mm);
}

/*
 * Maps pages before and behind the range that the hook was given, and far away.
 */
static vm_fault_t map_too_much(struct vm_fault *vmf, pgoff_t start, pgoff_t last)
{
	static const pgoff_t far[] = {~(pgoff_t)0 - 3, 512, 1UL << 40};
	struct page *pages[48];

	for (size_t i = 0; i < 48; i++)
		pages[i] = vms_page_get(owned);
	vms_map_pages(vmf, start - 16, pages, 48);
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		for (size_t k = 0; k < 16; k++)
			pages[k] = vms_page_get(owned);
		vms_map_pages(vmf, far[i], pages, 16);
	}
	(void)last;
	return 0;
}

static void pages_outside_the_range_are_not_mapped(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_or_lose,
							.map_pages = map_too_much};
	struct mm_struct *mm = begin(state, &ops);

	/*
	 * 4 pages: in the middle of a leaf, at its beginning, and at its end.
	 */
	for (unsigned long at = BASE; at <= BASE + 508 * PG;
	     at += at == BASE ? 32 * PG : 476 * PG) {
		vms_mmap(mm, BASE - 512 * PG, 1536 * PG, RW, FIXED, NULL, 0);
		vms_mmap(mm, at, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 17 * PG);
		assert_int_equal(vms_fault(mm, at + PG, 0), VMS_FAULT_OK);
		assert_int_equal(calls, 0);
		assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 4);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		vms_munmap(mm, BASE - 512 * PG, 1536 * PG);
	}
	end(mm);
}

/* A hook must get its own copy of the flags. */
static vm_fault_t give_and_spoil(struct vm_fault *vmf)
{
	vmf->flags ^= FAULT_FLAG_WRITE;
	vmf->page = vms_page_get(owned);
	return 0;
}

static void flags_that_a_hook_spoils_do_not_count(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_and_spoil,
							.page_mkwrite = mkwrite_or_lose};
	struct mm_struct *mm = begin(state, &ops);

	/* A read must not become a write, which the owner must be told of. */
	map(mm, BASE, 1, RW, MAP_SHARED);
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
	assert_int_equal(calls, 0);
	assert_int_equal(vms_fault(mm, BASE, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(calls, 1);
	map(mm, BASE, 1, RW, MAP_PRIVATE);
	assert_int_equal(vms_write_word(mm, BASE, 8), VMS_FAULT_OK);
	assert_int_equal(vms_page_word(owned), 7);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	end(mm);
}

static int number; /* of a hook that is to return 0 or a -errno */

static int refuse_to_split(struct vm_area_struct *vma, unsigned long addr)
{
	(void)vma;
	(void)addr;
	return number;
}

static int refuse_to_move(struct vm_area_struct *vma)
{
	(void)vma;
	return number;
}

static int refuse_to_protect(struct vm_area_struct *vma, unsigned long start, unsigned long last,
			     unsigned long newflags)
{
	(void)vma;
	(void)start;
	(void)last;
	(void)newflags;
	return number;
}

static void number_that_is_no_errno_refuses_as_einval(void **state)
{
	static const struct vm_operations_struct split = {.may_split = refuse_to_split},
						 move = {.mremap = refuse_to_move},
						 protect = {.mprotect = refuse_to_protect};
	static const int wrong[] = {1, (int)PG, INT32_MAX, -4096, INT32_MIN};
	struct mm_struct *mm = begin(state, NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		number = wrong[i];
		file->f_vm_ops = &split;
		map(mm, BASE, 4, RW, MAP_PRIVATE);
		assert_int_equal(vms_munmap(mm, BASE, PG), -EINVAL);
		assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_READ), -EINVAL);
		assert_int_equal(vms_mremap(mm, BASE, PG, PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
					    ELSEWHERE),
				 -EINVAL);
		vms_munmap(mm, BASE, 4 * PG);
		file->f_vm_ops = &move;
		map(mm, BASE, 4, RW, MAP_PRIVATE);
		assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
					    ELSEWHERE),
				 -EINVAL);
		vms_munmap(mm, BASE, 4 * PG);
		file->f_vm_ops = &protect;
		map(mm, BASE, 4, RW, MAP_PRIVATE);
		assert_int_equal(vms_mprotect(mm, BASE, 4 * PG, PROT_READ), -EINVAL);
		expect_layout(mm, "20000000-20004000 rw-p 0\n");
		vms_munmap(mm, BASE, 4 * PG);
	}
	end(mm);
}

static unsigned long size_of_pages;

static unsigned long tell_pagesize(struct vm_area_struct *vma)
{
	(void)vma;
	return size_of_pages;
}

static void impossible_page_size_is_listed_as_a_page(void **state)
{
	static const struct vm_operations_struct ops = {.pagesize = tell_pagesize};
	static const struct {
		unsigned long told, listed;
	} sizes[] = {
		{0, PG},          {1, PG},      {PG / 2, PG},    {3 * PG, PG}, {PG, PG},
		{4 * PG, 4 * PG}, {8 * PG, PG}, {1UL << 63, PG}, {~0UL, PG},
	};
	struct mm_struct *mm = begin(state, &ops);
	struct vms_procmap_query q = {.query_addr = BASE + PG};

	map(mm, BASE, 4, RW, MAP_SHARED);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_of_pages = sizes[i].told;
		assert_int_equal(vms_procmap_query(mm, &q), 0);
		assert_int_equal(q.vma_page_size, sizes[i].listed);
	}
	end(mm);
}

static const char *odd_name(struct vm_area_struct *vma)
{
	(void)vma;
	return "[a\n20000000-20001000 rwxp b]";
}

static void newline_in_a_name_does_not_break_the_listing(void **state)
{
	static const struct vm_operations_struct ops = {.name = odd_name};
	struct mm_struct *mm = begin(state, NULL);
	struct vm_area_struct *vma = vm_area_alloc(mm);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vma->vm_start = BASE;
	vma->vm_end = BASE + PG;
	vma->vm_ops = &ops;
	vm_flags_init(vma, VM_READ);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	assert_string_equal(
		text, "20000000-20001000 r--p 00000000 00:00 0                                  "
		      "[a\\01220000000-20001000 rwxp b]\n");
	free(text);
	end(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(page_mapped_by_a_hook_and_zapped_at_once_is_asked_for_again),
		ON_EVERY_ENGINE(hook_that_is_not_ready_is_asked_again),
		ON_EVERY_ENGINE(mprotect_of_locked_memory_ends),
		ON_EVERY_ENGINE(first_write_is_made_again_when_its_owner_is_not_ready),
		ON_EVERY_ENGINE(hooks_that_undo_each_other_end),
		ON_EVERY_ENGINE(writers_get_their_turn_between_two_tries),
		ON_EVERY_ENGINE(private_memory_of_an_address_space_is_no_files_page),
		ON_EVERY_ENGINE(page_that_left_its_cache_is_asked_for_again_and_then_refused),
		ON_EVERY_ENGINE(senseless_fault_answers_end_an_access),
		ON_EVERY_ENGINE(error_of_map_pages_is_the_answer),
		ON_EVERY_ENGINE(pages_outside_the_range_are_not_mapped),
		ON_EVERY_ENGINE(flags_that_a_hook_spoils_do_not_count),
		ON_EVERY_ENGINE(number_that_is_no_errno_refuses_as_einval),
		ON_EVERY_ENGINE(impossible_page_size_is_listed_as_a_page),
		ON_EVERY_ENGINE(newline_in_a_name_does_not_break_the_listing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
