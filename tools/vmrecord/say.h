/* SPDX-License-Identifier: MIT */
/*
 * say.h - vmrecord's messages on stderr, one a line, and a progress line if
 * stderr is a terminal.
 */
#ifndef TOOLS_VMRECORD_SAY_H
#define TOOLS_VMRECORD_SAY_H

#include <stddef.h>

/* Clear the progress line, then print `vmrecord: ...` and a newline. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/*
 * Overwrite the progress line. Does nothing unless stderr is a terminal.
 */
__attribute__((format(printf, 1, 2))) void progress(const char *format, ...);

void progress_end(void);

#endif
