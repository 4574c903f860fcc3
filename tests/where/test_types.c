/* SPDX-License-Identifier: MIT */
/*
 * test_types.c - every byte of a structure that threads share has a name: a
 * field that is added to it and not to lib/where/types.c is found here, before a
 * cache line is reported without its name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/where/types.h"

static bool covered(const struct vms__where_type *type, size_t byte)
{
	for (size_t i = 0; i < type->nr; i++)
		if (byte >= type->field[i].offset && byte < type->field[i].offset + type->field[i].size)
			return true;
	return false;
}

/* Where padding from @byte on would end: at the next field, which it aligns, or at the end of the structure. */
static bool is_padding(const struct vms__where_type *type, size_t byte)
{
	size_t next = type->size, align = 64;

	for (size_t i = 0; i < type->nr; i++)
		if (type->field[i].offset > byte && type->field[i].offset < next) {
			next = type->field[i].offset;
			align = type->field[i].align;
		}
	/* No more than the alignment asks for. */
	return next - byte < align;
}

/* @other: the same structure with the other fields of a union. */
static void expect_whole(const struct vms__where_type *type, const struct vms__where_type *other)
{
	for (size_t byte = 0; byte < type->size; byte++)
		if (!covered(type, byte) && !covered(other, byte) && !is_padding(type, byte))
			fail_msg("byte %zu of %s belongs to no field of lib/where/types.c", byte, type->name);
}

static void every_byte_has_a_name(void **state)
{
	(void)state;
	expect_whole(&vms__where_mm_maple, &vms__where_mm_rbtree);
	expect_whole(&vms__where_mm_rbtree, &vms__where_mm_maple);
	for (const struct vms__where_type *type = vms__where_cached; type->name; type++)
		expect_whole(type, type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
