/* SPDX-License-Identifier: MIT */
/*
 * program.h - runs vmreplay for the tests of its commands, from the top of the
 * tree. An unexpected result fails the test. One thread.
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
 * For main(): the only argument is the path of vmreplay.
 * Return: 0, or an exit status after a message.
 */
int program_init(int argc, char **argv);

/*
 * Run `vmreplay ARGUMENTS`, where the printf format gives the arguments, and
 * require that it exits with @status.
 * Return: both outputs, valid until the next call; PROGRAM_STDOUT at the end of
 * the arguments keeps standard output only.
 */
const char *program_run(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define PROGRAM_STDOUT " 2>/dev/null"

/* Require that @output holds @part, or that it does not. */
void program_expect(const char *output, const char *part);
void program_expect_none(const char *output, const char *part);

/*
 * Require that the texts are equal; otherwise show the first line that differs.
 * @what names the file and engine in the message.
 */
void program_expect_text(const char *output, const char *expected, const char *what);

/* Read the whole file; the caller must free the text. */
char *program_file(const char *path);

#endif
