/* SPDX-License-Identifier: MIT */
/*
 * text.c - files for the tests of tools/trace.
 */
#include "tests/trace/text.h"

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

	if (!bytes ||
	    lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)string, len, bytes, &made, room) != LZMA_OK)
		abort();
	name = text_file(bytes, made < keep ? made : keep);
	free(bytes);
	return name;
}

void text_remove(void)
{
	if (!path[0])
		return;
	unlink(path);
	rmdir(directory);
}
