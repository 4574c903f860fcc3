/* SPDX-License-Identifier: MIT */
/*
 * maple_tree.h - trace points that do nothing, as in a kernel built without
 * them.
 */
#ifndef SHIM_TRACE_MAPLE_TREE_H
#define SHIM_TRACE_MAPLE_TREE_H

#define trace_ma_op(...) ((void)0)
#define trace_ma_read(...) ((void)0)
#define trace_ma_write(...) ((void)0)

#endif
