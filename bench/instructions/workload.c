/* SPDX-License-Identifier: MIT */
/*
 * workload.c - see workload.h. The operations are those of the cases of
 * bench/vmbench with the same names.
 */
#include "bench/instructions/workload.h"

#include <limits.h>

#include <vmastore/mm.h>

#include "bench/vmbench/libraries.h"
#include "lib/where/parts.h"

#define SIZE (128UL << 20)
#define AREA 0x100000000000UL /* far from the VMAs that exist beforehand */
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define MEASURED static __attribute__((noinline))

struct env {
	struct mm_struct *mm;
	unsigned long at;
};

MEASURED bool measured_map_and_unmap(struct env *env, unsigned long len, bool touch)
{
	unsigned long addr = vms_mmap(env->mm, 0, len, RW, ANON, NULL, 0);

	if (IS_ERR_VALUE(addr))
		return false;
	if (touch && vms__part_fault__vms_fault(env->mm, addr, FAULT_FLAG_WRITE) != VMS_FAULT_OK)
		return false;
	return vms_munmap(env->mm, addr, len) == 0;
}

MEASURED bool measured_mmap1(struct env *env)
{
	return measured_map_and_unmap(env, SIZE, false);
}

MEASURED bool measured_malloc1(struct env *env)
{
	return measured_map_and_unmap(env, SIZE + PAGE_SIZE, true);
}

static bool brk1_setup(struct env *env)
{
	env->at = vms_brk(env->mm, 0);
	return true;
}

/* The heap keeps its first page throughout. */
static bool brk2_setup(struct env *env)
{
	env->at = vms_brk(env->mm, 0) + PAGE_SIZE;
	return vms_brk(env->mm, env->at) == env->at;
}

MEASURED bool measured_raise_and_lower(struct env *env)
{
	return vms_brk(env->mm, env->at + PAGE_SIZE) == env->at + PAGE_SIZE &&
	       vms_brk(env->mm, env->at) == env->at;
}

static bool map_area(struct env *env)
{
	env->at = AREA;
	return vms_mmap(env->mm, AREA, SIZE, RW, ANON | MAP_FIXED, NULL, 0) == AREA;
}

MEASURED bool measured_mprotect(struct env *env)
{
	return vms_mprotect(env->mm, AREA, PAGE_SIZE, PROT_READ) == 0 &&
	       vms_mprotect(env->mm, AREA, PAGE_SIZE, RW) == 0;
}

MEASURED bool measured_fault(struct env *env)
{
	unsigned long addr = env->at;

	env->at = addr + PAGE_SIZE < AREA + SIZE ? addr + PAGE_SIZE : AREA;
	return vms__part_fault__vms_fault(env->mm, addr, FAULT_FLAG_WRITE) == VMS_FAULT_OK;
}

const struct workload workloads[] = {
	{"mmap1", "map and unmap 128 MiB", NULL, measured_mmap1},
	{"malloc1", "map 128 MiB and a page, write the first page, unmap", NULL, measured_malloc1},
	{"brk1", "raise the break by a page from an empty heap, and lower it", brk1_setup,
	 measured_raise_and_lower},
	{"brk2", "raise the break by a page above a heap of one, and lower it", brk2_setup,
	 measured_raise_and_lower},
	{"mprotect", "take the right to write from the first page of 128 MiB, and give it back",
	 map_area, measured_mprotect},
	{"fault", "write the next page of 128 MiB for the first time", map_area, measured_fault},
	{0},
};

MEASURED bool measured_operations(const struct workload *workload, struct env *env,
				  unsigned long operations)
{
	while (operations && workload->operation(env))
		operations--;
	return operations == 0;
}

static bool run(const struct workload *workload, struct env *env, unsigned long operations)
{
	bool ok = !workload->setup || workload->setup(env);

	vms__parts_begin(env->mm);
	for (unsigned long i = 0; ok && i < operations; i++)
		ok = workload->operation(env);
	ok = ok && measured_operations(workload, env, operations);
	vms__parts_end(env->mm);
	return ok;
}

bool workload_run(const struct workload *workload, const char *engine, unsigned long vmas,
		  unsigned long operations)
{
	struct mm_limits limits = vms_mm_limits_default;
	struct env env = {.mm = vms_mm_create(engine, NULL, NULL)};
	unsigned long start;
	bool ok;

	if (!env.mm)
		return false;
	limits.max_map_count = INT_MAX;
	ok = vms_mm_set_limits(env.mm, &limits) == 0 && libraries_map(env.mm, vmas, &start) == 0 &&
	     run(workload, &env, operations);
	mmput(env.mm);
	return ok;
}
