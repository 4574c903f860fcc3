/* SPDX-License-Identifier: MIT */
/*
 * page_prot.c - vm_page_prot, which follows vm_flags: what a new page-table
 * entry of a VMA may allow at once. A right that it withholds is given by a
 * later fault, after a copy (private memory), or after the owner was told of
 * the write (page_mkwrite()).
 *
 * Locks: none, but an attached VMA must be write-locked while its vm_page_prot
 *        is set.
 */
#include "lib/engine/engine.h"
#include "lib/page/page.h"

pgprot_t vm_get_page_prot(vm_flags_t flags)
{
	unsigned int prot = 0;

	/*
	 * x86 has no page that may be written or executed but not read. A
	 * protection key refuses reads without a bit in the entry.
	 */
	if (flags & VM_ACCESS_FLAGS)
		prot |= VMS_PGPROT_READ;
	if ((flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED))
		prot |= VMS_PGPROT_WRITE;
	if (flags & VM_EXEC)
		prot |= VMS_PGPROT_EXEC;
	return (pgprot_t){(unsigned short)prot};
}

/*
 * Whether the first write must come as a fault: there is no owner, so that the
 * memory is private, or the owner asks to be told of it.
 */
static bool wants_write_fault(const struct vm_area_struct *vma)
{
	const struct vm_operations_struct *ops = vms__vma_ops(vma);

	return !ops || ops->page_mkwrite || ops->pfn_mkwrite;
}

void vma_set_page_prot(struct vm_area_struct *vma)
{
#ifdef VMS_DEBUG
	if (vms__vma_is_attached(vma))
		vma_assert_write_locked(vma);
#endif
	vma->vm_page_prot = vm_get_page_prot(wants_write_fault(vma) ? vma->vm_flags & ~VM_SHARED
								    : vma->vm_flags);
}
