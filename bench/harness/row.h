/* SPDX-License-Identifier: MIT */
/*
 * row.h - one measured figure as every program here prints it: with --json as
 * one JSON object a line, else as a line of a table (table.h).
 *
 * 	{"workload": "mmap1", "engine": "maple", "threads": 2, "vmas": 9,
 * 	 "ops": 51234, "seconds": 0.5, "ops_per_sec": 102468.0,
 * 	 "p50_ns": 9100, "p99_ns": 20223, "p999_ns": 41215, "max_ns": 60112,
 * 	 "errors": 0, "runs": 3, "ops_per_sec_min": 99120.4,
 * 	 "ops_per_sec_max": 104300.2, "load": 0.3, "others_pct": 1.2,
 * 	 "steal_pct": 0}
 *
 * The last three say how busy others kept the machine: the load average before
 * the runs, and the share of the workers' CPU time that other programs and the
 * hypervisor took. They are missing where the system does not tell.
 *
 * A row of several runs shows the run with the median throughput as a whole.
 * Its errors are the sum over all runs, so that no error is hidden.
 *
 * Locks: none.
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/harness/args.h"
#include "bench/harness/runner.h"

#define BENCH_RUNS_MAX 1000000
/* The largest number in a row: exact in a double, and sums fit. */
#define BENCH_NUMBER_MAX 1000000000000000

struct bench_row {
	char workload[BENCH_NAME_MAX];
	char engine[BENCH_NAME_MAX];
	unsigned int threads;
	unsigned long vmas;
	unsigned long ops;
	double seconds;
	double ops_per_sec;
	uint64_t p50_ns, p99_ns, p999_ns, max_ns;
	unsigned long errors;
	unsigned int runs;
	double ops_per_sec_min, ops_per_sec_max;
	bool others_known;
	double load, others_pct, steal_pct; /* the largest, if rows were merged */
};

/*
 * A row is marked as disturbed if others took more than this share of the
 * workers' CPU time, in percent.
 */
#define BENCH_DISTURBED_PCT 10.0

/**
 * bench_row_disturbed() - Whether others took more than BENCH_DISTURBED_PCT of
 * the CPUs' time; false if that is unknown.
 */
bool bench_row_disturbed(const struct bench_row *row);

/**
 * bench_row_name() - Set the names. A name is cut to what bench_is_name() has
 * room for, and each character that bench_is_name() refuses becomes '_',
 * because a workload may be named after a file.
 */
void bench_row_name(struct bench_row *row, const char *workload, const char *engine);

/** bench_row_latency() - Set the latency columns from @h. */
void bench_row_latency(struct bench_row *row, const struct bench_hist *h);

/**
 * bench_row_fill() - Set everything that the runs decide (all except the names,
 * threads and vmas) from @nr runs, at least one. Sorts @runs by throughput.
 */
void bench_row_fill(struct bench_row *row, struct bench_result **runs, unsigned int nr);

/**
 * bench_row_json() - Make a JSON object of @row, to which a program may add
 * keys.
 * Return: NULL if memory is out.
 */
json_t *bench_row_json(const struct bench_row *row);

/**
 * bench_json_print() - Print @object as one line and release it; NULL means
 * that memory is out. The caller flushes @out: standard.h.
 * Return: 0, or -1 if it could not be put into @out.
 */
int bench_json_print(FILE *out, json_t *object);

/**
 * bench_row_print_json() - Print @row as one line of JSON.
 * Return: 0, or -1 if it could not be written.
 */
int bench_row_print_json(FILE *out, const struct bench_row *row);

/**
 * bench_row_parse() - Parse a line of bench_row_print_json() that anybody may
 * have written or edited. Names must satisfy bench_is_name(), threads lie in 1
 * to BENCH_THREADS_MAX, no number is above 10^15, and the slowest run is no
 * faster than the fastest.
 * @why: receives "what was found, what was expected" on failure.
 */
bool bench_row_parse(struct bench_row *row, const char *line, char *why, size_t why_size);

#endif
