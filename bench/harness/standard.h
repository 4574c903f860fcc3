/* SPDX-License-Identifier: MIT */
/*
 * standard.h - the promise of every program about its standard output: a
 * program that ends with status 0 or 1 has written all of it.
 *
 * stdio buffers, so a full disk often shows only when the stream is closed,
 * after main() has returned. A handler of exit() closes the stream and checks
 * it. The handler covers --help and every other way out, too.
 *
 * Locks: none; one thread at a time may call these functions.
 */
#ifndef BENCH_STANDARD_H
#define BENCH_STANDARD_H

#include <stdbool.h>

/**
 * bench_standard_begin() - Make the promise; main() must call it first.
 *
 * If output is lost, the program ends with BENCH_EXIT_USAGE and one line,
 * "PROGRAM: standard output: No space left on device". If the reader of a pipe
 * has closed it, SIGPIPE ends the program silently, as usual; where the parent
 * has SIGPIPE ignored, that is lost output like any other.
 *
 * With the GNU C library stdout is another stream from then on, which notes why
 * a write failed: what was printed before would come out last.
 *
 * A standard descriptor that is closed is occupied in such a way that using it
 * fails. Otherwise the next file that the program opens would take its number
 * and receive what is printed.
 */
void bench_standard_begin(const char *program);

/**
 * bench_standard_rename() - Set the program's name in the message.
 */
void bench_standard_rename(const char *program);

/**
 * bench_standard_flush() - Write what was printed so far to standard output.
 * Return: false if output was lost; the message is printed once. The caller
 * must then stop, because further output would be lost, too.
 */
bool bench_standard_flush(void);

#endif
