/* SPDX-License-Identifier: MIT */
/*
 * test_page_schedules.c - a page of a cache whose last reference is dropped
 * while other threads find it, under every schedule: the page must be freed
 * once, and never while a thread has a reference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#define EXPLORE_HOOKS
#include "tests/lib/sync/explore.h"

#include "lib/page/struct_page.h"

#include "tests/lib/sync/child.h"

static struct page page;
static unsigned int frees;

/*
 * Replaces the library's function: the memory stays mapped, as it does for
 * readers under RCU.
 */
void vms__page_free(struct page *freed)
{
	if (freed != &page || page.refcount)
		explore_fail("a page is freed that somebody has");
	frees++;
}

static void begin(void)
{
	page = (struct page){.flags = VMS__PG_CACHED, .refcount = 1};
	frees = 0;
}

static void end(void)
{
	if (frees != 1 || page.refcount)
		explore_fail("a page that nobody has is not freed, or is freed twice");
}

static void drop(void)
{
	vms__page_put(&page);
}

/* A thread that has a reference keeps the page when the cache drops its own. */
static void find(void)
{
	if (!vms__page_get_unless_zero(&page))
		return;
	explore_step();
	if (frees || !page.refcount)
		explore_fail("a page goes that was found");
	vms__page_put(&page);
}

static void check(void (*a)(void), void (*b)(void), void (*c)(void))
{
	const struct explore_scenario scenario = {begin, end, {a, b, c}, 3};
	unsigned long runs;
	const char *failure = explore(&scenario, &runs);

	printf("%lu schedules%s%s\n", runs, failure ? "; in the last: " : "",
	       failure ? failure : "");
	assert_null(failure);
	assert_true(runs > 5);
}

static void a_page_that_is_found_as_its_cache_drops_it_is_kept(void **state)
{
	(void)state;
	check(drop, find, NULL);
	check(drop, find, find);
	check(find, drop, find);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_that_is_found_as_its_cache_drops_it_is_kept)};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
