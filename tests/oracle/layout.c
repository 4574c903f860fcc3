/* SPDX-License-Identifier: MIT */
/*
 * layout.c - see layout.h. Reads /proc/self/maps, or smaps for the flags, with
 * plain read(2) into static memory, and stops after the arena.
 */
#include "tests/oracle/layout.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/oracle/arena.h"
#include "tests/oracle/stage.h"

#define BUFFER (64 * 1024)
#define FLAGS_MAX 256

/* Splits a text that is read in pieces into lines. */
struct lines {
	int fd;
	size_t len, pos;
	char text[BUFFER];
};

/*
 * Return: the next line without its newline, or NULL at the end. It is valid
 * until the next call.
 */
static char *next_line(struct lines *in)
{
	for (;;) {
		char *line = in->text + in->pos, *newline = memchr(line, '\n', in->len - in->pos);
		ssize_t n;

		if (newline) {
			*newline = '\0';
			in->pos = (size_t)(newline + 1 - in->text);
			return line;
		}
		memmove(in->text, line, in->len - in->pos);
		in->len -= in->pos;
		in->pos = 0;
		n = read(in->fd, in->text + in->len, sizeof(in->text) - in->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			complain("the list of mappings: %s", strerror(errno));
			stage->trouble = STAGE_BROKEN;
		}
		if (n <= 0)
			return NULL;
		in->len += (size_t)n;
	}
}

struct mapping {
	unsigned long start, end, offset, ino;
	unsigned int major, minor;
	char perms[5], flags[FLAGS_MAX];
};

/*
 * Parse a line that begins a mapping: START-END PERMS OFFSET MAJOR:MINOR INODE
 * [NAME]. All other lines of smaps begin with a capital.
 */
static bool read_head(const char *line, struct mapping *m)
{
	char *at;

	if (isupper((unsigned char)*line))
		return false;
	m->start = strtoul(line, &at, 16);
	m->end = strtoul(at + 1, &at, 16);
	memcpy(m->perms, at + 1, 4);
	m->perms[4] = '\0';
	m->offset = strtoul(at + 6, &at, 16);
	m->major = (unsigned int)strtoul(at + 1, &at, 16);
	m->minor = (unsigned int)strtoul(at + 1, &at, 16);
	m->ino = strtoul(at + 1, &at, 10);
	m->flags[0] = '\0';
	return true;
}

/*
 * Convert "VmFlags: rd wr mr " to "rd,wr,mr". Each word has two letters. "sd"
 * is left out, because a kernel that tracks writes (CONFIG_MEM_SOFT_DIRTY) sets
 * it for every mapping, and no merge depends on it.
 */
static void read_flags(const char *line, struct mapping *m)
{
	size_t len = 0;

	for (line += strlen("VmFlags:");
	     line[0] == ' ' && line[1] && line[2] && len + 3 < sizeof(m->flags); line += 3) {
		if (strncmp(line + 1, "sd", 2) == 0)
			continue;
		if (len)
			m->flags[len++] = ',';
		m->flags[len++] = line[1];
		m->flags[len++] = line[2];
	}
	m->flags[len] = '\0';
}

static unsigned int shm_number(unsigned long ino)
{
	unsigned int i = 0;

	while (i < stage->nr_shm && stage->shm[i] != ino)
		i++;
	if (i == stage->nr_shm && i < STAGE_SHM_MAX)
		stage->shm[stage->nr_shm++] = ino;
	return i;
}

static void print_mapping(const struct mapping *m, bool flags)
{
	const char *name = arena_file_name(m->major, m->minor, m->ino);

	say("%lx-%lx %s %lx ", m->start, m->end, m->perms, m->offset);
	if (name)
		say("%s", name);
	else if (m->ino)
		say("shm%u", shm_number(m->ino));
	else
		say("-");
	if (flags)
		say(" %s", m->flags);
	say("\n");
}

void layout_print(bool flags)
{
	static struct lines in;
	struct mapping m = {0};
	char *line;

	in.len = in.pos = 0;
	in.fd = open(flags ? "/proc/self/smaps" : "/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (in.fd < 0) {
		complain("/proc/self/smaps: %s", strerror(errno));
		stage->trouble = STAGE_BROKEN;
		return;
	}
	while ((line = next_line(&in))) {
		bool head = read_head(line, &m);

		if (m.start >= ARENA_END)
			break;
		if (m.end <= ARENA_START)
			continue;
		if (!flags) {
			print_mapping(&m, false);
		} else if (!head && strncmp(line, "VmFlags:", strlen("VmFlags:")) == 0) {
			read_flags(line, &m);
			print_mapping(&m, true);
		}
	}
	close(in.fd);
}
