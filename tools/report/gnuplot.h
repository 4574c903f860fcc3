/* SPDX-License-Identifier: MIT */
/*
 * gnuplot.h - runs gnuplot: a script in, what it draws out. No shell and no
 * file is between.
 */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include <stddef.h>

/**
 * gnuplot_run() - Run the script of @len bytes.
 * Return: what gnuplot wrote to its standard output, to be freed; NULL, after
 * a line on stderr, if it is missing or failed.
 */
char *gnuplot_run(const char *script, size_t len);

#endif
