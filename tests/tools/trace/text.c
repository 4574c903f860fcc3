/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. Makes files for the tests of tools/trace. */
#include "tests/tools/trace/text.h"

#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/trace-test-XXXXXX";
static char path[sizeof(directory) + 16];

const char *text_file(const void *bytes, size_t len)
{
	FILE *file;

	if (!path[0]) {
		if (!mkdtemp(directory))
			abort();
		snprintf(path, sizeof(path), "%s/text", directory);
	}
	file = fopen(path, "w");
	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file))
		abort();
	return path;
}

const char *text_of(const char *string)
{
	return text_file(string, strlen(string));
}

const char *text_xz(const char *string, size_t keep)
{
	size_t len = strlen(string), room = lzma_stream_buffer_bound(len), made = 0;
	uint8_t *bytes = malloc(room);
	const char *name;

	if (!bytes || lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)string,
					      len, bytes, &made, room) != LZMA_OK)
		abort();
	name = text_file(bytes, made < keep ? made : keep);
	free(bytes);
	return name;
}

const char *text_of_forks(int nr, unsigned long apart)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *name;

	if (!out)
		abort();
	fputs(BEGIN, out);
	for (int i = 0; i < nr; i++) {
		fprintf(out,
			ENTER("100/100", "1%08d", "mmap",
			      "addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x22, fd: 0xffffffff, "
			      "off: 0x0"),
			2 * i);
		fprintf(out, LEAVE("100/100", "1%08d", "mmap", "0x%lx"), 2 * i + 1,
			0x10000000 + (unsigned long)i * apart);
	}
	for (int i = 0; i < nr; i++) {
		fprintf(out, ENTER("100/100", "2%08d", "fork", ""), 3 * i);
		fprintf(out, TASK_NEW("100/100", "2%08d", "%d:%d", "100:100"), 3 * i + 1, 1000 + i,
			1000 + i);
		fprintf(out, LEAVE("100/100", "2%08d", "fork", "0x%x"), 3 * i + 2, 1000 + i);
	}
	if (fclose(out))
		abort();
	name = text_of(text);
	free(text);
	return name;
}

void text_remove(void)
{
	if (!path[0])
		return;
	unlink(path);
	rmdir(directory);
}
