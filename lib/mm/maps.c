/* SPDX-License-Identifier: MIT */
/*
 * maps.c - the text of /proc/PID/maps, byte for byte, and the two-letter flags
 * of /proc/PID/smaps. Format: proc(5).
 *
 * Locks: mmap_lock R for each line; listing.c takes and releases it.
 */
#include <string.h>

#include "lib/mm/internal.h"
#include "lib/mm/listing.h"

/*
 * Linux's order: a file's path, then the heap, then the stack. A VMA that
 * overlaps the break is [heap] even if the program mapped it.
 */
static const char *special_name(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma_mm(vma);

	if (vma->vm_file)
		return NULL;
	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk)
		return "[heap]";
	if (mm->start_stack && vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

const char *vms__vma_name(struct vm_area_struct *vma, char buf[VMA_NAME_BUF])
{
	const char *name = NULL;

	vma_assert_locked(vma);
	/*
	 * A name that was given to shared anonymous memory hides the path of
	 * its object.
	 */
	if (vma->vm_file && !vma->anon_name)
		return vma->vm_file->f_path;
	if (!vma->vm_file && vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name(vma);
	if (!name)
		name = special_name(vma);
	if (!name && vma->anon_name) {
		snprintf(buf, VMA_NAME_BUF, vma->vm_file ? "[anon_shmem:%s]" : "[anon:%s]",
			 vms__anon_name_text(vma->anon_name));
		name = buf;
	}
	return name;
}

unsigned long vms__vma_pagesize(struct vm_area_struct *vma)
{
	unsigned long size;

	vma_assert_locked(vma);
	if (!vma->vm_ops || !vma->vm_ops->pagesize)
		return PAGE_SIZE;
	size = vma->vm_ops->pagesize(vma);
	/*
	 * A page size is a power of two, and divides both bounds of the VMA.
	 * Any other answer is the hook's mistake.
	 */
	if (size < PAGE_SIZE || (size & (size - 1)) || ((vma->vm_start | vma->vm_end) & (size - 1)))
		return PAGE_SIZE;
	return size;
}

void vms__list_name(const char *name, struct vms__text *text)
{
	for (; *name; name++)
		if (*name == '\n')
			vms__text_add(text, "\\012");
		else
			vms__text_char(text, *name);
}

void vms__list_vma_line(struct vm_area_struct *vma, unsigned long start, struct vms__text *text)
{
	const struct address_space *mapping = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	/* If a part of the VMA is listed already, this is its rest's offset. */
	unsigned long offset = (vma->vm_pgoff << PAGE_SHIFT) + (start - vma->vm_start);
	vm_flags_t flags = vma->vm_flags;
	char buf[VMA_NAME_BUF];
	const char *name = vms__vma_name(vma, buf);
	int width =
		vms__text_add(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", start, vma->vm_end,
			      flags & VM_READ ? 'r' : '-', flags & VM_WRITE ? 'w' : '-',
			      flags & VM_EXEC ? 'x' : '-', flags & VM_MAYSHARE ? 's' : 'p',
			      mapping ? offset : 0, mapping ? mapping->dev_major : 0,
			      mapping ? mapping->dev_minor : 0, mapping ? mapping->ino : 0);

	if (name) {
		vms__text_add(text, "%*s ", (int)vms__name_padding((size_t)width), "");
		vms__list_name(name, text);
	}
	vms__text_char(text, '\n');
}

static void list_line(struct vm_area_struct *vma, unsigned long start, struct vms__text *text,
		      void *arg)
{
	(void)arg;
	vms__list_vma_line(vma, start, text);
}

int vms_maps_print(struct mm_struct *mm, FILE *out)
{
	return vms__list(mm, out, list_line, NULL);
}

/* In the order in which smaps prints them: by bit number. */
static const struct {
	vm_flags_t flag;
	char name[3];
} flag_names[] = {
	{VM_READ, "rd"},         {VM_WRITE, "wr"},       {VM_EXEC, "ex"},
	{VM_SHARED, "sh"},       {VM_MAYREAD, "mr"},     {VM_MAYWRITE, "mw"},
	{VM_MAYEXEC, "me"},      {VM_MAYSHARE, "ms"},    {VM_GROWSDOWN, "gd"},
	{VM_PFNMAP, "pf"},       {VM_MAYBE_GUARD, "gu"}, {VM_LOCKED, "lo"},
	{VM_IO, "io"},           {VM_SEQ_READ, "sr"},    {VM_RAND_READ, "rr"},
	{VM_DONTCOPY, "dc"},     {VM_DONTEXPAND, "de"},  {VM_LOCKONFAULT, "lf"},
	{VM_ACCOUNT, "ac"},      {VM_NORESERVE, "nr"},   {VM_HUGETLB, "ht"},
	{VM_SYNC, "sf"},         {VM_ARCH_1, "ar"},      {VM_WIPEONFORK, "wf"},
	{VM_DONTDUMP, "dd"},     {VM_SOFTDIRTY, "sd"},   {VM_MIXEDMAP, "mm"},
	{VM_HUGEPAGE, "hg"},     {VM_NOHUGEPAGE, "nh"},  {VM_MERGEABLE, "mg"},
	{VM_UFFD_MISSING, "um"}, {VM_UFFD_WP, "uw"},     {VM_DROPPABLE, "dp"},
	{VM_SEALED, "sl"},
};

size_t vms_vmflags_string(vm_flags_t flags, char sep, char *buf, size_t size)
{
	size_t len = 0;

	if (size)
		buf[0] = '\0';
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		/*
		 * Room for the separator, two letters and the NUL: a flag is
		 * left out rather than cut.
		 */
		if (!(flags & flag_names[i].flag) || len + 4 > size)
			continue;
		if (len)
			buf[len++] = sep;
		memcpy(buf + len, flag_names[i].name, 3);
		len += 2;
	}
	return len;
}
