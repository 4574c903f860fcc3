/* SPDX-License-Identifier: MIT */
/*
 * import.h - an address space from the text of /proc/PID/maps. With it a
 * program can try a change on the layout of a process that runs elsewhere. The
 * text, which Linux or vms_maps_print() has written, is not trusted.
 *
 * The listing of the new address space (vms_maps_print()) is the text again,
 * with two exceptions. [vsyscall] is left out, because that page of Linux's own
 * lies beyond the end of every address space. A line may have any number of
 * blanks before its name or at its end; the listing has as many as Linux
 * writes.
 *
 * What the text does not say is decided so:
 *
 *   file        one struct file for all lines of the same device, inode and
 *               name: the one that the caller's open() answers, or a stand-in.
 *               A stand-in is open for reading and writing, reads as zeros, and
 *               ends with the last byte that a line maps. Stand-ins of the same
 *               device and inode share their content, whatever their names.
 *               "(deleted)" is a part of the name. /memfd:..., /SYSV... and
 *               /dev/zero (deleted) are VMS_AS_SHMEM, and the last is also
 *               VMS_AS_ANON; /dev/zero is VMS_AS_ZERO_DEV. Shared anonymous
 *               memory that is mapped later gets an inode above those of its
 *               device, 00:01, in the text.
 *   [heap]      the break: from the start of the first such line to the end of
 *               the last. Without one the break is empty, and begins at
 *               layout.start_brk, or at the end of the memory that is mapped
 *               there.
 *   [stack]     VM_GROWSDOWN, and start_stack lies in it.
 *   [anon:NAME] memory that vms_set_anon_name() has named; likewise
 *               [anon_shmem:NAME], with "/dev/zero (deleted)" as the file.
 *   [vdso]      and each other name in brackets, without device, inode and
 *               offset: a stand-in with that name, for which open() is not
 *               asked, with VM_DONTEXPAND as on Linux.
 *   rights      VM_READ, VM_WRITE and VM_EXEC as printed. mprotect() may add
 *               each of them, except for VM_WRITE where a shared mapping's file
 *               is not open for writing: these are the rules of vms_mmap().
 *   other flags those of vms_mmap() without MAP_NORESERVE. Nothing is locked or
 *               sealed, and no page is resident.
 *   neighbours  Each line is a VMA of its own, even if two would merge, and may
 *               lie anywhere: the import asks neither a limit nor the guard gap
 *               nor mmap_min_addr. Later calls obey all of them.
 *   vm_pgoff    of anonymous memory: its address, as if it had never moved.
 *   mmap_base   With a layout: the layout's. Without one: the end of the line
 *               before [stack], because Linux places mappings downwards from
 *               there; without [stack] too, that of vms_mm_layout_default.
 *   start_code and the other bounds of vms_mm_map()
 *               not set, because the text does not tell the program from its
 *               libraries.
 */
#ifndef VMASTORE_IMPORT_H
#define VMASTORE_IMPORT_H

#include <vmastore/mm.h>

#include <vmastore/begin.h>

/*
 * The longest name in a line, in bytes as printed: Linux's longest path, with
 * \012 for each of its bytes.
 */
#define VMS_MAPS_NAME_MAX 16384u

/* One line of the text. */
struct vms_maps_line {
	unsigned long start, end; /* byte addresses, page aligned; end exclusive */
	unsigned long prot;       /* PROT_READ, PROT_WRITE, PROT_EXEC */
	bool shared;              /* the line says 's', not 'p' */
	unsigned long offset;     /* bytes, page aligned */
	unsigned int dev_major, dev_minor;
	unsigned long ino;
	/* In the text, as printed there, not terminated. NULL: no name. */
	const char *name;
	size_t name_len; /* bytes, at most VMS_MAPS_NAME_MAX */
};

/**
 * vms_maps_line_read() - Read one line of /proc/PID/maps.
 * @text: the line's first byte.
 * @len:  bytes, without the newline.
 * @line: becomes what the line says; undefined after an error.
 *
 * Numbers must stand as Linux prints them: hexadecimal ones in lower case, of
 * at least 8 digits (device: 2), and no zero before longer ones.
 *
 * Locks:  none.
 * Return: 0; -EINVAL (not such a line; a range that is empty or descends;
 *         bounds or an offset that are not page aligned; offsets that wrap; a
 *         NUL or newline); -ENAMETOOLONG.
 */
VMS_API int vms_maps_line_read(const char *text, size_t len, struct vms_maps_line *line);

/* What to make of a text. */
struct vms_import {
	const char *engine; /* one of vms_engine_names() */
	const struct mm_layout
		*layout;              /* bounds; NULL: vms_mm_layout_default, see mmap_base above */
	const struct mm_rules *rules; /* NULL: vms_mm_rules_default */
	/*
	 * Opens the file of @line, the first line of this device, inode and
	 * name. NULL: all files are stand-ins.
	 * @path: the line's name as a string, with a newline for each \012, or
	 *        "/dev/zero (deleted)" for [anon_shmem:NAME]; valid during the
	 *        call.
	 * @file: NULL; the hook may set a file, with a reference that the
	 *        library takes over. If it stays NULL, a stand-in is made. The
	 *        listing shows the file's own device, inode and path.
	 * No lock is held. Return: 0; a -errno ends the import, and is its
	 * answer.
	 */
	int (*open)(void *arg, const struct vms_maps_line *line, const char *path,
		    struct file **file);
	void *arg; /* the hook's */
};

/**
 * vms_mm_import() - A new address space, with one user, of the layout that
 * @text shows.
 * @text: lines of /proc/PID/maps, each with its newline; need not be
 *        terminated. No line: an empty address space.
 * @len:  bytes.
 * @mm:   becomes the address space; unchanged on an error.
 * @line: NULL; or becomes, on an error, the number of the line that caused it,
 *        from 1 on, and 0 if none did (@how). On success 0.
 *
 * vms_mm_next() shows the address space once it is complete.
 *
 * Locks:    none.
 * Progress: O(n log n) for n lines; waits for open().
 * Return:   0, or an error, after which nothing remains, and every file that
 *           open() gave is put:
 *   -EINVAL        no such engine, or bounds that vms_mm_create() does not
 *                  allow; a line that vms_maps_line_read() refuses, or that has
 *                  no newline; shared memory without a file; a name that
 *                  vms_set_anon_name() refuses; a line that could not be listed
 *                  so again: anonymous memory with another name, or none,
 *                  between two lines [heap]; a second [stack], unless it
 *                  touches the first
 *   -ENAMETOOLONG  as vms_maps_line_read()
 *   -EEXIST        a line that begins below the end of the one before
 *   -ERANGE        a line that ends beyond the address space
 *   -EACCES        a file that is not open for reading, or not for writing in a
 *                  line with "w" and "s"
 *   -EBADF         [anon_shmem:NAME], and the file is not VMS_AS_ANON
 *   -ENOMEM        no memory
 *   or the answer of open(), -EINVAL if that is no -errno
 */
VMS_API int vms_mm_import(const struct vms_import *how, const char *text, size_t len,
			  struct mm_struct **mm, unsigned long *line);

#include <vmastore/end.h>

#endif
