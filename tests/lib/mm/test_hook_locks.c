/* SPDX-License-Identifier: MIT */
/*
 * test_hook_locks.c - the locks that are really held in each hook, on every way
 * that leads to it. The test checks the table in mm_types.h.
 *
 * Each hook lets another thread try mmap_lock and the file's lock, and reads
 * the count of the VMA's readers. It records "HOOK LOCKS", where LOCKS is
 *
 *   W, R or -   how mmap_lock is held
 *   v           the VMA's own lock is held for reading
 *   f           a lock of the file's i_mmap is held
 *
 * The test compares the list that a call records with the table's promise.
 */
#include <pthread.h>
#include <semaphore.h>

#include <vmastore/page.h>
#include <vmastore/query.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define ELSEWHERE 0x28000000UL

/* ---- the thread that tries the locks ---- */

static struct {
	sem_t ask, told;
	struct mm_struct *mm; /* NULL: end */
	struct address_space *mapping;
	char mmap_lock;
	bool file_lock;
} probe;

static char try_mmap_lock(struct mm_struct *mm)
{
	if (mmap_write_trylock(mm)) {
		mmap_write_unlock(mm);
		return '-';
	}
	if (mmap_read_trylock(mm)) {
		mmap_read_unlock(mm);
		return 'R';
	}
	return 'W';
}

static bool try_file_lock(struct address_space *mapping)
{
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++) {
		if (!down_write_trylock(&mapping->i_mmap[i].rwsem))
			return true;
		up_write(&mapping->i_mmap[i].rwsem);
	}
	return false;
}

static void *try_locks(void *arg)
{
	for (;;) {
		sem_wait(&probe.ask);
		if (!probe.mm)
			return arg;
		probe.mmap_lock = try_mmap_lock(probe.mm);
		probe.file_lock = try_file_lock(probe.mapping);
		sem_post(&probe.told);
	}
}

/* ---- hooks ---- */

static char heard[2048];
static struct address_space *mapping;
static struct page *owned;
static vm_fault_t first_answer; /* of the first fault(); later calls give the page */

static void note(const char *hook, struct vm_area_struct *vma)
{
	size_t len = strlen(heard);
	unsigned int refs = atomic_load_explicit(&vma->vm_refcnt, memory_order_relaxed);

	probe.mm = atomic_load_explicit(&vma->vm_mm, memory_order_relaxed);
	probe.mapping = mapping;
	sem_post(&probe.ask);
	sem_wait(&probe.told);
	/*
	 * The count is 1 if attached, and 0 before and after the VMA can be
	 * found.
	 */
	snprintf(heard + len, sizeof(heard) - len, "%s%s %c%s%s", len ? ", " : "", hook,
		 probe.mmap_lock, refs > 1 ? "v" : "", probe.file_lock ? "f" : "");
}

static void note_open(struct vm_area_struct *vma)
{
	note("open", vma);
}

static void note_close(struct vm_area_struct *vma)
{
	note("close", vma);
}

static int note_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	(void)addr;
	note("may_split", vma);
	return 0;
}

static int note_mremap(struct vm_area_struct *vma)
{
	note("mremap", vma);
	return 0;
}

static int note_mprotect(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 unsigned long newflags)
{
	(void)start;
	(void)end;
	(void)newflags;
	note("mprotect", vma);
	return 0;
}

static vm_fault_t note_fault(struct vm_fault *vmf)
{
	vm_fault_t answer = first_answer;

	/* The flag must agree with the lock that is held. */
	note(vmf->flags & FAULT_FLAG_VMA_LOCK ? "fault(vma)" : "fault", vmf->vma);
	first_answer = 0;
	if (!answer)
		vmf->page = vms_page_get(owned);
	return answer;
}

static vm_fault_t note_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	(void)start;
	(void)end;
	assert_true(rcu_read_lock_held());
	note("map_pages", vmf->vma);
	return 0;
}

static vm_fault_t note_page_mkwrite(struct vm_fault *vmf)
{
	note("page_mkwrite", vmf->vma);
	return 0;
}

static vm_fault_t note_pfn_mkwrite(struct vm_fault *vmf)
{
	note("pfn_mkwrite", vmf->vma);
	return 0;
}

static int note_access(struct vm_area_struct *vma, unsigned long addr, void *buf, int len,
		       int write)
{
	(void)addr;
	(void)write;
	note("access", vma);
	memset(buf, 0, (size_t)len);
	return len;
}

static const char *note_name(struct vm_area_struct *vma)
{
	note("name", vma);
	return "[owned]";
}

static unsigned long note_pagesize(struct vm_area_struct *vma)
{
	note("pagesize", vma);
	return PAGE_SIZE;
}

static const struct vm_operations_struct life_ops = {.open = note_open,
						     .close = note_close,
						     .may_split = note_may_split,
						     .mremap = note_mremap,
						     .mprotect = note_mprotect};
