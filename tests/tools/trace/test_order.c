/* SPDX-License-Identifier: MIT */
/*
 * test_order.c - the order in which events took effect, and the address space
 * of each: one small recording for each rule of tools/trace/order.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/trace/text.h"
#include "tools/trace/order.h"

/*
 * cmocka leaves a failed test at the failure, so a recording is freed before
 * the next one is loaded.
 */
static struct trace_order *loaded;

static const struct trace_order *load(const char *const parts[])
{
	char error[TRACE_ERROR_MAX];
	char text[8192] = "";

	for (; *parts; parts++)
		strncat(text, *parts, sizeof(text) - strlen(text) - 1);
	trace_order_free(loaded);
	loaded = trace_order_load(text_of(text), error);
	if (!loaded)
		fail_msg("%s", error);
	return loaded;
}

static int unload(void **state)
{
	(void)state;
	trace_order_free(loaded);
	loaded = NULL;
	return 0;
}

/* Load the recording that consists of these lines. */
#define LOAD(...) load((const char *const[]){__VA_ARGS__, NULL})

/* The @nr-th effect of @kind, from 0. */
static const struct trace_effect *effect_of(const struct trace_order *order,
					    enum trace_effect_kind kind, unsigned int nr)
{
	for (unsigned long i = 0; i < order->nr_effects; i++)
		if (order->effects[i].kind == kind && !nr--)
			return &order->effects[i];
	fail_msg("no such effect");
	return NULL;
}

static void expect_no_problem(const struct trace_order *order)
{
	char *text = trace_order_describe(order);

	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);
}

/* The end of process 100, after the lines that a test adds to BEGIN. */
#define END                                                                                        \
	ENTER("100/100", "900000000", "exit_group", "error_code: 0x0")                             \
	LINE("100/100", "900000001",                                                               \
	     "sched:sched_process_exit: comm=prog pid=100 prio=120 group_dead=true")               \
	TASK_EXIT("100/100", "900000002", "100:100", "1:1")

#define MMAP(time)                                                                                 \
	ENTER("100/100", time, "mmap",                                                             \
	      "addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0")

/* ---- execve ---- */

static void exec_gathers_layout_and_faults_in_order(void **state)
{
	const struct trace_order *order = LOAD(
		LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100"),
		LOCKED("100/100", "000000002", "0xa", "true"),
		MAP2("100/100", "000000003", "0x7ff000(0x21000)",
		     "0x7ffffffde000 00:00 0 0]: rw-p [stack]"),
		FAULT("100/100", "000000004", "0x7ff010", "0x2"),
		LOCKED("100/100", "000000005", "0xa", "false"),
		MAP2("100/100", "000000006", "0x400000(0x3000)", "0 fe:00 77 0]: r-xp /bin/prog"),
		LINE("100/100", "000000007",
		     "sched:sched_process_exec: filename=/bin/prog pid=100 old_pid=100"),
		LEAVE("100/100", "000000008", "execve", "0x0"), END);
	const struct trace_effect *exec = effect_of(order, TRACE_EXEC_DONE, 0);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(exec->exec.nr_steps, 3);
	assert_string_equal(exec->exec.steps[0].map.name, "[stack]");
	assert_true(exec->exec.steps[1].is_fault);
	assert_int_equal(exec->exec.steps[1].fault.address, 0x7ff010);
	assert_true(exec->exec.steps[1].fault.write);
	assert_int_equal(exec->exec.steps[2].map.ino, 77);
	assert_int_equal(exec->exec.steps[2].line, 6);
	assert_string_equal(exec->exec.comm, "prog");
	assert_string_equal(exec->exec.filename, "/bin/prog");
	assert_int_equal(exec->exec.old_space, TRACE_NO_SPACE);
	assert_int_equal(order->spaces[exec->space].mm, 0xa);
	assert_true(order->spaces[exec->space].known_from_start);
	assert_int_equal(order->of_kind[TRACE_FAULTED], 0);
	assert_true(effect_of(order, TRACE_TASK_DONE, 0)->end.space_ended);
}

