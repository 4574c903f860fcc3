/* SPDX-License-Identifier: MIT */
/*
 * plot.h - draws the panels of a report with gnuplot: for each workload the
 * throughput over threads, and the latencies.
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "tools/report/results.h"

#define PLOT_ENGINES_MAX 8
#define PLOT_WORKLOADS_MAX 256

enum plot_kind { PLOT_THROUGHPUT, PLOT_LATENCY, NR_PLOT_KINDS };

/*
 * The panels, each an SVG element, in the order of results_workloads().
 */
struct plots {
	char *svg[PLOT_WORKLOADS_MAX][NR_PLOT_KINDS];
};

/**
 * plot_all() - Draw every panel of @results. gnuplot reads a script and writes
 * to its standard output: it gets no file name, and the names in @results only
 * as quoted strings.
 * Return: false, after a line on stderr, if gnuplot is missing or failed. The
 *         caller must call plots_free() in either case.
 */
bool plot_all(const struct results *results, struct plots *plots);
void plots_free(struct plots *plots);

#endif
