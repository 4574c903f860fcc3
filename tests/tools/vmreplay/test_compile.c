/* SPDX-License-Identifier: MIT */
/*
 * test_compile.c - a recording becomes a flat list of operations: each of its
 * calls, touches, execves and forks is in the list, in order and with its
 * sizes; calls that the kernel refused are left out and counted; and the list
 * runs on every engine, again and again, and leaves nothing mapped.
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
#include "tools/vmreplay/compile.h"

#define GIB (1UL << 30)

/*
 * cmocka leaves a failed test at the failure, so these are freed before the
 * next recording is loaded.
 */
static struct trace_order *order;
static struct program program;

static int forget(void **state)
{
	(void)state;
	program_free(&program);
	trace_order_free(order);
	order = NULL;
	return 0;
}

static void load(const char *path)
{
	char error[TRACE_ERROR_MAX] = "";

	forget(NULL);
	order = trace_order_load(path, error);
	if (!order || !compile(order, path, &program, error))
		fail_msg("%s", error);
}

/* Load process 100 with these lines; END adds the exit of the process. */
#define END                                                                                        \
	ENTER("100/100", "900000000", "exit_group", "error_code: 0x0")                             \
	TASK_EXIT("100/100", "900000002", "100:100", "1:1")
#define LOAD(lines) load(text_of(BEGIN lines END))
#define CALL(time, name, args, result)                                                             \
	ENTER("100/100", "000" time "000", name, args)                                             \
	LEAVE("100/100", "000" time "009", name, result)
#define CALL_MAPS(time, name, args, result, range, rest)                                           \
	ENTER("100/100", "000" time "000", name, args)                                             \
	MAP2("100/100", "000" time "005", range, rest)                                             \
	LEAVE("100/100", "000" time "009", name, result)

/*
 * BEGIN's program text, 0x400000, is mapped first, at 2 MiB in the slice.
 * Nearby addresses have the same shift.
 */
#define TEXT 0x400000
#define SHIFT (program.op[0].addr - TEXT)

static const struct run_op *op(size_t i)
{
	assert_true(i < program.nr);
	return &program.op[i];
}

static void expect_op(size_t i, enum run_kind kind, unsigned long addr, unsigned long len)
{
	const struct run_op *o = op(i);

	if (o->kind != kind || o->addr != addr + SHIFT || o->len != len)
		fail_msg("operation %zu is %s of %lx bytes at %lx, expected %s of %lx at %lx", i,
			 run_kind_names[o->kind], o->len, o->addr - SHIFT, run_kind_names[kind],
			 len, addr);
}

/* ---- each kind of operation ---- */

static void a_program_begins_with_what_execve_maps_and_ends_with_nothing(void **state)
{
	(void)state;
	LOAD("");
	assert_int_equal(program.nr, 2);
	expect_op(0, RUN_MMAP, TEXT, 0x3000);
	assert_int_equal(op(0)->arg, PROT_READ | PROT_EXEC);
	assert_int_equal(op(0)->flags, MAP_PRIVATE | MAP_FIXED);
	assert_string_equal(op(0)->file->f_path, "/bin/prog");
	expect_op(1, RUN_MUNMAP, TEXT, 0x200000);
	assert_int_equal(program.left_out, 0);
	assert_int_equal(program.peak_vmas, 1);
	assert_int_equal(program.slice, GIB);
}

