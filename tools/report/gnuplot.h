/* SPDX-License-Identifier: MIT */
/*
 * gnuplot.h - runs gnuplot with a script and returns its drawing, without a
 * shell and without a named file.
 */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include <stddef.h>

/**
 * gnuplot_run() - Run the script of @len bytes.
 * Return: gnuplot's standard output, for free(); NULL, after a line on stderr,
 * if gnuplot is missing or failed.
 */
char *gnuplot_run(const char *script, size_t len);

#endif
