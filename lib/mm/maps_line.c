/* SPDX-License-Identifier: MIT */
/*
 * maps_line.c - one line of /proc/PID/maps, read: START-END RIGHTS OFFSET
 * MAJOR:MINOR INODE [NAME]. maps.c writes what this file reads.
 *
 * The text may come from anywhere. Nothing is read beyond its length, and a
 * number that would be printed differently is refused, so that a line that was
 * read can be printed again.
 *
 * Source: proc_pid_maps(5). Locks: none. Read next: import.c.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <vmastore/import.h>

#include "lib/mm/listing.h"

struct cursor {
	const char *at, *end;
};

static bool take_char(struct cursor *c, char expected)
{
	if (c->at == c->end || *c->at != expected)
		return false;
	c->at++;
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * A number as "%0*lx" or "%lu" prints it: at least @width digits, and no zero
 * before more of them; at most @max.
 */
static bool take_number(struct cursor *c, unsigned int base, size_t width, unsigned long max,
			unsigned long *value)
{
	const char *first = c->at;
	unsigned long v = 0;
	size_t digits;

	for (; c->at < c->end; c->at++) {
		int digit = digit_of(*c->at);

		if (digit < 0 || (unsigned int)digit >= base)
			break;
		if (v > (max - (unsigned int)digit) / base)
			return false;
		v = v * base + (unsigned int)digit;
	}
	digits = (size_t)(c->at - first);
	*value = v;
	return digits >= width && (digits == width || *first != '0');
}

/* One of the four letters of the rights: @letter or @other. */
static bool take_right(struct cursor *c, char letter, char other, bool *has)
{
	*has = take_char(c, letter);
	return *has || take_char(c, other);
}

static bool take_rights(struct cursor *c, struct vms_maps_line *line)
{
	bool read, write, exec;

	if (!take_right(c, 'r', '-', &read) || !take_right(c, 'w', '-', &write) ||
	    !take_right(c, 'x', '-', &exec) || !take_right(c, 's', 'p', &line->shared))
		return false;
	line->prot = (read ? PROT_READ : 0) | (write ? PROT_WRITE : 0) | (exec ? PROT_EXEC : 0);
	return true;
}

static bool take_file(struct cursor *c, struct vms_maps_line *line)
{
	unsigned long major, minor;

	if (!take_number(c, 16, 8, ULONG_MAX, &line->offset) || !take_char(c, ' ') ||
	    !take_number(c, 16, 2, UINT_MAX, &major) || !take_char(c, ':') ||
	    !take_number(c, 16, 2, UINT_MAX, &minor) || !take_char(c, ' ') ||
	    !take_number(c, 10, 1, ULONG_MAX, &line->ino))
		return false;
	line->dev_major = (unsigned int)major;
	line->dev_minor = (unsigned int)minor;
	return true;
}

/*
 * A name begins in its column, even if its first bytes are blanks or it is
 * empty. If the line has fewer blanks, another kernel or an editor has written
 * it, and the name begins behind them.
 * @fields: the length of what stands before the blank behind the inode.
 */
static bool take_name(struct cursor *c, size_t fields, struct vms_maps_line *line)
{
	size_t width = fields + 1, blanks;

	line->name = NULL;
	line->name_len = 0;
	if (c->at == c->end)
		return true;
	if (!take_char(c, ' '))
		return false;
	for (blanks = 0; c->at + blanks < c->end && c->at[blanks] == ' '; blanks++)
		;
	if (blanks > vms__name_padding(width))
		blanks = vms__name_padding(width) + 1;
	else if (c->at + blanks == c->end)
		return true;
	line->name = c->at + blanks;
	line->name_len = (size_t)(c->end - line->name);
	return true;
}

int vms_maps_line_read(const char *text, size_t len, struct vms_maps_line *line)
{
	struct cursor c = {text, text + len};

	if (!take_number(&c, 16, 8, ULONG_MAX, &line->start) || !take_char(&c, '-') ||
	    !take_number(&c, 16, 8, ULONG_MAX, &line->end) || !take_char(&c, ' ') ||
	    !take_rights(&c, line) || !take_char(&c, ' ') || !take_file(&c, line) ||
	    !take_name(&c, (size_t)(c.at - text), line))
		return -EINVAL;
	if (line->start >= line->end || ((line->start | line->end | line->offset) & ~PAGE_MASK) ||
	    line->offset + (line->end - line->start) < line->offset)
		return -EINVAL;
	if (!line->name)
		return 0;
	if (line->name_len > VMS_MAPS_NAME_MAX)
		return -ENAMETOOLONG;
	if (memchr(line->name, '\0', line->name_len) || memchr(line->name, '\n', line->name_len))
		return -EINVAL;
	return 0;
}
