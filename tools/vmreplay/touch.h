/* SPDX-License-Identifier: MIT */
/*
 * touch.h - what a touch of memory must have answered, by the recording alone.
 *
 * A recording tells that a fault was raised, not how it ended. Nearly all end
 * well. But some programs touch on purpose what they may not: the kernel writes
 * a call's answer to memory that is read-only (the call then says EFAULT), a
 * signal handler takes care of the rest. Which of the two it was follows from
 * what the recording says last of that place, without asking the library.
 */
#ifndef TOOLS_VMREPLAY_TOUCH_H
#define TOOLS_VMREPLAY_TOUCH_H

#include <vmastore/mm.h>

#include "tools/trace/order.h"

/*
 * @fault: an effect of kind TRACE_FAULTED in @order. Looks back through the
 *         recording: for touches that were refused.
 * @exec_only: the rule of that name held where it was recorded.
 * Return: VMS_SEGV_ACCERR, VMS_SEGV_PKUERR or VMS_SEGV_MAPERR where the rights
 * last recorded for that place forbid the touch, or the last that was done to
 * it took it away; else, and where the recording says nothing of it,
 * VMS_FAULT_OK.
 */
enum vms_fault_result touch_expected(const struct trace_order *order,
				     const struct trace_effect *fault, bool exec_only);

#endif
