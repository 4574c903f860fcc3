/* SPDX-License-Identifier: MIT */
/*
 * cases.c - the list of all cases, and the mm that each is run in.
 */
#include <errno.h>
#include <limits.h>

#include "bench/vmbench/case.h"

const struct vmbench_case *const *vmbench_cases(void)
{
	static const struct vmbench_case *const all[] = {
		&vmbench_page_fault1,    &vmbench_page_fault2,   &vmbench_page_fault3,   &vmbench_mmap1,   &vmbench_mmap2,
		&vmbench_brk1,           &vmbench_brk2,          &vmbench_malloc1,       &vmbench_malloc2, &vmbench_tlb_flush1,
		&vmbench_fault_same_vma, &vmbench_fault_vs_mmap, &vmbench_mmap_vs_fault, &vmbench_lookup,  NULL,
	};

	return all;
}

/*
 * The VMAs that are there beforehand lie as shared libraries do: four segments side by side, r-- r-x r-- rw-, then a hole of the same
 * size. Neighbours differ, so none merge. They end below mmap_base, so that placement has to get past their holes, as in
 * a real program.
 */
#define SEGMENTS 4UL
#define LIBRARY_STRIDE (2 * SEGMENTS * PAGE_SIZE)

unsigned long vmbench_vma_addr(const struct vmbench_env *env, unsigned long i)
{
	return env->vmas_start + i / SEGMENTS * LIBRARY_STRIDE + i % SEGMENTS * PAGE_SIZE;
}

static int map_libraries(struct vmbench_env *env, const struct mm_layout *layout)
{
	static const unsigned long prot[SEGMENTS] = {PROT_READ, PROT_READ | PROT_EXEC, PROT_READ, VMBENCH_RW};
	unsigned long libraries = (env->vmas + SEGMENTS - 1) / SEGMENTS;

	env->vmas_start = layout->mmap_base - libraries * LIBRARY_STRIDE;
	for (unsigned long i = 0; i < env->vmas; i++) {
		unsigned long addr = vmbench_vma_addr(env, i);
		unsigned long got = vms_mmap(env->mm, addr, PAGE_SIZE, prot[i % SEGMENTS], VMBENCH_ANON | MAP_FIXED, NULL, 0);

		if (IS_ERR_VALUE(got))
			return (int)(long)got;
	}
	return 0;
}

int vmbench_run_case(const struct vmbench_case *c, const char *engine, unsigned long vmas, const struct bench_plan *plan,
		     const struct bench_cpus *cpus, struct bench_result *result)
{
	struct mm_limits limits = vms_mm_limits_default;
	struct vmbench_env env = {.vmas = vmas, .threads = plan->threads};
	struct bench_plan filled = *plan;
	int err;

	env.mm = vms_mm_create(engine, NULL, NULL);
	if (!env.mm)
		return -errno;
	limits.max_map_count = INT_MAX;
	err = vms_mm_set_limits(env.mm, &limits);
	if (!err)
		err = map_libraries(&env, &vms_mm_layout_default);
	if (!err && c->setup)
		err = c->setup(&env);
	filled.body = c->body;
	filled.arg = &env;
	if (!err)
		err = bench_run(&filled, cpus, result);
	mmput(env.mm);
	return err;
}

struct file *vmbench_file(struct bench_worker *w)
{
	struct address_space *mapping = vms_address_space_create(VMBENCH_MEMSIZE, 0, 8, 1, 1000 + w->index);
	struct file *file = mapping ? vms_file_open(mapping, "/tmp/willitscale", FMODE_READ | FMODE_WRITE) : NULL;

	if (mapping)
		vms_address_space_put(mapping); /* the file holds its own reference */
	vmbench_check(w, file != NULL);
	return file;
}
