/* SPDX-License-Identifier: MIT */
/*
 * stores.c - exports the one symbol of the kernel peer's shared object, and
 * initializes the tree.
 */
#include "bench/maple/store.h"

extern const struct store store_kernel;
void maple_tree_init(void);

extern const struct store *const maplebench_stores[];
__attribute__((visibility("default")))
const struct store *const maplebench_stores[] = {&store_kernel, NULL};

__attribute__((constructor)) static void start(void)
{
	maple_tree_init();
}
