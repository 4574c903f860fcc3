/* SPDX-License-Identifier: MIT */
/*
 * case.h - what a benchmark case is: a name, a description, and a body for the
 * harness to run on every thread. All threads of a run share one mm. The cases
 * are named after those of will-it-scale where one iteration is the same as
 * there.
 *
 * To add a case: write case_NAME.c in the manner of case_mmap.c, declare it
 * here, and list it in cases.c. A body counts with bench_end() what the
 * description calls an operation, and counts every result that it does not
 * expect in w->errors.
 *
 * Locks: env is const while bodies run.
 */
#ifndef VMBENCH_CASE_H
#define VMBENCH_CASE_H

#include <errno.h>

#include <vmastore/mm.h>

#include "bench/harness/runner.h"

#define VMBENCH_MEMSIZE (128UL << 20) /* will-it-scale's */
#define VMBENCH_SLICE (16UL << 20)    /* what a thread sweeps where sweeps must not be long */
/* each thread has an area of its own from here on, far from placed mappings */
#define VMBENCH_AREA_BASE 0x100000000000UL
#define VMBENCH_AREA_SIZE (4UL << 30)
#define VMBENCH_RW (PROT_READ | PROT_WRITE)
#define VMBENCH_ANON (MAP_PRIVATE | MAP_ANONYMOUS)

struct vmbench_env {
	struct mm_struct *mm;
	/* VMAs that are mapped beforehand, as a real program's libraries are */
	unsigned long vmas;
	unsigned long vmas_start; /* where they begin */
	unsigned int threads;
	unsigned long base; /* the case's own, set by its setup */
};

struct vmbench_case {
	const char *name;
	const char *what;                      /* one operation, in a few words */
	int (*setup)(struct vmbench_env *env); /* 0 or -errno; NULL: nothing to set up */
	void (*body)(struct bench_worker *w);  /* w->arg is the env */
};

/* One a file, case_*.c. */
extern const struct vmbench_case vmbench_page_fault1, vmbench_page_fault2, vmbench_page_fault3,
	vmbench_mmap1, vmbench_mmap2, vmbench_brk1, vmbench_brk2, vmbench_malloc1, vmbench_malloc2,
	vmbench_tlb_flush1, vmbench_fault_same_vma, vmbench_fault_vs_mmap, vmbench_mmap_vs_fault,
	vmbench_lookup;

/** vmbench_cases() - All cases; NULL at the end. */
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
 * vmbench_vma_addr() - Where the @i-th of the VMAs mapped beforehand starts;
 * each is one page.
 */
unsigned long vmbench_vma_addr(const struct vmbench_env *env, unsigned long i);

/**
 * vmbench_file() - A new file of VMBENCH_MEMSIZE for this thread; NULL, counted
 * as an error, when memory is out.
 */
struct file *vmbench_file(struct bench_worker *w);

/* ---- one call each, its result checked ---- */

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
 * Map wherever there is room, as the originals do. False: counted as an error.
 */
static inline bool vmbench_map(struct bench_worker *w, unsigned long len, unsigned long flags,
			       struct file *file, unsigned long *addr)
{
	const struct vmbench_env *env = w->arg;

	*addr = vms_mmap(env->mm, 0, len, VMBENCH_RW, flags, file, 0);
	return vmbench_check(w, !IS_ERR_VALUE(*addr));
}

/*
 * Map in the thread's own area, where it cannot merge with another thread's
 * mapping: so that threads fault in VMAs of their own. The address is a hint
 * and the area is free, so that is where the mapping must come.
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
 * A walk over the pages of [start, start + VMBENCH_SLICE), which are dropped
 * whenever all have been touched.
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
