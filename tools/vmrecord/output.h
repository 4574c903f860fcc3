/* SPDX-License-Identifier: MIT */
/*
 * output.h - the file being made: text goes in, xz comes out, under a temporary
 * name beside the final one until it is whole.
 */
#ifndef TOOLS_VMRECORD_OUTPUT_H
#define TOOLS_VMRECORD_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct output;

/*
 * Makes the temporary file of bench/harness/outfile.h, so that a place that
 * cannot be written shows before anything runs. @path is kept, not copied.
 * NULL: said why.
 */
struct output *output_create(const char *path);

/* Where it is written for now. */
const char *output_temporary(const struct output *output);

/* Return: 0, or -1 when it could not be written (said why). */
int output_write(struct output *output, const void *text, size_t len);

/*
 * Everything is in: completes the xz stream and brings it to the disk. 0 or -1
 * (said why).
 */
int output_complete(struct output *output);

/*
 * Puts it in its place: a regular file is replaced, a device or a FIFO is
 * written to. 0 or -1 (said why).
 */
int output_publish(struct output *output);

uint64_t output_text_bytes(const struct output *output);
uint64_t output_xz_bytes(const struct output *output);

/* Removes the temporary file if it was not published. NULL is allowed. */
void output_destroy(struct output *output);

#endif
