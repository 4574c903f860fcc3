/* SPDX-License-Identifier: MIT */
/*
 * foreign.c - vmastore/foreign.h: the fields and structures of an address space
 * as functions, for languages that read no C header.
 *
 * Locks: those that foreign.h names. No function here asserts them: a VMA that
 * is not inserted yet needs none.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/foreign.h>
#include <vmastore/import.h>

#include "lib/mm/internal.h"
#include "lib/sync/alloc.h"

/* ---- address spaces ---- */

static unsigned long bound(unsigned long given, unsigned long otherwise)
{
	return given == VMS_DEFAULT_BOUND ? otherwise : given;
}

int vms_mm_new_with(const char *engine, unsigned long task_size, unsigned long mmap_base,
		    unsigned long mmap_min_addr, unsigned long bottom_base, unsigned long start_brk,
		    unsigned int version, struct mm_struct **mm)
{
	const struct mm_layout *usual = &vms_mm_layout_default;
	const struct mm_layout layout = {
		.task_size = bound(task_size, usual->task_size),
		.mmap_base = bound(mmap_base, usual->mmap_base),
		.mmap_min_addr = bound(mmap_min_addr, usual->mmap_min_addr),
		.bottom_base = bound(bottom_base, usual->bottom_base),
		.start_brk = bound(start_brk, usual->start_brk),
	};
	const struct mm_rules rules = version ? vms_mm_rules_for(version) : vms_mm_rules_default;

	return vms_mm_new(engine, &layout, &rules, mm);
}

int vms_mm_import_text(const char *engine, const char *text, size_t len, struct mm_struct **mm,
		       unsigned long *line)
{
	const struct vms_import how = {.engine = engine};

	return vms_mm_import(&how, text, len, mm, line);
}

char *vms_mm_text(struct mm_struct *mm, size_t *len)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return NULL;
	err = vms_maps_print(mm, out);
	/* fclose() completes the text, or says that it could not. */
	if (fclose(out) || err) {
		free(text);
		return NULL;
	}
	if (len)
		*len = size;
	return text;
}

void vms_text_free(char *text)
{
	free(text);
}

/* NULL: @which is not a limit in bytes. */
static unsigned long *limit_of(struct mm_limits *limits, enum vms_limit which)
{
	switch (which) {
	case VMS_LIMIT_AS:
		return &limits->as;
	case VMS_LIMIT_DATA:
		return &limits->data;
	case VMS_LIMIT_DATA_MAX:
		return &limits->data_max;
	case VMS_LIMIT_MEMLOCK:
		return &limits->memlock;
	case VMS_LIMIT_STACK:
		return &limits->stack;
	default:
		return NULL;
	}
}

unsigned long vms_mm_limit(struct mm_struct *mm, enum vms_limit which)
{
	struct mm_limits limits = vms_mm_limits(mm);
	const unsigned long *limit = limit_of(&limits, which);

	if (limit)
		return *limit;
	return which == VMS_LIMIT_MAP_COUNT ? (unsigned long)limits.max_map_count : 0;
}

int vms_mm_set_limit(struct mm_struct *mm, enum vms_limit which, unsigned long value)
{
	struct mm_limits limits = vms_mm_limits(mm);
	unsigned long *limit = limit_of(&limits, which);

	if (limit)
		*limit = value;
	else if (which == VMS_LIMIT_MAP_COUNT && value <= INT_MAX)
		limits.max_map_count = (int)value;
	else
		return -EINVAL;
	return vms_mm_set_limits(mm, &limits);
}

unsigned long vms_mm_account(const struct mm_struct *mm, enum vms_account which)
{
	const _Atomic unsigned long *account;

	switch (which) {
	case VMS_ACCOUNT_MAP_COUNT:
		return (unsigned long)vms__map_count(mm);
	case VMS_ACCOUNT_TOTAL_VM:
		account = &mm->total_vm;
		break;
	case VMS_ACCOUNT_DATA_VM:
		account = &mm->data_vm;
		break;
	case VMS_ACCOUNT_EXEC_VM:
		account = &mm->exec_vm;
		break;
	case VMS_ACCOUNT_STACK_VM:
		account = &mm->stack_vm;
		break;
	case VMS_ACCOUNT_LOCKED_VM:
		account = &mm->locked_vm;
		break;
	case VMS_ACCOUNT_HIWATER_VM:
		account = &mm->hiwater_vm;
		break;
	case VMS_ACCOUNT_PINNED_VM:
		account = &mm->pinned_vm;
		break;
	default:
		return 0;
	}
	/* Relaxed: a reader of an account learns nothing else from it. */
	return atomic_load_explicit(account, memory_order_relaxed);
}

