/* SPDX-License-Identifier: MIT */
/*
 * results.h - all rows of one or more result files, the order in which a report
 * shows them, and the findings of bench/conflicts.
 *
 * Rows of the same workload, engine, threads and vmas are one point that was
 * measured several times. Merging keeps the median row.
 */
#ifndef REPORT_RESULTS_H
#define REPORT_RESULTS_H

#include "bench/harness/row.h"
#include "tools/report/conflicts.h"

struct results {
	struct bench_row *row;
	size_t nr;
	struct conflicts conflicts;
};

/**
 * results_read() - Append the rows and conflicts of the file @path, one JSON
 * object a line; empty lines are skipped.
 * Return: false, after a line on stderr: "file:line: what was found, what was
 *         expected".
 */
bool results_read(struct results *results, const char *path);
void results_free(struct results *results);

/**
 * results_merge() - Leave one row for each point: the row with the median
 * throughput, with the errors and runs of all its rows, and with their
 * extremes. The order is by workload in order of appearance, then by threads,
 * then by engine in order of appearance.
 * Return: false if memory is out; the rows are as they were.
 */
bool results_merge(struct results *results);

/* ---- what a report loops over; each returns how many, at most @most ---- */

unsigned int results_workloads(const struct results *results, const char **names,
			       unsigned int most);
unsigned int results_engines(const struct results *results, const char **names, unsigned int most);

/** results_find() - The row of that point with the fewest vmas, or NULL. */
const struct bench_row *results_find(const struct results *results, const char *workload,
				     const char *engine, unsigned int threads);

/**
 * results_threads_max() - The largest number of threads in @workload's rows.
 */
unsigned int results_threads_max(const struct results *results, const char *workload);

#endif
