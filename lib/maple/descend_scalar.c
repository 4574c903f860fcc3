/* SPDX-License-Identifier: MIT */
/*
 * descend_scalar.c - the way down without vector instructions: any CPU, and what the sanitizers see through.
 */
#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

#define find_slot mt_find_slot

#include "lib/maple/scan.h"
#include "lib/maple/descend.h"
#include "lib/maple/find_gap.h"

static bool usable(void)
{
	return true;
}

const struct vms__mt_isa vms__mt_isa_scalar = {
	.name = "scalar",
	.usable = usable,
	.lookup = lookup,
	.load = load,
	.descend = descend,
	.find = find,
	.used = used,
	.leaf_gap = leaf_gap,
	.inner_gap = inner_gap,
	.find_gap = find_gap,
};
