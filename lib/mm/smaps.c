/* SPDX-License-Identifier: MIT */
/*
 * smaps.c - the listings that tell of pages: /proc/PID/smaps, byte for byte, and a summary as pmap(1) prints it.
 *
 * Source: proc_pid_smaps(5), pmap(1), and experiments on a running 6.18 kernel. Locks: take mmap_lock R.
 */
#include <errno.h>
#include <string.h>

#include <vmastore/query.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* ---- smaps ---- */

static void print_kb(FILE *out, const char *label, unsigned long bytes)
{
	fprintf(out, "%-16s%8lu kB\n", label, bytes >> 10);
}

/* Huge pages are asked for, and an aligned one fits in. */
static bool thp_eligible(const struct vm_area_struct *vma)
{
	unsigned long first = (vma->vm_start + PMD_SIZE - 1) & ~(PMD_SIZE - 1);

	return vma_is_anonymous(vma) && (vma->vm_flags & (VM_HUGEPAGE | VM_NOHUGEPAGE)) == VM_HUGEPAGE &&
	       first + PMD_SIZE <= vma->vm_end;
}

static void print_pages(struct vm_area_struct *vma, FILE *out)
{
	static const char *const absent[] = {
		"KSM:",  "LazyFree:", "AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:",
		"Swap:", "SwapPss:"};
	struct vms__page_stats s = {0};

	vms__page_stats(vma, &s);
	print_kb(out, "Rss:", s.rss);
	print_kb(out, "Pss:", s.pss >> VMS__PSS_SHIFT);
	print_kb(out, "Pss_Dirty:", s.pss_dirty >> VMS__PSS_SHIFT);
	print_kb(out, "Shared_Clean:", s.shared_clean);
	print_kb(out, "Shared_Dirty:", s.shared_dirty);
	print_kb(out, "Private_Clean:", s.private_clean);
	print_kb(out, "Private_Dirty:", s.private_dirty);
	print_kb(out, "Referenced:", s.referenced);
	print_kb(out, "Anonymous:", s.anonymous);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		print_kb(out, absent[i], 0);
	print_kb(out, "Locked:", vma->vm_flags & VM_LOCKED ? s.pss >> VMS__PSS_SHIFT : 0);
}

static void print_smaps(struct vm_area_struct *vma, FILE *out)
{
	unsigned long page_size = vms__vma_pagesize(vma);
	char flags[256];

	vms__print_vma_line(vma, out);
	fputc('\n', out);
	print_kb(out, "Size:", vma->vm_end - vma->vm_start);
	print_kb(out, "KernelPageSize:", page_size);
	print_kb(out, "MMUPageSize:", page_size);
	print_pages(vma, out);
	fprintf(out, "%-16s%8u\n", "THPeligible:", thp_eligible(vma));
	fprintf(out, "VmFlags: %s%s\n", flags, vms_vmflags_string(vma->vm_flags, ' ', flags, sizeof(flags)) ? " " : "");
}

int vms_smaps_print(struct mm_struct *mm, FILE *out)
{
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	vms__read_enter(mm);
	for_each_vma(vmi, vma)
		print_smaps(vma, out);
	vms__read_exit(mm);
	return ferror(out) ? -EIO : 0;
}

/* ---- pmap ---- */

/* The last part of a path, as pmap has it; memory without a file is anonymous to it, but for the stack. A name that was given is told. */
static void print_mapping(struct vm_area_struct *vma, FILE *out)
{
	char buf[VMA_NAME_BUF];
	const char *name = vms__vma_name(vma, buf), *last;

	if (vma->vm_file || vma->anon_name) {
		last = name[0] == '/' ? strrchr(name, '/') : NULL;
		vms__print_name(last ? last + 1 : name, out);
	} else {
		fputs(name && strcmp(name, "[stack]") == 0 ? "  [ stack ]" : "  [ anon ]", out);
	}
	fputc('\n', out);
}

int vms_pmap_print(struct mm_struct *mm, FILE *out)
{
	unsigned long size = 0, rss = 0, dirty = 0;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	fputs("Address           Kbytes     RSS   Dirty Mode  Mapping\n", out);
	vms__read_enter(mm);
	for_each_vma(vmi, vma) {
		struct vms__page_stats s = {0};
		vm_flags_t flags = vma->vm_flags;

		vms__page_stats(vma, &s);
		fprintf(out, "%016lx %7lu %7lu %7lu %c%c%c%c- ", vma->vm_start, (vma->vm_end - vma->vm_start) >> 10, s.rss >> 10,
			(s.shared_dirty + s.private_dirty) >> 10, flags & VM_READ ? 'r' : '-', flags & VM_WRITE ? 'w' : '-',
			flags & VM_EXEC ? 'x' : '-', flags & VM_MAYSHARE ? 's' : '-');
		print_mapping(vma, out);
		size += vma->vm_end - vma->vm_start;
		rss += s.rss;
		dirty += s.shared_dirty + s.private_dirty;
	}
	vms__read_exit(mm);
	fprintf(out, "---------------- ------- ------- ------- \ntotal kB         %7lu %7lu %7lu\n", size >> 10, rss >> 10,
		dirty >> 10);
	return ferror(out) ? -EIO : 0;
}
