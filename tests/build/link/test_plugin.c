/* SPDX-License-Identifier: MIT */
/*
 * test_plugin.c - a plug-in that contains the library's archive is closed while
 * a thread that used it still lives, while the library's callback thread runs,
 * and before a fork. Symptom: a crash at the thread's exit, in the callback
 * thread or in fork(). Cause: all three run code of the library later, and
 * dlclose() unmapped it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/build/link/plugin.h"

static const char *plugin_path;

/*
 * Return: &plugin_path if all went well. The plug-in is then closed, and this
 * thread is about to exit.
 */
static void *use_and_close(void *arg)
{
	void *plugin = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);
	int (*use)(void) = NULL;

	(void)arg;
	if (!plugin)
		return dlerror();
	*(void **)&use = dlsym(plugin, "plugin_use");
	if (!use || use())
		return NULL;
	return dlclose(plugin) == 0 ? &plugin_path : NULL;
}

static void a_closed_plugin_stays_for_those_who_used_it(void **state)
{
	pthread_t thread;
	void *ok = NULL;
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, use_and_close, NULL), 0);
	assert_int_equal(pthread_join(thread, &ok), 0);
	assert_ptr_equal(ok, &plugin_path);
	assert_non_null(dlopen(plugin_path, RTLD_NOW | RTLD_NOLOAD));
	pid = fork();
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_plugin_stays_for_those_who_used_it),
	};

	if (argc != 2)
		return EXIT_FAILURE;
	plugin_path = argv[1];
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
