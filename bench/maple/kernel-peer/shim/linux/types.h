/* SPDX-License-Identifier: MIT */
/* types.h - the kernel's names of types. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned int gfp_t;

#endif
