/* SPDX-License-Identifier: MIT */
/* html.h - the report as one self-contained page. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "tools/report/plot.h"
#include "tools/report/results.h"

/**
 * html_write() - Write the page.
 * @machine: a file of "key: value" lines about the machine, or NULL.
 * @plots:   what plot_all() drew.
 *
 * Every text that comes from a file is escaped, even if the reader checked it.
 * Only the panels are in the page as gnuplot made them.
 *
 * Return: false, after a line on stderr, if @machine could not be read. The
 * caller checks @out for errors.
 */
bool html_write(FILE *out, const struct results *results, const char *baseline, const char *machine,
		const struct plots *plots);

#endif
