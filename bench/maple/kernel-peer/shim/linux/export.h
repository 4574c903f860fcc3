/* SPDX-License-Identifier: MIT */
/* export.h - exports nothing: the peer exports its table of operations only. */
#ifndef SHIM_LINUX_EXPORT_H
#define SHIM_LINUX_EXPORT_H

#define EXPORT_SYMBOL(name) _Static_assert(sizeof(&name) != 0, "a symbol")
#define EXPORT_SYMBOL_GPL(name) EXPORT_SYMBOL(name)

#endif
