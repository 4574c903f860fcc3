/* SPDX-License-Identifier: MIT */
/*
 * escape.h - text in HTML.
 */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include <stdio.h>

/**
 * report_escape() - Write @text so that nothing in it is a tag or ends an
 * attribute; control characters become '?'.
 */
void report_escape(FILE *out, const char *text);

#endif
