// SPDX-License-Identifier: MIT
// space.cc - space.c's address space, from C++.
#include <cstdio>
#include <vmastore/mm.h>

int main()
{
	mm_struct *mm = vms_mm_create("maple-vma", nullptr, nullptr);
	if (!mm)
		return 1;
	unsigned long addr = vms_mmap(mm, 0, 8 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, nullptr, 0);
	if (IS_ERR_VALUE(addr) || vms_fault(mm, addr, FAULT_FLAG_WRITE) != VMS_FAULT_OK)
		return 1;
	mmput(mm);
	if (vms_leak_report(stderr) != 0)
		return 1;
	std::puts("space: ok");
}