static void second_exec_leaves_the_first_space(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN,
		     ENTER("100/100", "000000010", "execve", "filename: 0x1, argv: 0x2, envp: 0x3"),
		     LOCKED("100/100", "000000011", "0xb", "true"),
		     LOCKED("100/100", "000000012", "0xa", "false"),
		     LINE("100/100", "000000013", "PERF_RECORD_COMM exec: next:100/100"),
		     LOCKED("100/100", "000000014", "0xb", "true"),
		     LINE("100/100", "000000015",
			  "sched:sched_process_exec: filename=/n pid=100 old_pid=100"),
		     LEAVE("100/100", "000000016", "execve", "0x0"), END);
	const struct trace_effect *exec = effect_of(order, TRACE_EXEC_DONE, 1);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(exec->exec.old_space, 0);
	assert_true(exec->exec.old_space_ended);
	assert_int_equal(exec->space, 1);
	assert_int_equal(order->spaces[1].mm, 0xb);
}

static void failed_exec_has_no_effect(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN,
		     ENTER("100/100", "000000010", "execve", "filename: 0x1, argv: 0x2, envp: 0x3"),
		     LEAVE("100/100", "000000011", "execve", "0xfffffffffffffffe"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(order->nr_effects, 2);
}

static void exec_by_a_second_thread_takes_over_the_process(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, TASK_NEW("100/100", "000000010", "100:101", "100:100"),
		     ENTER("100/101", "000000011", "execve", "filename: 0x1, argv: 0x2, envp: 0x3"),
		     TASK_EXIT("100/100", "000000012", "100:100", "1:1"),
		     LOCKED("100/100", "000000013", "0xa", "true"),
		     LINE("100/100", "000000014", "PERF_RECORD_COMM exec: next:100/100"),
		     LINE("100/100", "000000015",
			  "sched:sched_process_exec: filename=/n pid=100 old_pid=101"),
		     LEAVE("100/100", "000000016", "execve", "0x0"), END);
	const struct trace_effect *exec = effect_of(order, TRACE_EXEC_DONE, 1);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(exec->tid, 100);
	assert_int_equal(exec->exec.old_space, 0);
	assert_true(exec->exec.old_space_ended);
	assert_int_equal(order->of_kind[TRACE_TASK_DONE], 2);
}

/* ---- calls ---- */

static void call_counts_from_its_write_lock(void **state)
{
	const struct trace_order *order = LOAD(
		BEGIN, MMAP("000000010"), LOCKED("100/100", "000000011", "0xa", "true"),
		MAP2("100/100", "000000012", "0x10000(0x3000)", "0x10000 00:00 0 0]: rw-p //anon"),
		RELEASED("100/100", "000000013", "0xa", "true"),
		LEAVE("100/100", "000000014", "mmap", "0x11000"), END);
	const struct trace_effect *call = effect_of(order, TRACE_CALL_DONE, 0);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(call->line, 6);
	assert_int_equal(call->commit, 7);
	assert_int_equal(call->time, 1000000011);
	assert_int_equal(call->call.exit_line, 10);
	assert_true(call->call.took_write_lock);
	assert_int_equal(call->call.call, TRACE_MMAP);
	assert_int_equal(call->call.args[1], 0x1000);
	assert_int_equal(call->call.result, 0x11000);
	assert_int_equal(call->nr_maps, 1);
	assert_int_equal(call->maps[0].len, 0x3000);
	assert_string_equal(call->maps[0].name, "//anon");
	assert_int_equal(order->nr_maps, 1);
}

/*
 * The calls of two threads overlap. The locks show the order; the exits alone
 * would suggest the opposite.
 */
static void overlapping_calls_are_ordered_by_their_locks(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, TASK_NEW("100/100", "000000010", "100:101", "100:100"),
		     ENTER("100/100", "000000011", "munmap", "addr: 0x1000, len: 0x1000"),
		     ENTER("100/101", "000000012", "munmap", "addr: 0x2000, len: 0x1000"),
		     LOCKED("100/101", "000000013", "0xa", "true"),
		     RELEASED("100/101", "000000014", "0xa", "true"),
		     LOCKED("100/100", "000000015", "0xa", "true"),
		     LEAVE("100/100", "000000016", "munmap", "0x0"),
		     LEAVE("100/101", "000000017", "munmap", "0x0"),
		     TASK_EXIT("100/101", "000000018", "100:101", "1:1"), END);

	(void)state;
	expect_no_problem(order);
	assert_true(order->by_locks);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 0)->tid, 101);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 1)->tid, 100);
	for (unsigned long i = 1; i < order->nr_effects; i++)
		assert_true(order->effects[i - 1].commit < order->effects[i].commit);
}

