/* SPDX-License-Identifier: MIT */
/*
 * say.h - prints messages that echo foreign text: words of a command line,
 * lines of a file, names in a recording. A terminal obeys control characters,
 * so each one is shown as \xNN instead of being sent.
 */
#ifndef BENCH_SAY_H
#define BENCH_SAY_H

#include <stdarg.h>
#include <stdio.h>

#define BENCH_SHOWN_MAX 96

/**
 * bench_say() - Print one line; the newline is added.
 *
 * The text may have any length: a path is printed whole. Every control
 * character of the text is shown as \xNN, newlines included, so that one call
 * prints one line whatever the arguments hold.
 */
void bench_say(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_vsay(FILE *out, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/**
 * bench_shown() - @text as a message quotes it: control characters as \xNN; a
 * text that is too long for @buf ends in "...".
 * Return: @buf.
 */
const char *bench_shown(const char *text, char buf[BENCH_SHOWN_MAX]);

/**
 * bench_is_control() - Whether a terminal may obey the character at @at. The C1
 * controls of UTF-8 are two bytes long.
 * Return: the number of bytes of the control character; 0 if it is none.
 */
int bench_is_control(const char *at);

#endif
