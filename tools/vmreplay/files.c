/* SPDX-License-Identifier: MIT */
/* files.c - see files.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vmreplay/files.h"

/*
 * The recording does not say how long a file is. Files are long, because a
 * touch beyond the end would fail; most programs never touch there.
 */
#define FILE_BYTES (1UL << 46)

bool map_has_file(const struct trace_map *map)
{
	if (map->ino || map->maj || map->min)
		return true;
	return strcmp(map->name, "[vdso]") == 0 || strncmp(map->name, "[vvar", 5) == 0 ||
	       strcmp(map->name, "[vsyscall]") == 0;
}

static bool is_same(const struct file *file, const struct trace_map *map)
{
	const struct address_space *mapping = file->f_mapping;

	return mapping->ino == map->ino && mapping->dev_major == map->maj &&
	       mapping->dev_minor == map->min && (map->ino || strcmp(file->f_path, map->name) == 0);
}

/*
 * A device number with major 0 is a file system without a disk: memfd, shared
 * anonymous memory, tmpfs. A file system on a disk is assumed to ask for 2 MiB
 * alignment, as ext4 does.
 */
static struct file *open_new(const struct trace_map *map)
{
	unsigned int flags = map->maj ? VMS_AS_THP_ALIGN : VMS_AS_SHMEM;
	struct address_space *mapping =
		vms_address_space_create(FILE_BYTES, flags, map->maj, map->min, map->ino);
	struct file *file;

	if (!mapping)
		return NULL;
	file = vms_file_open(mapping, map->name, FMODE_READ | FMODE_WRITE);
	vms_address_space_put(mapping);
	return file;
}

/* The hash of everything that is_same() compares. */
static unsigned long key_of(unsigned int major, unsigned int minor, uint64_t ino, const char *name)
{
	uint64_t key = ((uint64_t)major << 32 ^ minor ^ ino << 8) * 0x9e3779b97f4a7c15ULL;

	for (; !ino && *name; name++)
		key = (key ^ (unsigned char)*name) * 0x100000001b3ULL;
	return key;
}

/*
 * Put @file at @key, which is free; the table takes over the reference.
 * Return: false when memory is out.
 */
static bool insert(struct files *files, unsigned long key, struct file *file)
{
	return mtree_insert(&files->by_key, key, file, GFP_KERNEL) == 0;
}

struct file *files_get(struct files *files, const struct trace_map *map)
{
	unsigned long key = key_of(map->maj, map->min, map->ino, map->name);
	struct file *file;

	while ((file = mtree_load(&files->by_key, key)) && !is_same(file, map))
		key++;
	if (file)
		return file;
	file = open_new(map);
	if (file && !insert(files, key, file)) {
		fput(file);
		return NULL;
	}
	return file;
}

bool files_keep(struct files *files, struct file *file)
{
	const struct address_space *mapping = file->f_mapping;
	unsigned long key =
		key_of(mapping->dev_major, mapping->dev_minor, mapping->ino, file->f_path);
	const struct file *found;

	while ((found = mtree_load(&files->by_key, key)) && found != file)
		key++;
	if (found)
		return true;
	if (!insert(files, key, file))
		return false;
	get_file(file);
	return true;
}

void files_free(struct files *files)
{
	struct file *file;
	unsigned long index = 0;

	mt_for_each(&files->by_key, file, index, ULONG_MAX)
		fput(file);
	mtree_destroy(&files->by_key);
	mt_init(&files->by_key);
}
