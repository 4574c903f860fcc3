/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the rules that an engine follows, as text and as the probe found
 * them on a machine. One rule, mmap_min_addr, is not in struct mm_rules,
 * because it belongs to an address space's layout.
 *
 * As text: NAME=VALUE,NAME=VALUE...; the names are those of the fields.
 *
 *   kernel=X.Y or running   the version; sets all rules that depend on the
 *                           version, the others stay
 *   thp_align=none, large or whole
 *   vacate_tables, merge_one_sided, mremap_many, guard_flag,
 *   read_takes_page, exec_only=0 or 1
 *   mmap_min_addr=HEX       bytes, a multiple of a page
 *   machine                 without a value: all rules as the probe finds
 *                           them on this machine
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
 * The rules of Linux 6.18 with a zero page and without protection keys, and the
 * library's own mmap_min_addr.
 */
struct rules rules_default(void);

/*
 * Set all rules that depend on the version to those of @version, a
 * VMS_KERNEL_VERSION(). The rules that depend on the machine stay.
 */
void rules_set_version(struct rules *rules, unsigned int version);

/*
 * Parse X.Y, each at most 255, alone or with the rest of a release (.Z, -rc1),
 * or `running`. Return: false for another word.
 */
bool rules_word_version(const char *word, unsigned int *version);

/* The rules of the machine that was probed. */
struct rules rules_of_machine(const struct probe *probe);

/*
 * Change @rules as @list says. Return: false, with the message "found ...,
 * expected ..." in @why and @rules unchanged.
 */
bool rules_set(struct rules *rules, const char *list, char *why, size_t why_size);

/* Print all rules, as a list for rules_set(). */
void rules_text(const struct rules *rules, char *text, size_t size);

#endif
