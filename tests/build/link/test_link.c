/* SPDX-License-Identifier: MIT */
/*
 * test_link.c - the library in a program that defines rb_insert_color(),
 * down_read() and the like itself (clash.c): each side calls its own functions.
 * BUILD builds this test twice, against the archive and against the shared
 * object.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <vmastore/mm.h>

#include "tests/build/link/clash.h"

/*
 * Runs enough of an address space's life to reach the index, the locks, the
 * page tables and the caches.
 */
static void use_library(const char *engine)
{
	struct mm_struct *mm = vms_mm_create(engine, NULL, NULL);
	unsigned long addr;

	assert_non_null(mm);
	addr = vms_mmap(mm, 0, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			NULL, 0);
	assert_false(IS_ERR_VALUE(addr));
	assert_int_equal(vms_fault(mm, addr + PAGE_SIZE, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(vms_munmap(mm, addr + 4 * PAGE_SIZE, 4 * PAGE_SIZE), 0);
	assert_int_equal(vms_fault(mm, addr + 5 * PAGE_SIZE, 0), VMS_SEGV_MAPERR);
	mmput(mm);
}

static void library_never_calls_the_programs_functions(void **state)
{
	(void)state;
	clash_calls = 0;
	for (const char *const *name = vms_engine_names(); *name; name++)
		use_library(*name);
	assert_int_equal(clash_calls, 0);
}

static void program_calls_its_own_functions(void **state)
{
	(void)state;
	clash_calls = 0;
	clash_call_all();
	assert_int_equal(clash_calls, clash_count());
}

/*
 * A read section is inlined into the program: it writes the reader's word,
 * which lies in the library's thread-local memory, without a call of the
 * library.
 */
static void sections_are_inline_however_the_library_is_linked(void **state)
{
	(void)state;
#if defined(VMS_DEBUG) || defined(VMS_RCU_NO_INLINE)
	skip();
#else
	vms_rcu_read_lock();
	assert_non_null(vms_rcu_self.word);
	assert_int_equal((uint32_t)*vms_rcu_self.word, 1);
	vms_rcu_read_unlock();
	assert_int_equal((uint32_t)*vms_rcu_self.word, 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_inline_however_the_library_is_linked),
		cmocka_unit_test(library_never_calls_the_programs_functions),
		cmocka_unit_test(program_calls_its_own_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
