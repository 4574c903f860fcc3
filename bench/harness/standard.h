/* SPDX-License-Identifier: MIT */
/*
 * standard.h - what every program promises about its standard output: a
 * program that ends with status 0 or 1 has written all of it.
 *
 * stdio buffers, so a full disk often shows only when the stream is closed,
 * after main() has returned. A handler of exit() closes it and looks. It
 * covers --help and every other way out, too.
 */
#ifndef BENCH_STANDARD_H
#define BENCH_STANDARD_H

#include <stdbool.h>

/**
 * bench_standard_begin() - First call of main().
 *
 * Lost output ends the program with BENCH_EXIT_USAGE and one line, "PROGRAM:
 * standard output: No space left on device". A program whose reader has gone
 * is ended by SIGPIPE, silently, as usual; where the parent has SIGPIPE
 * ignored, it is lost output like any other.
 *
 * A standard descriptor that is closed is occupied in such a way that using it
 * fails: otherwise the next file that is opened would take its number, and
 * receive what is printed.
 */
void bench_standard_begin(const char *program);

/** bench_standard_rename() - What the message calls the program from now on. */
void bench_standard_rename(const char *program);

/**
 * bench_standard_flush() - Bring what was printed so far to standard output.
 * Return: false when output was lost; the message is printed once. The caller
 * stops: more work would only be lost, too.
 */
bool bench_standard_flush(void);

#endif
