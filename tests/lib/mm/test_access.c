/* SPDX-License-Identifier: MIT */
/*
 * test_access.c - vms_access_word(): reads and writes of memory from outside,
 * with the program's rights and with a debugger's.
 *
 * The running kernel is asked what either may do: /proc/self/mem forces its way
 * as ptrace(2) does; process_vm_readv(2) and process_vm_writev(2) do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <vmastore/page.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define ELSEWHERE 0x28000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

/* ---- access() ---- */

static unsigned long register_word;
static int answer; /* of access(); 0: the length */

static int note_access(struct vm_area_struct *vma, unsigned long addr, void *buf, int len,
		       int write)
{
	(void)addr;
	mmap_assert_locked(atomic_load_explicit(&vma->vm_mm, memory_order_relaxed));
	memcpy(write ? (void *)&register_word : buf, write ? buf : (void *)&register_word,
	       (size_t)len);
	return answer ? answer : len;
}

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

static void device_memory_is_reached_through_its_owner(void **state)
{
	static const struct vm_operations_struct ops = {.access = note_access},
						 none = {.name = NULL};
	static const int wrong[] = {4, 9, INT32_MAX, INT32_MIN, -4096};
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 0;

	register_word = 3;
	answer = 0;
	insert(mm, BASE, 2, VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE | VM_IO, &ops);
	insert(mm, ELSEWHERE, 1, VM_READ | VM_IO, &none);
	assert_int_equal(vms_access_word(mm, BASE + 16, &word, 0), 0);
	assert_int_equal(word, 3);
	word = 4;
	assert_int_equal(vms_access_word(mm, BASE + PG, &word, FOLL_WRITE), 0);
	assert_int_equal(register_word, 4);
	answer = -EIO;
	assert_int_equal(vms_access_word(mm, BASE, &word, 0), -EIO);
	/* Too short, too long, and no errno: the word must keep its value. */
	word = 5;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		answer = wrong[i];
		assert_int_equal(vms_access_word(mm, BASE, &word, 0), -EFAULT);
		assert_int_equal(word, 5);
	}
	assert_int_equal(vms_access_word(mm, ELSEWHERE, &word, FOLL_FORCE), -EFAULT);
}

/* ---- other memory ---- */

static void each_side_of_a_fork_is_written_for_itself(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	unsigned long word = 5;

	vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_WRITE), 0);
	vms_mprotect(mm, BASE, PG, PROT_READ);
	assert_int_equal(vms_fork(mm, &child), 0);
	for (word = 6; word < 8; word++)
		assert_int_equal(vms_access_word(child, BASE, &word, FOLL_WRITE | FOLL_FORCE), 0);
	assert_int_equal(vms_access_word(mm, BASE, &word, 0), 0);
	assert_int_equal(word, 5);
	assert_int_equal(vms_access_word(child, BASE, &word, 0), 0);
	assert_int_equal(word, 7);
	assert_int_equal(vms_write_word(child, BASE, 1), VMS_SEGV_ACCERR);
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	mmput(child);
}

/*
 * A breakpoint: the program's text is a private mapping that the program may
 * not write.
 */
