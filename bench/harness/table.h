/* SPDX-License-Identifier: MIT */
/*
 * table.h - prints rows as a table for people. With a baseline engine, a column
 * says how many times as fast as the baseline each row is, for the same
 * workload and number of threads.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "bench/harness/row.h"

#define BENCH_GROUPED_MAX 32

/**
 * bench_grouped() - Format 1234567 as 1,234,567. Return: a pointer into @buf.
 */
const char *bench_grouped(uint64_t value, char buf[BENCH_GROUPED_MAX]);

/**
 * bench_table_baseline() - The row that @row is compared to: the row of engine
 * @baseline with the same workload and threads. Of several, it is the row with
 * the nearest number of vmas, which a replay may count a little differently on
 * each engine.
 * Return: the row, or NULL if there is none, or if it measured nothing.
 */
const struct bench_row *bench_table_baseline(const struct bench_row *rows, size_t nr,
					     const struct bench_row *row, const char *baseline);

/**
 * bench_table_speedup() - The throughput of @row over that of its baseline, or
 * 0 if it has none.
 */
double bench_table_speedup(const struct bench_row *rows, size_t nr, const struct bench_row *row,
			   const char *baseline);

/**
 * bench_table_unsure() - Whether the runs of @row or of its baseline lie
 * further apart than the two rows differ: then the two cannot be told apart.
 * Return: false also if @row has no baseline, or is the baseline.
 */
bool bench_table_unsure(const struct bench_row *rows, size_t nr, const struct bench_row *row,
			const char *baseline);

/**
 * bench_table_notes() - Explain the marks of these rows, a line for each mark
 * that occurs.
 */
void bench_table_notes(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline);

/**
 * bench_table_head() - Print the line of headings. @baseline: an engine, or
 * NULL for no speed-up column.
 */
void bench_table_head(FILE *out, const char *baseline);

/**
 * bench_table_rows() - Print @rows, which include their baseline, with an empty
 * line between workloads. A row ends with ? if it is unsure and with ! if it
 * was disturbed: bench_table_notes().
 */
void bench_table_rows(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline);

/**
 * bench_table_print() - Print the notes, the headings and @rows.
 */
void bench_table_print(FILE *out, const struct bench_row *rows, size_t nr, const char *baseline);

#endif
