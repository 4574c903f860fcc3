/* SPDX-License-Identifier: MIT */
/*
 * import.c - an address space from the text of /proc/PID/maps
 * (vmastore/import.h): each line becomes one VMA, by an insertion that merges
 * nothing.
 *
 * [heap] and [stack] are no properties of a VMA: the listing finds them by the
 * addresses of the break and of the stack. So the import sets these addresses
 * such that exactly the lines that say [heap] and [stack] say so again, and
 * refuses a text for which there are no such addresses.
 *
 * Source: proc_pid_maps(5). Locks: the new address space is known to no other
 * thread until it is complete. mmap_lock W is taken for each VMA, and is not
 * held while the caller's hook runs. Read next: maps_line.c, import_files.c.
 */
#include <errno.h>
#include <string.h>

#include <vmastore/import.h>

#include "lib/mm/import_files.h"
#include "lib/mm/internal.h"
#include "lib/sync/alloc.h"

/* What stands in a line, apart from its rights. */
enum kind {
	PLAIN, /* anonymous memory, with or without a name of its own */
	HEAP,
	STACK,
	SHMEM_NAME, /* shared anonymous memory that has a name */
	SPECIAL,    /* [vdso] and the like */
	A_FILE,
};

struct import {
	struct mm_struct *mm;
	struct vms__import_files files;
	unsigned long nr;  /* of the line at hand, from 1 on */
	unsigned long end; /* of the line before, a byte address */
	unsigned long heap_start, heap_end;
	/*
	 * The first line of anonymous memory after the last [heap]. 0: none.
	 * If another [heap] follows, that line lies in the break.
	 */
	unsigned long behind_heap;
	unsigned int stacks;     /* lines [stack] */
	unsigned long stack_end; /* of the last one */
	unsigned long below_stack;
	/* the name of the line at hand, as a string */
	char name[VMS_MAPS_NAME_MAX + 1];
};

/* ---- names ---- */

/* A newline in a name stands as \012 in the text. */
static void copy_name(char *to, const struct vms_maps_line *line)
{
	const char *at = line->name, *end = at + line->name_len;

	while (at < end) {
		bool is_newline = end - at >= 4 && memcmp(at, "\\012", 4) == 0;

		*to++ = is_newline ? '\n' : *at;
		at += is_newline ? 4 : 1;
	}
	*to = '\0';
}

/*
 * Whether @name is @prefix TEXT ]. If so, it is cut to the prefix and TEXT,
 * and *@text is where TEXT begins.
 */
static bool cut_brackets(char *name, const char *prefix, char **text)
{
	size_t len = strlen(name), prefix_len = strlen(prefix);

	if (strncmp(name, prefix, prefix_len) != 0 || len == prefix_len || name[len - 1] != ']')
		return false;
	name[len - 1] = '\0';
	*text = name + prefix_len;
	return true;
}

/*
 * Anonymous memory has neither device nor inode nor offset, and a name in
 * brackets at most. All else is a file.
 * @text: becomes the name that the memory has of its own; NULL: none.
 */
static enum kind kind_of(const struct vms_maps_line *line, char *name, char **text)
{
	*text = NULL;
	if (cut_brackets(name, "[anon_shmem:", text))
		return SHMEM_NAME;
	if (vms__import_has_inode(line) || line->offset || (line->name && name[0] != '['))
		return A_FILE;
	if (!line->name || cut_brackets(name, "[anon:", text))
		return PLAIN;
	if (strcmp(name, "[heap]") == 0)
		return HEAP;
	return strcmp(name, "[stack]") == 0 ? STACK : SPECIAL;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

#define SHARED_ANON "/dev/zero (deleted)"

/* VMS_AS_* of a stand-in for @path. */
static unsigned int stand_in_flags(const char *path)
{
	if (strcmp(path, SHARED_ANON) == 0)
		return VMS_AS_SHMEM | VMS_AS_ANON;
	if (begins_with(path, "/memfd:") || begins_with(path, "/SYSV"))
		return VMS_AS_SHMEM;
	return strcmp(path, "/dev/zero") == 0 ? VMS_AS_ZERO_DEV : 0;
}

/* ---- one line ---- */

/* Linux's own page, which no address space has. */
static bool is_vsyscall(const struct import *im, const struct vms_maps_line *line)
{
	return line->start >= im->mm->layout.task_size && !vms__import_has_inode(line) &&
	       strcmp(im->name, "[vsyscall]") == 0;
}

static int note_heap(struct import *im, const struct vms_maps_line *line)
{
	if (im->behind_heap) {
		/* The listing would call that line [heap], too. */
		im->nr = im->behind_heap;
		return -EINVAL;
	}
	if (!im->heap_end)
		im->heap_start = line->start;
	im->heap_end = line->end;
	return 0;
}

/*
 * The listing calls a VMA [stack] if the address of the stack is in it or is
 * its end. So two may be called so, if they touch: the address is between them.
 */
static int note_stack(struct import *im, const struct vms_maps_line *line)
{
	if (im->stacks == 2 || (im->stacks && im->stack_end != line->start))
		return -EINVAL;
	if (!im->stacks)
		im->below_stack = im->end;
	/* Inside the first, and below its end by an aligned word. */
	im->mm->start_stack = im->stacks ? line->start : line->end - sizeof(long);
	im->stack_end = line->end;
	im->stacks++;
	return 0;
}

static int note_anonymous(struct import *im, const struct vms_maps_line *line, enum kind kind)
{
	/* Shared memory has an object, which the line would show. */
	if (line->shared)
		return -EINVAL;
	if (kind == HEAP)
		return note_heap(im, line);
	if (im->heap_end && !im->behind_heap)
		im->behind_heap = im->nr;
	return kind == STACK ? note_stack(im, line) : 0;
}

/* Return: 0 and *@file, and *@flags may change; -errno. */
static int map_file(struct import *im, const struct vms_maps_line *line, enum kind kind,
		    struct file **file, vm_flags_t *flags)
{
	const char *path = kind == SHMEM_NAME ? SHARED_ANON : im->name;
	int err = vms__import_file(&im->files, line, path, stand_in_flags(path), file);