void *vms_mm_owner(const struct mm_struct *mm)
{
	return mm->owner;
}

void vms_mm_set_owner(struct mm_struct *mm, void *owner)
{
	mm->owner = owner;
}

int vms_error_of(unsigned long answer)
{
	return IS_ERR_VALUE(answer) ? (int)(long)answer : 0;
}

/* ---- VMAs ---- */

unsigned long vms_vma_start(const struct vm_area_struct *vma)
{
	return vma->vm_start;
}

unsigned long vms_vma_end(const struct vm_area_struct *vma)
{
	return vma->vm_end;
}

vm_flags_t vms_vma_flags(const struct vm_area_struct *vma)
{
	return vma->vm_flags;
}

unsigned long vms_vma_pgoff(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff;
}

struct file *vms_vma_file(const struct vm_area_struct *vma)
{
	return vma->vm_file;
}

struct mm_struct *vms_vma_mm(const struct vm_area_struct *vma)
{
	return vma_mm(vma);
}

size_t vms_vma_name(struct vm_area_struct *vma, char *buf, size_t size)
{
	char own[VMA_NAME_BUF];
	const char *name = vms__vma_name(vma, own);
	size_t len = name ? strlen(name) : 0, copied;

	if (!size)
		return len;
	copied = len < size ? len : size - 1;
	if (copied)
		memcpy(buf, name, copied);
	buf[copied] = '\0';
	return len;
}

void *vms_vma_private(const struct vm_area_struct *vma)
{
	return vma->vm_private_data;
}

void vms_vma_set_private(struct vm_area_struct *vma, void *data)
{
	vma->vm_private_data = data;
}

/* ---- VMAs of one's own, and walks ---- */

struct vm_area_struct *vms_vma_new(struct mm_struct *mm, unsigned long start, unsigned long end,
				   vm_flags_t flags, struct file *file, unsigned long pgoff)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);

	if (!vma)
		return NULL;
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_pgoff = pgoff;
	if (file) {
		vma->vm_file = get_file(file);
		vma->vm_ops = file->f_vm_ops;
	}
	/* Last: what the flags allow at once depends on the file. */
	vm_flags_init(vma, flags);
	return vma;
}

void vms_vma_free(struct vm_area_struct *vma)
{
	if (vma->vm_file)
		fput(vma->vm_file);
	vm_area_free(vma);
}

struct vma_iterator *vms_vma_iterator_new(struct mm_struct *mm, unsigned long addr)
{
	struct vma_iterator *vmi = vms__alloc(sizeof(*vmi), _Alignof(struct vma_iterator));

	if (vmi)
		vma_iter_init(vmi, mm, addr);
	return vmi;
}

void vms_vma_iterator_set(struct vma_iterator *vmi, unsigned long addr)
{
	vma_iter_init(vmi, vmi->mm, addr);
}

void vms_vma_iterator_free(struct vma_iterator *vmi)
{
	vms__free(vmi);
}

/* ---- files ---- */

const char *vms_file_path(const struct file *file)
{
	return file->f_path;
}

struct address_space *vms_file_mapping(const struct file *file)
{
	return file->f_mapping;
}

unsigned long vms_mapping_inode(const struct address_space *mapping)
{
	return mapping->ino;
}

uint64_t vms_mapping_device(const struct address_space *mapping)
{
	return (uint64_t)mapping->dev_major << 32 | mapping->dev_minor;
}

unsigned long vms_mapping_size(const struct address_space *mapping)
{
	/* Relaxed: a truncation may change it at any moment. */
	return atomic_load_explicit(&mapping->i_size, memory_order_relaxed);
}
