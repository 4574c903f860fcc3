/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the behaviour that differs between versions of Linux and that a
 * listing or an answer shows; struct mm_rules explains each rule. The rules are
 * read by placement.c, merge.c, mmap.c, mremap.c, madvise.c, mseal.c, by
 * vms__exec_only_key(), and by lib/page/handle_fault.c (read_takes_page).
 *
 * Locks: none; an mm's rules are constant.
 */
#include "lib/mm/internal.h"

const struct mm_rules vms_mm_rules_default = {
	.kernel_version = VMS_KERNEL_VERSION(6, 18),
	.thp_align = VMS_THP_ALIGN_WHOLE,
	.vacate_tables = true,
	.merge_one_sided = true,
	.mremap_many = true,
	.guard_flag = true,
};

struct mm_rules vms_mm_rules_for(unsigned int version)
{
	struct mm_rules rules = {
		.kernel_version = version,
		.vacate_tables = version >= VMS_KERNEL_VERSION(6, 14),
		.merge_one_sided = version >= VMS_KERNEL_VERSION(6, 16),
		.mremap_many = version >= VMS_KERNEL_VERSION(6, 17),
		.guard_flag = version >= VMS_KERNEL_VERSION(6, 18),
	};

	if (version >= VMS_KERNEL_VERSION(6, 13))
		rules.thp_align = VMS_THP_ALIGN_WHOLE;
	else if (version >= VMS_KERNEL_VERSION(6, 7))
		rules.thp_align = VMS_THP_ALIGN_LARGE;
	return rules;
}
