/* SPDX-License-Identifier: MIT */
/*
 * import_files.c - see import_files.h.
 *
 * The table is ordered by device, inode and name, so that the entries of one
 * inode stand together, and a search by the inode alone finds one of them. Each
 * names the oldest of them, which knows the content that the stand-ins of the
 * inode share. So a stand-in finds that content in O(log n), however many names
 * the inode has and however many of them the caller's hook has opened. A
 * balanced tree, because the text decides how many files there are and in which
 * order they come.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/mm/import_files.h"
#include "lib/mm/internal.h"
#include "lib/sync/alloc.h"

struct entry {
	struct rb_node rb;
	unsigned int dev_major, dev_minor;
	unsigned long ino;
	struct file *file;
	bool is_stand_in;
	struct entry *oldest; /* of the same inode; itself if it has no inode */
	/*
	 * In an oldest entry: what the stand-ins of its inode map. NULL: there
	 * is none yet. Their files hold the references.
	 */
	struct address_space *content;
	char path[];
};

static int compare_numbers(unsigned long a, unsigned long b)
{
	return (a > b) - (a < b);
}

static int compare_inodes(const struct vms_maps_line *line, const struct entry *e)
{
	int order = compare_numbers(line->dev_major, e->dev_major);

	if (!order)
		order = compare_numbers(line->dev_minor, e->dev_minor);
	return order ? order : compare_numbers(line->ino, e->ino);
}

static int compare(const struct vms_maps_line *line, const char *path, const struct entry *e)
{
	int order = compare_inodes(line, e);

	return order ? order : strcmp(path, e->path);
}

/* The oldest entry of the inode of @line; NULL: there is none. */
static struct entry *find_oldest(const struct vms__import_files *files,
				 const struct vms_maps_line *line)
{
	struct rb_node *rb = files->root.rb_node;

	while (rb) {
		const struct entry *e = rb_entry(rb, struct entry, rb);
		int order = compare_inodes(line, e);

		if (!order)
			return e->oldest;
		rb = order < 0 ? rb->rb_left : rb->rb_right;
	}
	return NULL;
}

static int make_stand_in(struct entry *e, const struct vms_maps_line *line, unsigned int flags)
{
	struct address_space *content = e->oldest->content, *own = NULL;

	if (!content)
		content = own = vms_address_space_create(0, flags, line->dev_major, line->dev_minor,
							 line->ino);
	if (!content)
		return -ENOMEM;
	e->file = vms_file_open(content, e->path, FMODE_READ | FMODE_WRITE);
	/* The file holds a reference by now, or could not be made. */
	if (own)
		vms_address_space_put(own);
	if (!e->file)
		return -ENOMEM;
	e->oldest->content = content;
	return 0;
}

static int open_file(struct entry *e, struct vms__import_files *files,
		     const struct vms_maps_line *line, unsigned int flags)
{
	const struct vms_import *how = files->how;
	int err = 0;

	e->file = NULL;
	if (how->open && vms__import_has_inode(line))
		err = vms__hook_error(how->open(how->arg, line, e->path, &e->file));
	if (err) {
		if (e->file)
			fput(e->file);
		return err;
	}
	e->is_stand_in = !e->file;
	return e->file ? 0 : make_stand_in(e, line, flags);
}

/* Return: 0 and *@result, a new entry that is not in the table yet; -errno. */
static int make_entry(struct vms__import_files *files, const struct vms_maps_line *line,
		      const char *path, unsigned int flags, struct entry **result)
{
	size_t size = strlen(path) + 1;
	struct entry *e = vms__alloc(sizeof(*e) + size, _Alignof(struct entry));
	int err;

	if (!e)
		return -ENOMEM;
	e->dev_major = line->dev_major;
	e->dev_minor = line->dev_minor;
	e->ino = line->ino;
	memcpy(e->path, path, size);
	e->content = NULL;
	/* Names without an inode are files of their own. */
	e->oldest = vms__import_has_inode(line) ? find_oldest(files, line) : NULL;
	if (!e->oldest)
		e->oldest = e;
	err = open_file(e, files, line, flags);
	if (err) {
		vms__free(e);
		return err;
	}
	*result = e;
	return 0;
}

/*
 * A stand-in ends behind the last byte that a line maps, because an access
 * beyond the end of a file is SIGBUS, and the text does not say where the real
 * file ends.
 */
static void let_contain(struct address_space *content, const struct vms_maps_line *line)
{
	unsigned long last = line->offset + (line->end - line->start) - 1;
	unsigned long size = last < line->offset || last >= LONG_MAX ? LONG_MAX : last + 1;

	/*
	 * Relaxed: no other thread knows of this content, and the VMA that maps
	 * it is published later.
	 */
	if (size > atomic_load_explicit(&content->i_size, memory_order_relaxed))
		atomic_store_explicit(&content->i_size, size, memory_order_relaxed);
}

int vms__import_file(struct vms__import_files *files, const struct vms_maps_line *line,
		     const char *path, unsigned int flags, struct file **file)
{
	struct rb_node **link = &files->root.rb_node, *parent = NULL;
	struct entry *e = NULL;
	int err;

	while (*link) {
		int order;

		parent = *link;
		e = rb_entry(parent, struct entry, rb);
		order = compare(line, path, e);
		if (!order)
			break;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	if (!*link) {
		err = make_entry(files, line, path, flags, &e);
		if (err)
			return err;
		rb_link_node(&e->rb, parent, link);
		rb_insert_color(&e->rb, &files->root);
	}
	if (e->is_stand_in)
		let_contain(e->file->f_mapping, line);
	*file = e->file;
	return 0;
}

void vms__import_files_free(struct vms__import_files *files)
{
	struct entry *e, *next;

	rbtree_postorder_for_each_entry_safe(e, next, &files->root, rb) {
		fput(e->file);
		vms__free(e);
	}
	files->root = RB_ROOT;
}
