/* SPDX-License-Identifier: MIT */
/*
 * test_foreign.c - address spaces for languages that read no C header: each
 * function answers what the field or the macro that it stands for says.
 */
#include <errno.h>

#include <vmastore/foreign.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

/* ---- address spaces ---- */

static void bounds_and_version_by_number(void **state)
{
	const char *engine = ((struct world *)*state)->engine;
	const unsigned long usual = VMS_DEFAULT_BOUND;
	struct mm_struct *mm = NULL;

	assert_int_equal(vms_mm_new_with(engine, usual, usual, usual, usual, usual, 0, &mm), 0);
	assert_memory_equal(&mm->layout, &vms_mm_layout_default, sizeof(mm->layout));
	assert_memory_equal(&mm->rules, &vms_mm_rules_default, sizeof(mm->rules));
	mmput(mm);
	assert_int_equal(vms_mm_new_with(engine, 0x40000000, 0x30000000, 0x3000, 0x10000,
					 0x20000000, VMS_KERNEL_VERSION(6, 1), &mm),
			 0);
	assert_int_equal(mm->layout.task_size, 0x40000000);
	assert_int_equal(mm->layout.mmap_base, 0x30000000);
	assert_int_equal(mm->layout.mmap_min_addr, 0x3000);
	assert_int_equal(mm->layout.bottom_base, 0x10000);
	assert_int_equal(mm->layout.start_brk, 0x20000000);
	assert_int_equal(mm->rules.kernel_version, VMS_KERNEL_VERSION(6, 1));
	mmput(mm);
	assert_int_equal(vms_mm_new_with(engine, 5, usual, usual, usual, usual, 0, &mm), -EINVAL);
}

static void limits_by_number(void **state)
{
	static const unsigned long values[] = {1UL << 30, 1UL << 20, 1UL << 22,
					       1UL << 16, 1UL << 21, 1000};
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct mm_limits limits;

	assert_int_equal(vms_mm_limit(mm, VMS_LIMIT_AS), VMS_NO_LIMIT);
	assert_int_equal(vms_mm_limit(mm, VMS_LIMIT_MAP_COUNT), 65530);
	for (int i = VMS_LIMIT_AS; i <= VMS_LIMIT_MAP_COUNT; i++)
		assert_int_equal(vms_mm_set_limit(mm, (enum vms_limit)i, values[i]), 0);
	limits = vms_mm_limits(mm);
	assert_int_equal(limits.as, values[0]);
	assert_int_equal(limits.data, values[1]);
	assert_int_equal(limits.data_max, values[2]);
	assert_int_equal(limits.memlock, values[3]);
	assert_int_equal(limits.stack, values[4]);
	assert_int_equal(limits.max_map_count, values[5]);
	for (int i = VMS_LIMIT_AS; i <= VMS_LIMIT_MAP_COUNT; i++)
		assert_int_equal(vms_mm_limit(mm, (enum vms_limit)i), values[i]);
	assert_int_equal(vms_mm_set_limit(mm, VMS_LIMIT_DATA_MAX, 5), -EINVAL);
	assert_int_equal(vms_mm_set_limit(mm, VMS_LIMIT_MAP_COUNT, (1UL << 32) + 5), -EINVAL);
	assert_int_equal(vms_mm_set_limit(mm, (enum vms_limit)99, 0), -EINVAL);
	assert_int_equal(vms_mm_limit(mm, (enum vms_limit)99), 0);
}

static void accounts_by_number(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms_mmap(mm, BASE, 8 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 8 * PG, 2 * PG, PROT_READ | PROT_EXEC, FIXED, NULL, 0);
	vms_mmap(mm, BASE + 16 * PG, PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	vms_mlock2(mm, BASE, 3 * PG, MLOCK_ONFAULT);
	vms_munmap(mm, BASE + 7 * PG, PG);
	assert_int_equal(vms_account_pinned_vm(mm, 5, true), 0);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_MAP_COUNT), 4);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_TOTAL_VM), 10);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_DATA_VM), 7);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_EXEC_VM), 2);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_STACK_VM), 1);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_LOCKED_VM), 3);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_HIWATER_VM), 11);
	assert_int_equal(vms_mm_account(mm, VMS_ACCOUNT_PINNED_VM), 5);
	assert_int_equal(vms_mm_account(mm, (enum vms_account)99), 0);
	assert_int_equal(vms_account_pinned_vm(mm, 5, false), 0);
}

static void text_out_and_in(void **state)
{
	const struct world *w = *state;
	struct mm_struct *copy = NULL;
	unsigned long line = 99;
	char *text, *again;
	size_t len;

	vms_mmap(w->mm, BASE, 8 * PG, RW, FIXED, NULL, 0);
	vms_set_anon_name(w->mm, BASE, PG, "mine");
	text = vms_mm_text(w->mm, &len);
	assert_int_equal(len, strlen(text));
	assert_int_equal(vms_mm_import_text(w->engine, text, len, &copy, &line), 0);
	again = vms_mm_text(copy, NULL);
	assert_string_equal(text, again);
	assert_non_null(strstr(text, "[anon:mine]\n"));
	vms_text_free(again);
	vms_text_free(text);
	vms_text_free(NULL);
	mmput(copy);
	assert_int_equal(vms_mm_import_text(w->engine, "x\n", 2, &copy, &line), -EINVAL);
	assert_int_equal(line, 1);
}

