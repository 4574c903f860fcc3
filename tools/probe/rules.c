/* SPDX-License-Identifier: MIT */
/* rules.c - see rules.h. */
#include "tools/probe/rules.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <vmastore/mm.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"

#define MIN_ADDR_MOST (1UL << 30)

#define NAMES                                                                                      \
	"one of kernel thp_align vacate_tables merge_one_sided mremap_many guard_flag "            \
	"read_takes_page exec_only mmap_min_addr, or machine"

static const struct {
	const char *name;
	size_t offset;
} switches[] = {
	{"vacate_tables", offsetof(struct mm_rules, vacate_tables)},
	{"merge_one_sided", offsetof(struct mm_rules, merge_one_sided)},
	{"mremap_many", offsetof(struct mm_rules, mremap_many)},
	{"guard_flag", offsetof(struct mm_rules, guard_flag)},
	{"read_takes_page", offsetof(struct mm_rules, read_takes_page)},
	{"exec_only", offsetof(struct mm_rules, exec_only)},
};

#define NR_SWITCHES (sizeof(switches) / sizeof(switches[0]))

static const char *const aligns[] = {
	[VMS_THP_ALIGN_NONE] = "none",
	[VMS_THP_ALIGN_LARGE] = "large",
	[VMS_THP_ALIGN_WHOLE] = "whole",
};

static bool *switch_of(struct mm_rules *rules, size_t i)
{
	return (bool *)((char *)rules + switches[i].offset);
}

struct rules rules_default(void)
{
	return (struct rules){vms_mm_rules_default, vms_mm_layout_default.mmap_min_addr};
}

void rules_set_version(struct rules *rules, unsigned int version)
{
	bool read_takes_page = rules->mm.read_takes_page, exec_only = rules->mm.exec_only;

	rules->mm = vms_mm_rules_for(version);
	rules->mm.read_takes_page = read_takes_page;
	rules->mm.exec_only = exec_only;
}

bool rules_word_version(const char *word, unsigned int *version)
{
	unsigned long major, minor;
	struct utsname running;

	if (strcmp(word, "running") == 0 && uname(&running) == 0)
		word = running.release;
	if (!bench_version(word, 255, &major, &minor))
		return false;
	*version = (unsigned int)VMS_KERNEL_VERSION(major, minor);
	return true;
}

struct rules rules_of_machine(const struct probe *probe)
{
	struct rules rules = {
		.mm = vms_mm_rules_for(VMS_KERNEL_VERSION(probe->major, probe->minor)),
		.mmap_min_addr = probe->mmap_min_addr,
	};

	rules.mm.read_takes_page = probe_read_takes_page(probe);
	rules.mm.exec_only = probe_exec_only(probe);
	return rules;
}

/* ---- one NAME=VALUE; each returns NULL, or what was expected ---- */

static const char *set_version(struct rules *rules, const char *value)
{
	unsigned int version;

	if (!rules_word_version(value, &version))
		return "X.Y, such as 6.18, or running";
	rules_set_version(rules, version);
	return NULL;
}

static const char *set_align(struct rules *rules, const char *value)
{
	for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++)
		if (strcmp(value, aligns[i]) == 0) {
			rules->mm.thp_align = (enum vms_thp_align)i;
			return NULL;
		}
	return "none, large or whole";
}

static const char *set_min_addr(struct rules *rules, const char *value)
{
	unsigned long n;

	if (!bench_number(value, 16, MIN_ADDR_MOST, &n, NULL))
		return "a hexadecimal address without 0x";
	if (n & ~PAGE_MASK)
		return "a multiple of a page, 1000";
	rules->mmap_min_addr = n;
	return NULL;
}

static const char *set_one(struct rules *rules, const char *name, const char *value)
{
	if (strcmp(name, "kernel") == 0)
		return set_version(rules, value);
	if (strcmp(name, "thp_align") == 0)
		return set_align(rules, value);
	if (strcmp(name, "mmap_min_addr") == 0)
		return set_min_addr(rules, value);
	for (size_t i = 0; i < NR_SWITCHES; i++) {
		if (strcmp(name, switches[i].name) != 0)
			continue;
		if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			return "0 or 1";
		*switch_of(&rules->mm, i) = *value == '1';
		return NULL;
	}
	return NAMES;
}

bool rules_set(struct rules *rules, const char *list, char *why, size_t why_size)
{
	struct rules changed = *rules;

	for (;;) {
		size_t len = strcspn(list, ",");
		char word[BENCH_SHOWN_MAX], shown[BENCH_SHOWN_MAX], *value;
		const char *expected;
		struct probe probe;

		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		if (!value && strcmp(word, "machine") == 0) {
			probe_machine(&probe);
			changed = rules_of_machine(&probe);
			expected = NULL;
		} else {
			expected = value && len < sizeof(word) ? set_one(&changed, word, value)
							       : NAMES;
		}
		if (expected) {
			snprintf(word, sizeof(word), "%.*s", (int)len, list);
			snprintf(why, why_size, "found '%s', expected %s", bench_shown(word, shown),
				 expected);
			return false;
		}
		if (!list[len])
			break;
		list += len + 1;
	}
	*rules = changed;
	return true;
}

void rules_text(const struct rules *rules, char *text, size_t size)
{
	struct mm_rules mm = rules->mm;
	int len = snprintf(text, size, "kernel=%u.%u,thp_align=%s,mmap_min_addr=%lx",
			   mm.kernel_version >> 16, mm.kernel_version >> 8 & 255,
			   aligns[mm.thp_align], rules->mmap_min_addr);

	for (size_t i = 0; i < NR_SWITCHES && len > 0 && (size_t)len < size; i++)
		len += snprintf(text + len, size - (size_t)len, ",%s=%d", switches[i].name,
				*switch_of(&mm, i));
}