static void forced_write_is_seen_by_this_program_alone(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(4, true);
	unsigned long word = 1;

	vms_mmap(mm, ELSEWHERE, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE, 2 * PG, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_write_word(mm, ELSEWHERE, 1);
	assert_int_equal(vms_fault(mm, BASE, 0), VMS_FAULT_OK);
	word = 0xcc;
	assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_WRITE), -EFAULT);
	assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_WRITE | FOLL_FORCE), 0);
	/* A page that was never touched takes a forced write too. */
	assert_int_equal(vms_access_word(mm, BASE + PG, &word, FOLL_WRITE | FOLL_FORCE), 0);
	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0xcc);
	assert_int_equal(vms_read_word(mm, BASE + PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0xcc);
	assert_int_equal(vms_read_word(mm, ELSEWHERE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 1);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	/*
	 * The memory stays read-only for the program until the program gets the
	 * right.
	 */
	assert_int_equal(vms_write_word(mm, BASE, 2), VMS_SEGV_ACCERR);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	vms_mprotect(mm, BASE, 2 * PG, RW);
	assert_int_equal(vms_write_word(mm, BASE, 2), VMS_FAULT_OK);
	word = 3;
	assert_int_equal(vms_access_word(mm, BASE, &word, 4), -EINVAL);
	fput(file);
}

static void forced_write_spares_whoever_holds_the_page(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 5;
	struct page *held;

	vms_mmap(mm, BASE, PG, PROT_READ, FIXED, NULL, 0);
	assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_WRITE | FOLL_FORCE), 0);
	held = vms_page_lookup(mm, BASE);
	word = 6;
	assert_int_equal(vms_access_word(mm, BASE, &word, FOLL_WRITE | FOLL_FORCE), 0);
	assert_int_equal(vms_page_word(held), 5);
	assert_int_equal(vms_access_word(mm, BASE, &word, 0), 0);
	assert_int_equal(word, 6);
	vms_page_put(held);
}

