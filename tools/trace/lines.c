/* SPDX-License-Identifier: MIT */
/*
 * lines.c - bytes to lines: opens the file, recognises xz by its first bytes,
 * decompresses, and cuts the text at newlines. A text that ends inside a line
 * or inside the compressed data is an error.
 *
 * One buffer holds the decoded text. The beginning of a line at the end of the
 * buffer moves to the front before more is read. Read next: trace.c.
 */
#include "tools/trace/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/trace/trace.h"

#define TEXT_SIZE (256u << 10) /* also the longest line */
#define INPUT_SIZE (64u << 10)
/* A file whose decoder needs more is not a recording. */
#define XZ_MEMORY_LIMIT (512u << 20)

struct trace_lines {
	int fd;
	bool xz;
	bool ended; /* the buffer holds the rest of the text */
	lzma_stream decoder;
	size_t text_start, text_end; /* the part of text[] that is not given out yet */
	/* plain text: bytes of input[] to move to text[] at the first fill */
	size_t input_len;
	char problem[256];
	uint8_t input[INPUT_SIZE];
	char text[TEXT_SIZE + 1]; /* +1: the NUL behind a line that fills it */
};

/* Files that a user may name instead of the text in them. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} foreign[] = {
	{"PERFILE2", 8, "a perf.data file, expected the text that `perf script` prints of it"},
	{"\x1f\x8b", 2, "gzip data, expected text, plain or xz-compressed"},
	{"BZh", 3, "bzip2 data, expected text, plain or xz-compressed"},
	{"\x28\xb5\x2f\xfd", 4, "zstd data, expected text, plain or xz-compressed"},
};

static int fail(struct trace_lines *lines, const char *what)
{
	snprintf(lines->problem, sizeof(lines->problem), "%s", what);
	return -1;
}

static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buf, size);
	while (got < 0 && errno == EINTR);
	return got;
}

static int fail_read(struct trace_lines *lines)
{
	snprintf(lines->problem, sizeof(lines->problem), "cannot be read further: %s",
		 strerror(errno));
	return -1;
}

/*
 * Read more text into the buffer, which has room.
 * Return: 0, also at the end of the file; -1 after an error.
 */
static int fill_plain(struct trace_lines *lines)
{
	ssize_t got;

	if (lines->input_len) {
		memcpy(lines->text + lines->text_end, lines->input, lines->input_len);
		lines->text_end += lines->input_len;
		lines->input_len = 0;
		return 0;
	}
	got = read_some(lines->fd, lines->text + lines->text_end, TEXT_SIZE - lines->text_end);
	if (got < 0)
		return fail_read(lines);
	lines->text_end += (size_t)got;
	lines->ended = got == 0;
	return 0;
}

static int fail_xz(struct trace_lines *lines, lzma_ret ret)
{
	switch (ret) {
	case LZMA_BUF_ERROR:
		return fail(lines, "the xz data end early, expected the rest of the stream (a "
				   "truncated file?)");
	case LZMA_MEM_ERROR:
		return fail(lines, "out of memory while decompressing");
	case LZMA_MEMLIMIT_ERROR:
		return fail(
			lines,
			"the xz data ask for more than 512 MiB of memory, expected a recording");
	case LZMA_FORMAT_ERROR:
		return fail(lines,
			    "bytes that are not xz after the first stream, expected the end");
	case LZMA_OPTIONS_ERROR:
		return fail(lines, "the xz data use options that this liblzma does not know");
	default:
		return fail(lines,
			    "the xz data are corrupt, expected a stream that matches its checksum");
	}
}

static int fill_xz(struct trace_lines *lines)
{
	lzma_stream *decoder = &lines->decoder;
	lzma_action action = LZMA_RUN;
	lzma_ret ret;
	ssize_t got;

	if (!decoder->avail_in) {
		got = read_some(lines->fd, lines->input, sizeof(lines->input));
		if (got < 0)
			return fail_read(lines);
		decoder->next_in = lines->input;
		decoder->avail_in = (size_t)got;
		if (!got)
			action = LZMA_FINISH;
	}
	decoder->next_out = (uint8_t *)lines->text + lines->text_end;
	decoder->avail_out = TEXT_SIZE - lines->text_end;
	ret = lzma_code(decoder, action);
	lines->text_end = TEXT_SIZE - decoder->avail_out;
	if (ret == LZMA_STREAM_END) {
		lines->ended = true;
		return 0;
	}
	return ret == LZMA_OK ? 0 : fail_xz(lines, ret);
}

