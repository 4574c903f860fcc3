/* SPDX-License-Identifier: MIT */
/*
 * export.h - nothing is exported: what the peer offers is its table of
 * operations.
 */
#ifndef SHIM_LINUX_EXPORT_H
#define SHIM_LINUX_EXPORT_H

#define EXPORT_SYMBOL(name) _Static_assert(sizeof(&name) != 0, "a symbol")
#define EXPORT_SYMBOL_GPL(name) EXPORT_SYMBOL(name)

#endif
