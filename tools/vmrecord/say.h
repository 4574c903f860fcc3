/* SPDX-License-Identifier: MIT */
/*
 * say.h - what vmrecord tells its user: one message a line on stderr, and a
 * progress line where that is a terminal.
 */
#ifndef TOOLS_VMRECORD_SAY_H
#define TOOLS_VMRECORD_SAY_H

#include <stddef.h>

/* `vmrecord: ...` and a newline; clears a progress line first. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/*
 * Overwrites the last progress line; nothing at all unless stderr is a
 * terminal.
 */
__attribute__((format(printf, 1, 2))) void progress(const char *format, ...);

void progress_end(void);

#endif
