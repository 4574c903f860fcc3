/* SPDX-License-Identifier: MIT */
/*
 * plot.h - draws the panels of a report with gnuplot: for each workload the throughput over threads, and the latencies.
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "tools/report/results.h"

#define PLOT_ENGINES_MAX 8
#define PLOT_WORKLOADS_MAX 256

enum plot_kind { PLOT_THROUGHPUT, PLOT_LATENCY };

/**
 * plot_all() - Draw every panel of @results into the folder @dir.
 * Return: false if gnuplot is missing or failed, after a line on stderr.
 */
bool plot_all(const struct results *results, const char *dir);

/** plot_path() - The file of the panel of workload number @workload, as results_workloads() counts. */
void plot_path(char *path, size_t size, const char *dir, enum plot_kind kind, unsigned int workload);

#endif
