/* SPDX-License-Identifier: MIT */
/*
 * linux/rwsem.h: vmastore's. A second semaphore of a kind is taken like any
 * other.
 */
#ifndef SHIM_LINUX_RWSEM_H
#define SHIM_LINUX_RWSEM_H

#include <vmastore/rwsem.h>

#define SINGLE_DEPTH_NESTING 1
#define down_write_nested(sem, subclass) down_write(sem)

#endif
