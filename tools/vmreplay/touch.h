/* SPDX-License-Identifier: MIT */
/*
 * touch.h - derives the result of a touch of memory from the recording alone.
 *
 * A recording shows that a fault was raised, but not how it ended. Nearly every
 * fault succeeds. Some programs touch memory on purpose that they may not
 * touch: the kernel writes a call's result to read-only memory (the call then
 * returns EFAULT), or a signal handler deals with the fault. The last effect on
 * that place in the recording shows how the fault ended, without asking the
 * library.
 */
#ifndef TOOLS_VMREPLAY_TOUCH_H
#define TOOLS_VMREPLAY_TOUCH_H

#include <vmastore/mm.h>

#include "tools/trace/order.h"

/*
 * Look back through the recording for the last effect on the place of @fault,
 * an effect of kind TRACE_FAULTED in @order. Only for touches that the library
 * refused.
 * @exec_only: the rule of that name held where the recording was made.
 * Return: VMS_SEGV_ACCERR or VMS_SEGV_PKUERR if the last recorded rights forbid
 * the touch; VMS_SEGV_MAPERR if the last effect unmapped the place or put a
 * guard there; VMS_FAULT_OK otherwise, and if the recording shows nothing of
 * the place.
 */
enum vms_fault_result touch_expected(const struct trace_order *order,
				     const struct trace_effect *fault, bool exec_only);

#endif
