/* SPDX-License-Identifier: MIT */
/*
 * program.h - runs vmreplay for the tests of its commands, from the top of the
 * tree. What is expected and not so fails the test.
 */
#ifndef TESTS_VMREPLAY_PROGRAM_H
#define TESTS_VMREPLAY_PROGRAM_H

#define PROGRAM_RECORDINGS "bench/traces/"
#define PROGRAM_SMALL "tests/tools/vmreplay/recordings/small."
#define PROGRAM_SCRIPTS "tests/tools/vmreplay/scripts/"

extern const char *const program_engines[]; /* NULL-terminated */

/* The bundled recordings, by name; NULL-terminated. */
extern const char *const program_recordings[];

/*
 * For main(): the path of vmreplay is the only argument. Return: 0, or an exit
 * status after a message.
 */
int program_init(int argc, char **argv);

/*
 * Run `vmreplay ARGUMENTS`, the words given printf-formatted, and demand that
 * it exits with @status.
 * Return: both its outputs, until the next call; PROGRAM_STDOUT at the end of
 *         the words keeps the first alone.
 */
const char *program_run(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define PROGRAM_STDOUT " 2>/dev/null"

/* That @output holds @part, or holds it not. */
void program_expect(const char *output, const char *part);
void program_expect_none(const char *output, const char *part);

/*
 * The same text, else the first line that differs is shown. @what: of which
 * file and engine the message is.
 */
void program_expect_text(const char *output, const char *expected, const char *what);

/* All of the file; to be freed. */
char *program_file(const char *path);

#endif