static void call_without_write_lock_counts_from_its_read_lock_or_its_exit(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN,
		     ENTER("100/100", "000000010", "madvise",
			   "start: 0x1000, len_in: 0x1000, behavior: 0x4"),
		     LOCKED("100/100", "000000011", "0xa", "false"),
		     RELEASED("100/100", "000000012", "0xa", "false"),
		     LEAVE("100/100", "000000013", "madvise", "0x0"),
		     ENTER("100/100", "000000014", "munmap", "addr: 0x1, len: 0x0"),
		     LEAVE("100/100", "000000015", "munmap", "0xffffffffffffffea"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 0)->commit, 7);
	assert_false(effect_of(order, TRACE_CALL_DONE, 0)->call.took_write_lock);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 1)->commit, 11);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 1)->call.result, -22);
}

static void failed_try_and_foreign_lock_commit_nothing(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, ENTER("100/100", "000000010", "munmap", "addr: 0x1000, len: 0x1000"),
		     LINE("100/100", "000000011",
			  "mmap_lock:mmap_lock_acquire_returned: mm=0xa memcg_id=1 write=true "
			  "success=false"),
		     LOCKED("100/100", "000000012", "0xbad", "true"),
		     LOCKED("100/100", "000000013", "0xa", "true"),
		     LEAVE("100/100", "000000014", "munmap", "0x0"), END);
	char *text = trace_order_describe(order);

	(void)state;
	assert_non_null(text);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 0)->commit, 9);
	assert_int_equal(order->problems.mm_conflicts, 1);
	assert_int_equal(order->problems.first_line, 8);
	assert_string_equal(text, "1 calls that locked another address space than their own\nthe "
				  "first of these is at line 8\n");
	free(text);
}

static void every_map_record_of_a_call_is_kept(void **state)
{
	const struct trace_order *order = LOAD(
		BEGIN,
		ENTER("100/100", "000000010", "mprotect", "start: 0x1000, len: 0x2000, prot: 0x1"),
		LOCKED("100/100", "000000011", "0xa", "true"),
		MAP2("100/100", "000000012", "0x1000(0x1000)", "0x1000 00:00 0 0]: r--p //anon"),
		MAP2("100/100", "000000013", "0x2000(0x1000)", "0 fe:00 5 0]: r--p /a"),
		LEAVE("100/100", "000000014", "mprotect", "0x0"), END);
	const struct trace_effect *call = effect_of(order, TRACE_CALL_DONE, 0);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(call->nr_maps, 2);
	assert_int_equal(call->maps[0].start, 0x1000);
	assert_int_equal(call->maps[1].start, 0x2000);
}

/* ---- faults ---- */

static void fault_counts_from_its_own_line_or_the_read_lock_that_follows(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, FAULT("100/100", "000000010", "0x1000", "0x6"),
		     FAULT("100/100", "000000011", "0x2000", "0x6"),
		     LOCKED("100/100", "000000012", "0xa", "false"),
		     RELEASED("100/100", "000000013", "0xa", "false"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 0)->commit, 6);
	assert_false(effect_of(order, TRACE_FAULTED, 0)->fault.took_lock);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 1)->commit, 8);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 1)->line, 7);
	assert_true(effect_of(order, TRACE_FAULTED, 1)->fault.took_lock);
}

static void waiting_fault_counts_after_the_call_it_waited_for(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, TASK_NEW("100/100", "000000010", "100:101", "100:100"),
		     FAULT("100/101", "000000011", "0x1000", "0x6"), MMAP("000000012"),
		     LOCKED("100/100", "000000013", "0xa", "true"),
		     RELEASED("100/100", "000000014", "0xa", "true"),
		     LOCKED("100/101", "000000015", "0xa", "false"),
		     LEAVE("100/100", "000000016", "mmap", "0x1000"),
		     RELEASED("100/101", "000000017", "0xa", "false"),
		     TASK_EXIT("100/101", "000000018", "100:101", "1:1"), END);

	(void)state;
	expect_no_problem(order);
	assert_true(effect_of(order, TRACE_CALL_DONE, 0)->commit <
		    effect_of(order, TRACE_FAULTED, 0)->commit);
}

