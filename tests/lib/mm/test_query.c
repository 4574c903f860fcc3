/* SPDX-License-Identifier: MIT */
/*
 * test_query.c - queries for one VMA by its address and kind: fixed cases, and
 * random ones compared with the running kernel's ioctl(PROCMAP_QUERY), if it
 * has one (Linux 6.11).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <vmastore/query.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define R VMS_PROCMAP_VMA_READABLE
#define W VMS_PROCMAP_VMA_WRITABLE
#define X VMS_PROCMAP_VMA_EXECUTABLE
#define S VMS_PROCMAP_VMA_SHARED
#define NEXT VMS_PROCMAP_COVERING_OR_NEXT_VMA
#define FILE_BACKED VMS_PROCMAP_FILE_BACKED_VMA

/* Return: the start of the VMA found, or the error. */
static long ask(struct mm_struct *mm, unsigned long addr, unsigned int flags)
{
	struct vms_procmap_query q = {.query_addr = addr, .query_flags = flags};
	int err = vms_procmap_query(mm, &q);

	return err ? err : (long)q.vma_start;
}

static void query_finds_what_covers_or_what_comes_next(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	assert_int_equal(ask(mm, 0, 0), -ENOENT);
	assert_int_equal(ask(mm, 0, NEXT), -ENOENT);
	vms_mmap(mm, BASE, 2 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 4 * PG, 2 * PG, PROT_READ, FIXED, NULL, 0);
	assert_int_equal(ask(mm, BASE, 0), BASE);
	assert_int_equal(ask(mm, BASE + 2 * PG - 1, 0), BASE);
	assert_int_equal(ask(mm, BASE + 2 * PG, 0), -ENOENT);
	assert_int_equal(ask(mm, BASE + 2 * PG, NEXT), BASE + 4 * PG);
	assert_int_equal(ask(mm, 0, NEXT), BASE);
	assert_int_equal(ask(mm, BASE + 6 * PG, NEXT), -ENOENT);
	assert_int_equal(ask(mm, ~0UL, NEXT), -ENOENT);
}

