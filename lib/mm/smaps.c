/* SPDX-License-Identifier: MIT */
/*
 * smaps.c - the listings that show pages: /proc/PID/smaps, byte for byte, and a
 * summary like that of pmap(1).
 *
 * Source: proc_pid_smaps(5), pmap(1), and experiments on a running 6.18 kernel.
 * Locks: enter with none, take mmap_lock R for a few KiB at a time (listing.h).
 */
#include <errno.h>
#include <string.h>

#include <vmastore/query.h>

#include "lib/mm/internal.h"
#include "lib/mm/listing.h"
#include "lib/page/page.h"

/* ---- smaps ---- */

static void list_kb(struct vms__text *text, const char *label, unsigned long bytes)
{
	vms__text_add(text, "%-16s%8lu kB\n", label, bytes >> 10);
}

/* Whether huge pages were asked for, and an aligned one fits into the VMA. */
static bool thp_eligible(const struct vm_area_struct *vma)
{
	unsigned long first = (vma->vm_start + PMD_SIZE - 1) & ~(PMD_SIZE - 1);

	return vma_is_anonymous(vma) &&
	       (vma->vm_flags & (VM_HUGEPAGE | VM_NOHUGEPAGE)) == VM_HUGEPAGE &&
	       first + PMD_SIZE <= vma->vm_end;
}

static void list_pages(struct vm_area_struct *vma, unsigned long start, struct vms__text *text)
{
	static const char *const absent[] = {
		"KSM:",           "LazyFree:",       "AnonHugePages:",   "ShmemPmdMapped:",
		"FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:", "Swap:",
		"SwapPss:"};
	struct vms__page_stats s = {0};

	vms__page_stats(vma, start, &s);
	list_kb(text, "Rss:", s.rss);
	list_kb(text, "Pss:", s.pss >> VMS__PSS_SHIFT);
	list_kb(text, "Pss_Dirty:", s.pss_dirty >> VMS__PSS_SHIFT);
	list_kb(text, "Shared_Clean:", s.shared_clean);
	list_kb(text, "Shared_Dirty:", s.shared_dirty);
	list_kb(text, "Private_Clean:", s.private_clean);
	list_kb(text, "Private_Dirty:", s.private_dirty);
	list_kb(text, "Referenced:", s.referenced);
	list_kb(text, "Anonymous:", s.anonymous);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		list_kb(text, absent[i], 0);
	list_kb(text, "Locked:", vma->vm_flags & VM_LOCKED ? s.pss >> VMS__PSS_SHIFT : 0);
}

static void list_smaps(struct vm_area_struct *vma, unsigned long start, struct vms__text *text,
		       void *arg)
{
	unsigned long page_size = vms__vma_pagesize(vma);
	char flags[256];

	(void)arg;
	vms__list_vma_line(vma, start, text);
	list_kb(text, "Size:", vma->vm_end - start);
	list_kb(text, "KernelPageSize:", page_size);
	list_kb(text, "MMUPageSize:", page_size);
	list_pages(vma, start, text);
	vms__text_add(text, "%-16s%8u\n", "THPeligible:", thp_eligible(vma));
	vms__text_add(text, "VmFlags: %s%s\n", flags,
		      vms_vmflags_string(vma->vm_flags, ' ', flags, sizeof(flags)) ? " " : "");
}

int vms_smaps_print(struct mm_struct *mm, FILE *out)
{
	return vms__list(mm, out, list_smaps, NULL);
}

/* ---- pmap ---- */

/*
 * The last part of a path, as pmap shows it. Memory without a file is anonymous
 * to pmap, except for the stack. A name that was given is shown.
 */
static void list_mapping(struct vm_area_struct *vma, struct vms__text *text)
{
	char buf[VMA_NAME_BUF];
	const char *name = vms__vma_name(vma, buf), *last;

	if (vma->vm_file || vma->anon_name) {
		last = name[0] == '/' ? strrchr(name, '/') : NULL;
		vms__list_name(last ? last + 1 : name, text);
	} else {
		vms__text_add(text,
			      name && strcmp(name, "[stack]") == 0 ? "  [ stack ]" : "  [ anon ]");
	}
	vms__text_char(text, '\n');
}

struct pmap_sums {
	unsigned long size, rss, dirty; /* bytes */
};

static void list_pmap(struct vm_area_struct *vma, unsigned long start, struct vms__text *text,
		      void *arg)
{
	struct vms__page_stats s = {0};
	vm_flags_t flags = vma->vm_flags;
	unsigned long size = vma->vm_end - start, dirty;
	struct pmap_sums *sums = arg;

	vms__page_stats(vma, start, &s);
	dirty = s.shared_dirty + s.private_dirty;
	vms__text_add(text, "%016lx %7lu %7lu %7lu %c%c%c%c- ", start, size >> 10, s.rss >> 10,
		      dirty >> 10, flags & VM_READ ? 'r' : '-', flags & VM_WRITE ? 'w' : '-',
		      flags & VM_EXEC ? 'x' : '-', flags & VM_MAYSHARE ? 's' : '-');
	list_mapping(vma, text);
	/*
	 * The lister will call again for this part, and the sums must count it
	 * once.
	 */
	if (text->full)
		return;
	sums->size += size;
	sums->rss += s.rss;
	sums->dirty += dirty;
}

static int print_pmap(struct mm_struct *mm, FILE *out)
{
	struct pmap_sums sums = {0};
	int err;

	errno = 0;
	if (fputs("Address           Kbytes     RSS   Dirty Mode  Mapping\n", out) < 0)
		return vms__write_error();
	err = vms__list(mm, out, list_pmap, &sums);
	if (err)
		return err;
	errno = 0;
	if (fprintf(out,
		    "---------------- ------- ------- ------- \n"
		    "total kB         %7lu %7lu %7lu\n",
		    sums.size >> 10, sums.rss >> 10, sums.dirty >> 10) < 0 ||
	    fflush(out))
		return vms__write_error();
	return 0;
}

int vms_pmap_print(struct mm_struct *mm, FILE *out)
{
	int saved = errno, err = print_pmap(mm, out);

	errno = saved;
	return err;
}