/* Load an execve with these mappings instead of BEGIN's. */
#define LOAD_EXEC(maps)                                                                            \
	load(text_of(LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100")           \
			     maps LEAVE("100/100", "000000005", "execve", "0x0") END))
#define SEGMENT(time, range, rest) MAP2("100/100", "00000000" time, range, rest " /bin/prog")

/*
 * The image is mapped as the kernel maps it. The recording does not show where
 * the first segment ends, but it reaches at most a page into the file's next
 * segment.
 */
static void an_image_is_mapped_whole_and_cut_behind_its_first_segment(void **state)
{
	(void)state;
	LOAD_EXEC(SEGMENT("2", "0x400000(0x9000)", "0x1000 fe:00 77 0]: r--p")
			  SEGMENT("3", "0x402000(0x3000)", "0x3000 fe:00 77 0]: r-xp"));
	expect_op(0, RUN_MMAP, TEXT, 0x9000);
	expect_op(1, RUN_MUNMAP, 0x402000, 0x7000);
	expect_op(2, RUN_MMAP, 0x402000, 0x3000);
	/*
	 * A wide gap lies before the second segment, whose first page of the
	 * file is also the first segment's last page.
	 */
	LOAD_EXEC(SEGMENT("2", "0x400000(0x204000)", "0 fe:00 77 0]: r-xp")
			  SEGMENT("3", "0x602000(0x2000)", "0x2000 fe:00 77 0]: rw-p"));
	expect_op(1, RUN_MUNMAP, 0x403000, 0x201000);
	/* One segment, followed by memory that is not the file's. */
	LOAD_EXEC(SEGMENT("2", "0x400000(0x5000)", "0 fe:00 77 0]: rw-p") MAP2(
		"100/100", "000000003", "0x401000(0x4000)", "0x401000 00:00 0 0]: rw-p //anon"));
	expect_op(1, RUN_MUNMAP, 0x401000, 0x4000);
	assert_int_equal(program.left_out, 0);
}

/*
 * The first mapping is cut only where another one is mapped over it, and a file
 * is mapped whole only once.
 */
static void only_the_first_mapping_of_a_file_is_an_image(void **state)
{
	(void)state;
	LOAD_EXEC(SEGMENT("2", "0x400000(0x2000)", "0 fe:00 77 0]: r--p")
			  SEGMENT("3", "0x402000(0x4000)", "0x2000 fe:00 77 0]: r-xp")
				  SEGMENT("4", "0x404000(0x1000)", "0x4000 fe:00 77 0]: rw-p"));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(op(i)->kind, RUN_MMAP);
	assert_int_equal(program.nr, 4);
}

static void free_placement_becomes_fixed_with_its_flags_kept(void **state)
{
	(void)state;
	LOAD(CALL("100", "mmap",
		  "addr: 0x0, len: 0x2800, prot: 0x3, flags: 0x24022, fd: 0xffffffff, off: 0x0",
		  "0x500000"));
	expect_op(1, RUN_MMAP, 0x500000, 0x2800);
	assert_int_equal(op(1)->arg, PROT_READ | PROT_WRITE);
	assert_int_equal(op(1)->flags,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_FIXED);
	assert_null(op(1)->file);
	assert_int_equal(program.peak_vmas, 2);
}

static void a_mapping_knows_its_file_and_offset(void **state)
{
	(void)state;
	LOAD(CALL_MAPS("100", "mmap",
		       "addr: 0x0, len: 0x1000, prot: 0x1, flags: 0x1, fd: 0x3, off: 0x5000",
		       "0x500000", "0x500000(0x1000)", "0x5000 fe:00 99 0]: r--s /lib/x")
		     CALL_MAPS("200", "mmap",
			       "addr: 0x0, len: 0x1000, prot: 0x5, flags: 0x2, fd: 0x3, off: 0x0",
			       "0x502000", "0x502000(0x1000)", "0 fe:00 77 0]: r-xp /bin/prog"));
	expect_op(1, RUN_MMAP, 0x500000, 0x1000);
	assert_int_equal(op(1)->off, 0x5000);
	assert_int_equal(op(1)->file->f_mapping->ino, 99);
	assert_int_equal(op(1)->flags, MAP_SHARED | MAP_FIXED);
	/* Both mappings have one inode, so they share one file. */
	assert_ptr_equal(op(2)->file, op(0)->file);
}

static void unmap_protect_and_advise_keep_their_ranges(void **state)
{
	(void)state;
	LOAD(CALL("100", "mmap",
		  "addr: 0x0, len: 0x5000, prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0",
		  "0x500000") CALL("200", "mprotect", "start: 0x501000, len: 0x1800, prot: 0x1",
				   "0x0")
		     CALL("300", "madvise", "start: 0x503000, len_in: 0x1000, behavior: 0x4", "0x0")
			     CALL("400", "munmap", "addr: 0x502000, len: 0x1", "0x0"));
	expect_op(2, RUN_MPROTECT, 0x501000, 0x2000);
	assert_int_equal(op(2)->arg, PROT_READ);
	expect_op(3, RUN_MADVISE, 0x503000, 0x1000);
	assert_int_equal(op(3)->arg, MADV_DONTNEED);
	expect_op(4, RUN_MUNMAP, 0x502000, 0x1000);
	assert_int_equal(program.nr, 6);
	assert_int_equal(program.left_out, 0);
}

static void touches_tell_reads_writes_and_fetches_apart(void **state)
{
	(void)state;
	LOAD(FAULT("100/100", "000000100", "0x400123", "0x4")
		     FAULT("100/100", "000000200", "0x401123", "0x14")
			     CALL("300", "mmap",
				  "addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x22, fd: 0xffffffff, "
				  "off: 0x0",
				  "0x500000") FAULT("100/100", "000400000", "0x500008", "0x6"));
	expect_op(1, RUN_FAULT, 0x400123, 1);
	assert_int_equal(op(1)->arg, 0);
	assert_int_equal(op(2)->arg, FAULT_FLAG_INSTRUCTION);
	expect_op(4, RUN_FAULT, 0x500008, 1);
	assert_int_equal(op(4)->arg, FAULT_FLAG_WRITE);
}

static void the_break_is_mapped_and_unmapped(void **state)
{
	(void)state;
	LOAD(CALL("100", "brk", "brk: 0x0", "0x600800")
		     CALL("200", "brk", "brk: 0x603800", "0x603800")
			     CALL("300", "brk", "brk: 0x603900", "0x603900")
				     CALL("400", "brk", "brk: 0x601000", "0x601000"));
	/*
	 * The break moves from the end of the page in which the heap begins; a
	 * move within a page does nothing.
	 */
	assert_int_equal(program.nr, 4);
	expect_op(1, RUN_BRK, 0x601000, 0x3000);
	assert_false(op(1)->unmaps);
	expect_op(2, RUN_BRK, 0x601000, 0x3000);
	assert_true(op(2)->unmaps);
	assert_int_equal(program.left_out, 0);
}

static void a_move_goes_where_the_recording_has_it(void **state)
{
	(void)state;
	LOAD(CALL("100", "mmap",
		  "addr: 0x0, len: 0x2000, prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0",
		  "0x500000") CALL("200", "mremap",
				   "addr: 0x500000, old_len: 0x2000, new_len: 0x4000, flags: 0x1, "
				   "new_addr: 0x0",
				   "0x510000") CALL("300", "mremap",
						    "addr: 0x510000, old_len: 0x4000, new_len: "
						    "0x1000, flags: 0x1, new_addr: 0x0",
						    "0x510000"));
	expect_op(2, RUN_MREMAP, 0x500000, 0x2000);
	assert_int_equal(op(2)->to, 0x510000 + SHIFT);
	assert_int_equal(op(2)->to_len, 0x4000);
	assert_int_equal(op(2)->flags, MREMAP_MAYMOVE | MREMAP_FIXED);
	expect_op(3, RUN_MREMAP, 0x510000, 0x4000);
	assert_int_equal(op(3)->to, 0x510000 + SHIFT);
	assert_int_equal(op(3)->flags, 0);
	assert_int_equal(program.left_out, 0);
}

/*
 * A stack of one page: a touch far below grows it, and later mappings of the
 * program stay 1 MiB away.
 */
static void stacks_grow_down(void **state)
{
	(void)state;
	load(text_of(LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100") MAP2(
		"100/100", "000000002", "0x7ffd00000000(0x1000)",
		"0x7ffffffde000 00:00 0 0]: rw-p [stack]") LEAVE("100/100", "000000003", "execve",
								 "0x0")
			     FAULT("100/100", "000000100", "0x7ffcfff80008", "0x6")
				     FAULT("100/100", "000000200", "0x7ffcff900008", "0x6") END));
	assert_int_equal(program.nr, 4);
	assert_int_equal(op(0)->kind, RUN_MMAP);
	assert_int_equal(op(0)->flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED);
	assert_int_equal(op(0)->addr - op(1)->addr, 0x80000 - 8);
	assert_int_equal(op(0)->addr - op(2)->addr, 0x700000 - 8);
	assert_int_equal(program.left_out, 0);
}

#define FORK(time)                                                                                 \
	ENTER("100/100", "000" time "000", "fork", "")                                             \
	TASK_NEW("100/100", "000" time "001", "101:101", "100:100")                                \
	LEAVE("100/100", "000" time "002", "fork", "0x65")

static void a_fork_maps_for_the_child_what_the_parent_has(void **state)
{
	unsigned long child;

	(void)state;
	LOAD(CALL("100", "mmap",
		  "addr: 0x0, len: 0x3000, prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0",
		  "0x500000") CALL("200", "mmap",
				   "addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x122, fd: "
				   "0xffffffff, off: 0x0",
				   "0x590000")
		     CALL("300", "munmap", "addr: 0x501000, len: 0x1000", "0x0") FORK("400")
			     FAULT("101/101", "000500000", "0x502008", "0x6")
				     TASK_EXIT("101/101", "000600000", "101:101", "100:100"));
	assert_int_equal(program.nr, 11);
	child = op(4)->addr;
	assert_true(child >= op(0)->addr + 0x200000);
	/*
	 * The child copies the text, two pages with the hole between them, and
	 * the growing mapping.
	 */
	assert_string_equal(op(4)->file->f_path, "/bin/prog");
	assert_int_equal(op(4)->len, 0x3000);
	assert_int_equal(op(5)->addr - child, 0x100000);
	assert_int_equal(op(5)->len, 0x1000);
	assert_int_equal(op(5)->arg, PROT_READ | PROT_WRITE);
	assert_int_equal(op(6)->addr - child, 0x102000);
	assert_int_equal(op(7)->addr - child, 0x190000);
	assert_int_equal(op(7)->flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED);
	/* The child touches its own copy, and unmaps only that at its end. */
	assert_int_equal(op(8)->kind, RUN_FAULT);
	assert_int_equal(op(8)->addr - child, 0x102008);
	assert_int_equal(op(9)->kind, RUN_MUNMAP);
	assert_int_equal(op(9)->addr, child);
	expect_op(10, RUN_MUNMAP, TEXT, 0x200000);
	assert_int_equal(program.peak_vmas, 8);
	assert_int_equal(program.left_out, 0);
}

/*
 * The library makes a file for shared anonymous memory. The child maps the same
 * file, even after the parent has unmapped it.
 */
static void a_child_shares_its_parents_shared_memory(void **state)
{
	(void)state;
	LOAD(CALL("100", "mmap",
		  "addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x21, fd: 0xffffffff, off: 0x0",
		  "0x500000") FORK("200")
		     CALL("300", "munmap", "addr: 0x500000, len: 0x1000", "0x0")
			     FAULT("101/101", "000400000", "0x500008", "0x6"));
	assert_int_equal(op(3)->kind, RUN_MMAP);
	assert_int_equal(op(3)->flags & MAP_TYPE, MAP_SHARED);
	assert_non_null(op(3)->file);
	assert_int_equal(program.left_out, 0);
}

static void vfork_and_threads_copy_nothing(void **state)
{
	(void)state;
	LOAD(TASK_NEW("100/100", "000000100", "100:101", "100:100") FAULT("100/101", "000000200",
									  "0x400000", "0x4")
		     ENTER("100/100", "000000300", "vfork", "") TASK_NEW("100/100", "000000301",
									 "102:102", "100:100")
			     FAULT("102/102", "000000400", "0x401000", "0x4")
				     TASK_EXIT("102/102", "000000500", "102:102", "100:100")
					     LEAVE("100/100", "000000600", "vfork", "0x66"));
	assert_int_equal(program.nr, 4);
	expect_op(1, RUN_FAULT, 0x400000, 1);
	expect_op(2, RUN_FAULT, 0x401000, 1);
}

static void a_second_execve_unmaps_the_first_space(void **state)
{
	(void)state;
	LOAD(ENTER("100/100", "000000100", "execve", "filename: 0x1, argv: 0x2, envp: 0x3")
		     LINE("100/100", "000000101", "PERF_RECORD_COMM exec: next:100/100")
			     MAP2("100/100", "000000102", "0x800000(0x1000)",
				  "0 fe:00 78 0]: r-xp /bin/next")
				     LEAVE("100/100", "000000103", "execve", "0x0"));
	assert_int_equal(program.nr, 4);
	expect_op(1, RUN_MUNMAP, TEXT, 0x200000);
	assert_int_equal(op(2)->kind, RUN_MMAP);
	assert_string_equal(op(2)->file->f_path, "/bin/next");
	assert_int_equal(op(3)->kind, RUN_MUNMAP);
	assert_int_equal(op(3)->addr, op(2)->addr);
}

/* ---- what is left out ---- */

static void what_the_kernel_refused_is_left_out_and_counted(void **state)
{
	(void)state;
	LOAD(CALL("100", "munmap", "addr: 0x400001, len: 0x1000", "0xffffffffffffffea") CALL(
		"200", "mmap",
		"addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0",
		"0xfffffffffffffff4"));
	assert_int_equal(program.nr, 2);
	assert_int_equal(program.left_out, 2);
}

static void what_the_library_cannot_do_is_left_out_and_counted(void **state)
{
	(void)state;
	LOAD(CALL("100", "mlock", "start: 0x400000, len: 0x1000", "0x0")
	     /* no record names the file */
	     CALL("200", "mmap", "addr: 0x0, len: 0x1000, prot: 0x1, flags: 0x2, fd: 0x3, off: 0x0",
		  "0x500000")
	     /* so this touch has no mapping */
	     FAULT("100/100", "000300000", "0x500000", "0x4")
	     /* this address has no mapping either */
	     FAULT("100/100", "000400000", "0x8", "0x6"));
	assert_int_equal(program.nr, 2);
	assert_int_equal(program.left_out, 4);
}

static void a_recording_without_a_start_is_no_program(void **state)
{
	char error[TRACE_ERROR_MAX] = "";

	forget(state);
	order = trace_order_load(text_of(FAULT("100/100", "000000100", "0x400000", "0x4")), error);
	assert_non_null(order);
	assert_false(compile(order, "some.script", &program, error));
	assert_string_equal(error, "some.script: found no memory call of a process whose start is "
				   "recorded, expected at least one");
	program_free(&program);
}

/* ---- real programs ---- */

static const char *const names[] = {"gcc",      "git",    "java", "node",
				    "postgres", "python", "sh",   "sqlite"};
#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static void load_recording(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "bench/traces/%s.script.xz", name);
	load(path);
}

