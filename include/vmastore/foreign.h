/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - address spaces for languages that cannot read a C header. It has
 * a function for each field that a program in Python (ctypes), Rust (extern
 * "C") and so on would read, and for each structure that it would have to lay
 * out. foreign_tree.h, which this header includes, has the same for the maple
 * tree, and says how such a program finds all other functions: find_vma() is
 * the symbol vms_find_vma, mmap_read_lock() is vms_mmap_read_lock.
 *
 *   C                                  here
 *   vms_mm_new() with a layout, rules  vms_mm_new_with()
 *   struct mm_limits                   vms_mm_limit(), vms_mm_set_limit()
 *   mm->map_count, mm->total_vm, ...   vms_mm_account()
 *   mm->owner                          vms_mm_owner(), vms_mm_set_owner()
 *   vms_maps_print() to a FILE         vms_mm_text()
 *   vms_mm_import()                    vms_mm_import_text()
 *   IS_ERR_VALUE()                     vms_error_of()
 *   vma->vm_start, vma->vm_end, ...    vms_vma_start(), vms_vma_end(), ...
 *   vm_area_alloc(), and its fields    vms_vma_new()
 *   VMA_ITERATOR(), vma_iter_init()    vms_vma_iterator_new()
 *   for_each_vma()                     vms_vma_next() until it answers NULL
 *   file->f_path, file->f_mapping      vms_file_path(), vms_file_mapping()
 *   mapping->ino, i_size, ...          vms_mapping_inode(), ...
 *
 * Numbers: PROT_*, MAP_* and MADV_* are Linux's on x86-64, and VM_* and
 * FAULT_FLAG_* are in mm_flags.h and fault.h. A bool is one byte. An enum is 32
 * bits.
 *
 * Hooks (struct vm_operations_struct) have no functions here: they run under
 * locks and on the path of faults, where a callback into an interpreter has no
 * place.
 */
#ifndef VMASTORE_FOREIGN_H
#define VMASTORE_FOREIGN_H

#include <vmastore/foreign_tree.h>
#include <vmastore/mm.h>

#include <vmastore/begin.h>

/* ---- address spaces ------------------------------------------------------ */

/* A bound that is not given: the one of vms_mm_layout_default. */
#define VMS_DEFAULT_BOUND (~0UL)

/**
 * vms_mm_new_with() - vms_mm_new() with bounds and a version by number.
 * @task_size, @mmap_base, @mmap_min_addr, @bottom_base, @start_brk: the fields
 *           of struct mm_layout, in bytes; VMS_DEFAULT_BOUND (all bits set) for
 *           the default.
 * @version: VMS_KERNEL_VERSION(), major * 65536 + minor * 256; 0: the default.
 * @mm:      becomes the address space; unchanged on an error.
 *
 * Locks:  none.
 * Return: as vms_mm_new().
 */
VMS_API int vms_mm_new_with(const char *engine, unsigned long task_size, unsigned long mmap_base,
			    unsigned long mmap_min_addr, unsigned long bottom_base,
			    unsigned long start_brk, unsigned int version, struct mm_struct **mm);
/**
 * vms_mm_import_text() - vms_mm_import() (import.h) on @engine with the default
 * layout and rules; all files are stand-ins.
 *
 * Return: as vms_mm_import().
 */
VMS_API int vms_mm_import_text(const char *engine, const char *text, size_t len,
			       struct mm_struct **mm, unsigned long *line);
/**
 * vms_mm_text() - The text that vms_maps_print() writes, in memory.
 * @len: becomes the number of bytes before the NUL; NULL: not asked for.
 *
 * Locks:  as vms_maps_print().
 * Return: the text, for vms_text_free(); NULL: there is no memory.
 */
VMS_API char *vms_mm_text(struct mm_struct *mm, size_t *len);
/** vms_text_free() - Free what vms_mm_text() returned; NULL is allowed. */
VMS_API void vms_text_free(char *text);

/* The limits of struct mm_limits, in its order. */
enum vms_limit {
	VMS_LIMIT_AS,
	VMS_LIMIT_DATA,
	VMS_LIMIT_DATA_MAX,
	VMS_LIMIT_MEMLOCK,
	VMS_LIMIT_STACK,
	VMS_LIMIT_MAP_COUNT,
};
/**
 * vms_mm_limit() - One limit of @mm, in bytes; VMS_NO_LIMIT (all bits set) for
 * none. VMS_LIMIT_MAP_COUNT counts VMAs.
 *
 * Locks:  takes mmap_lock R.
 * Return: the limit; 0 for an unknown @which.
 */
VMS_API unsigned long vms_mm_limit(struct mm_struct *mm, enum vms_limit which);
/**
 * vms_mm_set_limit() - Set one limit of @mm. Two threads that set limits of one
 * @mm concurrently may undo each other's.
 *
 * Locks:  takes mmap_lock R, then W.
 * Return: 0; -EINVAL (an unknown @which, a count above INT_MAX, or as
 *         vms_mm_set_limits()) and nothing has changed.
 */
VMS_API int vms_mm_set_limit(struct mm_struct *mm, enum vms_limit which, unsigned long limit);

/* The accounts of struct mm_struct: VMAs, and pages. */
enum vms_account {
	VMS_ACCOUNT_MAP_COUNT,
	VMS_ACCOUNT_TOTAL_VM,
	VMS_ACCOUNT_DATA_VM,
	VMS_ACCOUNT_EXEC_VM,
	VMS_ACCOUNT_STACK_VM,
	VMS_ACCOUNT_LOCKED_VM,
	VMS_ACCOUNT_HIWATER_VM,
	VMS_ACCOUNT_PINNED_VM,
};
/**
 * vms_mm_account() - One account of @mm, as it is at some moment of the call.
 *
 * Locks:  any.
 * Return: the count; 0 for an unknown @which.
 */
