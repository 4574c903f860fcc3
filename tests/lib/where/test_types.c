/* SPDX-License-Identifier: MIT */
/*
 * test_types.c - lib/where/types.c lists every field of each structure that
 * threads share. A field that someone adds to a structure only fails here,
 * before bench/conflicts reports a cache line without its name. The test reads
 * the fields from the text of the headers, which are its arguments. Every byte
 * must belong to a named field, except for padding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/where/types.h"

#define FIELDS_MAX 128
#define NAME_MAX_LEN 64
#define TEXT_MAX (1u << 20)

static char text[TEXT_MAX]; /* of all headers */

/* ---- bytes ---- */

static bool covered(const struct vms__where_type *type, size_t byte)
{
	for (size_t i = 0; i < type->nr; i++)
		if (byte >= type->field[i].offset &&
		    byte < type->field[i].offset + type->field[i].size)
			return true;
	return false;
}

/*
 * Padding that begins at @byte would end at the next field, which it aligns, or
 * at the end of the structure.
 */
static bool is_padding(const struct vms__where_type *type, size_t byte)
{
	size_t next = type->size, align = 64;

	for (size_t i = 0; i < type->nr; i++)
		if (type->field[i].offset > byte && type->field[i].offset < next) {
			next = type->field[i].offset;
			align = type->field[i].align;
		}
	/* Padding is always shorter than the alignment that causes it. */
	return next - byte < align;
}

/*
 * @other: the same structure with the other fields of a union, or @type again.
 */
static void expect_whole(const struct vms__where_type *type, const struct vms__where_type *other)
{
	for (size_t byte = 0; byte < type->size; byte++)
		if (!covered(type, byte) && !covered(other, byte) && !is_padding(type, byte))
			fail_msg("byte %zu of %s belongs to no field of lib/where/types.c", byte,
				 type->name);
}

static void every_byte_has_a_name(void **state)
{
	(void)state;
	expect_whole(&vms__where_mm_maple, &vms__where_mm_rbtree);
	expect_whole(&vms__where_mm_rbtree, &vms__where_mm_maple);
	for (const struct vms__where_type *type = vms__where_cached; type->name; type++)
		expect_whole(type, type);
}

/* ---- names ---- */

struct names {
	char name[FIELDS_MAX][NAME_MAX_LEN];
	size_t nr;
};

/*
 * Adds the name that [@from, @to) declares: its last word without array bounds
 * and attributes. Example: "_Atomic int mm_users vms_cacheline_aligned".
 */
static void add_declared(struct names *names, const char *from, const char *to)
{
	static const char *const attributes[] = {"vms_cacheline_aligned"};
	const char *start;

	for (;;) {
		while (to > from && !isalnum((unsigned char)to[-1]) && to[-1] != '_') {
			if (*--to == ']')
				while (to > from && *to != '[')
					to--;
		}
		for (start = to;
		     start > from && (isalnum((unsigned char)start[-1]) || start[-1] == '_');)
			start--;
		if ((size_t)(to - start) != strlen(attributes[0]) ||
		    strncmp(start, attributes[0], strlen(attributes[0])) != 0)
			break;
		to = start;
	}
	if (start == to)
		return;
	assert_true(names->nr < FIELDS_MAX && to - start < NAME_MAX_LEN);
	snprintf(names->name[names->nr++], NAME_MAX_LEN, "%.*s", (int)(to - start), start);
}

/* Adds the names of "a, b;". @to: the semicolon. */
static void add_list(struct names *names, const char *from, const char *to)
{
	const char *comma;

	while ((comma = memchr(from, ',', (size_t)(to - from))) != NULL) {
		add_declared(names, from, comma);
		from = comma + 1;
	}
	add_declared(names, from, to);
}

/*
 * Adds the fields after an opening brace; @at is the byte behind that brace.
 * The fields of an unnamed inner structure count as fields of the outer one; a
 * named inner structure is a field itself. Return: the byte behind the closing
 * brace.
 */
static const char *fields_of(struct names *names, const char *at)
{
	const char *start = at;

	for (; *at != '}'; at++) {
		assert_true(*at);
		if (*at == '{') {
			struct names inner = {.nr = 0};
			size_t before = names->nr;

			at = fields_of(&inner, at + 1);
			start = at;
			at = strchr(at, ';');
			assert_non_null(at);
			add_list(names, start, at);
			for (size_t i = 0; names->nr == before && i < inner.nr; i++)
				memcpy(names->name[before + i], inner.name[i], NAME_MAX_LEN);
			names->nr += names->nr == before ? inner.nr : 0;
			start = at + 1;
		} else if (*at == ';') {
			add_list(names, start, at);
			start = at + 1;
		}
	}
	return at + 1;
}

static bool has_field(const struct vms__where_type *type, const char *name)
{
	for (size_t i = 0; i < type->nr; i++)
		if (!strcmp(type->field[i].name, name))
			return true;
	return false;
}

/*
 * @structure: its name in the headers. @other: the same structure with the
 *             other fields of a union, or @type again. @least: fewer fields
 *             than this mean that the parser failed.
 */
static void expect_fields(const char *structure, const struct vms__where_type *type,
			  const struct vms__where_type *other, size_t least)
{
	char declared[80];
	struct names names = {.nr = 0};
	const char *at;

	snprintf(declared, sizeof(declared), "\nstruct %s {", structure);
	at = strstr(text, declared);
	assert_non_null(at);
	fields_of(&names, at + strlen(declared));
	assert_true(names.nr >= least);
	for (size_t i = 0; i < names.nr; i++)
		if (!has_field(type, names.name[i]) && !has_field(other, names.name[i]))
			fail_msg("%s of struct %s is missing in lib/where/types.c", names.name[i],
				 structure);
}

static void every_field_is_known(void **state)
{
	const struct vms__where_type *type = vms__where_cached;

	(void)state;
	expect_fields("mm_struct", &vms__where_mm_maple, &vms__where_mm_rbtree, 40);
	expect_fields("vm_area_struct", &type[0], &type[0], 18);
	expect_fields("page", &type[1], &type[1], 7);
	expect_fields("vms__ptable", &type[2], &type[2], 3);
	expect_fields("anon_vma", &type[3], &type[3], 6);
	expect_fields("anon_vma_chain", &type[4], &type[4], 4);
	assert_null(type[5].name);
}

/* ---- the headers ---- */

/* Overwrites each comment with spaces and keeps its newlines. */
static void drop_comments(void)
{
	for (char *at = strstr(text, "/*"), *end; at; at = strstr(end, "/*")) {
		end = strstr(at, "*/");
		if (!end)
			return;
		end += 2;
		for (; at < end; at++)
			*at = *at == '\n' ? '\n' : ' ';
	}
}

static bool read_header(const char *path)
{
	size_t len = strlen(text);
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	len += fread(text + len, 1, sizeof(text) - 1 - len, f);
	text[len] = '\0';
	return fclose(f) == 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_has_a_name),
		cmocka_unit_test(every_field_is_known),
	};

	for (int i = 1; i < argc; i++)
		if (!read_header(argv[i])) {
			fprintf(stderr, "%s cannot be read\n", argv[i]);
			return 2;
		}
	drop_comments();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
