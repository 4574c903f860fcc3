/* SPDX-License-Identifier: MIT */
/*
 * zero_page.c - see zero_page.h.
 *
 * ioctl(PAGEMAP_SCAN) finds the entries that map the zero page, huge or small,
 * whichever operation made them: a touch, MADV_POPULATE_READ, MAP_POPULATE, or
 * mlock() of memory that may not be written. A write through /proc/self/mem
 * replaces each. The kernel treats it as a debugger's write: it changes private
 * memory whatever its rights are, and leaves the rights unchanged.
 */
#include "tests/support/zero_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE 4096UL
#define BLOCK (2UL << 20)
#define REGIONS 64

/*
 * <linux/fs.h> defines these since 6.7; the installed headers may be older than
 * the kernel.
 */
struct region {
	uint64_t start, end, categories;
};

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN _IOWR('f', 16, struct scan)
#define IS_ZERO_PAGE (1ULL << 5)
#define IS_HUGE (1ULL << 6)

/*
 * Find zero pages in [*pos, end) and advance *pos to where the scan ended.
 * Return: the number of regions, or -1.
 */
static int find_zero_pages(int pagemap, unsigned long *pos, unsigned long end,
			   struct region region[REGIONS])
{
	struct scan scan = {
		.size = sizeof(scan),
		.start = *pos,
		.end = end,
		.vec = (uintptr_t)region,
		.vec_len = REGIONS,
		.category_mask = IS_ZERO_PAGE,
		.return_mask = IS_ZERO_PAGE | IS_HUGE,
	};
	int nr = ioctl(pagemap, SCAN, &scan);

	*pos = scan.walk_end;
	return nr;
}

/* Replace each zero page of @region by a page of its own. */
static bool replace(int mem, const struct region *region)
{
	unsigned long step = region->categories & IS_HUGE ? BLOCK : PAGE;

	for (unsigned long addr = region->start; addr < region->end;
	     addr = (addr & ~(step - 1)) + step)
		if (pwrite(mem, "", 1, (off_t)addr) != 1)
			return false;
	return true;
}

static bool replace_all(int pagemap, int mem, unsigned long start, unsigned long end)
{
	struct region region[REGIONS];

	for (unsigned long pos = start; pos < end;) {
		int nr = find_zero_pages(pagemap, &pos, end, region);

		if (nr < 0)
			return false;
		for (int i = 0; i < nr; i++)
			if (!replace(mem, &region[i]))
				return false;
	}
	return true;
}

/*
 * Each call opens both files again, because each belongs to the process that
 * opened it, and a fork may have happened since.
 */
bool zero_page_replace(unsigned long start, unsigned long end)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
	    mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	bool done = pagemap >= 0 && mem >= 0 && replace_all(pagemap, mem, start, end);
	int err = errno;

	close(pagemap);
	close(mem);
	errno = err;
	return done;
}
