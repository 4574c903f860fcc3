/* SPDX-License-Identifier: MIT */
/*
 * test_list.c - the intrusive list: each operation, checked in both directions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/sync/list.h"

struct item {
	int n;
	struct list_head link;
};

static struct item items[6] = {{.n = 0}, {.n = 1}, {.n = 2}, {.n = 3}, {.n = 4}, {.n = 5}};

/* @want: one digit for each item, first to last. */
static void assert_list(struct list_head *head, const char *want)
{
	const struct list_head *pos;
	const struct item *it;
	int i = 0, back;

	list_for_each_entry(it, head, link)
		assert_int_equal(it->n, want[i++] - '0');
	assert_int_equal(want[i], 0);
	back = i;
	for (pos = head->prev; pos != head; pos = pos->prev)
		assert_int_equal(list_entry(pos, struct item, link)->n, want[--back] - '0');
	assert_int_equal(back, 0);
	assert_int_equal(list_empty(head), i == 0);
	assert_int_equal(list_is_singular(head), i == 1);
}

static void elements_come_and_go_at_both_ends(void **state)
{
	LIST_HEAD(head);

	(void)state;
	assert_list(&head, "");
	list_add(&items[1].link, &head);
	assert_list(&head, "1");
	list_add(&items[0].link, &head);
	list_add_tail(&items[2].link, &head);
	assert_list(&head, "012");
	assert_ptr_equal(list_first_entry(&head, struct item, link), &items[0]);
	assert_ptr_equal(list_last_entry(&head, struct item, link), &items[2]);
	assert_ptr_equal(list_next_entry(&items[0], link), &items[1]);
	assert_ptr_equal(list_prev_entry(&items[2], link), &items[1]);
	assert_true(list_is_last(&items[2].link, &head));
	assert_false(list_is_last(&items[1].link, &head));
	list_del(&items[1].link);
	assert_list(&head, "02");
	assert_null(items[1].link.next);
	list_del_init(&items[0].link);
	assert_true(list_empty(&items[0].link));
	assert_list(&head, "2");
	list_replace(&items[2].link, &items[5].link);
	assert_list(&head, "5");
}

static void lists_move_and_join(void **state)
{
	LIST_HEAD(a);
	LIST_HEAD(b);

	(void)state;
	for (int i = 0; i < 3; i++)
		list_add_tail(&items[i].link, &a);
	for (int i = 3; i < 6; i++)
		list_add_tail(&items[i].link, &b);
	list_move(&items[2].link, &a);
	assert_list(&a, "201");
	list_move_tail(&items[3].link, &b);
	assert_list(&b, "453");
	list_move(&items[4].link, &a);
	assert_list(&a, "4201");
	assert_list(&b, "53");
	list_splice_init(&b, &a);
	assert_list(&a, "534201");
	assert_list(&b, "");
	list_splice_init(&b, &a);
	assert_list(&a, "534201");
}

static void a_walk_may_remove_what_it_stands_on(void **state)
{
	struct item *it, *n;
	LIST_HEAD(head);

	(void)state;
	for (int i = 0; i < 6; i++)
		list_add_tail(&items[i].link, &head);
	list_for_each_entry_safe(it, n, &head, link) {
		if (it->n % 2)
			list_del(&it->link);
	}
	assert_list(&head, "024");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_come_and_go_at_both_ends),
		cmocka_unit_test(lists_move_and_join),
		cmocka_unit_test(a_walk_may_remove_what_it_stands_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
