/* SPDX-License-Identifier: MIT */
/*
 * test_page_prot.c - vm_page_prot follows vm_flags and the owner's hooks,
 * whichever call changes them. The tear-down validates each address space, and
 * the validator compares the two.
 */
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define READ VMS_PGPROT_READ
#define WRITE VMS_PGPROT_WRITE
#define EXEC VMS_PGPROT_EXEC

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static unsigned int prot_at(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	unsigned int prot;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	assert_non_null(vma);
	prot = pgprot_val(vma->vm_page_prot);
	mmap_read_unlock(mm);
	return prot;
}

static void flags_make_the_protection(void **state)
{
	(void)state;
	for (vm_flags_t flags = 0; flags <= (VM_ACCESS_FLAGS | VM_SHARED); flags++) {
		unsigned int prot = pgprot_val(vm_get_page_prot(flags | VM_LOCKED | VM_MAYWRITE));

		assert_int_equal(prot & READ, flags & VM_ACCESS_FLAGS ? READ : 0);
		assert_int_equal(prot & EXEC, flags & VM_EXEC ? EXEC : 0);
		/*
		 * A private page is copied before it is written, so that no
		 * entry allows the write at once.
		 */
		assert_int_equal(prot & WRITE,
				 (flags & VM_WRITE) && (flags & VM_SHARED) ? WRITE : 0);
	}
}

static void it_follows_mmap_and_mprotect(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	vms_mmap(mm, BASE, 4 * PG, RW, FIXED, NULL, 0);
	assert_int_equal(prot_at(mm, BASE), READ);
	vms_mmap(mm, BASE + 8 * PG, 8 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(prot_at(mm, BASE + 8 * PG), READ | WRITE);
	/*
	 * The middle is split off, both neighbours keep their protection, and
	 * all merge again.
	 */
	assert_int_equal(vms_mprotect(mm, BASE + 10 * PG, 2 * PG, PROT_READ | PROT_EXEC), 0);
	assert_int_equal(prot_at(mm, BASE + 8 * PG), READ | WRITE);
	assert_int_equal(prot_at(mm, BASE + 10 * PG), READ | EXEC);
	assert_int_equal(prot_at(mm, BASE + 12 * PG), READ | WRITE);
	assert_int_equal(vms_mprotect(mm, BASE + 10 * PG, 2 * PG, PROT_NONE), 0);
	assert_int_equal(prot_at(mm, BASE + 10 * PG), 0);
	assert_int_equal(vms_mprotect(mm, BASE + 10 * PG, 2 * PG, RW), 0);
	assert_int_equal(prot_at(mm, BASE + 11 * PG), READ | WRITE);
	fput(file);
}

static void it_is_copied_by_fork_and_mremap(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(prot_at(child, BASE), READ | WRITE);
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	mmput(child);
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    BASE + 64 * PG),
			 BASE + 64 * PG);
	assert_int_equal(prot_at(mm, BASE + 64 * PG), READ | WRITE);
}

static vm_fault_t hear_of_write(struct vm_fault *vmf)
{
	(void)vmf;
	return 0;
}

/*
 * The owner must be told of the first write, so that no entry allows it at
 * once.
 */
static void an_owner_who_hears_of_writes_takes_the_write_right(void **state)
{
	static const struct vm_operations_struct ops = {.page_mkwrite = hear_of_write};
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma = vm_area_alloc(mm);

	assert_non_null(vma);
	vma->vm_start = BASE;
	vma->vm_end = BASE + PG;
	vm_flags_init(vma, VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE);
	/* After the flags, in the order that an embedder may choose. */
	vma->vm_ops = &ops;
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	assert_int_equal(pgprot_val(vma->vm_page_prot), READ);
	vm_flags_set(vma, VM_EXEC);
	assert_int_equal(pgprot_val(vma->vm_page_prot), READ | EXEC);
	vm_flags_clear(vma, VM_ACCESS_FLAGS);
	assert_int_equal(pgprot_val(vma->vm_page_prot), 0);
	vm_flags_mod(vma, VM_READ | VM_WRITE, VM_EXEC);
	assert_int_equal(pgprot_val(vma->vm_page_prot), READ);
	mmap_write_unlock(mm);
}

/* The validator must report a protection that does not follow the flags. */
static void the_validator_compares_them(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;
	pgprot_t kept;

	vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
	mmap_write_lock(mm);
	vma = vma_lookup(mm, BASE);
	vma_start_write(vma);
	kept = vma->vm_page_prot;
	vma->vm_page_prot.pgprot ^= WRITE;
	mmap_write_unlock(mm);
	assert_int_equal(vms_mm_validate(mm, NULL), 1);
	mmap_write_lock(mm);
	vma_start_write(vma);
	vma->vm_page_prot = kept;
	mmap_write_unlock(mm);
}

/*
 * Names from older versions of Linux: they compile, and stand for no bit that
 * has another meaning today.
 */
static void flags_that_are_no_more_are_no_bits(void **state)
{
	static const vm_flags_t gone[] = {VM_GROWSUP,  VM_SHM,       VM_DENYWRITE, VM_EXECUTABLE,
					  VM_RESERVED, VM_NONLINEAR, VM_HUGESPACE};

	(void)state;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_int_equal(gone[i], VM_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(it_follows_mmap_and_mprotect),
		ON_EVERY_ENGINE(it_is_copied_by_fork_and_mremap),
		ON_EVERY_ENGINE(an_owner_who_hears_of_writes_takes_the_write_right),
		ON_EVERY_ENGINE(the_validator_compares_them),
		cmocka_unit_test(flags_make_the_protection),
		cmocka_unit_test(flags_that_are_no_more_are_no_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
