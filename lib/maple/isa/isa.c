/* SPDX-License-Identifier: MIT */
/*
 * isa.c - chooses the instruction set that nodes are searched with: the best
 * one that the CPU has, when the library is loaded.
 *
 * Locks: none. The three pointers are plain words, so no other thread may use a
 * tree while vms_mt_set_simd() changes them. Read next: isa.h.
 */
#include <string.h>

#include "lib/maple/internal.h"

const struct vms__mt_isa *vms__mt_isa = &vms__mt_isa_scalar;

/*
 * The pointers' first values. A constructor of the embedder may use a tree
 * before choose() has run; these find the function through vms__mt_isa, which
 * is the scalar one at first and valid on each CPU.
 */
static void *lookup_early(struct maple_tree *mt, unsigned long index)
{
	return vms__mt_isa->lookup(mt, index);
}

static void *load_early(const struct maple_tree *mt, unsigned long index)
{
	return vms__mt_isa->load(mt, index);
}

void *(*vms__mt_lookup)(struct maple_tree *mt, unsigned long index) = lookup_early;
void *(*vms__mt_load)(const struct maple_tree *mt, unsigned long index) = load_early;

static void use(const struct vms__mt_isa *isa)
{
	vms__mt_isa = isa;
	vms__mt_lookup = isa->lookup;
	vms__mt_load = isa->load;
}

/* Best first: choose() takes the first one that is usable. */
static const struct vms__mt_isa *const isas[] = {
#ifdef __x86_64__
	&vms__mt_isa_avx512,
	&vms__mt_isa_avx2,
#endif
#if defined(__SSE2__) || defined(__ARM_NEON)
	&vms__mt_isa_vec128,
#endif
	&vms__mt_isa_scalar,
};

__attribute__((constructor)) static void choose(void)
{
	size_t i = 0, last = sizeof(isas) / sizeof(isas[0]) - 1;

	/* The scalar set needs no CPU feature, so it is not asked. */
	while (i < last && !isas[i]->usable())
		i++;
	use(isas[i]);
}

const char *vms_mt_simd(void)
{
	return vms__mt_isa->name;
}

bool vms_mt_set_simd(const char *name)
{
	for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		if (strcmp(isas[i]->name, name) || !isas[i]->usable())
			continue;
		use(isas[i]);
		return true;
	}
	return false;
}
