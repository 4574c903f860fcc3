/* SPDX-License-Identifier: MIT */
/*
 * files.h - the files of a recording, by device and inode. A recording does not
 * say which mappings came from one opening of a file, so there is one struct
 * file for each inode.
 */
#ifndef TOOLS_VMREPLAY_FILES_H
#define TOOLS_VMREPLAY_FILES_H

#include <vmastore/mm.h>

#include "tools/trace/trace.h"

/* Zeros are an empty table. */
struct files {
	/* each file at its hash, or at the next free index behind that */
	struct maple_tree by_key;
};

/*
 * Find the file that @map maps, or create it; the table keeps the reference. A
 * mapping without an inode ("[vdso]") is known by its name.
 * Return: the file, or NULL when memory is out.
 */
struct file *files_get(struct files *files, const struct trace_map *map);
/*
 * Take a reference to @file, which a VMA maps, so that it outlives the VMA.
 * Return: false when memory is out.
 */
bool files_keep(struct files *files, struct file *file);
void files_free(struct files *files);

/* Whether @map maps something other than private anonymous memory. */
bool map_has_file(const struct trace_map *map);

#endif
