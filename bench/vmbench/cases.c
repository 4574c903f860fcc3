/* SPDX-License-Identifier: MIT */
/*
 * cases.c - the list of all cases, and the mm in which each runs. See case.h.
 */
#include <errno.h>
#include <limits.h>

#include "bench/vmbench/case.h"
#include "bench/vmbench/libraries.h"

const struct vmbench_case *const *vmbench_cases(void)
{
	static const struct vmbench_case *const all[] = {
		&vmbench_page_fault1,   &vmbench_page_fault2,    &vmbench_page_fault3,
		&vmbench_mmap1,         &vmbench_mmap2,          &vmbench_brk1,
		&vmbench_brk2,          &vmbench_malloc1,        &vmbench_malloc2,
		&vmbench_tlb_flush1,    &vmbench_fault_same_vma, &vmbench_fault_vs_mmap,
		&vmbench_mmap_vs_fault, &vmbench_lookup,         NULL,
	};

	return all;
}

unsigned long vmbench_vma_addr(const struct vmbench_env *env, unsigned long i)
{
	return libraries_addr(env->vmas_start, i);
}

int vmbench_run_case(const struct vmbench_case *c, const char *engine, unsigned long vmas,
		     const struct bench_plan *plan, const struct bench_cpus *cpus,
		     struct bench_result *result)
{
	struct mm_limits limits = vms_mm_limits_default;
	struct vmbench_env env = {.vmas = vmas, .threads = plan->threads};
	struct bench_plan filled = *plan;
	int err = vms_mm_new(engine, NULL, NULL, &env.mm);

	if (err)
		return err;
	limits.max_map_count = INT_MAX;
	err = vms_mm_set_limits(env.mm, &limits);
	if (!err)
		err = libraries_map(env.mm, vmas, &env.vmas_start);
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
	struct address_space *mapping =
		vms_address_space_create(VMBENCH_MEMSIZE, 0, 8, 1, 1000 + w->index);
	struct file *file =
		mapping ? vms_file_open(mapping, "/tmp/willitscale", FMODE_READ | FMODE_WRITE)
			: NULL;

	if (mapping)
		vms_address_space_put(mapping); /* the file holds a reference */
	vmbench_check(w, file != NULL);
	return file;
}