	if (err)
		return err;
	if (kind == SHMEM_NAME && !((*file)->f_mapping->flags & VMS_AS_ANON))
		return -EBADF;
	if (kind == SPECIAL)
		*flags |= VM_DONTEXPAND;
	if (line->dev_major == 0 && line->dev_minor == 1)
		vms__shmem_ino_taken(line->ino);
	return vms__file_vm_flags(*file, line->prot, line->shared ? MAP_SHARED : MAP_PRIVATE,
				  flags);
}

/* Takes over the reference of @name, also on errors. */
static int insert(struct mm_struct *mm, const struct vms_maps_line *line, struct file *file,
		  vm_flags_t flags, struct anon_vma_name *name)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);
	int err;

	if (!vma) {
		vms__anon_name_put(name);
		return -ENOMEM;
	}
	vma->vm_start = line->start;
	vma->vm_end = line->end;
	vma->vm_flags = flags;
	vma->anon_name = name;
	if (file) {
		vma->vm_pgoff = line->offset >> PAGE_SHIFT;
		vma->vm_file = get_file(file);
		vma->vm_ops = file->f_vm_ops;
	}
	vms__write_enter(mm, line->start, line->end);
	err = insert_vm_struct(mm, vma);
	vms__write_exit(mm);
	if (err) {
		if (file)
			fput(file);
		vm_area_free(vma);
	}
	return err;
}

static int import_line(struct import *im, const struct vms_maps_line *line)
{
	vm_flags_t flags = vms__prot_to_vm_flags(line->prot) | VM_MAYREAD | VM_MAYWRITE |
			   VM_MAYEXEC | vms__exec_only_key(im->mm, line->prot);
	struct anon_vma_name *name;
	struct file *file = NULL;
	enum kind kind;
	char *text;
	int err;

	kind = kind_of(line, im->name, &text);
	if (kind == PLAIN || kind == HEAP || kind == STACK)
		err = note_anonymous(im, line, kind);
	else
		err = map_file(im, line, kind, &file, &flags);
	if (err)
		return err;
	if (kind == STACK)
		flags |= VM_GROWSDOWN;
	if (vms__is_reserved(flags))
		flags |= VM_ACCOUNT;
	err = vms__anon_name_make(text, &name);
	return err ? err : insert(im->mm, line, file, flags, name);
}

static int import_text(struct import *im, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct vms_maps_line line;
		int err;

		im->nr++;
		/*
		 * A last line without its newline may have lost a part of its
		 * name.
		 */
		err = newline ? vms_maps_line_read(text, (size_t)(newline - text), &line) : -EINVAL;
		if (err)
			return err;
		copy_name(im->name, &line);
		if (line.start < im->end)
			return -EEXIST;
		if (!is_vsyscall(im, &line)) {
			if (line.end > im->mm->layout.task_size)
				return -ERANGE;
			err = import_line(im, &line);
			if (err)
				return err;
		}
		im->end = line.end;
		text = newline + 1;
	}
	im->nr = 0;
	return 0;
}

/* ---- the whole ---- */

/*
 * An empty break must not lie inside a VMA, which the listing would call
 * [heap].
 */
static void set_break(struct import *im)
{
	struct mm_struct *mm = im->mm;
	const struct vm_area_struct *vma;

	mmap_assert_write_locked(mm);
	if (im->heap_end) {
		mm->start_brk = im->heap_start;
		mm->brk = im->heap_end;
		return;
	}
	while ((vma = vma_lookup(mm, mm->brk)) != NULL)
		mm->start_brk = mm->brk = vma->vm_end;
}

/* Everything that needs all lines. */
static void complete(struct import *im)
{
	struct mm_struct *mm = im->mm;

	vms__write_enter(mm, 0, mm->layout.task_size);
	set_break(im);
	/* Linux places mappings from a little below the stack downwards. */
	if (!im->files.how->layout && im->below_stack)
		mm->layout.mmap_base = im->below_stack;
	vms__write_exit(mm);
}

int vms_mm_import(const struct vms_import *how, const char *text, size_t len, struct mm_struct **mm,
		  unsigned long *line)
{
	struct import *im = vms__zalloc(sizeof(*im), _Alignof(struct import));
	unsigned long nr = 0;
	int err = -ENOMEM;

	if (!im)
		goto out;
	im->files.how = how;
	err = vms__mm_alloc(how->engine, how->layout, how->rules, &im->mm);
	if (err)
		goto out_free;
	err = import_text(im, text, len);
	nr = im->nr;
	vms__import_files_free(&im->files);
	if (err) {
		mmput(im->mm);
		goto out_free;
	}
	complete(im);
	/* Last, because a walker may use the address space at once. */
	vms__mmlist_add(im->mm);
	*mm = im->mm;
out_free:
	vms__free(im);
out:
	if (line)
		*line = nr;
	return err;
}
