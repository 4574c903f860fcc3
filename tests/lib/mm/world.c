/* SPDX-License-Identifier: MIT */
/* world.c - implements world.h. */
#include "tests/lib/mm/world.h"

const struct mm_layout world_layout = {
	.task_size = 0x40000000,
	.mmap_base = 0x40000000,
	.mmap_min_addr = 0x10000,
	.bottom_base = 0x10000,
	.start_brk = 0x10000000,
};

int world_setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->engine = *state;
	w->mm = vms_mm_create(w->engine, &world_layout, NULL);
	assert_non_null(w->mm);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	int broken = vms_mm_validate(w->mm, stderr);
	size_t left;

	mmput(w->mm);
	test_free(w);
	left = vms_leak_report(stderr);
	return broken || left ? -1 : 0;
}

struct mm_struct *mm_with_rules(void **state, const struct mm_rules *rules)
{
	const struct world *world = *state;
	struct mm_struct *mm = vms_mm_create(world->engine, &world_layout, rules);

	assert_non_null(mm);
	return mm;
}

void leave(struct mm_struct *mm)
{
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	mmput(mm);
}

void limit_map_count(struct mm_struct *mm, int count)
{
	struct mm_limits limits = vms_mm_limits(mm);

	limits.max_map_count = count;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
}

char *layout_text(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	VMA_ITERATOR(vmi, mm, 0);

	mmap_read_lock(mm);
	for_each_vma(vmi, vma)
		fprintf(out, "%lx-%lx %c%c%c%c %lx\n", vma->vm_start, vma->vm_end,
			vma->vm_flags & VM_READ ? 'r' : '-', vma->vm_flags & VM_WRITE ? 'w' : '-',
			vma->vm_flags & VM_EXEC ? 'x' : '-',
			vma->vm_flags & VM_MAYSHARE ? 's' : 'p', vma->vm_pgoff);
	mmap_read_unlock(mm);
	fclose(out);
	return text;
}

void expect_layout_at(struct mm_struct *mm, const char *expected, const char *file, int line)
{
	char *text = layout_text(mm);

	if (strcmp(text, expected) != 0)
		print_error("%s:%d: layout is\n%sexpected\n%s", file, line, text, expected);
	_assert_true(strcmp(text, expected) == 0, "layout", file, line);
	free(text);
	_assert_int_equal(vms_mm_validate(mm, stderr), 0, file, line);
}

struct file *world_file(unsigned long pages, bool writable)
{
	struct address_space *mapping = vms_address_space_create(pages * PG, 0, 8, 1, 42);
	struct file *file =
		vms_file_open(mapping, "/data", FMODE_READ | (writable ? FMODE_WRITE : 0));

	vms_address_space_put(mapping);
	return file;
}