static void growing_stack_counts_from_the_write_lock_and_has_its_record(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, FAULT("100/100", "000000010", "0x7fe000", "0x6"),
		     LOCKED("100/100", "000000011", "0xa", "false"),
		     RELEASED("100/100", "000000012", "0xa", "false"),
		     LOCKED("100/100", "000000013", "0xa", "true"),
		     MAP2("100/100", "000000014", "0x7fe000(0x22000)",
			  "0x7ffffffdd000 00:00 0 0]: rw-p [stack]"),
		     LOCKED("100/100", "000000015", "0xa", "false"),
		     RELEASED("100/100", "000000016", "0xa", "false"), END);
	const struct trace_effect *fault = effect_of(order, TRACE_FAULTED, 0);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(fault->commit, 9);
	assert_int_equal(fault->nr_maps, 1);
	assert_int_equal(fault->maps[0].len, 0x22000);
}

/* A write lock that follows a fault inside a call may be the call's own. */
static void fault_inside_a_call_leaves_the_write_lock_to_the_call(void **state)
{
	const struct trace_order *order = LOAD(
		BEGIN, MMAP("000000010"),
		LINE("100/100", "000000011",
		     "exceptions:page_fault_kernel: address=0x1000 ip=_copy_from_user "
		     "error_code=0x0"),
		LOCKED("100/100", "000000012", "0xa", "false"),
		RELEASED("100/100", "000000013", "0xa", "false"),
		LOCKED("100/100", "000000014", "0xa", "true"),
		MAP2("100/100", "000000015", "0x10000(0x1000)", "0x10000 00:00 0 0]: rw-p //anon"),
		LEAVE("100/100", "000000016", "mmap", "0x10000"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 0)->commit, 8);
	assert_true(effect_of(order, TRACE_FAULTED, 0)->fault.in_call);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 0)->commit, 10);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 0)->nr_maps, 1);
}

/*
 * A thread that exit_group kills may have had its last event, a fault, long
 * ago. The lock that it takes while it exits is not that fault's.
 */
static void lock_of_a_dying_thread_is_not_its_last_faults(void **state)
{
	const struct trace_order *order = LOAD(
		BEGIN, TASK_NEW("100/100", "000000010", "100:101", "100:100"),
		FAULT("100/101", "000000011", "0x1000", "0x6"),
		ENTER("100/100", "000000012", "munmap", "addr: 0x1000, len: 0x1000"),
		LOCKED("100/100", "000000013", "0xa", "true"),
		LEAVE("100/100", "000000014", "munmap", "0x0"),
		LOCKED("100/101", "000000015", "0xa", "false"),
		RELEASED("100/101", "000000016", "0xa", "false"),
		LINE("100/101", "000000017", "sched:sched_process_exit: comm=p pid=101 prio=120"),
		TASK_EXIT("100/101", "000000018", "100:101", "1:1"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 0)->commit, 7);
	assert_false(effect_of(order, TRACE_FAULTED, 0)->fault.took_lock);
}

static void fault_on_the_kernels_own_memory_is_left_out(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN,
		     LINE("100/100", "000000010",
			  "exceptions:page_fault_kernel: address=0xffff888000000000 ip=x "
			  "error_code=0x0"),
		     END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(order->of_kind[TRACE_FAULTED], 0);
}

/* ---- threads and processes ---- */

/* A child that faults once and ends. */
#define CHILD(call)                                                                                \
	LEAVE("200/200", "000000020", call, "0x0")                                                 \
	FAULT("200/200", "000000021", "0x1000", "0x6")                                             \
	LEAVE("100/100", "000000022", call, "0xc8")                                                \
	ENTER("200/200", "000000023", "exit_group", "error_code: 0x0")                             \
	TASK_EXIT("200/200", "000000024", "200:200", "100:100")

static void fork_copies_the_space_when_the_parents_lock_is_taken(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN,
		     ENTER("100/100", "000000010", "clone",
			   "clone_flags: 0x01200011, newsp: 0x0, parent_tidptr: 0x0, child_tidptr: "
			   "0x1, tls: 0x0"),
		     LOCKED("100/100", "000000011", "0xa", "true"),
		     LOCKED("100/100", "000000012", "0xc", "true"),
		     TASK_NEW("100/100", "000000013", "200:200", "100:100"), CHILD("clone"), END);
	const struct trace_effect *forked = effect_of(order, TRACE_FORK_DONE, 0);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(forked->commit, 7);
	assert_int_equal(forked->fork.how, TRACE_CHILD_COPIES);
	assert_int_equal(forked->fork.child_pid, 200);
	assert_int_equal(forked->space, 0);
	assert_int_equal(forked->fork.child_space, 1);
	assert_int_equal(order->spaces[1].parent, 0);
	assert_int_equal(order->spaces[1].mm, 0xc);
	assert_true(order->spaces[1].known_from_start);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 0)->space, 1);
	assert_true(effect_of(order, TRACE_TASK_DONE, 0)->end.space_ended);
	assert_int_equal(order->spaces[1].nr_effects, 2);
	assert_ptr_equal(&order->effects[order->spaces[1].first],
			 effect_of(order, TRACE_FAULTED, 0));
	assert_ptr_equal(&order->effects[order->spaces[1].last],
			 effect_of(order, TRACE_TASK_DONE, 0));
}

