/* SPDX-License-Identifier: MIT */
/*
 * test_dlopen.c - the shared object as a plug-in loads it, long after the program started: it needs no more of the static
 * thread-local memory than the C library keeps free for late comers, and it offers nothing but its public names.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <dlfcn.h>
#include <cmocka.h>

#include <vmastore/mm.h>

static const char *library_path;

static void library_works_when_loaded_late(void **state)
{
	void *lib = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
	struct mm_struct *(*create)(const char *, const struct mm_layout *, const struct mm_rules *);
	void (*put)(struct mm_struct *);
	struct mm_struct *mm;

	(void)state;
	if (!lib)
		print_error("%s\n", dlerror());
	assert_non_null(lib);
	*(void **)&create = dlsym(lib, "vms_mm_create");
	*(void **)&put = dlsym(lib, "mmput");
	assert_non_null(create);
	assert_non_null(put);
	mm = create("maple-vma", NULL, NULL);
	assert_non_null(mm);
	put(mm);
}

static void internal_names_are_not_found(void **state)
{
	void *lib = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);

	(void)state;
	assert_non_null(lib);
	assert_null(dlsym(lib, "vms__alloc"));
	assert_null(dlsym(lib, "vms__engine_find"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(library_works_when_loaded_late),
		cmocka_unit_test(internal_names_are_not_found),
	};

	if (argc != 2)
		return EXIT_FAILURE;
	library_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
