/* SPDX-License-Identifier: MIT */
/*
 * case.h - a benchmark case: a name, a description, and a body that the harness
 * runs on every thread. All threads of a run share one mm. A case has the name
 * of will-it-scale's case if one iteration is the same.
 *
 * To add a case: write case_NAME.c in the manner of case_mmap.c, declare it
 * here, and list it in cases.c. A body calls bench_end() for each operation
 * that the description names, and counts every unexpected result in w->errors.
 *
 * Locks: env is constant while bodies run.
 */
#ifndef VMBENCH_CASE_H
#define VMBENCH_CASE_H

#include <errno.h>

#include <vmastore/mm.h>

#include "bench/harness/runner.h"

#define VMBENCH_MEMSIZE (128UL << 20) /* as in will-it-scale */
#define VMBENCH_SLICE (16UL << 20)    /* the range of a sweep that must not be long */
/*
 * Each thread has an area of its own from this base on, far from placed
 * mappings.
 */
#define VMBENCH_AREA_BASE 0x100000000000UL
#define VMBENCH_AREA_SIZE (4UL << 30)
#define VMBENCH_RW (PROT_READ | PROT_WRITE)
#define VMBENCH_ANON (MAP_PRIVATE | MAP_ANONYMOUS)

struct vmbench_env {
	struct mm_struct *mm;
	/* VMAs mapped beforehand, like a real program's libraries */
	unsigned long vmas;
	unsigned long vmas_start; /* their start */
	unsigned int threads;
	unsigned long base; /* for the case; its setup sets it */
};

struct vmbench_case {
	const char *name;
	const char *what;                      /* one operation, in a few words */
	int (*setup)(struct vmbench_env *env); /* 0 or -errno; NULL: nothing to set up */
	void (*body)(struct bench_worker *w);  /* w->arg is the env */
};

/* The cases; case_*.c define them. */
extern const struct vmbench_case vmbench_page_fault1, vmbench_page_fault2, vmbench_page_fault3,
	vmbench_mmap1, vmbench_mmap2, vmbench_brk1, vmbench_brk2, vmbench_malloc1, vmbench_malloc2,
	vmbench_tlb_flush1, vmbench_fault_same_vma, vmbench_fault_vs_mmap, vmbench_mmap_vs_fault,
	vmbench_lookup;

/**
 * vmbench_cases() - All cases, NULL-terminated.
 */
const struct vmbench_case *const *vmbench_cases(void);

/**
 * vmbench_run_case() - Run @c once in a new mm of @engine that already holds
 * @vmas VMAs.
 * Return: 0 or -errno; @result is filled on 0.
 */
int vmbench_run_case(const struct vmbench_case *c, const char *engine, unsigned long vmas,
		     const struct bench_plan *plan, const struct bench_cpus *cpus,
		     struct bench_result *result);

/**
 * vmbench_vma_addr() - The start of the @i-th of the VMAs mapped beforehand;
 * each is one page.
 */
unsigned long vmbench_vma_addr(const struct vmbench_env *env, unsigned long i);

/**
 * vmbench_file() - Make a file of VMBENCH_MEMSIZE for this thread.
 * Return: NULL, counted as an error, if memory is out.
 */
struct file *vmbench_file(struct bench_worker *w);

/* ---- single calls; each checks its result ---- */

static inline bool vmbench_check(struct bench_worker *w, bool ok)
{
	if (unlikely(!ok))
		w->errors++;
	return ok;
}

static inline void vmbench_touch(struct bench_worker *w, unsigned long addr)
{
	const struct vmbench_env *env = w->arg;

	vmbench_check(w, vms_fault(env->mm, addr, FAULT_FLAG_WRITE) == VMS_FAULT_OK);
}

static inline void vmbench_unmap(struct bench_worker *w, unsigned long addr, unsigned long len)
{
	const struct vmbench_env *env = w->arg;

	vmbench_check(w, vms_munmap(env->mm, addr, len) == 0);
}

static inline void vmbench_drop_pages(struct bench_worker *w, unsigned long addr, unsigned long len)
{
	const struct vmbench_env *env = w->arg;

	vmbench_check(w, vms_madvise(env->mm, addr, len, MADV_DONTNEED) == 0);
}

/*
 * Map where the library finds room, as the original cases do.
 * Return: false, counted as an error, if it failed.
 */
static inline bool vmbench_map(struct bench_worker *w, unsigned long len, unsigned long flags,
			       struct file *file, unsigned long *addr)
{
	const struct vmbench_env *env = w->arg;

	*addr = vms_mmap(env->mm, 0, len, VMBENCH_RW, flags, file, 0);
	return vmbench_check(w, !IS_ERR_VALUE(*addr));
}

/*
 * Map in the thread's own area, where the mapping cannot merge with another
 * thread's, so that each thread faults in VMAs of its own. The address is a
 * hint, and the area is free, so the mapping must be placed there.
 */
static inline bool vmbench_map_apart(struct bench_worker *w, unsigned long len, unsigned long flags,
				     struct file *file, unsigned long *addr)
{
	const struct vmbench_env *env = w->arg;
	unsigned long area = VMBENCH_AREA_BASE + w->index * VMBENCH_AREA_SIZE;

	*addr = vms_mmap(env->mm, area, len, VMBENCH_RW, flags, file, 0);
	return vmbench_check(w, *addr == area);
}

/*
 * A walk over the pages of [start, start + VMBENCH_SLICE). The walk drops the
 * pages whenever all have been touched.
 */
struct vmbench_sweep {
	unsigned long start;
	unsigned long offset;
};

static inline unsigned long vmbench_sweep_next(struct bench_worker *w, struct vmbench_sweep *sweep)
{
	unsigned long addr;

	if (sweep->offset == VMBENCH_SLICE) {
		vmbench_drop_pages(w, sweep->start, VMBENCH_SLICE);
		sweep->offset = 0;
	}
	addr = sweep->start + sweep->offset;
	sweep->offset += PAGE_SIZE;
	return addr;
}

#endif