VMS_API unsigned long vms_mm_account(const struct mm_struct *mm, enum vms_account which);
/**
 * vms_mm_owner(), vms_mm_set_owner() - A pointer of the embedder's: mm->owner.
 * The library does not look at it.
 *
 * Locks: the embedder's own.
 */
VMS_API void *vms_mm_owner(const struct mm_struct *mm);
VMS_API void vms_mm_set_owner(struct mm_struct *mm, void *owner);
/**
 * vms_error_of() - What a call says that answers an address or an error
 * (vms_mmap(), vms_mremap()).
 *
 * Return: the -errno in @answer; 0: @answer is an address.
 */
VMS_API int vms_error_of(unsigned long answer);

/* ---- VMAs: its lock R or mmap_lock R held -------------------------------- */

/**
 * vms_vma_start(), vms_vma_end() - The first byte of @vma, and the first byte
 * after it.
 */
VMS_API unsigned long vms_vma_start(const struct vm_area_struct *vma);
VMS_API unsigned long vms_vma_end(const struct vm_area_struct *vma);
/** vms_vma_flags() - VM_* of @vma. */
VMS_API vm_flags_t vms_vma_flags(const struct vm_area_struct *vma);
/**
 * vms_vma_pgoff() - In pages: the offset of @vma's first page in its file, or,
 * of memory without a file, the number of the page where it was mapped.
 */
VMS_API unsigned long vms_vma_pgoff(const struct vm_area_struct *vma);
/**
 * vms_vma_file() - The file that @vma maps; NULL: none. A caller that uses it
 * after it has released the lock takes a reference (get_file()).
 */
VMS_API struct file *vms_vma_file(const struct vm_area_struct *vma);
/** vms_vma_mm() - The address space to which @vma belongs. */
VMS_API struct mm_struct *vms_vma_mm(const struct vm_area_struct *vma);
/**
 * vms_vma_name() - What the listing calls @vma: a path, [heap], [anon:NAME].
 * @buf:  gets the name with a NUL, cut to @size bytes if it is longer.
 * @size: 0: nothing is written.
 *
 * Return: the length of the whole name without the NUL; 0: no name.
 */
VMS_API size_t vms_vma_name(struct vm_area_struct *vma, char *buf, size_t size);
/**
 * vms_vma_private(), vms_vma_set_private() - A pointer of the embedder's:
 * vm_private_data. The parts of a VMA that is split have the same.
 *
 * Locks: to write mmap_lock W, then vma_start_write(); none before @vma is
 *        inserted.
 */
VMS_API void *vms_vma_private(const struct vm_area_struct *vma);
VMS_API void vms_vma_set_private(struct vm_area_struct *vma, void *data);

/* ---- VMAs of one's own, and walks ---------------------------------------- */

/**
 * vms_vma_new() - A VMA for insert_vm_struct(), which checks what it is given
 * here.
 * @start, @end: byte addresses, page aligned; end exclusive.
 * @flags: VM_*.
 * @file:  NULL: anonymous memory. The VMA takes a reference of its own.
 * @pgoff: pages, in the file.
 *
 * Locks:  none.
 * Return: it; NULL: there is no memory.
 */
VMS_API struct vm_area_struct *vms_vma_new(struct mm_struct *mm, unsigned long start,
					   unsigned long end, vm_flags_t flags, struct file *file,
					   unsigned long pgoff);
/**
 * vms_vma_free() - Free what vms_vma_new() made and insert_vm_struct() has not
 * taken, and drop its reference of the file.
 */
VMS_API void vms_vma_free(struct vm_area_struct *vma);
/**
 * vms_vma_iterator_new() - A walk over the VMAs of @mm, for vma_next() and
 * vma_prev(): the symbols vms_vma_next and vms_vma_prev. One thread may use it
 * at a time.
 * @addr: byte address where the walk begins.
 *
 * Locks:  none; each step needs mmap_lock R or W.
 * Return: it; NULL: there is no memory.
 */
VMS_API struct vma_iterator *vms_vma_iterator_new(struct mm_struct *mm, unsigned long addr);
/** vms_vma_iterator_set() - Continue at @addr. */
VMS_API void vms_vma_iterator_set(struct vma_iterator *vmi, unsigned long addr);
/** vms_vma_iterator_free() - Free the walk; NULL is allowed. */
VMS_API void vms_vma_iterator_free(struct vma_iterator *vmi);

/* ---- files: the caller has a reference ----------------------------------- */

/** vms_file_path() - The path, as the listing prints it; the file's own. */
VMS_API const char *vms_file_path(const struct file *file);
/** vms_file_mapping() - The content that @file is an opening of. */
VMS_API struct address_space *vms_file_mapping(const struct file *file);
/** vms_mapping_inode() - The inode number of the content. */
VMS_API unsigned long vms_mapping_inode(const struct address_space *mapping);
/** vms_mapping_device() - Its device: major * 2^32 + minor. */
VMS_API uint64_t vms_mapping_device(const struct address_space *mapping);
/** vms_mapping_size() - Its size in bytes, at some moment of the call. */
VMS_API unsigned long vms_mapping_size(const struct address_space *mapping);

#include <vmastore/end.h>

#endif
