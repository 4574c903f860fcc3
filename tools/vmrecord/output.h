/* SPDX-License-Identifier: MIT */
/*
 * output.h - the recording being written: it compresses text with xz into a
 * file that has a temporary name, in the folder of the final one, until it is
 * whole. Each function prints a message when it fails.
 */
#ifndef TOOLS_VMRECORD_OUTPUT_H
#define TOOLS_VMRECORD_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct output;

/*
 * Create the temporary file (bench/harness/outfile.h), so that a path that
 * cannot be written is reported before anything runs. The output keeps the
 * pointer @path. Return: NULL after a failure.
 */
struct output *output_create(const char *path);

/* The temporary file's path. */
const char *output_temporary(const struct output *output);

/* Write text. Return: 0, or -1 after a failure. */
int output_write(struct output *output, const void *text, size_t len);

/*
 * Complete the xz stream and bring it to the disk. Return: 0, or -1 after a
 * failure.
 */
int output_complete(struct output *output);

/*
 * Give the file its final name: replace a regular file, or write to a device or
 * a FIFO. Return: 0, or -1 after a failure.
 */
int output_publish(struct output *output);

uint64_t output_text_bytes(const struct output *output);
uint64_t output_xz_bytes(const struct output *output);

/* Remove the temporary file if it was not published. NULL is allowed. */
void output_destroy(struct output *output);

#endif
