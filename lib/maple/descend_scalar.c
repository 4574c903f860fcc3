/* SPDX-License-Identifier: MIT */
/*
 * descend_scalar.c - the way down for CPUs without vector instructions that we
 * know: binary searches without a branch to mispredict.
 */
#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

#define LEAVE_VECTORS() ((void)0)

#include "lib/maple/search.h"

static inline unsigned long find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	unsigned int i = add_if(mt_key(node, 7) <= key, 8);

	/* The upper half has but seven slots. */
	i += add_if(mt_key(node, i + 3) <= key, 4 - (i >> 3));
	i += add_if(mt_key(node, i + 1) <= key, 2);
	return i + add_if(mt_key(node, i) <= key, 1);
}

static inline unsigned long find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	unsigned int i = add_if(mt_key(node, 15) <= key, 16);

	/* The upper half has but fifteen slots. */
	i += add_if(mt_key(node, i + 7 - (i >> 4)) <= key, 8 - (i >> 4));
	i += add_if(mt_key(node, i + 3) <= key, 4);
	i += add_if(mt_key(node, i + 1) <= key, 2);
	return i + add_if(mt_key(node, i) <= key, 1);
}

#include "lib/maple/scan.h"

#include "lib/maple/descend.h"
#include "lib/maple/batch.h"
#include "lib/maple/shape.h"
#include "lib/maple/place.h"
#include "lib/maple/beside.h"
#include "lib/maple/find_gap.h"
#include "lib/maple/plan.h"
#include "lib/maple/walked.h"

static bool usable(void)
{
	return true;
}

const struct vms__mt_isa vms__mt_isa_scalar = VMS__MT_ISA("scalar");
