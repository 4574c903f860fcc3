/* SPDX-License-Identifier: MIT */
/*
 * slower.h - lists the points at which an engine is slower than the baseline,
 * so that no reader has to find them in a table.
 */
#ifndef REPORT_SLOWER_H
#define REPORT_SLOWER_H

#include "tools/report/results.h"

/**
 * slower_write() - Write a line for each engine: its name, and its points below
 * 0.95 of @baseline's throughput.
 *
 * A point is named only if even its fastest run was slower than the baseline's
 * slowest; the others are counted.
 */
void slower_write(FILE *out, const struct results *results, const char *baseline);

#endif