static void vfork_shares_the_space_until_exec(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, ENTER("100/100", "000000010", "vfork", ""),
		     TASK_NEW("100/100", "000000011", "200:200", "100:100"),
		     LEAVE("200/200", "000000012", "vfork", "0x0"),
		     FAULT("200/200", "000000013", "0x1000", "0x6"),
		     ENTER("200/200", "000000014", "execve", "filename: 0x1, argv: 0x2, envp: 0x3"),
		     LINE("200/200", "000000015", "PERF_RECORD_COMM exec: next:200/200"),
		     LOCKED("200/200", "000000016", "0xd", "true"),
		     LINE("200/200", "000000017",
			  "sched:sched_process_exec: filename=/n pid=200 old_pid=200"),
		     LEAVE("200/200", "000000018", "execve", "0x0"),
		     LEAVE("100/100", "000000019", "vfork", "0xc8"),
		     TASK_EXIT("200/200", "000000020", "200:200", "1:1"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.how, TRACE_CHILD_SHARES);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.child_space, 0);
	assert_int_equal(effect_of(order, TRACE_FAULTED, 0)->space, 0);
	assert_int_equal(effect_of(order, TRACE_EXEC_DONE, 1)->exec.old_space, 0);
	assert_false(effect_of(order, TRACE_EXEC_DONE, 1)->exec.old_space_ended);
	assert_int_equal(effect_of(order, TRACE_EXEC_DONE, 1)->space, 1);
	assert_int_equal(order->nr_spaces, 2);
}

/*
 * clone3's flags are not recorded. posix_spawn takes no lock, but fork through
 * clone3 would.
 */
static void locks_tell_what_clone3_did(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, ENTER("100/100", "000000010", "clone3", "uargs: 0x1, size: 0x58"),
		     TASK_NEW("100/100", "000000011", "200:200", "100:100"), CHILD("clone3"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.how, TRACE_CHILD_SHARES);
	assert_false(effect_of(order, TRACE_FORK_DONE, 0)->fork.guessed);
	order = LOAD(BEGIN, ENTER("100/100", "000000010", "clone3", "uargs: 0x1, size: 0x58"),
		     LOCKED("100/100", "000000011", "0xa", "true"),
		     LOCKED("100/100", "000000012", "0xc", "true"),
		     TASK_NEW("100/100", "000000013", "200:200", "100:100"), CHILD("clone3"), END);
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.how, TRACE_CHILD_COPIES);
}

static void threads_share_and_the_last_one_ends_the_space(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, ENTER("100/100", "000000010", "clone3", "uargs: 0x1, size: 0x58"),
		     TASK_NEW("100/100", "000000011", "100:101", "100:100"),
		     LEAVE("100/100", "000000012", "clone3", "0x65"),
		     LEAVE("100/101", "000000013", "clone3", "0x0"),
		     ENTER("100/101", "000000014", "exit", "error_code: 0x0"),
		     TASK_EXIT("100/101", "000000015", "100:101", "1:1"), END);

	(void)state;
	expect_no_problem(order);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.how, TRACE_CHILD_THREAD);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.child_tid, 101);
	assert_false(effect_of(order, TRACE_TASK_DONE, 0)->end.space_ended);
	assert_true(effect_of(order, TRACE_TASK_DONE, 1)->end.space_ended);
}

/* ---- inconsistent recordings ---- */

static void without_lock_events_the_exits_give_the_order(void **state)
{
	const struct trace_order *order =
		LOAD(LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100"),
		     LINE("100/100", "000000002",
			  "sched:sched_process_exec: filename=/bin/prog pid=100 old_pid=100"),
		     MMAP("000000003"), LEAVE("100/100", "000000004", "mmap", "0x1000"),
		     ENTER("100/100", "000000010", "clone3", "uargs: 0x1, size: 0x58"),
		     TASK_NEW("100/100", "000000011", "200:200", "100:100"), CHILD("clone3"), END);
	char *text = trace_order_describe(order);

	(void)state;
	assert_non_null(text);
	assert_false(order->by_locks);
	assert_int_equal(effect_of(order, TRACE_CALL_DONE, 0)->commit, 4);
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.how, TRACE_CHILD_SHARES);
	assert_true(effect_of(order, TRACE_FORK_DONE, 0)->fork.guessed);
	assert_non_null(strstr(text, "1 new processes of which it is a guess"));
	assert_non_null(strstr(text, "no mmap_lock events"));
	free(text);
}

