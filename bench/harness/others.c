/* SPDX-License-Identifier: MIT */
/* others.c - see others.h. */
#include "bench/harness/others.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/*
 * The columns after "cpuN". The guest times that follow them are already part
 * of user and nice.
 */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, NR_COLUMNS };

static bool has_worker(const struct bench_cpus *cpus, unsigned int threads, unsigned int os_index)
{
	for (unsigned int i = 0; i < cpus->nr && i < threads; i++)
		if (cpus->os_index[i] == os_index)
			return true;
	return false;
}

struct bench_cpu_time bench_others_read(FILE *stat, const struct bench_cpus *cpus,
					unsigned int threads)
{
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	struct bench_cpu_time time = {0};
	unsigned long long n[NR_COLUMNS];
	char line[512];
	unsigned int cpu;

	while (fgets(line, sizeof(line), stat)) {
		/* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
		if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &n[USER],
			   &n[NICE], &n[SYSTEM], &n[IDLE], &n[IOWAIT], &n[IRQ], &n[SOFTIRQ],
			   &n[STEAL]) != 1 + NR_COLUMNS ||
		    !has_worker(cpus, threads, cpu))
			continue;
		time.known = true;
		time.busy += tick * (double)(n[USER] + n[NICE] + n[SYSTEM] + n[IRQ] + n[SOFTIRQ]);
		time.steal += tick * (double)n[STEAL];
		time.all += tick * (double)(n[IDLE] + n[IOWAIT]);
	}
	time.all += time.busy + time.steal;
	return time;
}

struct bench_cpu_time bench_others_now(const struct bench_cpus *cpus, unsigned int threads)
{
	struct bench_cpu_time time = {0};
	FILE *stat = fopen("/proc/stat", "re");
	struct timespec own;

	if (stat) {
		time = bench_others_read(stat, cpus, threads);
		fclose(stat);
	}
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own))
		time.known = false;
	else
		time.own = (double)own.tv_sec + 1e-9 * (double)own.tv_nsec;
	return time;
}

void bench_others_add(struct bench_cpu_time *sum, const struct bench_cpu_time *begin,
		      const struct bench_cpu_time *end)
{
	sum->known = sum->known && begin->known && end->known;
	sum->all += end->all - begin->all;
	sum->busy += end->busy - begin->busy;
	sum->steal += end->steal - begin->steal;
	sum->own += end->own - begin->own;
}

double bench_load(void)
{
	double load;

	return getloadavg(&load, 1) == 1 ? load : -1;
}
