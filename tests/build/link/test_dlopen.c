/* SPDX-License-Identifier: MIT */
/*
 * test_dlopen.c - the shared object, loaded by a plug-in long after the program
 * started. The library needs no more static thread-local memory than the C
 * library reserves for objects loaded late, exports only its public names, and
 * stays loaded once it was loaded.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <dlfcn.h>
#include <pthread.h>
#include <cmocka.h>

#include <vmastore/mm.h>

static const char *library_path;

/*
 * Symptom: a crash at the thread's exit, or in the callback thread, after
 * dlclose(). Cause: both run code of the library, which was unmapped. dlclose()
 * must leave it mapped.
 */
static void *use_and_close(void *arg)
{
	void *lib = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
	struct mm_struct *(*create)(const char *, const struct mm_layout *,
				    const struct mm_rules *) = NULL;
	void (*put)(struct mm_struct *) = NULL;

	(void)arg;
	if (!lib)
		return NULL;
	*(void **)&create = dlsym(lib, "vms_mm_create");
	*(void **)&put = dlsym(lib, "vms_mmput");
	if (create && put)
		put(create("maple-vma", NULL, NULL));
	return dlclose(lib) == 0 ? &library_path : NULL;
}

static void a_thread_may_outlive_its_use_of_the_library(void **state)
{
	pthread_t thread;
	void *ok = NULL;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, use_and_close, NULL), 0);
	assert_int_equal(pthread_join(thread, &ok), 0);
	assert_non_null(ok);
	assert_non_null(dlopen(library_path, RTLD_NOW | RTLD_NOLOAD));
}

static void library_works_when_loaded_late(void **state)
{
	void *lib = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
	struct mm_struct *(*create)(const char *, const struct mm_layout *,
				    const struct mm_rules *);
	void (*put)(struct mm_struct *);
	struct mm_struct *mm;

	(void)state;
	if (!lib)
		print_error("%s\n", dlerror());
	assert_non_null(lib);
	*(void **)&create = dlsym(lib, "vms_mm_create");
	*(void **)&put = dlsym(lib, "vms_mmput");
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
		/* First, because the other tests leave the library open. */
		cmocka_unit_test(a_thread_may_outlive_its_use_of_the_library),
		cmocka_unit_test(library_works_when_loaded_late),
		cmocka_unit_test(internal_names_are_not_found),
	};

	if (argc != 2)
		return EXIT_FAILURE;
	library_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