/*
 * Count the effects that must become operations, by kind.
 * Return: the number that was refused or cannot be done.
 */
static unsigned long count_effects(unsigned long want[NR_RUN_KINDS])
{
	static const enum run_kind kinds[TRACE_NR_CALLS] = {[TRACE_MUNMAP] = RUN_MUNMAP,
							    [TRACE_MPROTECT] = RUN_MPROTECT,
							    [TRACE_MADVISE] = RUN_MADVISE,
							    [TRACE_MREMAP] = RUN_MREMAP};
	unsigned long out = 0;

	for (unsigned long i = 0; i < order->nr_effects; i++) {
		const struct trace_effect *e = &order->effects[i];

		if (e->kind == TRACE_EXEC_DONE) {
			for (unsigned int s = 0; s < e->exec.nr_steps; s++)
				want[e->exec.steps[s].is_fault ? RUN_FAULT : RUN_MMAP]++;
		} else if (e->kind == TRACE_FAULTED) {
			want[RUN_FAULT]++;
		} else if (e->kind == TRACE_CALL_DONE) {
			if (e->call.call == TRACE_MMAP && e->call.result > 0)
				want[RUN_MMAP]++;
			else if (e->call.result < 0 || e->call.call == TRACE_SHMAT ||
				 e->call.call == TRACE_SHMDT)
				out++;
			else if (e->call.call < TRACE_NR_CALLS && kinds[e->call.call])
				want[kinds[e->call.call]]++;
		}
	}
	return out;
}

