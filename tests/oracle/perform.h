/* SPDX-License-Identifier: MIT */
/*
 * perform.h - performs one operation of a script with real system calls. The
 * stage (stage.h) holds the script's progress; after a fork another process may
 * continue the script.
 */
#ifndef TESTS_ORACLE_PERFORM_H
#define TESTS_ORACLE_PERFORM_H

#include "tools/opscript/opscript.h"

/*
 * perform_begin() - Install the handlers of the signals that a touch may raise.
 * Call it once, before the first operation.
 */
void perform_begin(void);

/*
 * perform_start() - Make a process for a script; it leads a process group.
 * Return: as fork().
 */
int perform_start(void);

/* perform() - Perform @op; print its line, the result and the layout. */
void perform(const struct op *op);

#endif