static const struct vm_operations_struct fault_ops = {.fault = note_fault};
static const struct vm_operations_struct around_ops = {.fault = note_fault,
						       .map_pages = note_map_pages,
						       .page_mkwrite = note_page_mkwrite,
						       .pfn_mkwrite = note_pfn_mkwrite};
static const struct vm_operations_struct device_ops = {.fault = note_fault,
						       .pfn_mkwrite = note_pfn_mkwrite,
						       .access = note_access,
						       .name = note_name,
						       .pagesize = note_pagesize};

/* ---- the world, with a file and one more thread ---- */

static struct file *file;
static pthread_t prober;

static struct mm_struct *begin(void **state, const struct vm_operations_struct *ops)
{
	heard[0] = '\0';
	first_answer = 0;
	sem_init(&probe.ask, 0, 0);
	sem_init(&probe.told, 0, 0);
	assert_int_equal(pthread_create(&prober, NULL, try_locks, NULL), 0);
	file = world_file(32, true);
	file->f_vm_ops = ops;
	mapping = file->f_mapping;
	owned = vms_page_alloc(7);
	assert_non_null(owned);
	return ((struct world *)*state)->mm;
}

/*
 * Unmaps everything before the tear-down, so that the tear-down closes no VMA
 * whose hook would be recorded.
 */
static void end(struct mm_struct *mm)
{
	vms_munmap(mm, 0x10000, 0x3fff0000);
	probe.mm = NULL;
	sem_post(&probe.ask);
	pthread_join(prober, NULL);
	sem_destroy(&probe.ask);
	sem_destroy(&probe.told);
	vms_page_put(owned);
	fput(file);
}

static void expect_at(const char *expected, const char *where, int line)
{
	if (strcmp(heard, expected) != 0)
		print_error("%s:%d: heard \"%s\", expected \"%s\"\n", where, line, heard, expected);
	_assert_true(strcmp(heard, expected) == 0, "locks", where, line);
	heard[0] = '\0';
}
#define expect(expected) expect_at(expected, __FILE__, __LINE__)

static void map(struct mm_struct *mm, unsigned long at, unsigned long pages, int prot, int flags)
{
	assert_int_equal(vms_mmap(mm, at, pages * PG, (unsigned long)prot,
				  (unsigned long)(flags | MAP_FIXED), file, 0),
			 at);
}

static bool has_vma_locks(const struct mm_struct *mm)
{
	return strcmp(vms_mm_engine_name(mm), "maple-vma") == 0;
}

/* ---- tests ---- */

static void changes_of_the_layout_hold_mmap_lock_for_writing(void **state)
{
	struct mm_struct *mm = begin(state, &life_ops), *child;

	map(mm, BASE, 8, RW, MAP_PRIVATE);
	map(mm, BASE, 8, RW, MAP_PRIVATE);
	expect("close W");
	vms_mprotect(mm, BASE, 2 * PG, PROT_READ);
	expect("mprotect W, may_split W, open W");
	vms_munmap(mm, BASE + 4 * PG, PG);
	expect("may_split W, open W, may_split W, open W, close R");
	vms_mremap(mm, BASE, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE);
	expect("open W, mremap W, close W");
	assert_int_equal(vms_fork(mm, &child), 0);
	expect("open W, open W, open W");
	mmput(child);
	expect("close W, close W, close W");
	vms_munmap(mm, BASE, 8 * PG);
	expect("close R, close R");
	end(mm);
}

static void touches_hold_one_lock(void **state)
{
	struct mm_struct *mm = begin(state, &fault_ops);
	const char *touch = has_vma_locks(mm) ? "fault(vma) -v" : "fault R";
	unsigned long word;

	map(mm, BASE, 8, RW, MAP_SHARED);
	map(mm, ELSEWHERE, 8, RW, MAP_PRIVATE);
	vms_fault(mm, BASE, 0);
	expect(touch);
	vms_write_word(mm, BASE + PG, 1);
	expect(touch);
	vms_access_word(mm, BASE + 2 * PG, &word, FOLL_FORCE);
	expect("fault R");
	/*
	 * The first anon_vma is made under mmap_lock too. The fault takes that
	 * lock only after it has called the hook.
	 */
	vms_write_word(mm, ELSEWHERE, 1);
	expect(touch);
	vms_write_word(mm, ELSEWHERE + PG, 1);
	expect(touch);
	first_answer = VM_FAULT_NOPAGE;
	vms_fault(mm, BASE + 3 * PG, 0);
	expect(has_vma_locks(mm) ? "fault(vma) -v, fault(vma) -v" : "fault R, fault R");
	first_answer = VM_FAULT_RETRY;
	vms_fault(mm, BASE + 4 * PG, 0);
	expect(has_vma_locks(mm) ? "fault(vma) -v, fault R" : "fault R, fault R");
	end(mm);
}

