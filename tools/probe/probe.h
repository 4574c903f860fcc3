/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what the running kernel does that other kernels of the same
 * version do otherwise, found by experiment where an experiment can tell, read
 * from its settings elsewhere.
 *
 * Whatever compares the library with the running kernel asks here first:
 *
 *   probe_machine()   finds out
 *   probe_obstacle()  says what no rule covers, hence why nothing can be
 *                     compared (exit status 77)
 *   rules.h           turns the rest into rules for the engines
 *
 * The code needs neither the library nor malloc(), so that the oracle, a static
 * program whose address space is part of the comparison, can use it too.
 *
 * Locks: none. An experiment maps and unmaps memory of its own, wherever the
 * kernel places it; it starts no process, catches no signal and leaves
 * nothing behind.
 */
#ifndef TOOLS_PROBE_PROBE_H
#define TOOLS_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_WORD_MAX 16
#define PROBE_SIZES_MAX 16
#define PROBE_EXIT_CANNOT 77

/* A number that could not be found out. */
#define PROBE_UNKNOWN (-1L)

/* One size of huge page: /sys/kernel/mm/transparent_hugepage/hugepages-NkB. */
struct probe_size {
	unsigned long kb;
	char enabled[PROBE_WORD_MAX], shmem_enabled[PROBE_WORD_MAX];
};

/* "-" stands for a word that the kernel does not say. */
struct probe {
	char release[65], machine[65]; /* uname -r, uname -m */
	unsigned int major, minor;
	long page_size;

	/* by experiment */
	/*
	 * of untouched private anonymous memory: 0 where there is a zero page
	 */
	long read_takes_kb;
	long write_takes_kb; /* the same for a write, in memory that was advised nothing */
	/*
	 * a read of an untouched 2 MiB block after MADV_HUGEPAGE gives an
	 * anon_vma
	 */
	bool advised_read_is_own;
	/* 1: memory of PROT_EXEC alone cannot be read; 0: it can */
	long exec_only;
	unsigned long mmap_min_addr; /* the lowest address that a hint leads to */
	long stack_gap;              /* pages that stay free below a stack that grows */
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
 * The experiment behind read_takes_kb and write_takes_kb: one touch of fresh
 * memory, and what `Anonymous:` of its mapping then says. @advice: what
 * madvise() is told before, or -1. Return: kB, or PROBE_UNKNOWN.
 */
long probe_touch_takes_kb(bool write, int advice);

/* Whether a read takes a page: the rule read_takes_page. */
bool probe_read_takes_page(const struct probe *probe);

/* Whether memory of PROT_EXEC alone refuses reads: the rule exec_only. */
bool probe_exec_only(const struct probe *probe);

/* The number that the setting /proc/sys/NAME holds, or PROBE_UNKNOWN. */
long probe_sysctl(const char *name);

/* What a comparison looks at. */
/*
 * where mappings are, how they merge, their VmFlags; 1 GiB of memory is mapped
 */
#define PROBE_LAYOUT 1u
#define PROBE_PAGES 2u      /* how many pages a mapping has */
#define PROBE_ANY_KERNEL 4u /* even a kernel whose version has other rules */

/*
 * What hinders a comparison of @what with this machine, because no rule
 * covers it. Return: the reason, one line without a newline, which lives until
 * the next call; NULL: nothing.
 */
const char *probe_obstacle(const struct probe *probe, unsigned int what);

/*
 * Let this process and what it starts have huge pages nowhere, or with
 * @on_advice only where MADV_HUGEPAGE asks for them, whatever the machine's
 * setting is. Before probe_machine(). Where the kernel lacks the call nothing
 * changes, and probe_obstacle() says what that means.
 */
void probe_narrow_huge_pages(bool on_advice);

/* Everything that was found, in one line that begins with "machine: ". */
void probe_line(const struct probe *probe, char *text, size_t size);

/*
 * What rules cover of it, as the list that rules_set() of rules.h reads. What
 * is unknown is left out.
 */
void probe_rules(const struct probe *probe, char *text, size_t size);

#endif
