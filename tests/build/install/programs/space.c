/* SPDX-License-Identifier: MIT */
/*
 * space.c - a program outside the tree: it uses an address space, through the
 * installed headers and the library that its build names.
 */
#include <stdio.h>
#include <vmastore/mm.h>

int main(void)
{
	struct mm_struct *mm = vms_mm_create("maple-vma", NULL, NULL);
	unsigned long addr;

	if (!mm)
		return 1;
	addr = vms_mmap(mm, 0, 8 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			NULL, 0);
	if (IS_ERR_VALUE(addr) || vms_munmap(mm, addr + 2 * PAGE_SIZE, 3 * PAGE_SIZE) < 0)
		return 1;
	if (vms_fault(mm, addr, FAULT_FLAG_WRITE) != VMS_FAULT_OK)
		return 1;
	if (vms_fault(mm, addr + 2 * PAGE_SIZE, 0) != VMS_SEGV_MAPERR)
		return 1;
	mmput(mm);
	if (vms_leak_report(stderr) != 0)
		return 1;
	puts("space: ok");
	return 0;
}