static void stack_grows_for_an_access_from_outside(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 5;

	vms_mmap(mm, BASE, PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	assert_int_equal(vms_access_word(mm, BASE - 2 * PG, &word, FOLL_WRITE), 0);
	expect_layout(mm, "1fffe000-20001000 rw-p 1fffe\n");
	assert_int_equal(vms_access_word(mm, BASE + PG, &word, 0), -EFAULT);
}

/* ---- compared with the kernel ---- */

enum kind {
	ANON_PRIVATE,
	ANON_SHARED,
	FILE_PRIVATE,
	FILE_SHARED,
	READ_ONLY_FILE_PRIVATE,
	READ_ONLY_FILE_SHARED,
	NR_KINDS
};

static const char *const kind_name[NR_KINDS] = {"private anonymous", "shared anonymous",
						"private file",      "shared file",
						"private file r/o",  "shared file r/o"};

/* The ways to reach a word. */
enum way { READ, WRITE, FORCED_READ, FORCED_WRITE, NR_WAYS };

static bool kernel_does(int mem, void *addr, enum way way)
{
	unsigned long word = 1;
	struct iovec here = {&word, sizeof(word)}, there = {addr, sizeof(word)};

	switch (way) {
	case READ:
		return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == sizeof(word);
	case WRITE:
		return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == sizeof(word);
	case FORCED_READ:
		return pread(mem, &word, sizeof(word), (off_t)(uintptr_t)addr) == sizeof(word);
	default:
		return pwrite(mem, &word, sizeof(word), (off_t)(uintptr_t)addr) == sizeof(word);
	}
}

static bool library_does(struct mm_struct *mm, enum way way)
{
	static const unsigned int flags[NR_WAYS] = {0, FOLL_WRITE, FOLL_FORCE,
						    FOLL_FORCE | FOLL_WRITE};
	unsigned long word = 1;
	int err = vms_access_word(mm, BASE, &word, flags[way]);

	assert_true(err == 0 || err == -EFAULT);
	return err == 0;
}

struct both {
	int mem, fd, read_only_fd; /* the kernel's */
	struct file *file, *read_only_file;
};

/*
 * Maps the same twice, in the kernel and in @mm. Return: false if the kernel
 * refuses it; the library must then refuse it too.
 */
static bool map_both(struct mm_struct *mm, const struct both *b, enum kind kind, int prot,
		     void **addr)
{
	bool shared = kind == ANON_SHARED || kind == FILE_SHARED || kind == READ_ONLY_FILE_SHARED;
	bool anon = kind == ANON_PRIVATE || kind == ANON_SHARED;
	bool read_only = kind == READ_ONLY_FILE_PRIVATE || kind == READ_ONLY_FILE_SHARED;
	int flags = (shared ? MAP_SHARED : MAP_PRIVATE) | (anon ? MAP_ANONYMOUS : 0);
	struct file *file = anon ? NULL : read_only ? b->read_only_file : b->file;
	unsigned long at = vms_mmap(mm, BASE, PG, (unsigned long)prot,
				    (unsigned long)(flags | MAP_FIXED), file, 0);

	*addr = mmap(NULL, PG, prot, flags, anon ? -1 : read_only ? b->read_only_fd : b->fd, 0);
	assert_int_equal(*addr != MAP_FAILED, at == BASE);
	return *addr != MAP_FAILED;
}

/*
 * Compares each way in turn, and then all of them once more: what a forced
 * write left behind must not change an answer.
 */
static int compare(struct mm_struct *mm, const struct both *b, enum kind kind, int prot)
{
	static const char *const way_name[NR_WAYS] = {"read", "write", "forced read",
						      "forced write"};
	int different = 0;
	void *addr;

	if (!map_both(mm, b, kind, prot, &addr))
		return 0;
	for (unsigned int i = 0; i < 2 * NR_WAYS; i++) {
		enum way way = i % NR_WAYS;
		bool expected = kernel_does(b->mem, addr, way), got = library_does(mm, way);

		if (expected != got)
			print_error("%s, %c%c%c: %s: the kernel %s it\n", kind_name[kind],
				    prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-',
				    prot & PROT_EXEC ? 'x' : '-', way_name[way],
				    expected ? "does" : "refuses");
		different += expected != got;
	}
	munmap(addr, PG);
	vms_munmap(mm, BASE, PG);
	return different;
}

/*
 * A kernel can be configured not to force; it then gives no answer to compare.
 */
static bool kernel_forces(int mem)
{
	void *addr = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool forces = kernel_does(mem, addr, FORCED_WRITE) && kernel_does(mem, addr, READ);

	munmap(addr, PG);
	return forces;
}

static void rights_are_those_of_the_running_kernel(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct both b = {.mem = open("/proc/self/mem", O_RDWR), .fd = memfd_create("access", 0)};
	int different = 0;
	char path[64];

	if (b.mem < 0 || b.fd < 0 || !kernel_forces(b.mem)) {
		print_message("this kernel lets nobody force his way through /proc/self/mem\n");
		skip();
	}
	assert_int_equal(ftruncate(b.fd, PG), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", b.fd);
	b.read_only_fd = open(path, O_RDONLY);
	assert_true(b.read_only_fd >= 0);
	b.file = world_file(1, true);
	b.read_only_file = vms_file_open(b.file->f_mapping, "/data", FMODE_READ);
	for (unsigned int kind = 0; kind < NR_KINDS; kind++)
		for (int prot = 0; prot < 8; prot++)
			different += compare(mm, &b, kind, prot);
	assert_int_equal(different, 0);
	fput(b.read_only_file);
	fput(b.file);
	close(b.read_only_fd);
	close(b.fd);
	close(b.mem);
}

static void what_has_no_page_is_refused_to_everyone(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(1, true);
	unsigned long word = 1;

	vms_mmap(mm, ELSEWHERE, 2 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_madvise(mm, BASE, PG, 102); /* MADV_GUARD_INSTALL */
	for (unsigned int flags = 0; flags <= FOLL_FORCE; flags += FOLL_FORCE) {
		/* Past the end of the file. */
		assert_int_equal(vms_access_word(mm, ELSEWHERE + PG, &word, flags), -EFAULT);
		assert_int_equal(vms_access_word(mm, BASE, &word, flags | FOLL_WRITE), -EFAULT);
		assert_int_equal(vms_access_word(mm, BASE - PG, &word, flags), -EFAULT);
	}
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(device_memory_is_reached_through_its_owner),
		ON_EVERY_ENGINE(each_side_of_a_fork_is_written_for_itself),
		ON_EVERY_ENGINE(forced_write_is_seen_by_this_program_alone),
		ON_EVERY_ENGINE(forced_write_spares_whoever_holds_the_page),
		ON_EVERY_ENGINE(stack_grows_for_an_access_from_outside),
		ON_EVERY_ENGINE(rights_are_those_of_the_running_kernel),
		ON_EVERY_ENGINE(what_has_no_page_is_refused_to_everyone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
