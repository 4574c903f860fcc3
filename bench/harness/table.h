/* SPDX-License-Identifier: MIT */
/*
 * table.h - rows as a table for people. With a baseline engine, a column says
 * how many times as fast as the baseline each row is: same workload, same
 * number of threads.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "bench/harness/row.h"

#define BENCH_GROUPED_MAX 32

/** bench_grouped() - 1234567 as 1,234,567. Return: a place in @buf. */
const char *bench_grouped(uint64_t value, char buf[BENCH_GROUPED_MAX]);

/**
 * bench_table_baseline() - What @row is compared to: the row of engine
 * @baseline with its workload and threads; of several, that with the nearest
 * number of vmas, which a replay may count a little differently on each engine.
 * Return: the row, or NULL if there is none, or it measured nothing.
 */
const struct bench_row *bench_table_baseline(const struct bench_row *rows, size_t nr,
					     const struct bench_row *row, const char *baseline);

/**
 * bench_table_speedup() - Throughput of @row over that of its baseline, or 0 if
 * it has none.
 */
double bench_table_speedup(const struct bench_row *rows, size_t nr, const struct bench_row *row,
			   const char *baseline);

/**
 * bench_table_unsure() - Whether the runs of @row or of its baseline lie
 * further apart than the two differ: then no difference is shown. false if it
 * has no baseline, or is it.
 */
bool bench_table_unsure(const struct bench_row *rows, size_t nr, const struct bench_row *row,
			const char *baseline);

/**
 * bench_table_notes() - What the marks of these rows mean, a line each; nothing
 * if no row has one.
 */
void bench_table_notes(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline);

/**
 * bench_table_head() - The line of headings. @baseline: an engine, or NULL for
 * no speed-up column.
 */
void bench_table_head(FILE *out, const char *baseline);

/**
 * bench_table_rows() - @rows, which hold the baseline that they are compared
 * to, with an empty line between workloads. A row ends with ? if it is
 *  unsure, with ! if it was disturbed: bench_table_notes().
 */
void bench_table_rows(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline);

/** bench_table_print() - The notes, headings and @rows. */
void bench_table_print(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline);

#endif
