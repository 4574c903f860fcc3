/* SPDX-License-Identifier: MIT */
/*
 * assert.h - checks that stop a wrong program. They are for programming errors
 * only: a failure that a correct program can meet (no memory, a bad argument)
 * is returned to the caller. A condition has no side effects, because most
 * builds do not evaluate it.
 *
 * Locks: none; any context.
 */
#ifndef VMS_SYNC_ASSERT_H
#define VMS_SYNC_ASSERT_H

#include <vmastore/compiler.h>

/* Print "vmastore: file:line: function: what" to stderr and abort. */
_Noreturn void vms__assert_failed(const char *file, int line, const char *func, const char *what);

/* Print "vmastore: " and the text, with a newline, to stderr. */
void vms__warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Checked in every build, because continuing would corrupt memory. */
#define VMS_BUG_ON(cond)                                                                           \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			vms__assert_failed(__FILE__, __LINE__, __func__, "BUG: " #cond);           \
	} while (0)

/*
 * Checked in debug builds (VMS_DEBUG); elsewhere the condition is compiled but
 * never evaluated.
 */
#ifdef VMS_DEBUG
#define VMS_ASSERT(cond)                                                                           \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			vms__assert_failed(__FILE__, __LINE__, __func__, "does not hold: " #cond); \
	} while (0)
#else
#define VMS_ASSERT(cond) ((void)sizeof(!(cond)))
#endif

#endif
