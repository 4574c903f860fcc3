/* SPDX-License-Identifier: MIT */
/*
 * heatmap.h - the findings of bench/conflicts as coloured tables, and their
 * meaning for many cores as sentences.
 */
#ifndef REPORT_HEATMAP_H
#define REPORT_HEATMAP_H

#include "tools/report/conflicts.h"

/** heatmap_style() - The tables' part of the style sheet. */
extern const char heatmap_style[];

/**
 * heatmap_write() - Write a table for each engine and relation, operations by
 * operations, in HTML. Writes nothing if there are no findings.
 */
void heatmap_write(FILE *out, const struct conflicts *conflicts);

/**
 * heatmap_write_text() - Write only the sentences, a line for each engine and
 * relation.
 */
void heatmap_write_text(FILE *out, const struct conflicts *conflicts);

#endif
