/* SPDX-License-Identifier: MIT */
/*
 * arena.c - see arena.h.
 *
 * The program is linked at 0e000000 and its break begins right behind it,
 * because the kernel lets a break grow but never lets a program move its start.
 * The break is grown to the arena's start and the memory unmapped, so that the
 * break is where a script expects it. The free parts outside the arena are then
 * filled with inaccessible private mappings of /dev/zero's descriptor: no
 * mapping of a script has that file, so none merges with them.
 */
#include "tests/oracle/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/oracle/stage.h"
#include "tools/probe/probe.h"

#define PAGE 4096UL
#define TASK_SIZE 0x7ffffffff000UL
#define STACK_LIMIT (8UL << 20)
#define STACK_NEED (512UL << 10)
/*
 * The first number for our descriptors. Small numbers in a script stand for
 * descriptors that are not open.
 */
#define FIRST_FD 700
#define HOLES_MAX 256
#define BIG_FILE 3

/* The files of op_files. */
static struct arena_file {
	int fd;
	unsigned int major, minor;
	unsigned long ino;
} files[OP_NR_FILES];

/* ---- running the program again ---- */

/* Return: whether the limit was another one. */
static bool set_limit(int resource, const char *name, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		cannot("may not ask for the limit %s: %s", name, strerror(errno));
	if (limit.rlim_cur == value)
		return false;
	limit.rlim_cur = value;
	if (limit.rlim_max < value)
		limit.rlim_max = value;
	if (setrlimit(resource, &limit))
		cannot("may not set the limit %s: %s", name, strerror(errno));
	return true;
}

void arena_begin(char **argv)
{
	int now = personality(0xffffffff), want;
	bool again;

	set_limit(RLIMIT_AS, "RLIMIT_AS", RLIM_INFINITY);
	set_limit(RLIMIT_DATA, "RLIMIT_DATA", RLIM_INFINITY);
	/* The stack limit at the program's start decides the whole layout. */
	again = set_limit(RLIMIT_STACK, "RLIMIT_STACK", STACK_LIMIT);
	if (now == -1)
		cannot("may not ask for the personality: %s", strerror(errno));
	want = (now | ADDR_NO_RANDOMIZE) &
	       ~(ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO | READ_IMPLIES_EXEC);
	if (now == want && !again)
		return;
	if (personality((unsigned long)want) == -1)
		cannot("may not switch address randomization off: %s", strerror(errno));
	execv("/proc/self/exe", argv);
	cannot("cannot start again: %s", strerror(errno));
}

/* ---- the machine ---- */

/*
 * End the program if no rule of the engines covers this machine, because that
 * would only look like a difference.
 */
static void expect_machine(void)
{
	struct probe probe;
	const char *why;

	probe_narrow_huge_pages(true);
	probe_machine(&probe);
	why = probe_obstacle(&probe, PROBE_LAYOUT | PROBE_ANY_KERNEL);
	if (why)
		cannot("%s", why);
}

static bool has_capability(int cap)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[cap / 32].effective & (1U << cap % 32));
}

bool arena_may_lock(void)
{
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	return has_capability(CAP_IPC_LOCK) || setrlimit(RLIMIT_MEMLOCK, &none) == 0;
}

/*
 * Root may map the pages below vm.mmap_min_addr; other users get EPERM, and
 * scripts expect that. Drop the capability.
 */
static void be_everybody(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		cannot("capget: %s", strerror(errno));
	data[CAP_SYS_RAWIO / 32].effective &= ~(1U << CAP_SYS_RAWIO % 32);
	if (syscall(SYS_capset, &header, data))
		cannot("capset: %s", strerror(errno));
}

/* ---- the files ---- */

static int own_fd(int fd, const char *what)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (high < 0)
		cannot("%s: %s", what, strerror(errno));
	close(fd);
	return high;
}

static int open_disk_file(const char *path, const struct op_file *f)
{
	int fd = own_fd(open(path, O_RDWR | O_CREAT | O_EXCL, 0600), path), again;

	if (ftruncate(fd, (off_t)f->bytes))
		cannot("%s: %s", path, strerror(errno));
	if (f->writable)
		return fd;
	again = own_fd(open(path, O_RDONLY), path);
	close(fd);
	return again;
}

static void open_file(struct arena_file *f, const struct op_file *like, const char *folder)
{
	char path[4096];
	struct stat st;

	if (like->memfd) {
		f->fd = own_fd(memfd_create(like->name, 0), "memfd_create");
		if (ftruncate(f->fd, (off_t)like->bytes))
			cannot("memfd: %s", strerror(errno));
	} else if (like->same_as >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", files[like->same_as].fd);
		f->fd = own_fd(open(path, like->writable ? O_RDWR : O_RDONLY), path);
	} else {
		snprintf(path, sizeof(path), "%s/oracle-%d-%s", folder, (int)getpid(), like->name);
		f->fd = open_disk_file(path, like);
		unlink(path);
	}
	if (fstat(f->fd, &st))
		cannot("fstat: %s", strerror(errno));
	f->major = major(st.st_dev);
	f->minor = minor(st.st_dev);
	f->ino = st.st_ino;
}

/*
 * Whether the file system places a mapping of more than 2 MiB on a boundary of
 * 2 MiB, as ext4, XFS and Btrfs do and others do not. Scripts expect it.
 */
