/* SPDX-License-Identifier: MIT */
/* cpus.c - see cpus.h. Builds the pinning order from hwloc's topology. */
#include "bench/harness/cpus.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * The CPUs that the calling thread may run on, as taskset or a cgroup limits
 * them. Threads that it starts inherit the limit.
 */
static hwloc_const_cpuset_t allowed_cpus(hwloc_topology_t topology, hwloc_cpuset_t bound)
{
	if (hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_THREAD) == 0 &&
	    !hwloc_bitmap_iszero(bound))
		return bound;
	return hwloc_topology_get_allowed_cpuset(topology);
}

/*
 * Append the @nth allowed hardware thread of every core.
 * Return: whether any core had one.
 */
static bool take_nth_of_each_core(struct bench_cpus *cpus, hwloc_topology_t topology,
				  hwloc_const_cpuset_t allowed, unsigned int nth)
{
	hwloc_obj_t core = NULL;
	bool any = false;

	while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != NULL) {
		unsigned int left = nth;
		unsigned int cpu;

		hwloc_bitmap_foreach_begin(
			cpu, core->cpuset) if (hwloc_bitmap_isset(allowed, cpu) && left-- == 0)
		{
			cpus->os_index[cpus->nr++] = cpu;
			any = true;
			break;
		}
		hwloc_bitmap_foreach_end();
	}
	return any;
}

/* Use the system's order if the topology has no cores. */
static void take_all(struct bench_cpus *cpus, hwloc_const_cpuset_t allowed)
{
	unsigned int cpu;

	hwloc_bitmap_foreach_begin(cpu, allowed) cpus->os_index[cpus->nr++] = cpu;
	hwloc_bitmap_foreach_end();
	cpus->nr_cores = cpus->nr;
}

static int fill_from(struct bench_cpus *cpus, hwloc_topology_t topology, hwloc_cpuset_t bound)
{
	hwloc_const_cpuset_t allowed = allowed_cpus(topology, bound);
	int nr_allowed = hwloc_bitmap_weight(allowed);
	int nodes = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
	unsigned int nth = 0;

	if (nr_allowed <= 0)
		return -ENODEV;
	cpus->nr_nodes = nodes > 0 ? (unsigned int)nodes : 1;
	cpus->os_index = calloc((size_t)nr_allowed, sizeof(*cpus->os_index));
	if (!cpus->os_index)
		return -ENOMEM;
	while (take_nth_of_each_core(cpus, topology, allowed, nth))
		if (nth++ == 0)
			cpus->nr_cores = cpus->nr;
	if (cpus->nr == 0)
		take_all(cpus, allowed);
	return 0;
}

int bench_cpus_init(struct bench_cpus *cpus)
{
	hwloc_topology_t topology;
	hwloc_cpuset_t bound;
	int err = -ENOMEM;

	*cpus = (struct bench_cpus){0};
	if (hwloc_topology_init(&topology) != 0)
		return -ENOMEM;
	bound = hwloc_bitmap_alloc();
	if (bound && hwloc_topology_load(topology) == 0)
		err = fill_from(cpus, topology, bound);
	hwloc_bitmap_free(bound);
	hwloc_topology_destroy(topology);
	return err;
}

void bench_cpus_destroy(struct bench_cpus *cpus)
{
	free(cpus->os_index);
	*cpus = (struct bench_cpus){0};
}

int bench_cpus_pin(const struct bench_cpus *cpus, unsigned int index, pthread_attr_t *attr)
{
	unsigned int cpu = cpus->os_index[index % cpus->nr];
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	int err;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(CPU_ALLOC_SIZE(cpu + 1), set);
	CPU_SET_S(cpu, CPU_ALLOC_SIZE(cpu + 1), set);
	err = pthread_attr_setaffinity_np(attr, CPU_ALLOC_SIZE(cpu + 1), set);
	CPU_FREE(set);
	return -err;
}
