/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - see probe.h: judges the probe's findings and prints them. Nothing
 * here asks the machine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/probe/probe.h"

/* The library's own values, which no rule changes. */
#define OUR_PAGE_SIZE 4096
#define OUR_STACK_GAP 256
#define OUR_MAX_MAP_COUNT 65530
#define OUR_MAJOR 6
#define OUR_MINOR 18
#define HUGE_KB 2048
#define ARENA_KB (1L << 20)          /* what a script of the oracle may map */
#define LOWEST_ADDRESS_MOST 0x100000 /* scripts may use the addresses from here on */

bool probe_read_takes_page(const struct probe *probe)
{
	return probe->read_takes_kb > 0;
}

bool probe_exec_only(const struct probe *probe)
{
	return probe->exec_only > 0;
}

static const char *reason(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *reason(const char *format, ...)
{
	static char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static bool is(const char *word, const char *other)
{
	return strcmp(word, other) == 0;
}

/* Return: NULL if the kernel gives shared memory no huge pages unasked. */
static const char *shared_obstacle(const struct probe *p)
{
	/* A kernel without huge pages has no such file. */
	if (!is(p->thp_shmem, "never") && !is(p->thp_shmem, "deny") && !is(p->thp_shmem, "-"))
		return reason("shared memory may have huge pages: shmem_enabled is %s",
			      p->thp_shmem);
	for (unsigned int i = 0; i < p->nr_sizes; i++) {
		const char *word = p->size[i].shmem_enabled;

		if (!is(word, "never") && !is(word, "inherit") && !is(word, "-"))
			return reason("shared memory may have pages of %lu kB: shmem_enabled is %s",
				      p->size[i].kb, word);
	}
	return NULL;
}

/* Scripts expect huge pages only where MADV_HUGEPAGE asks for them. */
static const char *layout_obstacle(const struct probe *p)
{
	bool on_advice = is(p->thp, "madvise") || is(p->thp, "always");

	if (!on_advice)
		return reason("huge pages are not to be had: transparent_hugepage/enabled is %s",
			      p->thp);
	for (unsigned int i = 0; i < p->nr_sizes; i++)
		if (p->size[i].kb == HUGE_KB && is(p->size[i].enabled, "never"))
			return reason(
				"huge pages are not to be had: hugepages-%dkB/enabled is never",
				HUGE_KB);
	if (!p->advised_read_is_own)
		return reason("huge pages are not to be had: a read after MADV_HUGEPAGE takes "
			      "none; are they disabled for "
			      "this process?");
	if (p->overcommit == 2)
		return reason("vm.overcommit_memory is 2: the kernel refuses memory that scripts "
			      "expect to get");
	if (p->overcommit == 0 && p->memory_kb < ARENA_KB)
		return reason("RAM and swap are %ld kB, and vm.overcommit_memory 0 refuses to map "
			      "more at once",
			      p->memory_kb);
	if (p->legacy_layout > 0)
		return reason("vm.legacy_va_layout is %ld: memory is placed from below",
			      p->legacy_layout);
	if (p->stack_gap != OUR_STACK_GAP)
		return reason("a stack keeps %ld pages free below it, expected %d (boot option "
			      "stack_guard_gap)",
			      p->stack_gap, OUR_STACK_GAP);
	if (p->max_map_count != PROBE_UNKNOWN && p->max_map_count < OUR_MAX_MAP_COUNT)
		return reason("vm.max_map_count is %ld, expected %d or more", p->max_map_count,
			      OUR_MAX_MAP_COUNT);
	if (p->mmap_min_addr > LOWEST_ADDRESS_MOST)
		return reason("the lowest address is %lx, expected %x or less", p->mmap_min_addr,
			      LOWEST_ADDRESS_MOST);
	return NULL;
}

const char *probe_obstacle(const struct probe *p, unsigned int what)
{
	const char *why = NULL;

	if (!is(p->machine, "x86_64") || p->page_size != OUR_PAGE_SIZE)
		return reason(
			"this is %s with pages of %ld bytes, and the rules are those of x86_64",
			p->machine, p->page_size);
	if (!(what & PROBE_ANY_KERNEL) && (p->major != OUR_MAJOR || p->minor != OUR_MINOR))
		return reason("this is Linux %s, and the rules are those of %d.%d", p->release,
			      OUR_MAJOR, OUR_MINOR);
	if (p->read_takes_kb == PROBE_UNKNOWN || p->write_takes_kb == PROBE_UNKNOWN)
		return reason("/proc/self/smaps does not say whether a read takes a page");
	if (p->read_takes_kb != 0 && p->read_takes_kb != OUR_PAGE_SIZE >> 10)
		return reason("a read takes %ld kB, expected none or a page", p->read_takes_kb);
	if (p->exec_only == PROBE_UNKNOWN)
		return reason("whether memory that may only be executed can be read is unknown");
	/*
	 * All memory has huge pages, or pages of a size between, and
	 * probe_narrow_huge_pages() had no effect.
	 */
	if (p->write_takes_kb != OUR_PAGE_SIZE >> 10)
		return reason("a write takes %ld kB without MADV_HUGEPAGE, expected a page",
			      p->write_takes_kb);
	why = shared_obstacle(p);
	if (!why && (what & PROBE_LAYOUT))
		why = layout_obstacle(p);
	return why;
}

/* ---- printing ---- */

struct text {
	char *at;
	size_t room;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->room, format, args);
	va_end(args);
	if (n > 0) {
		size_t len = (size_t)n < t->room ? (size_t)n : t->room - 1;

		t->at += len;
		t->room -= len;
	}
}

static void add_sizes(struct text *t, const struct probe *p)
{
	const char *before = "";

	for (unsigned int i = 0; i < p->nr_sizes; i++) {
		if (is(p->size[i].enabled, "never") || is(p->size[i].enabled, "-"))
			continue;
		add(t, "%s%lu kB %s", before, p->size[i].kb, p->size[i].enabled);
		before = ", ";
	}
	if (!*before)
		add(t, "none");
}

void probe_line(const struct probe *p, char *text, size_t size)
{
	struct text t = {text, size};

	add(&t, "machine: Linux %s %s; ", p->release, p->machine);
	if (p->read_takes_kb == PROBE_UNKNOWN)
		add(&t, "what a read takes is unknown; ");
	else
		add(&t, "a read takes %s; ", probe_read_takes_page(p) ? "a page" : "no page");
	if (p->exec_only != PROBE_UNKNOWN)
		add(&t, "memory to execute alone %s; ",
		    probe_exec_only(p) ? "refuses reads" : "can be read");
	add(&t, "huge pages %s (a write takes %ld kB; zero page %s; sizes ", p->thp,
	    p->write_takes_kb, p->thp_zero_page);
	add_sizes(&t, p);
	add(&t,
	    "), of shared memory %s; overcommit %ld; lowest address %lx; stack gap %ld pages; "
	    "anonymous names %s; soft-dirty %s",
	    p->thp_shmem, p->overcommit, p->mmap_min_addr, p->stack_gap,
	    p->anon_names ? "yes" : "no", p->soft_dirty ? "yes" : "no");
}

void probe_rules(const struct probe *p, char *text, size_t size)
{
	struct text t = {text, size};

	add(&t, "kernel=%u.%u,mmap_min_addr=%lx", p->major, p->minor, p->mmap_min_addr);
	if (p->read_takes_kb != PROBE_UNKNOWN)
		add(&t, ",read_takes_page=%d", probe_read_takes_page(p));
	if (p->exec_only != PROBE_UNKNOWN)
		add(&t, ",exec_only=%d", probe_exec_only(p));
}