static int fill(struct trace_lines *lines)
{
	size_t left = lines->text_end - lines->text_start;

	if (lines->text_start) {
		memmove(lines->text, lines->text + lines->text_start, left);
		lines->text_start = 0;
		lines->text_end = left;
	}
	if (left == TEXT_SIZE)
		return fail(lines, "a line of more than 256 KiB, expected one event a line");
	return lines->xz ? fill_xz(lines) : fill_plain(lines);
}

int trace_lines_next(struct trace_lines *lines, char **line, size_t *len)
{
	size_t searched = 0; /* bytes of the rest that hold no newline */

	if (lines->problem[0])
		return -1;
	for (;;) {
		char *begin = lines->text + lines->text_start;
		size_t left = lines->text_end - lines->text_start;
		char *newline = memchr(begin + searched, '\n', left - searched);

		if (newline) {
			*newline = '\0';
			*line = begin;
			*len = (size_t)(newline - begin);
			lines->text_start += *len + 1;
			return 1;
		}
		searched = left;
		if (lines->ended)
			return left ? fail(lines, "the text ends inside a line, expected a newline "
						  "(a truncated file?)")
				    : 0;
		if (fill(lines))
			return -1;
	}
}

const char *trace_lines_problem(const struct trace_lines *lines)
{
	return lines->problem;
}

/* Look at the first bytes, which stay in input[]. */
static int look_at_start(struct trace_lines *lines)
{
	static const uint8_t xz_magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
	size_t len = 0;
	ssize_t got;

	do {
		got = read_some(lines->fd, lines->input + len, sizeof(lines->input) - len);
		if (got < 0)
			return fail_read(lines);
		len += (size_t)got;
	} while (got && len < sizeof(lines->input));
	if (!len)
		return fail(lines, "an empty file, expected the text that `perf script` prints");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (len >= foreign[i].len &&
		    !memcmp(lines->input, foreign[i].magic, foreign[i].len))
			return fail(lines, foreign[i].what);
	if (len < sizeof(xz_magic) || memcmp(lines->input, xz_magic, sizeof(xz_magic))) {
		lines->input_len = len;
		return 0;
	}
	lines->xz = true;
	lines->decoder.next_in = lines->input;
	lines->decoder.avail_in = len;
	return lzma_stream_decoder(&lines->decoder, XZ_MEMORY_LIMIT, LZMA_CONCATENATED) == LZMA_OK
		       ? 0
		       : fail(lines, "out of memory while decompressing");
}

struct trace_lines *trace_lines_open(const char *path, char *error)
{
	struct trace_lines *lines = malloc(sizeof(*lines));
	struct stat st;

	if (!lines) {
		snprintf(error, TRACE_ERROR_MAX, "%s: out of memory", path);
		return NULL;
	}
	/* Leave the buffers, which are filled before they are read. */
	memset(lines, 0, offsetof(struct trace_lines, input));
	lines->decoder = (lzma_stream)LZMA_STREAM_INIT;
	lines->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (lines->fd < 0 && strlen(path) >= PATH_MAX) {
		snprintf(error, TRACE_ERROR_MAX, "%.80s...: %s", path, strerror(errno));
	} else if (lines->fd < 0 || fstat(lines->fd, &st)) {
		snprintf(error, TRACE_ERROR_MAX, "%s: %s", path, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		snprintf(error, TRACE_ERROR_MAX, "%s: a directory, expected a recording", path);
	} else {
		look_at_start(lines); /* its error is reported for line 1 */
		return lines;
	}
	trace_lines_close(lines);
	return NULL;
}

void trace_lines_close(struct trace_lines *lines)
{
	if (!lines)
		return;
	lzma_end(&lines->decoder);
	if (lines->fd >= 0)
		close(lines->fd);
	free(lines);
}
