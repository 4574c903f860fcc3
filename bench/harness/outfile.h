/* SPDX-License-Identifier: MIT */
/*
 * outfile.h - a file that is written as a whole or not at all.
 *
 * The program writes into a temporary file first. bench_outfile_publish() then
 * puts the text in place:
 *
 * 	a regular file, or none	the temporary file, made by mkostemp() in the
 * 				same folder, is renamed over it and has its
 * 				mode (a new file: 0666 less the umask)
 * 	a symbolic link		the file that it leads to is replaced in that
 * 				way; the link stays. A link that leads nowhere
 * 				yet makes its target
 * 	a device, a FIFO, ...	is never replaced: the text is copied into it
 * 	the file that is also	the text is copied into it, after what it
 * 	standard output		already holds (-o /dev/stdout)
 *
 * The old file stays whole until the new one is complete. bench_outfile_open()
 * refuses a file that may not be written, before any work is done. The
 * temporary file is removed on failure, and by SIGINT, SIGTERM and SIGHUP
 * unless the program handles these itself.
 *
 * Locks: none; one file at a time, on one thread.
 */
#ifndef BENCH_OUTFILE_H
#define BENCH_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct bench_outfile;

/**
 * bench_outfile_open() - Get ready to write @path. Opening a FIFO waits for its
 * reader.
 * Return: NULL after a line on stderr, "PATH: why".
 */
struct bench_outfile *bench_outfile_open(const char *path);

/**
 * bench_outfile_fd() - The descriptor to write to. @file keeps owning it.
 */
int bench_outfile_fd(const struct bench_outfile *file);

/**
 * bench_outfile_stream() - A stream to write to, which the caller must close;
 * fclose() tells whether all was written.
 * Return: NULL after a line on stderr.
 */
FILE *bench_outfile_stream(const struct bench_outfile *file);

/** bench_outfile_temporary() - The temporary file's path. */
const char *bench_outfile_temporary(const struct bench_outfile *file);

/**
 * bench_outfile_publish() - Put the written text in place.
 * Return: false after a line on stderr; the old file is then unchanged.
 */
bool bench_outfile_publish(struct bench_outfile *file);

/**
 * bench_outfile_close() - Free @file, and remove the temporary file if it was
 * not published. NULL is allowed.
 */
void bench_outfile_close(struct bench_outfile *file);

#endif