static void populating_holds_mmap_lock(void **state)
{
	struct mm_struct *mm = begin(state, &fault_ops);

	map(mm, BASE, 1, RW, MAP_SHARED | MAP_POPULATE);
	expect("fault R");
	vms_madvise(mm, BASE, PG, MADV_DONTNEED);
	vms_madvise(mm, BASE, PG, MADV_POPULATE_WRITE);
	expect("fault R");
	vms_madvise(mm, BASE, PG, MADV_DONTNEED);
	first_answer = VM_FAULT_RETRY;
	vms_madvise(mm, BASE, PG, MADV_POPULATE_READ);
	expect("fault R, fault R");
	vms_mlock(mm, BASE, PG);
	expect("");
	map(mm, ELSEWHERE, 1, PROT_READ, MAP_PRIVATE);
	vms_mlock(mm, ELSEWHERE, PG);
	expect("fault R");
	vms_mremap(mm, ELSEWHERE, PG, 2 * PG, 0, 0);
	expect("fault R");
	/*
	 * The call copies the page that is mapped for reading, and faults in
	 * the page that is missing.
	 */
	vms_madvise(mm, ELSEWHERE + PG, PG, MADV_DONTNEED_LOCKED);
	vms_mprotect(mm, ELSEWHERE, 2 * PG, RW);
	expect("fault W");
	vms_madvise(mm, ELSEWHERE + PG, PG, MADV_DONTNEED_LOCKED);
	vms_mprotect(mm, ELSEWHERE, 2 * PG, PROT_READ);
	first_answer = VM_FAULT_RETRY;
	vms_mprotect(mm, ELSEWHERE, 2 * PG, RW);
	expect("fault W, fault W");
	end(mm);
}

static void mapping_around_and_first_writes_hold_what_the_touch_holds(void **state)
{
	struct mm_struct *mm = begin(state, &around_ops);
	bool vma = has_vma_locks(mm);
	unsigned long word = 1;

	map(mm, BASE, 8, RW, MAP_SHARED);
	vms_fault(mm, BASE, 0);
	expect(vma ? "map_pages -v, fault(vma) -v" : "map_pages R, fault R");
	vms_fault(mm, BASE, FAULT_FLAG_WRITE);
	expect(vma ? "page_mkwrite -v" : "page_mkwrite R");
	vms_fault(mm, BASE + PG, FAULT_FLAG_WRITE);
	expect(vma ? "fault(vma) -v, page_mkwrite -v" : "fault R, page_mkwrite R");
	vms_access_word(mm, BASE + 2 * PG, &word, FOLL_WRITE);
	expect("fault R, page_mkwrite R");
	vms_madvise(mm, BASE + 3 * PG, PG, MADV_POPULATE_READ);
	expect("map_pages R, fault R");
	end(mm);
}

/* Inserts the owner's memory, without a file. */
static void insert_device(struct mm_struct *mm, unsigned long start)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);

	vma->vm_start = start;
	vma->vm_end = start + PG;
	vma->vm_ops = &device_ops;
	vm_flags_init(vma, VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE | VM_PFNMAP);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
}

static void device_memory_and_listings_hold_mmap_lock_for_reading(void **state)
{
	struct mm_struct *mm = begin(state, NULL);
	char name[32], *text;
	struct vms_procmap_query q = {
		.query_addr = BASE, .vma_name = name, .name_size = sizeof(name)};
	unsigned long word;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	insert_device(mm, BASE);
	vms_fault(mm, BASE, 0);
	vms_fault(mm, BASE, FAULT_FLAG_WRITE);
	expect(has_vma_locks(mm) ? "fault(vma) -v, pfn_mkwrite -v" : "fault R, pfn_mkwrite R");
	vms_access_word(mm, BASE, &word, 0);
	expect("access R");
	vms_maps_print(mm, out);
	expect("name R");
	vms_smaps_print(mm, out);
	/* In any order, and any number of times. */
	assert_non_null(strstr(heard, "name R"));
	assert_non_null(strstr(heard, "pagesize R"));
	assert_null(strpbrk(heard, "-Wvf"));
	heard[0] = '\0';
	vms_pmap_print(mm, out);
	expect("name R");
	assert_int_equal(vms_procmap_query(mm, &q), 0);
	expect("name R, pagesize R");
	fclose(out);
	free(text);
	end(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(changes_of_the_layout_hold_mmap_lock_for_writing),
		ON_EVERY_ENGINE(touches_hold_one_lock),
		ON_EVERY_ENGINE(populating_holds_mmap_lock),
		ON_EVERY_ENGINE(mapping_around_and_first_writes_hold_what_the_touch_holds),
		ON_EVERY_ENGINE(device_memory_and_listings_hold_mmap_lock_for_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
