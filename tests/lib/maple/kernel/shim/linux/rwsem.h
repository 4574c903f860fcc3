/* SPDX-License-Identifier: MIT */
/*
 * linux/rwsem.h - includes vmastore's. The kernel's nested variants, for a
 * second semaphore of the same class, are the plain ones.
 */
#ifndef SHIM_LINUX_RWSEM_H
#define SHIM_LINUX_RWSEM_H

#include <vmastore/rwsem.h>

#define SINGLE_DEPTH_NESTING 1
#define down_write_nested(sem, subclass) down_write(sem)

#endif
