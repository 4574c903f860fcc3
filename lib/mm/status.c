/* SPDX-License-Identifier: MIT */
/*
 * status.c - the memory lines of /proc/PID/status, byte for byte.
 *
 * Source: proc_pid_status(5), and experiments on a running 6.18 kernel.
 * Locks: takes mmap_lock R for the program's bounds, and releases it before it
 * writes: a slow reader of the FILE must not stop writers of the address space.
 */
#include <errno.h>

#include <vmastore/query.h>

#include "lib/mm/listing.h"
#include "lib/page/page.h"

#define LINES 15

struct status {
	const char *label;
	unsigned long bytes;
};

static unsigned long load(const _Atomic unsigned long *counter)
{
	/* Relaxed: a statistic, which orders nothing. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static unsigned long counted(const struct mm_struct *mm, enum vms_mm_counter which)
{
	/* While other threads run, the sum may be negative for a moment. */
	long pages = vms_mm_counter(mm, which);

	return pages > 0 ? (unsigned long)pages : 0;
}

/*
 * Bytes of the pages that the program's code touches, but not more than is
 * mapped executable: VmLib is the difference, and must not be negative. Locks:
 * mmap_lock R.
 */
static unsigned long text_bytes(const struct mm_struct *mm)
{
	unsigned long text = PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK),
		      exec = load(&mm->exec_vm) << PAGE_SHIFT;

	return text < exec ? text : exec;
}

static void gather(struct mm_struct *mm, struct status line[LINES])
{
	unsigned long anon = counted(mm, MM_ANONPAGES), file = counted(mm, MM_FILEPAGES),
		      shmem = counted(mm, MM_SHMEMPAGES);
	unsigned long rss = anon + file + shmem, hwm = load(&mm->hiwater_rss), text;

	mmap_assert_locked(mm);
	text = text_bytes(mm);
	line[0] = (struct status){"VmPeak:", load(&mm->hiwater_vm) << PAGE_SHIFT};
	line[1] = (struct status){"VmSize:", load(&mm->total_vm) << PAGE_SHIFT};
	line[2] = (struct status){"VmLck:", load(&mm->locked_vm) << PAGE_SHIFT};
	line[3] = (struct status){"VmPin:", load(&mm->pinned_vm) << PAGE_SHIFT};
	/*
	 * hiwater_rss is brought up to date only when pages are unmapped, so
	 * the present size may be larger.
	 */
	line[4] = (struct status){"VmHWM:", (hwm > rss ? hwm : rss) << PAGE_SHIFT};
	line[5] = (struct status){"VmRSS:", rss << PAGE_SHIFT};
	line[6] = (struct status){"RssAnon:", anon << PAGE_SHIFT};
	line[7] = (struct status){"RssFile:", file << PAGE_SHIFT};
	line[8] = (struct status){"RssShmem:", shmem << PAGE_SHIFT};
	line[9] = (struct status){"VmData:", load(&mm->data_vm) << PAGE_SHIFT};
	line[10] = (struct status){"VmStk:", load(&mm->stack_vm) << PAGE_SHIFT};
	line[11] = (struct status){"VmExe:", text};
	line[12] = (struct status){"VmLib:", (load(&mm->exec_vm) << PAGE_SHIFT) - text};
	line[13] = (struct status){"VmPTE:", mm_pgtables_bytes(mm)};
	line[14] = (struct status){"VmSwap:", 0};
}

static int print_lines(const struct status line[LINES], FILE *out)
{
	errno = 0;
	for (int i = 0; i < LINES; i++)
		if (fprintf(out, "%s\t%8lu kB\n", line[i].label, line[i].bytes >> 10) < 0)
			return vms__write_error();
	return fflush(out) ? vms__write_error() : 0;
}

int vms_status_print(struct mm_struct *mm, FILE *out)
{
	struct status line[LINES];
	int saved = errno, err;

	vms__read_enter(mm);
	gather(mm, line);
	vms__read_exit(mm);
	err = print_lines(line, out);
	errno = saved;
	return err;
}
