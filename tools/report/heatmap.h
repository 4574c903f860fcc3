/* SPDX-License-Identifier: MIT */
/*
 * heatmap.h - what bench/conflicts found, as coloured tables, and what it means
 * for many cores, as sentences.
 */
#ifndef REPORT_HEATMAP_H
#define REPORT_HEATMAP_H

#include "tools/report/conflicts.h"

/** heatmap_style() - The style sheet's part for the tables. */
extern const char heatmap_style[];

/**
 * heatmap_write() - A table for each engine and relation, operations by
 * operations, in HTML. Nothing was found: nothing.
 */
void heatmap_write(FILE *out, const struct conflicts *conflicts);

/**
 * heatmap_write_text() - The sentences alone, a line for each engine and
 * relation.
 */
void heatmap_write_text(FILE *out, const struct conflicts *conflicts);

#endif
