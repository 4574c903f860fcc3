/* SPDX-License-Identifier: MIT */
/*
 * scalar.c - the functions of isa.h without vector instructions of our own, for
 * CPUs that have none that we know. Keys are found by binary searches without a
 * branch, because the branches of a search cannot be predicted.
 *
 * Locks: as isa.h says for each function. Read next: search.tmpl.h,
 * scan.tmpl.h.
 */
#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

#define ISA_LEAVE_VECTORS() ((void)0)

#include "lib/maple/isa/search.tmpl.h"

static inline unsigned long isa_find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	unsigned int i = isa_add_if(ml_key(node, 7) <= key, 8);

	/*
	 * The upper half has only seven slots, not eight, so its step is
	 * shorter.
	 */
	i += isa_add_if(ml_key(node, i + 3) <= key, 4 - (i >> 3));
	i += isa_add_if(ml_key(node, i + 1) <= key, 2);
	return i + isa_add_if(ml_key(node, i) <= key, 1);
}

static inline unsigned long isa_find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	unsigned int i = isa_add_if(ml_key(node, 15) <= key, 16);

	/* The upper half has only fifteen slots, so its step is shorter. */
	i += isa_add_if(ml_key(node, i + 7 - (i >> 4)) <= key, 8 - (i >> 4));
	i += isa_add_if(ml_key(node, i + 3) <= key, 4);
	i += isa_add_if(ml_key(node, i + 1) <= key, 2);
	return i + isa_add_if(ml_key(node, i) <= key, 1);
}

#include "lib/maple/isa/scan.tmpl.h"

#include "lib/maple/isa/descend.tmpl.h"
#include "lib/maple/isa/batch.tmpl.h"
#include "lib/maple/isa/shape.tmpl.h"
#include "lib/maple/isa/place.tmpl.h"
#include "lib/maple/isa/beside.tmpl.h"
#include "lib/maple/isa/find_gap.tmpl.h"
#include "lib/maple/isa/plan.tmpl.h"
#include "lib/maple/isa/walked.tmpl.h"

static bool isa_usable(void)
{
	return true;
}

const struct vms__mt_isa vms__mt_isa_scalar = VMS__MT_ISA("scalar");