/*
 * Ends add unmaps and forks add mappings; every other effect is in the list as
 * often as in the recording, or counted as left out.
 */
static void a_recording_that_would_fill_memory_is_refused(void **state)
{
	char error[TRACE_ERROR_MAX] = "";

	(void)state;
	forget(NULL);
	order = trace_order_load(text_of_forks(1450, 2 * GIB), error);
	assert_non_null(order);
	assert_false(compile(order, "big", &program, error));
	assert_string_equal(
		error, "big: found forks that copy more than 2097152 mappings, expected fewer");
}

static void nothing_of_a_real_program_is_lost(void **state)
{
	(void)state;
	for (size_t n = 0; n < NR_NAMES; n++) {
		unsigned long want[NR_RUN_KINDS] = {0}, have[NR_RUN_KINDS] = {0}, out;

		load_recording(names[n]);
		out = count_effects(want);
		for (size_t i = 0; i < program.nr; i++)
			have[program.op[i].kind]++;
		assert_true(have[RUN_MMAP] >= want[RUN_MMAP] &&
			    have[RUN_MUNMAP] > want[RUN_MUNMAP]);
		assert_int_equal(have[RUN_MPROTECT], want[RUN_MPROTECT]);
		assert_int_equal(have[RUN_MADVISE], want[RUN_MADVISE]);
		assert_int_equal(have[RUN_MREMAP], want[RUN_MREMAP]);
		/*
		 * java touches page 0 on purpose, and postgres touches its
		 * System V segment.
		 */
		out += want[RUN_FAULT] - have[RUN_FAULT];
		assert_true(want[RUN_FAULT] - have[RUN_FAULT] <= 1);
		if (out != program.left_out)
			fail_msg("%s: %lu left out, expected %lu", names[n], program.left_out, out);
	}
}

