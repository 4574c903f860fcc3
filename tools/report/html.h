/* SPDX-License-Identifier: MIT */
/*
 * html.h - the report as one self-contained page.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "tools/report/results.h"

/**
 * html_write() - Write the page.
 * @machine: a file of "key: value" lines about the machine, or NULL.
 * @plots:   the folder that plot_all() drew into.
 * Return: false, after a line on stderr, if a file could not be read or @out not be written.
 */
bool html_write(FILE *out, const struct results *results, const char *baseline, const char *machine, const char *plots);

#endif
