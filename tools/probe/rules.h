/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the rules that an engine follows, as text and as a machine's probe
 * found them. What struct mm_rules does not hold, because it belongs to an
 * address space's bounds, is beside it.
 *
 * As text: NAME=VALUE,NAME=VALUE...; names are those of the fields.
 *
 *   kernel=X.Y or running   the version; all rules that go by the version are
 *                           set anew, the others stay
 *   thp_align=none, large or whole
 *   vacate_tables, merge_one_sided, mremap_many, guard_flag,
 *   read_takes_page, exec_only=0 or 1
 *   mmap_min_addr=HEX       bytes, a multiple of a page
 *   machine                 without a value: all that the probe finds here
 */
#ifndef TOOLS_PROBE_RULES_H
#define TOOLS_PROBE_RULES_H

#include <vmastore/mm_types.h>

#include "tools/probe/probe.h"

struct rules {
	struct mm_rules mm;
	unsigned long mmap_min_addr; /* for struct mm_layout */
};

/*
 * Linux 6.18 with a zero page, without protection keys, and the library's own
 * bounds.
 */
struct rules rules_default(void);

/*
 * Those of @version, VMS_KERNEL_VERSION(), set anew; what goes by the machine
 * stays.
 */
void rules_set_version(struct rules *rules, unsigned int version);

/*
 * X.Y, each at most 255, with what a release has behind it (.Z, -rc1), or
 * `running`. Return: false for another word.
 */
bool rules_word_version(const char *word, unsigned int *version);

/* Those of the machine that was probed. */
struct rules rules_of_machine(const struct probe *probe);

/*
 * Change @rules as @list says. Return: false, with what was found and expected
 * in @why and @rules as they were.
 */
bool rules_set(struct rules *rules, const char *list, char *why, size_t why_size);

/* All of them, as rules_set() reads them. */
void rules_text(const struct rules *rules, char *text, size_t size);

#endif
