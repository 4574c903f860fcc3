/* SPDX-License-Identifier: MIT */
/* escape.h - escapes text for HTML. */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include <stdio.h>

/**
 * report_escape() - Write @text so that no part of it is a tag or ends an
 * attribute. Control characters become '?'.
 */
void report_escape(FILE *out, const char *text);

#endif
