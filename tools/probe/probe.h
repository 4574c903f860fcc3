/* SPDX-License-Identifier: MIT */
/*
 * probe.h - finds out in what the running kernel differs from other kernels of
 * the same version: by experiment if possible, otherwise from its settings.
 *
 * Each program that compares the library with the running kernel asks first:
 *
 *   probe_machine()   finds everything out
 *   probe_obstacle()  says which finding no rule covers, so that no comparison
 *                     is possible (exit status 77)
 *   rules.h           turns the other findings into rules for the engines
 *
 * The code needs neither the library nor malloc(), so that the oracle, a static
 * program whose address space is part of the comparison, can use it, too.
 *
 * Locks: none. An experiment maps memory of its own, wherever the kernel places
 * it, and unmaps it. It starts no process and catches no signal.
 */
#ifndef TOOLS_PROBE_PROBE_H
#define TOOLS_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_WORD_MAX 16
#define PROBE_SIZES_MAX 16
#define PROBE_EXIT_CANNOT 77

/* Stands for a number that is not known. */
#define PROBE_UNKNOWN (-1L)

/* One size of huge page: /sys/kernel/mm/transparent_hugepage/hugepages-NkB. */
struct probe_size {
	unsigned long kb;
	char enabled[PROBE_WORD_MAX], shmem_enabled[PROBE_WORD_MAX];
};

/* The findings. "-" stands for a word that the kernel does not print. */
struct probe {
	char release[65], machine[65]; /* uname -r, uname -m */
	unsigned int major, minor;
	long page_size;

	/* by experiment */
	long read_takes_kb;          /* of untouched private anonymous memory; 0: a zero page */
	long write_takes_kb;         /* a write, without any advice */
	bool advised_read_is_own;    /* after MADV_HUGEPAGE, a read of 2 MiB makes an anon_vma */
	long exec_only;              /* 1: memory of PROT_EXEC alone cannot be read; 0: it can */
	unsigned long mmap_min_addr; /* the lowest address that a hint leads to */
	long stack_gap;              /* pages that must stay free below a stack */
	bool anon_names;             /* prctl(PR_SET_VMA_ANON_NAME) names memory */
	bool soft_dirty;             /* VmFlags has "sd" */

	/* from settings */
	char thp[PROBE_WORD_MAX], thp_shmem[PROBE_WORD_MAX], thp_zero_page[PROBE_WORD_MAX];
	struct probe_size size[PROBE_SIZES_MAX]; /* by size */
	unsigned int nr_sizes;
	long overcommit, legacy_layout, max_map_count;
	long memory_kb; /* RAM and swap */
};

/* Find everything out. */
void probe_machine(struct probe *probe);

/*
 * The experiment for read_takes_kb and write_takes_kb: touch fresh memory once,
 * then read `Anonymous:` of its mapping. @advice: for madvise() before that, or
 * -1. Return: kB, or PROBE_UNKNOWN.
 */
long probe_touch_takes_kb(bool write, int advice);

/* Whether a read takes a page: the rule read_takes_page. */
bool probe_read_takes_page(const struct probe *probe);

/* Whether memory of PROT_EXEC alone refuses reads: the rule exec_only. */
bool probe_exec_only(const struct probe *probe);

/* The number in the setting /proc/sys/NAME, or PROBE_UNKNOWN. */
long probe_sysctl(const char *name);

/* The things that a comparison compares. */
/* the places of mappings, their merges, their VmFlags; it maps 1 GiB */
#define PROBE_LAYOUT 1u
#define PROBE_PAGES 2u      /* the number of pages of a mapping */
#define PROBE_ANY_KERNEL 4u /* even a kernel whose version has other rules */

/*
 * Whether some finding makes a comparison of @what impossible, because no rule
 * covers it. Return: the reason, one line without a newline, which lives until
 * the next call; NULL: there is none.
 */
const char *probe_obstacle(const struct probe *probe, unsigned int what);

/*
 * Forbid huge pages to this process and its children; with @on_advice, except
 * where MADV_HUGEPAGE asks for them. This overrides the machine's setting. Call
 * it before probe_machine(). If the kernel lacks the call, nothing changes, and
 * probe_obstacle() judges the result.
 */
void probe_narrow_huge_pages(bool on_advice);

/* Print all findings as one line that begins with "machine: ". */
void probe_line(const struct probe *probe, char *text, size_t size);

/*
 * Print the findings that rules cover, as a list for rules_set() of rules.h.
 * Unknown findings are left out.
 */
void probe_rules(const struct probe *probe, char *text, size_t size);

#endif
