/* SPDX-License-Identifier: MIT */
/*
 * import_files.h - the files that the lines of a text name: each is opened
 * once, by the caller's hook or as a stand-in. import.c makes VMAs of them.
 *
 * Locks: none. A table belongs to the call of vms_mm_import() that made it.
 */
#ifndef VMS_MM_IMPORT_FILES_H
#define VMS_MM_IMPORT_FILES_H

#include <vmastore/import.h>
#include <vmastore/rbtree.h>

struct vms__import_files {
	const struct vms_import *how;
	struct rb_root root; /* by device, inode and name */
};

/*
 * Whether Linux has a file behind @line. All other files are the library's, or
 * memory that Linux lists by a name.
 */
static inline bool vms__import_has_inode(const struct vms_maps_line *line)
{
	return line->dev_major || line->dev_minor || line->ino;
}
/*
 * The file that @line maps, whose name is @path. It belongs to @files; a VMA
 * takes a reference of its own.
 * @flags: VMS_AS_*, if it becomes a stand-in.
 * Return: 0 and *@file; -ENOMEM; or the answer of the hook.
 */
int vms__import_file(struct vms__import_files *files, const struct vms_maps_line *line,
		     const char *path, unsigned int flags, struct file **file);
/* Drop the references to all files, and free the table. */
void vms__import_files_free(struct vms__import_files *files);

#endif
