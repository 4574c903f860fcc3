/* SPDX-License-Identifier: MIT */
/*
 * say.h - messages that echo what somebody else wrote: words of a command
 * line, lines of a file, names in a recording. A terminal obeys control
 * characters, so each one is shown as \xNN instead of being sent.
 */
#ifndef BENCH_SAY_H
#define BENCH_SAY_H

#include <stdarg.h>
#include <stdio.h>

#define BENCH_SHOWN_MAX 96

/**
 * bench_say() - Print one line; the newline is added.
 *
 * No length is too long: a path is printed whole. Every control character
 * of the text is shown as \xNN, newlines included, so that one call is one
 * line whatever the arguments hold.
 */
void bench_say(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_vsay(FILE *out, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/**
 * bench_shown() - @text as a message quotes it: control characters as \xNN,
 * and what is too long for @buf ends in "...".
 * Return: @buf.
 */
const char *bench_shown(const char *text, char buf[BENCH_SHOWN_MAX]);

/**
 * bench_is_control() - Whether a terminal may obey the character at @at; the C1
 * controls of UTF-8 are two bytes long.
 */
int bench_is_control(const char *at);

#endif