static void owner_and_answers(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	assert_null(vms_mm_owner(mm));
	vms_mm_set_owner(mm, state);
	assert_ptr_equal(vms_mm_owner(mm), state);
	assert_ptr_equal(mm->owner, state);
	assert_int_equal(vms_error_of(vms_mmap(mm, BASE, 0, RW, FIXED, NULL, 0)), -EINVAL);
	assert_int_equal(vms_error_of(vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0)), 0);
	assert_int_equal(vms_error_of((unsigned long)-4095L), -4095);
	assert_int_equal(vms_error_of((unsigned long)-4096L), 0);
}

/* ---- VMAs ---- */

static void fields_of_a_vma(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true);
	struct vm_area_struct *vma, *anon;
	char name[6], cut[3], none[6];
	size_t len[4];

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 3 * PG);
	vms_mmap(mm, BASE + 8 * PG, PG, RW, FIXED, NULL, 0);
	/* What fails under a lock would leave it locked. */
	mmap_read_lock(mm);
	vma = find_vma(mm, 0);
	anon = find_vma(mm, BASE + 4 * PG);
	len[0] = vms_vma_name(vma, name, sizeof(name)); /* just fits, with its NUL */
	len[1] = vms_vma_name(vma, cut, sizeof(cut));
	len[2] = vms_vma_name(vma, NULL, 0);
	len[3] = vms_vma_name(anon, none, sizeof(none));
	mmap_read_unlock(mm);
	assert_int_equal(vms_vma_start(vma), BASE);
	assert_int_equal(vms_vma_end(vma), BASE + 4 * PG);
	assert_int_equal(vms_vma_flags(vma), vma->vm_flags);
	assert_int_equal(vms_vma_pgoff(vma), 3);
	assert_ptr_equal(vms_vma_file(vma), file);
	assert_null(vms_vma_file(anon));
	assert_ptr_equal(vms_vma_mm(vma), mm);
	assert_null(vms_vma_private(vma));
	assert_int_equal(len[0], 5);
	assert_string_equal(name, "/data");
	assert_int_equal(len[1], 5);
	assert_string_equal(cut, "/d");
	assert_int_equal(len[2], 5);
	assert_int_equal(len[3], 0);
	assert_string_equal(none, "");
	assert_string_equal(vms_file_path(file), "/data");
	assert_ptr_equal(vms_file_mapping(file), file->f_mapping);
	assert_int_equal(vms_mapping_inode(file->f_mapping), 42);
	assert_int_equal(vms_mapping_device(file->f_mapping), 8ULL << 32 | 1);
	assert_int_equal(vms_mapping_size(file->f_mapping), 16 * PG);
	fput(file);
}

static void vma_of_ones_own(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true);
	const vm_flags_t flags =
		VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE;
	struct vm_area_struct *vma = vms_vma_new(mm, BASE, BASE + 2 * PG, flags, file, 5), *second;
	int answers[2];

	assert_int_equal(atomic_load(&file->f_count), 2);
	vms_vma_set_private(vma, state);
	second = vms_vma_new(mm, BASE + PG, BASE + 3 * PG, flags, file, 0);
	mmap_write_lock(mm);
	answers[0] = insert_vm_struct(mm, vma);
	answers[1] = insert_vm_struct(mm, second);
	mmap_write_unlock(mm);
	assert_int_equal(answers[0], 0);
	assert_int_equal(answers[1], -ENOMEM);
	vms_vma_free(second);
	assert_ptr_equal(vms_vma_private(vma), state);
	assert_int_equal(vms_vma_pgoff(vma), 5);
	assert_int_equal(vms_write_word(mm, BASE + PG, 7), VMS_FAULT_OK);
	assert_int_equal(atomic_load(&file->f_count), 2);
	vms_munmap(mm, BASE, 2 * PG);
	assert_int_equal(atomic_load(&file->f_count), 1);
	fput(file);
	vma = vms_vma_new(mm, BASE, BASE + PG, VM_READ, NULL, 0);
	vms_vma_free(vma);
}

static void walk_over_vmas(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct vm_area_struct *vma[51], *at, *before;
	struct vma_iterator *vmi;

	for (unsigned long i = 0; i < 50; i++)
		vms_mmap(mm, BASE + 2 * i * PG, PG, RW, FIXED, NULL, 0);
	vmi = vms_vma_iterator_new(mm, 0);
	mmap_read_lock(mm);
	for (size_t i = 0; i < 51; i++)
		vma[i] = vma_next(vmi);
	vms_vma_iterator_set(vmi, BASE + 20 * PG);
	at = vma_next(vmi);
	vms_vma_iterator_set(vmi, BASE + 20 * PG);
	before = vma_prev(vmi);
	mmap_read_unlock(mm);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(vms_vma_start(vma[i]), BASE + 2 * i * PG);
	assert_null(vma[50]);
	assert_ptr_equal(at, vma[10]);
	assert_ptr_equal(before, vma[9]);
	vms_vma_iterator_free(vmi);
	vms_vma_iterator_free(NULL);
}

static void constructor_may_lack_memory(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	vms__alloc_fail_from(1);
	assert_null(vms_vma_new(mm, BASE, BASE + PG, VM_READ, NULL, 0));
	assert_null(vms_vma_iterator_new(mm, 0));
	vms__alloc_fail_from(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(bounds_and_version_by_number),
		ON_EVERY_ENGINE(limits_by_number),
		ON_EVERY_ENGINE(accounts_by_number),
		ON_EVERY_ENGINE(text_out_and_in),
		ON_EVERY_ENGINE(owner_and_answers),
		ON_EVERY_ENGINE(fields_of_a_vma),
		ON_EVERY_ENGINE(vma_of_ones_own),
		ON_EVERY_ENGINE(walk_over_vmas),
		ON_EVERY_ENGINE(constructor_may_lack_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
