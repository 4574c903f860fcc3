/* SPDX-License-Identifier: MIT */
/*
 * probe.c - see probe.h: the experiments and the settings. verdict.c says what
 * the findings mean for a comparison.
 *
 * An experiment needs a mapping that merges with no neighbour. Therefore it
 * uses the middle of a larger inaccessible mapping, which has other rights.
 */
#include "tools/probe/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PAGE 4096UL
#define MIB (1UL << 20)
#define BLOCK (2 * MIB)
#define GAP_MOST 4096 /* pages; a larger gap counts as that */

/* ---- files ---- */

/*
 * Read the beginning of a file as one string.
 * Return: its length; 0 if it cannot be read.
 */
static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < size - 1) {
		n = read(fd, text + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return len;
}

static long read_number(const char *path)
{
	char text[64], *end;
	long n;

	if (!read_file(path, text, sizeof(text)))
		return PROBE_UNKNOWN;
	n = strtol(text, &end, 10);
	return end == text ? PROBE_UNKNOWN : n;
}

long probe_sysctl(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return read_number(path);
}

/* The word in brackets, as in "always [madvise] never", or the only word. */
static void read_choice(const char *path, char word[PROBE_WORD_MAX])
{
	char text[128], *at = text;
	size_t len;

	memcpy(word, "-", sizeof("-"));
	if (!read_file(path, text, sizeof(text)))
		return;
	if (strchr(text, '['))
		at = strchr(text, '[') + 1;
	len = strcspn(at, "]\n");
	if (len == 0 || len >= PROBE_WORD_MAX)
		return;
	memcpy(word, at, len);
	word[len] = '\0';
}

/* ---- one mapping in smaps ---- */

struct smaps_part {
	long anonymous_kb;
	bool accounted, soft_dirty; /* VmFlags: ac, sd */
};

/* @flags: " rd wr mr "; each word has two letters. */
static bool has_flag(const char *flags, const char *flag)
{
	for (; flags[0] == ' ' && flags[1]; flags += 3)
		if (strncmp(flags + 1, flag, 2) == 0)
			return true;
	return false;
}

/*
 * Read one line of smaps. @inside: whether the current mapping covers @addr.
 * Return: false at the end of that mapping.
 */
static bool read_smaps_line(const char *line, unsigned long addr, bool *inside,
			    struct smaps_part *part)
{
	unsigned long start, end;

	if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
		*inside = start <= addr && addr < end;
	} else if (*inside) {
		sscanf(line, "Anonymous: %ld kB", &part->anonymous_kb);
		if (strncmp(line, "VmFlags:", 8) == 0) {
			part->accounted = has_flag(line + 8, "ac");
			part->soft_dirty = has_flag(line + 8, "sd");
			return false;
		}
	}
	return true;
}

/*
 * Return: whether smaps lists a mapping at @addr, with all lines that are
 * needed.
 */
static bool look_at(unsigned long addr, struct smaps_part *part)
{
	char text[4096], *line, *newline;
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	bool inside = false, found = false;
	size_t len = 0;
	ssize_t n;

	part->anonymous_kb = PROBE_UNKNOWN;
	while (fd >= 0 && !found &&
	       ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0 ||
		(n < 0 && errno == EINTR))) {
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		for (line = text; !found && (newline = strchr(line, '\n')); line = newline + 1) {
			*newline = '\0';
			found = !read_smaps_line(line, addr, &inside, part);
		}
		/* A long path may be cut: it is of no interest. */
		len = line == text && len == sizeof(text) - 1 ? 0 : strlen(line);
		memmove(text, line, len);
	}
	if (fd >= 0)
		close(fd);
	return found && part->anonymous_kb != PROBE_UNKNOWN;
}

/* ---- a mapping that merges with none ---- */

struct field {
	char *whole;
	size_t len;
	char *middle; /* two blocks, on a block's border, readable and writable */
};