static bool is_aligned(int i)
{
	unsigned long len = op_files[i].bytes - (3UL << 20);
	bool aligned = true;
	char *at[2];

	/* Map twice, because once may be by chance. */
	for (int n = 0; n < 2; n++) {
		at[n] = mmap(NULL, len, PROT_READ, MAP_SHARED, files[i].fd, 0);
		if (at[n] == MAP_FAILED)
			cannot("mmap: %s", strerror(errno));
		aligned = aligned && (unsigned long)at[n] % (2UL << 20) == 0;
	}
	munmap(at[0], len);
	munmap(at[1], len);
	return aligned;
}

static bool open_files_in(const char *folder)
{
	if (access(folder, W_OK))
		return false;
	for (int i = 0; i < OP_NR_FILES; i++)
		open_file(&files[i], &op_files[i], folder);
	if (is_aligned(BIG_FILE))
		return true;
	for (int i = 0; i < OP_NR_FILES; i++)
		close(files[i].fd);
	return false;
}

static void open_files(const char *folder)
{
	const char *const usual[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "."};

	if (folder) {
		if (!open_files_in(folder))
			cannot("%s is not writable, or its file system does not align mappings to "
			       "2 MiB, as ext4 does",
			       folder);
		return;
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i] && open_files_in(usual[i]))
			return;
	cannot("none of TMPDIR, /tmp, /var/tmp and . is on a file system that aligns mappings to 2 "
	       "MiB, as ext4 does; see "
	       "--folder");
}

int arena_file(int i)
{
	return files[i].fd;
}

const char *arena_file_name(unsigned int major, unsigned int minor, unsigned long ino)
{
	for (int i = 0; i < OP_NR_FILES; i++)
		if (files[i].ino == ino && files[i].major == major && files[i].minor == minor)
			return op_files[i].name;
	return NULL;
}

/* ---- the address space ---- */

/*
 * Touch the stack now, because it cannot grow once everything around it is
 * filled.
 */
static void __attribute__((noinline)) use_stack(void)
{
	volatile char room[STACK_NEED];

	for (size_t i = 0; i < sizeof(room); i += PAGE)
		room[i] = 0;
}

static void place_break(void)
{
	unsigned long now = (unsigned long)syscall(SYS_brk, 0);

	if (now > ARENA_START || now < ARENA_START - (32UL << 20))
		cannot("the break begins at %lx: addresses are random here, or the program is not "
		       "where it was linked",
		       now);
	if ((unsigned long)syscall(SYS_brk, ARENA_START) != ARENA_START)
		cannot("the break cannot be moved to %lx", ARENA_START);
	/* libc's data at the beginning of the heap stay. */
	now = (now + PAGE - 1) & ~(PAGE - 1);
	if (munmap((void *)now, ARENA_START - now))
		cannot("munmap: %s", strerror(errno));
}

struct hole {
	unsigned long start, end;
};

/* The lowest address that the kernel lets a process map: vm.mmap_min_addr. */
static unsigned long min_address(void)
{
	long min = probe_sysctl("vm/mmap_min_addr");

	return min > (long)PAGE ? ((unsigned long)min + PAGE - 1) & ~(PAGE - 1) : PAGE;
}

static void add_hole(struct hole *hole, unsigned int *nr, unsigned long start, unsigned long end)
{
	if (end > TASK_SIZE)
		end = TASK_SIZE;
	if (start >= end)
		return;
	if (*nr == HOLES_MAX)
		cannot("more than %d holes in the address space", HOLES_MAX);
	hole[(*nr)++] = (struct hole){start, end};
}

/* Add the free range [pos, until), except for the arena. */
static void add_free(struct hole *hole, unsigned int *nr, unsigned long pos, unsigned long until)
{
	add_hole(hole, nr, pos, until < ARENA_START ? until : ARENA_START);
	add_hole(hole, nr, pos > ARENA_END ? pos : ARENA_END, until);
}

/*
 * Find the holes in the list of mappings. Reading it must not allocate memory
 * that stays.
 */
static unsigned int find_holes(struct hole *hole)
{
	static char text[256 * 1024];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	unsigned long pos = min_address(), start, end;
	unsigned int nr = 0;
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		cannot("/proc/self/maps: %s", strerror(errno));
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		cannot("/proc/self/maps: %s", strerror(errno));
	close(fd);
	text[len] = '\0';
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || !strchr(line, '\n'))
			cannot("/proc/self/maps holds '%.40s'", line);
		if (start < ARENA_END && end > ARENA_START)
			cannot("the arena is not free: %.80s", line);
		add_free(hole, &nr, pos, start);
		pos = end;
	}
	add_free(hole, &nr, pos, TASK_SIZE);
	return nr;
}

static void fill_holes(void)
{
	int fd = own_fd(open("/dev/zero", O_RDONLY), "/dev/zero");
	struct hole hole[HOLES_MAX];
	unsigned int nr = find_holes(hole);

	for (unsigned int i = 0; i < nr; i++) {
		size_t len = hole[i].end - hole[i].start;

		if (mmap((void *)hole[i].start, len, PROT_NONE, MAP_PRIVATE | MAP_FIXED_NOREPLACE,
			 fd, 0) == MAP_FAILED)
			cannot("cannot fill %lx-%lx: %s", hole[i].start, hole[i].end,
			       strerror(errno));
	}
}

void arena_create(const char *folder)
{
	expect_machine();
	open_files(folder);
	use_stack();
	place_break();
	fill_holes();
	be_everybody();
}
