/* SPDX-License-Identifier: MIT */
/*
 * outfile.h - a file that is written as a whole or not at all.
 *
 * What is written goes into a temporary file first. bench_outfile_publish()
 * then puts it in place:
 *
 *	a regular file, or none	the temporary file, made by mkostemp() in the
 *				same folder, is renamed over it and has its
 *				mode (a new file: 0666 less the umask)
 *	a symbolic link		the same for the file that it leads to; the
 *				link stays. One that leads nowhere yet makes
 *				its target
 *	a device, a FIFO, ...	is never replaced: the text is copied into it
 *	the file that is also	the text is copied into it, behind what stands
 *	standard output		there already (-o /dev/stdout)
 *
 * The old file is whole until the new one is. A file that may not be written
 * is refused when it is opened, before any work is done. The temporary file is
 * removed on failure, and by SIGINT, SIGTERM and SIGHUP unless the program
 * handles these by itself.
 *
 * Locks: none; one file at a time, on one thread.
 */
#ifndef BENCH_OUTFILE_H
#define BENCH_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct bench_outfile;

/**
 * bench_outfile_open() - Get ready to write @path. Return: NULL after a line on
 * stderr, "PATH: why". A FIFO waits for its reader.
 */
struct bench_outfile *bench_outfile_open(const char *path);

/** bench_outfile_fd() - Where to write. The file keeps the descriptor. */
int bench_outfile_fd(const struct bench_outfile *file);

/**
 * bench_outfile_stream() - The same as a stream, for the caller to close;
 * fclose() tells whether all was written.
 */
FILE *bench_outfile_stream(const struct bench_outfile *file);

/** bench_outfile_temporary() - The temporary file's path. */
const char *bench_outfile_temporary(const struct bench_outfile *file);

/**
 * bench_outfile_publish() - Put what was written in place. Return: false after
 * a line on stderr; the old file is as it was.
 */
bool bench_outfile_publish(struct bench_outfile *file);

/**
 * bench_outfile_close() - Free @file, and remove what was not published. NULL
 * is allowed.
 */
void bench_outfile_close(struct bench_outfile *file);

#endif