static bool field_map(struct field *field)
{
	field->len = 4 * BLOCK;
	field->whole = mmap(NULL, field->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (field->whole == MAP_FAILED)
		return false;
	field->middle = (char *)(((unsigned long)field->whole + 2 * BLOCK - 1) & ~(BLOCK - 1));
	if (mprotect(field->middle, 2 * BLOCK, PROT_READ | PROT_WRITE) == 0)
		return true;
	munmap(field->whole, field->len);
	return false;
}

static void field_unmap(struct field *field)
{
	munmap(field->whole, field->len);
}

static void touch(volatile char *at, bool write)
{
	if (write)
		*at = 1;
	else
		(void)*at;
}

/* ---- the experiments ---- */

long probe_touch_takes_kb(bool write, int advice)
{
	struct smaps_part part = {0};
	struct field field;
	bool seen = false;

	if (!field_map(&field))
		return PROBE_UNKNOWN;
	/* A kernel without huge pages refuses this advice and needs none. */
	if (advice >= 0)
		(void)madvise(field.middle, 2 * BLOCK, advice);
	touch(field.middle, write);
	seen = look_at((unsigned long)field.middle, &part);
	field_unmap(&field);
	return seen ? part.anonymous_kb : PROBE_UNKNOWN;
}

/*
 * Memory that becomes read-only stays accounted ("ac") only if it has an
 * anon_vma.
 */
static bool advised_read_is_own(bool *soft_dirty)
{
	struct smaps_part part = {0};
	struct field field;

	if (!field_map(&field))
		return false;
	(void)madvise(field.middle, 2 * BLOCK, MADV_HUGEPAGE);
	touch(field.middle, false);
	(void)mprotect(field.middle, 2 * BLOCK, PROT_READ);
	look_at((unsigned long)field.middle, &part);
	field_unmap(&field);
	*soft_dirty = part.soft_dirty;
	return part.accounted;
}

/* The kernel raises a hint that is too low to the lowest allowed address. */
static unsigned long find_mmap_min_addr(void)
{
	long setting = probe_sysctl("vm/mmap_min_addr");
	void *got = mmap((void *)PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long found = (unsigned long)got;

	if (got != MAP_FAILED)
		munmap(got, PAGE);
	/*
	 * If another mapping is there, the kernel places this one elsewhere;
	 * then the setting must suffice.
	 */
	if (got == MAP_FAILED || found > MIB)
		found = setting > 0 ? ((unsigned long)setting + PAGE - 1) & ~(PAGE - 1) : PAGE;
	/* A result of one page may mean that page 0 is allowed, too. */
	return found == PAGE && setting == 0 ? 0 : found;
}

/*
 * Let the kernel read a byte: a touch that is refused returns EFAULT and raises
 * no signal.
 */
static bool kernel_can_read(const char *at)
{
	int end[2];
	bool can;

	if (pipe(end))
		return false;
	can = syscall(SYS_write, end[1], at, 1UL) == 1;
	close(end[0]);
	close(end[1]);
	return can;
}

/* Whether the kernel can read untouched private memory with these rights. */
static bool rights_let_read(int prot)
{
	char *page = mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool can;

	if (page == MAP_FAILED)
		return false;
	can = kernel_can_read(page);
	munmap(page, PAGE);
	return can;
}

/* Memory that may be read shows whether the experiment itself works. */
static long exec_only(void)
{
	return rights_let_read(PROT_READ | PROT_EXEC) ? !rights_let_read(PROT_EXEC) : PROBE_UNKNOWN;
}

/* Whether a stack may grow by a page if @gap pages stay free below it. */
static bool may_grow(long gap)
{
	size_t len = ((unsigned long)gap + 5) * PAGE;
	char *whole = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     *stack = whole + len - 2 * PAGE;
	bool may = false;

	if (whole == MAP_FAILED)
		return false;
	/*
	 * From below: inaccessible, an accessible page, the gap, a page to grow
	 * into, the stack, inaccessible.
	 */
	munmap(whole + 2 * PAGE, len - 4 * PAGE);
	if (mmap(whole + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		    MAP_FAILED &&
	    mmap(stack, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) != MAP_FAILED)
		may = kernel_can_read(stack - 1);
	/*
	 * Unmap only our own ranges, because another thread may have mapped
	 * memory in a free part.
	 */
	munmap(whole, 2 * PAGE);
	if (may)
		munmap(stack - PAGE, PAGE);
	munmap(stack, 2 * PAGE);
	return may;
}

static long find_stack_gap(void)
{
	long too_small = -1, enough = GAP_MOST;

	if (!may_grow(enough))
		return PROBE_UNKNOWN;
	while (enough - too_small > 1) {
		long middle = (enough + too_small) / 2;

		if (may_grow(middle))
			enough = middle;
		else
			too_small = middle;
	}
	return enough;
}

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static bool has_anon_names(void)
{
	char *page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool has;

	if (page == MAP_FAILED)
		return false;
	has = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, (unsigned long)page, PAGE, "probe") == 0;
	munmap(page, PAGE);
	return has;
}

/* ---- huge pages ---- */

#ifndef PR_THP_DISABLE_EXCEPT_ADVISED
#define PR_THP_DISABLE_EXCEPT_ADVISED (1 << 1)
#endif

void probe_narrow_huge_pages(bool on_advice)
{
	if (on_advice && prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0)
		(void)prctl(PR_SET_THP_DISABLE, 1, PR_THP_DISABLE_EXCEPT_ADVISED, 0, 0);
	else if (!on_advice)
		(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

#define THP "/sys/kernel/mm/transparent_hugepage/"

static void read_huge_pages(struct probe *probe)
{
	char path[128];

	read_choice(THP "enabled", probe->thp);
	read_choice(THP "shmem_enabled", probe->thp_shmem);
	read_choice(THP "use_zero_page", probe->thp_zero_page);
	for (unsigned long kb = 8; kb <= 4096 && probe->nr_sizes < PROBE_SIZES_MAX; kb *= 2) {
		struct probe_size *size = &probe->size[probe->nr_sizes];

		size->kb = kb;
		snprintf(path, sizeof(path), THP "hugepages-%lukB/enabled", kb);
		read_choice(path, size->enabled);
		snprintf(path, sizeof(path), THP "hugepages-%lukB/shmem_enabled", kb);
		read_choice(path, size->shmem_enabled);
		if (strcmp(size->enabled, "-") != 0 || strcmp(size->shmem_enabled, "-") != 0)
			probe->nr_sizes++;
	}
}

/* ---- everything ---- */

static long memory_kb(void)
{
	char text[8192];
	const char *at;
	long ram = 0, swap = 0;

	if (!read_file("/proc/meminfo", text, sizeof(text)))
		return PROBE_UNKNOWN;
	at = strstr(text, "MemTotal:");
	if (!at || sscanf(at, "MemTotal: %ld", &ram) != 1)
		return PROBE_UNKNOWN;
	at = strstr(text, "SwapTotal:");
	if (at)
		sscanf(at, "SwapTotal: %ld", &swap);
	return ram + swap;
}

void probe_machine(struct probe *probe)
{
	struct utsname system;

	memset(probe, 0, sizeof(*probe));
	if (uname(&system) == 0) {
		snprintf(probe->release, sizeof(probe->release), "%s", system.release);
		snprintf(probe->machine, sizeof(probe->machine), "%s", system.machine);
		sscanf(system.release, "%u.%u", &probe->major, &probe->minor);
	}
	probe->page_size = sysconf(_SC_PAGESIZE);
	/* without huge pages, which are another experiment */
	probe->read_takes_kb = probe_touch_takes_kb(false, MADV_NOHUGEPAGE);
	probe->write_takes_kb = probe_touch_takes_kb(true, -1);
	probe->advised_read_is_own = advised_read_is_own(&probe->soft_dirty);
	probe->exec_only = exec_only();
	probe->mmap_min_addr = find_mmap_min_addr();
	probe->stack_gap = find_stack_gap();
	probe->anon_names = has_anon_names();
	read_huge_pages(probe);
	probe->overcommit = probe_sysctl("vm/overcommit_memory");
	probe->legacy_layout = probe_sysctl("vm/legacy_va_layout");
	probe->max_map_count = probe_sysctl("vm/max_map_count");
	probe->memory_kb = memory_kb();
}