static void expect_runs_clean(const char *engine, const char *name)
{
	struct mm_limits limits = vms_mm_limits_default;
	struct mm_struct *mm = vms_mm_create(engine, NULL, NULL);

	assert_non_null(mm);
	limits.max_map_count = 1 << 30;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	/*
	 * Run the list at other places than the one for which it was compiled,
	 * and next to itself.
	 */
	for (unsigned long base = GIB; base <= GIB + 2 * program.slice; base += program.slice)
		for (size_t i = 0; i < program.nr; i++)
			if (!run_op_at(mm, op(i), base))
				fail_msg("%s on %s: operation %zu at %lx failed", name, engine, i,
					 base);
	assert_int_equal(atomic_load(&mm->map_count), 0);
	mmput(mm);
}

static void a_real_program_runs_on_every_engine_and_leaves_nothing_mapped(void **state)
{
	static const char *const chosen[] = {"gcc",      "mariadb", "memory",
					     "postgres", "sh",      "sqlite"};

	(void)state;
	for (size_t n = 0; n < sizeof(chosen) / sizeof(chosen[0]); n++) {
		load_recording(chosen[n]);
		for (const char *const *engine = vms_engine_names(); *engine; engine++)
			expect_runs_clean(*engine, chosen[n]);
	}
}

