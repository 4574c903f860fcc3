/* SPDX-License-Identifier: MIT */
/*
 * test_smaps.c - what the listings say of pages: fixed texts, and random memory
 * that is touched at random, here and in the running kernel. The kernel's
 * /proc/self/smaps must say the same, byte for byte.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/query.h>

#include "tests/lib/mm/world.h"
#include "tests/support/zero_page.h"
#include "tools/probe/rules.h"

#define BASE 0x20000000UL

typedef int (*print_fn)(struct mm_struct *mm, FILE *out);

static char *text_of(struct mm_struct *mm, print_fn print)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(print(mm, out), 0);
	fclose(out);
	return text;
}

/* ---- fixed texts ---- */

static void smaps_tells_what_is_shared_and_what_is_dirty(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm, *child;
	char *text;

	vms_mmap(mm, BASE, 8 * PG, RW, FIXED, NULL, 0);
	vms_fault(mm, BASE, 0); /* the zero page counts as no memory */
	vms_write_word(mm, BASE + PG, 1);
	vms_write_word(mm, BASE + 2 * PG, 1);
	vms_write_word(mm, BASE + 3 * PG, 1);
	vms_mlock(mm, BASE + 6 * PG, 2 * PG);
	assert_int_equal(vms_fork(mm, &child), 0);
	vms_write_word(child, BASE + PG, 2);
	vms_fault(child, BASE + 2 * PG, 0);
	text = text_of(child, vms_smaps_print);
	assert_string_equal(text, "20000000-20006000 rw-p 00000000 00:00 0 \n"
				  "Size:                 24 kB\n"
				  "KernelPageSize:        4 kB\n"
				  "MMUPageSize:           4 kB\n"
				  "Rss:                  12 kB\n"
				  "Pss:                   8 kB\n"
				  "Pss_Dirty:             8 kB\n"
				  "Shared_Clean:          0 kB\n"
				  "Shared_Dirty:          8 kB\n"
				  "Private_Clean:         0 kB\n"
				  "Private_Dirty:         4 kB\n"
				  "Referenced:            8 kB\n"
				  "Anonymous:            12 kB\n"
				  "KSM:                   0 kB\n"
				  "LazyFree:              0 kB\n"
				  "AnonHugePages:         0 kB\n"
				  "ShmemPmdMapped:        0 kB\n"
				  "FilePmdMapped:         0 kB\n"
				  "Shared_Hugetlb:        0 kB\n"
				  "Private_Hugetlb:       0 kB\n"
				  "Swap:                  0 kB\n"
				  "SwapPss:               0 kB\n"
				  "Locked:                0 kB\n"
				  "THPeligible:           0\n"
				  "VmFlags: rd wr mr mw me ac \n"
				  "20006000-20008000 rw-p 00000000 00:00 0 \n"
				  "Size:                  8 kB\n"
				  "KernelPageSize:        4 kB\n"
				  "MMUPageSize:           4 kB\n"
				  "Rss:                   8 kB\n"
				  "Pss:                   4 kB\n"
				  "Pss_Dirty:             4 kB\n"
				  "Shared_Clean:          0 kB\n"
				  "Shared_Dirty:          8 kB\n"
				  "Private_Clean:         0 kB\n"
				  "Private_Dirty:         0 kB\n"
				  "Referenced:            0 kB\n"
				  "Anonymous:             8 kB\n"
				  "KSM:                   0 kB\n"
				  "LazyFree:              0 kB\n"
				  "AnonHugePages:         0 kB\n"
				  "ShmemPmdMapped:        0 kB\n"
				  "FilePmdMapped:         0 kB\n"
				  "Shared_Hugetlb:        0 kB\n"
				  "Private_Hugetlb:       0 kB\n"
				  "Swap:                  0 kB\n"
				  "SwapPss:               0 kB\n"
				  "Locked:                0 kB\n"
				  "THPeligible:           0\n"
				  "VmFlags: rd wr mr mw me ac \n");
	free(text);
	mmput(child);
	text = text_of(mm, vms_smaps_print);
	assert_non_null(strstr(text, "Locked:                8 kB\n"));
	free(text);
}