static void query_passes_over_what_lacks_a_right(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(8, true);

	vms_mmap(mm, BASE, PG, PROT_READ, FIXED, NULL, 0);
	vms_mmap(mm, BASE + PG, PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 2 * PG, PG, RW | PROT_EXEC, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 3 * PG, PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	vms_mmap(mm, BASE + 4 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(ask(mm, BASE, W), -ENOENT);
	assert_int_equal(ask(mm, BASE, W | NEXT), BASE + PG);
	assert_int_equal(ask(mm, BASE, W | X | NEXT), BASE + 2 * PG);
	assert_int_equal(ask(mm, BASE, S | NEXT), BASE + 3 * PG);
	assert_int_equal(ask(mm, BASE, S | X | NEXT), -ENOENT);
	assert_int_equal(ask(mm, BASE, FILE_BACKED | NEXT), BASE + 3 * PG);
	assert_int_equal(ask(mm, BASE + 4 * PG, FILE_BACKED), BASE + 4 * PG);
	assert_int_equal(ask(mm, BASE, FILE_BACKED), -ENOENT);
	fput(file);
}

static void query_tells_all_about_a_vma(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(8, true);
	char name[32];
	struct vms_procmap_query q = {
		.query_addr = BASE + PG, .vma_name = name, .name_size = sizeof(name)};

	vms_mmap(mm, BASE, 2 * PG, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 3 * PG);
	vms_mmap(mm, BASE + 2 * PG, PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 3 * PG, PG, RW, FIXED, NULL, 0);
	vms_set_anon_name(mm, BASE + 3 * PG, PG, "pool");
	assert_int_equal(vms_procmap_query(mm, &q), 0);
	assert_int_equal(q.vma_start, BASE);
	assert_int_equal(q.vma_end, BASE + 2 * PG);
	assert_int_equal(q.vma_flags, R | X | S);
	assert_int_equal(q.vma_page_size, PG);
	assert_int_equal(q.vma_offset, 3 * PG);
	assert_int_equal(q.inode, 42);
	assert_int_equal(q.dev_major, 8);
	assert_int_equal(q.dev_minor, 1);
	assert_string_equal(name, "/data");
	assert_int_equal(q.vma_name_size, 6);

	q.query_addr = BASE + 3 * PG;
	assert_int_equal(vms_procmap_query(mm, &q), 0);
	assert_string_equal(name, "[anon:pool]");
	assert_int_equal(q.vma_offset, 0);
	assert_int_equal(q.inode, 0);
	q.query_addr = BASE + 2 * PG;
	assert_int_equal(vms_procmap_query(mm, &q), 0);
	assert_int_equal(q.vma_name_size, 0);

	/* The name fits exactly, then does not fit. */
	q = (struct vms_procmap_query){.query_addr = BASE, .vma_name = name, .name_size = 6};
	assert_int_equal(vms_procmap_query(mm, &q), 0);
	q.name_size = 5;
	q.vma_start = 1;
	assert_int_equal(vms_procmap_query(mm, &q), -ENAMETOOLONG);
	assert_int_equal(q.vma_start, 1);
	q.name_size = 0;
	assert_int_equal(vms_procmap_query(mm, &q), -EINVAL);
	q = (struct vms_procmap_query){.query_addr = BASE, .name_size = 5};
	assert_int_equal(vms_procmap_query(mm, &q), -EINVAL);
	q = (struct vms_procmap_query){.query_addr = BASE, .query_flags = 0x40};
	assert_int_equal(vms_procmap_query(mm, &q), -EINVAL);
	fput(file);
}

static unsigned long big_pages(struct vm_area_struct *vma)
{
	mmap_assert_locked(atomic_load(&vma->vm_mm));
	return 1UL << 16;
}

static void owner_tells_the_size_of_its_pages(void **state)
{
	static const struct vm_operations_struct ops = {.pagesize = big_pages};
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true);
	struct vms_procmap_query q = {.query_addr = BASE};

	file->f_vm_ops = &ops;
	vms_mmap(mm, BASE, 1UL << 16, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(vms_procmap_query(mm, &q), 0);
	assert_int_equal(q.vma_page_size, 1UL << 16);
	fput(file);
}

/* ---- compared with the kernel ---- */

/*
 * Linux's struct procmap_query. The installed header may be older than the
 * kernel.
 */
struct kernel_query {
	uint64_t size, query_flags, query_addr, vma_start, vma_end, vma_flags, vma_page_size,
		vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
#define KERNEL_PROCMAP_QUERY _IOWR('f', 17, struct kernel_query)

/*
 * Far below the addresses that the kernel chooses by itself, so that only the
 * test maps memory here.
 */
#define ARENA 0x7e9000000000UL
#define ARENA_PAGES 256UL
#define ROUNDS 4000

/* Makes the same random mapping in the kernel and in @mm. */
static void map_both(struct mm_struct *mm, int fd, struct file *file, unsigned int *seed)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, PROT_READ | PROT_EXEC,
				    RW | PROT_EXEC};
	unsigned long at = (unsigned long)rand_r(seed) % (ARENA_PAGES - 16),
		      pages = 1 + (unsigned long)rand_r(seed) % 15;
	unsigned long addr = ARENA + at * PG, off = (unsigned long)rand_r(seed) % 64 * PG;
	int prot = prots[rand_r(seed) % 5], kind = rand_r(seed) % 5;
	int flags =
		(kind & 1 ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED | (kind < 2 ? 0 : MAP_ANONYMOUS);

	if (kind == 4) {
		assert_int_equal(munmap((void *)addr, pages * PG), 0);
		assert_int_equal(vms_munmap(mm, addr, pages * PG), 0);
		return;
	}
	assert_ptr_equal(mmap((void *)addr, pages * PG, prot, flags, kind < 2 ? fd : -1,
			      kind < 2 ? (off_t)off : 0),
			 (void *)addr);
	assert_int_equal(vms_mmap(mm, addr, pages * PG, (unsigned long)prot, (unsigned long)flags,
				  kind < 2 ? file : NULL, off),
			 addr);
}

static unsigned long memfd_ino;

static void expect_same_answer(struct mm_struct *mm, int maps, unsigned long addr,
			       unsigned int flags, unsigned int name_size)
{
	char theirs[256] = "", ours[256] = "";
	struct kernel_query k = {
		.size = sizeof(k),
		.query_flags = flags,
		.query_addr = addr,
		.vma_name_addr = (uintptr_t)(name_size ? theirs : NULL),
		.vma_name_size = name_size,
	};
	struct vms_procmap_query q = {.query_addr = addr,
				      .query_flags = flags,
				      .vma_name = name_size ? ours : NULL,
				      .name_size = name_size};
	int kernel = ioctl(maps, KERNEL_PROCMAP_QUERY, &k) ? -errno : 0,
	    lib = vms_procmap_query(mm, &q);

	if (kernel != lib)
		print_error("query of %lx, flags %x, name of %u: kernel answers %d, library %d\n",
			    addr, flags, name_size, kernel, lib);
	assert_int_equal(lib, kernel);
	if (kernel)
		return;
	assert_int_equal(q.vma_start, k.vma_start);
	assert_int_equal(q.vma_end, k.vma_end);
	assert_int_equal(q.vma_flags, k.vma_flags);
	assert_int_equal(q.vma_page_size, k.vma_page_size);
	assert_int_equal(q.vma_offset, k.vma_offset);
	if (name_size) {
		assert_string_equal(ours, theirs);
		assert_int_equal(q.vma_name_size, k.vma_name_size);
	}
	/*
	 * Shared anonymous memory has an object whose number cannot be
	 * predicted.
	 */
	if (k.inode && k.inode != memfd_ino) {
		assert_true(q.inode != 0);
		return;
	}
	assert_int_equal(q.inode, k.inode);
	assert_int_equal(q.dev_major, k.dev_major);
	assert_int_equal(q.dev_minor, k.dev_minor);
}

/*
 * Maps a page at the arena's end, so that every query finds something there at
 * the latest: the rest of this process then does not matter.
 */
static void map_stop(struct mm_struct *mm, unsigned long addr, int fd, struct file *file)
{
	void *got = mmap((void *)addr, PG, RW | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0);

	assert_ptr_equal(got, (void *)addr);
	vms_mmap(mm, addr, PG, RW | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 0);
}

static void answers_are_those_of_the_running_kernel(void **state)
{
	struct world *w = *state;
	struct mm_struct *mm = vms_mm_create(w->engine, NULL, NULL);
	unsigned int seed = 20261121, first_seed = seed;
	int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC),
	    fd = memfd_create("query", MFD_CLOEXEC);
	struct kernel_query probe = {.size = sizeof(probe), .query_flags = NEXT};
	struct address_space *mapping;
	struct file *file;
	struct stat st;

	if (maps < 0 || fd < 0 || ioctl(maps, KERNEL_PROCMAP_QUERY, &probe)) {
		print_message("this kernel answers no PROCMAP_QUERY (%s): not compared\n",
			      strerror(errno));
		goto out;
	}
	print_message("seed %u\n", first_seed);
	assert_int_equal(ftruncate(fd, 128 * PG), 0);
	assert_int_equal(fstat(fd, &st), 0);
	memfd_ino = st.st_ino;
	mapping = vms_address_space_create(128 * PG, VMS_AS_SHMEM, major(st.st_dev),
					   minor(st.st_dev), st.st_ino);
	file = vms_file_open(mapping, "/memfd:query (deleted)", FMODE_READ | FMODE_WRITE);
	vms_address_space_put(mapping);
	map_stop(mm, ARENA + ARENA_PAGES * PG, fd, file);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned long addr = ARENA + (unsigned long)rand_r(&seed) % (ARENA_PAGES * PG);
		static const unsigned int sizes[] = {0, 1, 22, 23, 24, 256};

		if (i % 4 == 0)
			map_both(mm, fd, file, &seed);
		expect_same_answer(mm, maps, addr, (unsigned int)rand_r(&seed) & 0x3f,
				   sizes[rand_r(&seed) % 6]);
	}
	expect_same_answer(mm, maps, ARENA, 0x40, 0);
	munmap((void *)ARENA, (ARENA_PAGES + 1) * PG);
	fput(file);
out:
	close(maps);
	close(fd);
	mmput(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(query_finds_what_covers_or_what_comes_next),
		ON_EVERY_ENGINE(query_passes_over_what_lacks_a_right),
		ON_EVERY_ENGINE(query_tells_all_about_a_vma),
		ON_EVERY_ENGINE(owner_tells_the_size_of_its_pages),
		ON_EVERY_ENGINE(answers_are_those_of_the_running_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
