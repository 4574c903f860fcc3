/* SPDX-License-Identifier: MIT */
/* files.c - see files.h. */
#include <stdlib.h>
#include <string.h>

#include "tools/vmreplay/files.h"

/* A replay never touches beyond the end of a file, but where the program did; and that the recording does not say. */
#define FILE_BYTES (1UL << 46)

bool map_has_file(const struct trace_map *map)
{
	if (map->ino || map->maj || map->min)
		return true;
	return strcmp(map->name, "[vdso]") == 0 || strncmp(map->name, "[vvar", 5) == 0 || strcmp(map->name, "[vsyscall]") == 0;
}

static bool is_same(const struct file *file, const struct trace_map *map)
{
	const struct address_space *mapping = file->f_mapping;

	return mapping->ino == map->ino && mapping->dev_major == map->maj && mapping->dev_minor == map->min &&
	       (map->ino || strcmp(file->f_path, map->name) == 0);
}

/*
 * A device number with major 0 is a file system without a disk: memfd, shared anonymous memory, tmpfs. One with a disk is taken
 * for a file system that asks for 2 MiB alignment, as ext4 does.
 */
static struct file *open_new(const struct trace_map *map)
{
	unsigned int flags = map->maj ? VMS_AS_THP_ALIGN : VMS_AS_SHMEM;
	struct address_space *mapping = vms_address_space_create(FILE_BYTES, flags, map->maj, map->min, map->ino);
	struct file *file;

	if (!mapping)
		return NULL;
	file = vms_file_open(mapping, map->name, FMODE_READ | FMODE_WRITE);
	vms_address_space_put(mapping);
	return file;
}

static bool append(struct files *files, struct file *file)
{
	if (files->nr == files->room) {
		size_t room = files->room ? 2 * files->room : 64;
		struct file **grown = realloc(files->file, room * sizeof(*grown));

		if (!grown)
			return false;
		files->file = grown;
		files->room = room;
	}
	files->file[files->nr++] = file;
	return true;
}

struct file *files_get(struct files *files, const struct trace_map *map)
{
	struct file *file;

	for (size_t i = 0; i < files->nr; i++)
		if (is_same(files->file[i], map))
			return files->file[i];
	file = open_new(map);
	if (file && !append(files, file)) {
		fput(file);
		return NULL;
	}
	return file;
}

bool files_keep(struct files *files, struct file *file)
{
	for (size_t i = 0; i < files->nr; i++)
		if (files->file[i] == file)
			return true;
	if (!append(files, file))
		return false;
	get_file(file);
	return true;
}

void files_free(struct files *files)
{
	for (size_t i = 0; i < files->nr; i++)
		fput(files->file[i]);
	free(files->file);
	*files = (struct files){0};
}