static unsigned long big_pages(struct vm_area_struct *vma)
{
	(void)vma;
	return 2UL << 20;
}

static void smaps_asks_the_owner_for_the_size_of_its_pages(void **state)
{
	static const struct vm_operations_struct ops = {.pagesize = big_pages};
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true);
	char *text;

	file->f_vm_ops = &ops;
	vms_mmap(mm, BASE, 2UL << 20, RW, MAP_SHARED | MAP_FIXED, file, 0);
	text = text_of(mm, vms_smaps_print);
	assert_non_null(strstr(text, "KernelPageSize:     2048 kB\nMMUPageSize:        2048 kB\n"));
	free(text);
	fput(file);
}

static void newline_in_a_path_does_not_break_the_listing(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true),
		    *odd = vms_file_open(file->f_mapping, "/a\nb\\c", FMODE_READ);
	char *text;

	vms_mmap(mm, BASE, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, odd, 0);
	text = text_of(mm, vms_maps_print);
	assert_string_equal(text, "20000000-20001000 r--p 00000000 08:01 42                        "
				  "         /a\\012b\\c\n");
	free(text);
	fput(file);
	fput(odd);
}

static void pmap_sums_it_up(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true);
	char *text;

	vms_brk(mm, mm->start_brk + 3 * PG);
	vms_mmap(mm, BASE, 5 * PG, RW, FIXED, NULL, 0);
	vms_write_word(mm, BASE, 1);
	vms_mmap(mm, BASE + 0x1000000, 5 * PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	vms_mmap(mm, BASE + 0x2000000, 2 * PG, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file,
		 0);
	vms_fault(mm, BASE + 0x2000000, 0);
	vms_mmap(mm, BASE + 0x3000000, PG, PROT_NONE, FIXED, NULL, 0);
	vms_set_anon_name(mm, BASE + 0x3000000, PG, "guard");
	vms_mmap(mm, BASE + 0x4000000, 4 * PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	mm->start_stack = BASE + 0x4000000 + 3 * PG;
	text = text_of(mm, vms_pmap_print);
	assert_string_equal(text, "Address           Kbytes     RSS   Dirty Mode  Mapping\n"
				  "0000000010000000      12       0       0 rw---   [ anon ]\n"
				  "0000000020000000      20       4       4 rw---   [ anon ]\n"
				  "0000000021000000      20       0       0 rw-s- zero (deleted)\n"
				  "0000000022000000       8       4       0 r-x-- data\n"
				  "0000000023000000       4       0       0 ----- [anon:guard]\n"
				  "0000000024000000      16       0       0 rw---   [ stack ]\n"
				  "---------------- ------- ------- ------- \n"
				  "total kB              80       8       4\n");
	free(text);
	fput(file);
}

/* ---- compared with the kernel ---- */

/*
 * Far below the addresses that the kernel chooses by itself, so that only the
 * test maps memory here; on a page table's border.
 */
#define ARENA 0x7e9000000000UL
#define ARENA_PAGES 128UL
#define STEPS 60
#define SCRIPTS 40
/* Fewer, because listings of the whole process take most of the time. */
#define SCRIPTS_NO_ZERO_PAGE 10

/*
 * The library and the kernel have the same memory mapped, at the same
 * addresses.
 */
struct twins {
	struct mm_struct *mm;
	int fd;            /* a memfd */
	struct file *file; /* the library's file for the same content */
	unsigned int seed;
	bool no_zero_page; /* make the kernel's side look like a machine without a zero page */
};

static unsigned long pick(struct twins *t, unsigned long n)
{
	return (unsigned long)rand_r(&t->seed) % n;
}

static void map_some(struct twins *t, unsigned long addr, unsigned long pages)
{
	unsigned long kind = pick(t, 4), off = pick(t, 32) * PG;
	unsigned long flags =
		(kind & 1 ? MAP_SHARED : MAP_PRIVATE) | (kind < 2 ? 0 : MAP_ANONYMOUS) | MAP_FIXED;

	assert_ptr_equal(mmap((void *)addr, pages * PG, RW, (int)flags, kind < 2 ? t->fd : -1,
			      kind < 2 ? (off_t)off : 0),
			 (void *)addr);
	assert_int_equal(vms_mmap(t->mm, addr, pages * PG, RW, flags, kind < 2 ? t->file : NULL,
				  kind < 2 ? off : 0),
			 addr);
}

/* Touches what is mapped, and stops at what is not. */
static void touch_some(struct twins *t, unsigned long addr, unsigned long pages, bool write)
{
	for (unsigned long at = addr; at < addr + pages * PG; at += PG) {
		struct vms_procmap_query q = {.query_addr = at};

		if (vms_procmap_query(t->mm, &q) ||
		    !(q.vma_flags & (write ? VMS_PROCMAP_VMA_WRITABLE : VMS_PROCMAP_VMA_READABLE)))
			continue;
		assert_int_equal(vms_fault(t->mm, at, write ? FAULT_FLAG_WRITE : 0), VMS_FAULT_OK);
		if (write)
			*(volatile char *)at = 1;
		else
			(void)*(volatile char *)at;
	}
}

static void step(struct twins *t)
{
	unsigned long addr = ARENA + pick(t, ARENA_PAGES - 24) * PG, pages = 1 + pick(t, 23);
	int err;

	switch (pick(t, 10)) {
	case 0:
	case 1:
	case 2:
		map_some(t, addr, pages);
		break;
	case 3:
		munmap((void *)addr, pages * PG);
		vms_munmap(t->mm, addr, pages * PG);
		break;
	case 4:
		err = mprotect((void *)addr, pages * PG, PROT_READ) ? -errno : 0;
		assert_int_equal(vms_mprotect(t->mm, addr, pages * PG, PROT_READ), err);
		break;
	case 5:
		err = madvise((void *)addr, pages * PG, MADV_DONTNEED) ? -errno : 0;
		assert_int_equal(vms_madvise(t->mm, addr, pages * PG, MADV_DONTNEED), err);
		break;
	case 6:
	case 7:
		touch_some(t, addr, pages % 4, true);
		break;
	default:
		touch_some(t, addr, pages % 4, false);
	}
	if (t->no_zero_page)
		assert_true(zero_page_replace(ARENA, ARENA + ARENA_PAGES * PG));
}

/*
 * A kernel that watches for writes (CONFIG_MEM_SOFT_DIRTY) prints "sd" for
 * every mapping; merges ignore it.
 */
static void leave_out_soft_dirty(char *line)
{
	char *at = strncmp(line, "VmFlags:", 8) == 0 ? strstr(line, " sd") : NULL;

	if (at)
		memmove(at, at + 3, strlen(at + 3) + 1);
}

/*
 * Return: what /proc/self/smaps, read from @in, says of the arena, without what
 * differs by nature: the number of the object behind shared anonymous memory,
 * and protection keys, which not every processor has.
 */
static char *cut_out(FILE *in)
{
	char line[512], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool inside = false;

	while (fgets(line, sizeof(line), in)) {
		unsigned long start, end, offset;
		char perms[8];

		if (sscanf(line, "%lx-%lx %7s %lx", &start, &end, perms, &offset) == 4) {
			inside = start >= ARENA && end <= ARENA + ARENA_PAGES * PG;
			if (inside && strstr(line, "/dev/zero"))
				snprintf(line, sizeof(line), "%lx-%lx %s %lx zero\n", start, end,
					 perms, offset);
		}
		leave_out_soft_dirty(line);
		if (inside && strncmp(line, "ProtectionKey:", 14) != 0)
			fputs(line, out);
	}
	fclose(out);
	return text;
}

static char *cut_out_file(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text;

	assert_non_null(in);
	text = cut_out(in);
	fclose(in);
	return text;
}

static char *cut_out_ours(struct mm_struct *mm)
{
	char *all = text_of(mm, vms_smaps_print), *text;
	FILE *in = fmemopen(all, strlen(all) + 1, "r");

	text = cut_out(in);
	fclose(in);
	free(all);
	return text;
}

/* Replaces the rest of every line that begins with @what by dots. */
static void blank_out(char *text, const char *what)
{
	while ((text = strstr(text, what)) != NULL)
		for (text += strlen(what); *text != '\n'; text++)
			*text = '.';
}

/* Prints the first line that differs, and its mapping. */
static void print_difference(unsigned int script, char *theirs, char *ours)
{
	char *their_rest, *our_rest, *a = strtok_r(theirs, "\n", &their_rest),
				     *b = strtok_r(ours, "\n", &our_rest);
	const char *mapping = a;

	while (a && b && strcmp(a, b) == 0) {
		mapping = strchr(a, '-') ? a : mapping;
		a = strtok_r(NULL, "\n", &their_rest);
		b = strtok_r(NULL, "\n", &our_rest);
	}
	print_error("script %u: in %s: the kernel says \"%s\", the library \"%s\"\n", script,
		    mapping, a ? a : "", b ? b : "");
}

/*
 * Blanks out whether pages of read-only private memory are dirty: the write
 * that replaces the zero page makes the page dirty; a read on a machine without
 * a zero page does not.
 */
static void blank_out_dirt_of_read_only(char *text)
{
	static const char *const words[] = {"\nPss_Dirty:", "\nShared_Clean:", "\nShared_Dirty:",
					    "\nPrivate_Clean:", "\nPrivate_Dirty:"};

	for (char *at = text; (at = strstr(at, " r--p ")) != NULL; at++) {
		char *end = strstr(at, "\nVmFlags:");

		*end = '\0';
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			blank_out(at, words[i]);
		*end = '\n';
	}
}

static void expect_same_smaps(struct twins *t, struct mm_struct *mm, const char *path,
			      unsigned int script)
{
	char *theirs = cut_out_file(path), *ours = cut_out_ours(mm);
	bool same;

	/*
	 * In a child the kernel also consults its record of a file's page,
	 * which it keeps to choose the pages to drop.
	 */
	if (mm != t->mm) {
		blank_out(theirs, "\nReferenced:");
		blank_out(ours, "\nReferenced:");
	}
	if (t->no_zero_page) {
		blank_out_dirt_of_read_only(theirs);
		blank_out_dirt_of_read_only(ours);
	}
	same = strcmp(theirs, ours) == 0;

	if (!same)
		print_difference(script, theirs, ours);
	assert_true(same);
	free(theirs);
	free(ours);
}

/*
 * Forks on both sides. The child copies some pages and reads some; the
 * comparison is made while both processes live.
 */
static void compare_after_fork(struct twins *t, unsigned int script)
{
	unsigned long addr = ARENA + pick(t, ARENA_PAGES - 24) * PG, pages = 1 + pick(t, 23),
		      writable[24], nr = 0;
	struct mm_struct *child;
	int go[2], done[2];
	char path[64], byte = 0;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	assert_int_equal(vms_fork(t->mm, &child), 0);
	for (unsigned long at = addr; at < addr + pages * PG; at += PG) {
		struct vms_procmap_query q = {.query_addr = at};

		if (!vms_procmap_query(child, &q) && (q.vma_flags & VMS_PROCMAP_VMA_WRITABLE))
			writable[nr++] = at;
	}
	/*
	 * Omits the handlers of fork(), some of which start threads: the child
	 * only touches memory.
	 */
	pid = _Fork();
	if (pid == 0) {
		for (unsigned long i = 0; i < nr; i++)
			*(volatile char *)writable[i] = 1;
		_exit(write(done[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1);
	}
	assert_true(pid > 0);
	close(done[1]);
	close(go[0]);
	for (unsigned long i = 0; i < nr; i++)
		assert_int_equal(vms_fault(child, writable[i], FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(read(done[0], &byte, 1), 1);
	expect_same_smaps(t, t->mm, "/proc/self/smaps", script);
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	expect_same_smaps(t, child, path, script);
	assert_int_equal(write(go[1], &byte, 1), 1);
	waitpid(pid, NULL, 0);
	mmput(child);
	close(done[0]);
	close(go[1]);
}

static void run_script(const char *engine, const struct mm_rules *rules, bool no_zero_page,
		       unsigned int script)
{
	struct twins t = {.seed = script,
			  .fd = memfd_create("smaps", MFD_CLOEXEC),
			  .no_zero_page = no_zero_page};
	struct address_space *mapping;
	struct stat st;

	assert_int_equal(ftruncate(t.fd, 64 * PG), 0);
	assert_int_equal(fstat(t.fd, &st), 0);
	mapping = vms_address_space_create(64 * PG, VMS_AS_SHMEM, major(st.st_dev),
					   minor(st.st_dev), st.st_ino);
	t.file = vms_file_open(mapping, "/memfd:smaps (deleted)", FMODE_READ | FMODE_WRITE);
	vms_address_space_put(mapping);
	t.mm = vms_mm_create(engine, NULL, rules);
	for (int i = 0; i < STEPS; i++)
		step(&t);
	expect_same_smaps(&t, t.mm, "/proc/self/smaps", script);
	compare_after_fork(&t, script);
	munmap((void *)ARENA, ARENA_PAGES * PG);
	mmput(t.mm);
	fput(t.file);
	close(t.fd);
}

/*
 * Return: the rules of the machine that runs the test. Skips the test if no
 * rule describes it.
 */
static struct mm_rules probed_rules(void)
{
	struct probe probe;
	const char *why;
	char line[1024];

	probe_machine(&probe);
	probe_line(&probe, line, sizeof(line));
	print_message("%s\n", line);
	why = probe_obstacle(&probe, PROBE_PAGES);
	if (why) {
		print_message("not compared: %s\n", why);
		skip();
	}
	return rules_of_machine(&probe).mm;
}

static void listing_is_that_of_the_running_kernel(void **state)
{
	struct world *w = *state;
	struct mm_rules rules = probed_rules();

	for (unsigned int script = 1; script <= SCRIPTS; script++)
		run_script(w->engine, &rules, false, script);
}

static void listing_is_that_of_a_kernel_without_a_zero_page(void **state)
{
	struct world *w = *state;
	struct mm_rules rules = probed_rules();

	if (!zero_page_replace(ARENA, ARENA + PG)) {
		print_message("not compared: the zero page cannot be replaced here: %s\n",
			      strerror(errno));
		skip();
	}
	rules.read_takes_page = true;
	for (unsigned int script = 1; script <= SCRIPTS_NO_ZERO_PAGE; script++)
		run_script(w->engine, &rules, true, script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(smaps_tells_what_is_shared_and_what_is_dirty),
		ON_EVERY_ENGINE(smaps_asks_the_owner_for_the_size_of_its_pages),
		ON_EVERY_ENGINE(newline_in_a_path_does_not_break_the_listing),
		ON_EVERY_ENGINE(pmap_sums_it_up),
		ON_EVERY_ENGINE(listing_is_that_of_the_running_kernel),
		ON_EVERY_ENGINE(listing_is_that_of_a_kernel_without_a_zero_page),
	};

	/* The test compares small pages, whatever the machine is set to. */
	probe_narrow_huge_pages(false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