static void what_is_unpaired_is_counted(void **state)
{
	const struct trace_order *order = LOAD(
		BEGIN, MMAP("000000010"), MMAP("000000011"),
		LEAVE("100/100", "000000012", "munmap", "0x0"),
		LEAVE("100/100", "000000013", "brk", "0x1000"),
		MAP2("100/100", "000000014", "0x1000(0x1000)", "0x1000 00:00 0 0]: rw-p //anon"),
		FAULT("300/301", "000000015", "0x1000", "0x6"),
		LINE("100/100", "000000016", "PERF_RECORD_LOST lost 9"));

	(void)state;
	assert_int_equal(order->problems.enters_without_exit, 2);
	assert_int_equal(order->problems.exits_without_enter, 2);
	assert_int_equal(order->problems.maps_unattached, 1);
	assert_int_equal(order->problems.threads_unknown, 1);
	assert_int_equal(order->problems.threads_left, 2);
	assert_int_equal(order->problems.lost, 9);
	assert_int_equal(order->problems.first_line, 6);
	assert_false(order->spaces[1].known_from_start);
}

/* No real recording says so, but the reader must survive it. */
static void child_of_its_own_id_replaces_its_parent(void **state)
{
	const struct trace_order *order =
		LOAD(BEGIN, TASK_NEW("100/100", "000000010", "100:100", "100:100"), END);

	(void)state;
	assert_int_equal(effect_of(order, TRACE_FORK_DONE, 0)->fork.child_tid, 100);
	assert_int_equal(order->of_kind[TRACE_TASK_DONE], 1);
}

static void wrong_text_gives_the_readers_message(void **state)
{
	char error[TRACE_ERROR_MAX], expected[TRACE_ERROR_MAX];
	const char *path = text_of(BEGIN "nonsense\n");

	(void)state;
	assert_null(trace_order_load(path, error));
	snprintf(expected, sizeof(expected),
		 "%s:6: found `nonsense`, expected `PID/TID [CPU] SEC.NSEC: EVENT: FIELDS`, as "
		 "perf script prints",
		 path);
	assert_string_equal(error, expected);
	assert_null(trace_order_load("/nonexistent/file", error));
	assert_string_equal(error, "/nonexistent/file: No such file or directory");
	trace_order_free(NULL);
}

#define TEST(name) cmocka_unit_test_teardown(name, unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exec_gathers_layout_and_faults_in_order),
		TEST(second_exec_leaves_the_first_space),
		TEST(failed_exec_has_no_effect),
		TEST(exec_by_a_second_thread_takes_over_the_process),
		TEST(call_counts_from_its_write_lock),
		TEST(overlapping_calls_are_ordered_by_their_locks),
		TEST(call_without_write_lock_counts_from_its_read_lock_or_its_exit),
		TEST(failed_try_and_foreign_lock_commit_nothing),
		TEST(every_map_record_of_a_call_is_kept),
		TEST(fault_counts_from_its_own_line_or_the_read_lock_that_follows),
		TEST(waiting_fault_counts_after_the_call_it_waited_for),
		TEST(growing_stack_counts_from_the_write_lock_and_has_its_record),
		TEST(fault_inside_a_call_leaves_the_write_lock_to_the_call),
		TEST(lock_of_a_dying_thread_is_not_its_last_faults),
		TEST(fault_on_the_kernels_own_memory_is_left_out),
		TEST(fork_copies_the_space_when_the_parents_lock_is_taken),
		TEST(vfork_shares_the_space_until_exec),
		TEST(locks_tell_what_clone3_did),
		TEST(threads_share_and_the_last_one_ends_the_space),
		TEST(without_lock_events_the_exits_give_the_order),
		TEST(what_is_unpaired_is_counted),
		TEST(child_of_its_own_id_replaces_its_parent),
		TEST(wrong_text_gives_the_readers_message),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	text_remove();
	return failed;
}
