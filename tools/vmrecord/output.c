/* SPDX-License-Identifier: MIT */
/*
 * output.c - see output.h: compresses with liblzma into a temporary file, which
 * gets its final name when it is whole.
 */
#include "tools/vmrecord/output.h"

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/harness/outfile.h"
#include "tools/vmrecord/say.h"

/*
 * A fault's line is a little over a hundred bytes, and most of them repeat an
 * earlier line. Searching for matches longer than the preset's 64 bytes makes
 * the file 20 % smaller. The extreme preset gains no more and takes three times
 * as long.
 */
#define XZ_PRESET 6
#define XZ_NICE_LENGTH 128
#define XZ_BUFFER (64u << 10)

struct output {
	struct bench_outfile *file;
	const char *path;
	lzma_stream encoder;
	uint8_t buffer[XZ_BUFFER];
};

static int fail(const struct output *output, const char *why)
{
	say("%s: %s", output->path, why);
	return -1;
}

static bool start_encoder(struct output *output)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {{.id = LZMA_FILTER_LZMA2, .options = &options},
				 {.id = LZMA_VLI_UNKNOWN}};

	if (lzma_lzma_preset(&options, XZ_PRESET))
		return false;
	options.pb = 0; /* text has no alignment */
	options.nice_len = XZ_NICE_LENGTH;
	return lzma_stream_encoder(&output->encoder, filters, LZMA_CHECK_CRC64) == LZMA_OK;
}

struct output *output_create(const char *path)
{
	struct output *output = calloc(1, sizeof(*output));

	if (!output) {
		say("out of memory");
		return NULL;
	}
	output->encoder = (lzma_stream)LZMA_STREAM_INIT;
	output->path = path;
	output->file = bench_outfile_open(path);
	if (output->file && !start_encoder(output))
		fail(output, "out of memory");
	else if (output->file)
		return output;
	output_destroy(output);
	return NULL;
}

const char *output_temporary(const struct output *output)
{
	return bench_outfile_temporary(output->file);
}

static int write_all(const struct output *output, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(bench_outfile_fd(output->file), bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(output, strerror(errno));
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

/*
 * Run the encoder until it has taken all input (LZMA_RUN), or written all
 * output (LZMA_FINISH).
 */
static int encode(struct output *output, lzma_action action)
{
	lzma_stream *encoder = &output->encoder;
	lzma_ret ret;

	do {
		encoder->next_out = output->buffer;
		encoder->avail_out = sizeof(output->buffer);
		ret = lzma_code(encoder, action);
		if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			return fail(output, ret == LZMA_MEM_ERROR ? "out of memory"
								  : "cannot be compressed");
		if (write_all(output, output->buffer, sizeof(output->buffer) - encoder->avail_out))
			return -1;
	} while (action == LZMA_RUN ? encoder->avail_in != 0 : ret != LZMA_STREAM_END);
	return 0;
}

int output_write(struct output *output, const void *text, size_t len)
{
	output->encoder.next_in = text;
	output->encoder.avail_in = len;
	return encode(output, LZMA_RUN);
}

int output_complete(struct output *output)
{
	if (encode(output, LZMA_FINISH))
		return -1;
	return fsync(bench_outfile_fd(output->file)) ? fail(output, strerror(errno)) : 0;
}

int output_publish(struct output *output)
{
	return bench_outfile_publish(output->file) ? 0 : -1;
}

uint64_t output_text_bytes(const struct output *output)
{
	return output->encoder.total_in;
}

uint64_t output_xz_bytes(const struct output *output)
{
	return output->encoder.total_out;
}

void output_destroy(struct output *output)
{
	if (!output)
		return;
	lzma_end(&output->encoder);
	bench_outfile_close(output->file);
	free(output);
}
