/* SPDX-License-Identifier: MIT */
/* limits.h - the largest and smallest numbers, from the C library. */
#ifndef SHIM_LINUX_LIMITS_H
#define SHIM_LINUX_LIMITS_H

#include <limits.h>

#endif