static void operations_stay_inside_their_slice(void **state)
{
	(void)state;
	for (size_t n = 0; n < NR_NAMES; n++) {
		load_recording(names[n]);
		assert_true(program.peak_vmas > 0 && program.slice % GIB == 0);
		for (size_t i = 0; i < program.nr; i++)
			if (op(i)->addr + op(i)->len > program.slice ||
			    op(i)->to + op(i)->to_len > program.slice)
				fail_msg("%s: operation %zu", names[n], i);
	}
}

static void nothing_is_left_behind(void **state)
{
	forget(state);
	assert_int_equal(vms_leak_report(stderr), 0);
}

static int remove_files(void **state)
{
	forget(state);
	text_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_begins_with_what_execve_maps_and_ends_with_nothing),
		cmocka_unit_test(an_image_is_mapped_whole_and_cut_behind_its_first_segment),
		cmocka_unit_test(only_the_first_mapping_of_a_file_is_an_image),
		cmocka_unit_test(free_placement_becomes_fixed_with_its_flags_kept),
		cmocka_unit_test(a_mapping_knows_its_file_and_offset),
		cmocka_unit_test(unmap_protect_and_advise_keep_their_ranges),
		cmocka_unit_test(touches_tell_reads_writes_and_fetches_apart),
		cmocka_unit_test(the_break_is_mapped_and_unmapped),
		cmocka_unit_test(a_move_goes_where_the_recording_has_it),
		cmocka_unit_test(stacks_grow_down),
		cmocka_unit_test(a_fork_maps_for_the_child_what_the_parent_has),
		cmocka_unit_test(a_child_shares_its_parents_shared_memory),
		cmocka_unit_test(vfork_and_threads_copy_nothing),
		cmocka_unit_test(a_second_execve_unmaps_the_first_space),
		cmocka_unit_test(what_the_kernel_refused_is_left_out_and_counted),
		cmocka_unit_test(what_the_library_cannot_do_is_left_out_and_counted),
		cmocka_unit_test(a_recording_without_a_start_is_no_program),
		cmocka_unit_test(a_recording_that_would_fill_memory_is_refused),
		cmocka_unit_test(nothing_of_a_real_program_is_lost),
		cmocka_unit_test(a_real_program_runs_on_every_engine_and_leaves_nothing_mapped),
		cmocka_unit_test(operations_stay_inside_their_slice),
		cmocka_unit_test(nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, remove_files);
}
