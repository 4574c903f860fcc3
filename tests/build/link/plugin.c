/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - a plug-in with one function that links the library's archive into
 * itself. test_plugin.c loads and closes it.
 */
#include "tests/build/link/plugin.h"

#include <vmastore/mm.h>

int plugin_use(void)
{
	struct mm_struct *mm = vms_mm_create("maple-vma", NULL, NULL);
	unsigned long addr;

	if (!mm)
		return -1;
	addr = vms_mmap(mm, 0, 8 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			NULL, 0);
	(void)vms_fault(mm, addr, FAULT_FLAG_WRITE);
	mmput(mm);
	return 0;
}
