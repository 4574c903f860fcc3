/* SPDX-License-Identifier: MIT */
/*
 * test_import.c - an address space from the text of /proc/PID/maps: its listing
 * is the text again, each malformed line is refused and named, a failure leaves
 * nothing behind, and ordinary calls work on what was imported.
 */
#include <errno.h>
#include <limits.h>
#include <time.h>

#include <vmastore/import.h>
#include <vmastore/query.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"
#include "tests/support/number.h"

/*
 * A line without a name, and one with its name in its column: laid_out() makes
 * blanks of the tab.
 */
#define NONE(range, rights) range " " rights " 00000000 00:00 0 \n"
#define NAMED(range, rights, name) range " " rights " 00000000 00:00 0 \t" name "\n"
#define A_FILE(range, rights, offset, name) range " " rights " " offset " 08:01 42 \t" name "\n"

/* A program as Linux lists it, in bounds that the default layout has. */
#define PROGRAM                                                                                    \
	A_FILE("555555554000-555555555000", "r--p", "00000000", "/bin/x")                          \
	A_FILE("555555555000-555555557000", "r-xp", "00001000", "/bin/x")                          \
	A_FILE("555555557000-555555558000", "rw-p", "00003000", "/bin/x")                          \
	NAMED("555555600000-555555621000", "rw-p", "[heap]")                                       \
	NONE("7ffff7800000-7ffff7801000", "rw-p")                                                  \
	A_FILE("7ffff7fc8000-7ffff7fc9000", "r--s", "00000000", "/lib/y (deleted)")                \
	NAMED("7ffff7fca000-7ffff7fcb000", "r-xp", "[vdso]")                                       \
	NAMED("7ffffffde000-7ffffffff000", "rw-p", "[stack]")

/*
 * Return: @text with blanks up to the column of names for each tab. The caller
 * must free it.
 */
static char *laid_out(const char *text)
{
	char *result = NULL;
	size_t size = 0, column = 0;
	FILE *out = open_memstream(&result, &size);

	for (; *text; text++) {
		if (*text == '\t') {
			fprintf(out, "%*s", column < 73 ? (int)(73 - column) : 1, "");
		} else {
			fputc(*text, out);
			column = *text == '\n' ? 0 : column + 1;
		}
	}
	fclose(out);
	return result;
}

static char *listing_of(struct mm_struct *mm)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	return text;
}

/* vms_mm_import() of @text, laid out. */
static int import_as(const struct vms_import *how, const char *text, struct mm_struct **mm,
		     unsigned long *line)
{
	char *lines = laid_out(text);
	int err = vms_mm_import(how, lines, strlen(lines), mm, line);

	free(lines);
	return err;
}

/* Imports, on the engine under test, a text that must be good. */
static struct mm_struct *import(void **state, const char *text)
{
	struct vms_import how = {.engine = ((struct world *)*state)->engine};
	struct mm_struct *mm = NULL;
	unsigned long line = 99;
	int err = import_as(&how, text, &mm, &line);

	if (err)
		print_error("line %lu: %s\n", line, strerror(-err));
	assert_int_equal(err, 0);
	assert_int_equal(line, 0);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	return mm;
}

static void expect_listing(struct mm_struct *mm, const char *expected)
{
	char *text = listing_of(mm), *lines = laid_out(expected);

	assert_string_equal(text, lines);
	free(text);
	free(lines);
}

/* ---- the listing is the text ---- */

static const char *const good_texts[] = {
	"",
	PROGRAM,
	/* neighbours that would merge, rights of all kinds, address 0 */
	NONE("00000000-00001000", "rw-p") NONE("00001000-00003000", "rw-p")
		NONE("00003000-00004000", "---p") NONE("00004000-00005000", "--xp"),
	/* the last page of the address space, a longer offset, a large inode */
	"7fffffffd000-7fffffffe000 rw-s 123456789000 103:fffff 18446744073709551615 \t/x\n"
	"7fffffffe000-7ffffffff000 rw-s fffffffffe000 00:01 1 \t/x y\n",
	/* the heap in pieces, other mappings within and next to it */
	NONE("10000000-10001000", "rw-p") NAMED("10001000-10002000", "rw-p", "[heap]")
		A_FILE("10002000-10003000", "rw-p", "00000000", "/a")
			NAMED("10003000-10004000", "r-xp", "[vdso]")
				NAMED("10005000-10006000", "r--p", "[heap]")
					NONE("10006000-10007000", "rw-p"),
	/* one stack between other memory, and two that touch */
	NONE("1ffff000-20000000", "rw-p") NAMED("20000000-20001000", "rw-p", "[stack]")
		NONE("20001000-20002000", "rw-p"),
	NAMED("20000000-20001000", "r--p", "[stack]") NAMED("20001000-20002000", "rw-p", "[stack]")
		NONE("20002000-20003000", "rw-p"),
	/* a break of the default layout lies in this memory */
	NONE("555555558000-55555555a000", "rw-p") NONE("55555555a000-55555555b000", "r--p"),
	/* names */
	NAMED("10000000-10001000", "rw-p", "[anon:a name of my own]") NAMED(
		"10001000-10002000", "rw-p", "[anon:]") NAMED("10002000-10003000", "r--p", "[vvar]")
		NAMED("10003000-10004000", "r--p", "[vvar_vclock]")
			NAMED("10004000-10005000", "--xp", "[uprobes]")
				NAMED("10005000-10006000", "rw-p", "[stack:12]")
					NAMED("10006000-10007000", "rw-p", "[a]b")
						NAMED("10007000-10008000", "--xp", "[vsyscall]"),
	"10000000-10001000 rw-s 00000000 00:01 7 \t[anon_shmem:shared]\n"
	"10001000-10002000 rw-s 00001000 00:01 7 \t/dev/zero (deleted)\n"
	"10002000-10003000 rw-s 00000000 00:01 1031 \t/memfd:name (deleted)\n"
	"10003000-10004000 rw-p 00000000 00:05 4 \t/dev/zero\n"
	"10004000-10005000 rw-s 00000000 00:01 32768 \t/SYSV00000000 (deleted)\n"
	"10005000-10006000 rw-s 00000000 00:0e 1057 \tanon_inode:[perf_event]\n",
	/* one inode under several names, and a name that is like a keyword */
	A_FILE("10000000-10001000", "r--p", "00000000", "/a")
		A_FILE("10001000-10002000", "r--p", "00000000", "/b")
			A_FILE("10002000-10003000", "r--p", "00000000", "[heap]")
				A_FILE("10003000-10004000", "r--p", "00000000", "/n\\012n\\0x")
					A_FILE("10004000-10005000", "r--p", "00000000", " x")
						A_FILE("10005000-10006000", "r--p", "00001000", ""),
	/* a file of a program that has given it no device */
	NAMED("10000000-10001000", "rw-p",
	      "/data") "10001000-10002000 rw-p 00001000 00:00 0 \t[anon:x]\n",
};

static void listing_is_the_text(void **state)
{
	for (size_t i = 0; i < sizeof(good_texts) / sizeof(good_texts[0]); i++) {
		struct mm_struct *mm = import(state, good_texts[i]);

		expect_listing(mm, good_texts[i]);
		mmput(mm);
	}
}

/* What the text may have and the listing has otherwise. */
static void blanks_do_not_count(void **state)
{
	struct mm_struct *mm = import(state, "10000000-10001000 rw-p 00000000 00:00 0\n"
					     "10001000-10002000 rw-p 00000000 00:00 0   \n"
					     "10002000-10003000 rw-p 00000000 00:00 0 [heap]\n"
					     "10003000-10004000 rw-p 00000000 08:01 42   /data\n");

	expect_listing(mm,
		       NONE("10000000-10001000", "rw-p") NONE("10001000-10002000", "rw-p")
			       NAMED("10002000-10003000", "rw-p", "[heap]")
				       A_FILE("10003000-10004000", "rw-p", "00000000", "/data"));
	mmput(mm);
}

static void vsyscall_is_left_out(void **state)
{
	struct mm_struct *mm = import(state, NONE("10000000-10001000", "rw-p")
						     NAMED("ffffffffff600000-ffffffffff601000",
							   "--xp", "[vsyscall]"));

	expect_listing(mm, NONE("10000000-10001000", "rw-p"));
	mmput(mm);
}

/* Return: what @path holds, in memory that the call does not allocate. */
static const char *read_all(const char *path)
{
	static char text[1 << 20];
	FILE *in = fopen(path, "r");
	size_t len;

	if (!in)
		print_error("%s: %s\n", path, strerror(errno));
	assert_non_null(in);
	setvbuf(in, NULL, _IONBF, 0);
	len = fread(text, 1, sizeof(text) - 1, in);
	fclose(in);
	assert_true(len > 0 && len < sizeof(text) - 1);
	text[len] = '\0';
	return text;
}

static void expect_round_trip(void **state, const char *text)
{
	const char *gate = strstr(text, "ffffffffff600000-");
	struct mm_struct *mm = import(state, text);
	char *listed = listing_of(mm);

	assert_int_equal(strlen(listed), gate ? (size_t)(gate - text) : strlen(text));
	assert_memory_equal(listed, text, strlen(listed));
	free(listed);
	mmput(mm);
}

static void own_process_makes_the_round_trip(void **state)
{
	const char *text = read_all("/proc/self/maps");

	/* An emulator's own text has its zeros where Linux has none. */
	if (text[0] == '0' && text[16] == '-')
		skip();
	expect_round_trip(state, text);
}

static void recorded_programs_make_the_round_trip(void **state)
{
	static const char *const names[] = {"java", "memory", "node", "python", "sqlite"};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "bench/traces/%s.maps", names[i]);
		expect_round_trip(state, read_all(path));
	}
}

/* What the library lists of its own address spaces, it can read. */
static void listing_of_an_mm_makes_the_round_trip(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm, *copy;
	struct file *file = world_file(16, true);
	char *text;

	for (unsigned long i = 0; i < 200; i++)
		vms_mmap(mm, 0x20000000 + 2 * i * PG, PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, 0x30000000, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 3 * PG);
	vms_mmap(mm, 0x30010000, 4 * PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	vms_set_anon_name(mm, 0x30010000, PG, "s");
	vms_set_anon_name(mm, 0x20000000, PG, "p");
	vms_brk(mm, mm->start_brk + 3 * PG);
	text = listing_of(mm);
	copy = import(state, text);
	expect_listing(copy, text);
	mmput(copy);
	free(text);
	fput(file);
}

/* ---- what is refused ---- */

#define GOOD NONE("10000000-10001000", "rw-p")
/* A text whose second line is @line. */
#define SECOND(line) GOOD line "\n"
#define REST " rw-p 00000000 00:00 0 "

static const struct {
	const char *text;
	int err;
	unsigned long line;
} bad_texts[] = {
	/* shape */
	{"\n", -EINVAL, 1},
	{" \n", -EINVAL, 1},
	{SECOND(""), -EINVAL, 2},
	{SECOND("10001000"), -EINVAL, 2},
	{SECOND("10001000-10002000"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 00:00"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0x"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 a "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 0000 0 "), -EINVAL, 2},
	{SECOND("10001000 10002000" REST), -EINVAL, 2},
	{SECOND(" 10001000-10002000" REST), -EINVAL, 2},
	{SECOND("10001000-10002000  rw-p 00000000 00:00 0 "), -EINVAL, 2},
	{SECOND("Size:                  4 kB"), -EINVAL, 2},
	/* numbers */
	{SECOND("1000100-10002000" REST), -EINVAL, 2},
	{SECOND("0010001000-10002000" REST), -EINVAL, 2},
	{SECOND("1000A000-1000B000" REST), -EINVAL, 2},
	{SECOND("1000g000-1000h000" REST), -EINVAL, 2},
	{SECOND("10001000-1ffffffffffffffff000" REST), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 0 08:01 42 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 100000000:01 42 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 8:01 42 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 08:01 042 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 08:01 18446744073709551616 "), -EINVAL, 2},
	/* rights */
	{SECOND("10001000-10002000 rw- 00000000 00:00 0 "), -EINVAL, 2},
	{SECOND("10001000-10002000 wr-p 00000000 00:00 0 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rwx- 00000000 00:00 0 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rwxpp 00000000 00:00 0 "), -EINVAL, 2},
	{SECOND("10001000-10002000 RW-P 00000000 00:00 0 "), -EINVAL, 2},
	/* shared memory has an object */
	{SECOND("10001000-10002000 rw-s 00000000 00:00 0 "), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-s 00000000 00:00 0    [heap]"), -EINVAL, 2},
	/* ranges */
	{SECOND("10001000-10001000" REST), -EINVAL, 2},
	{SECOND("10002000-10001000" REST), -EINVAL, 2},
	{SECOND("10001800-10003000" REST), -EINVAL, 2},
	{SECOND("10001000-10002001" REST), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000800 08:01 42 /x"), -EINVAL, 2},
	{SECOND("10000000-10001000" REST), -EEXIST, 2},
	{NONE("10000000-10002000", "rw-p") "10001000-10003000" REST "\n", -EEXIST, 2},
	{SECOND("00001000-00002000" REST), -EEXIST, 2},
	{SECOND("7fffffffe000-800000000000" REST), -ERANGE, 2},
	{SECOND("7ffffffff000-800000000000" REST), -ERANGE, 2},
	{SECOND("ffffffffff600000-ffffffffff601000" REST), -ERANGE, 2},
	{SECOND("ffffffffff600000-ffffffffff601000 --xp 00000000 08:01 1 [vsyscall]"), -ERANGE, 2},
	{SECOND("10001000-10002000 r--p fffffffffffff000 08:01 42 /x"), -EINVAL, 2},
	{SECOND("10001000-10002000 r--p ffffffffffffe000 08:01 42 /x"), 0, 0},
	/* names */
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [anon:a`b]"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [anon:a\\012b]"), -EINVAL, 2},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [anon:"
		"0123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789]"),
	 -EINVAL, 2},
	{SECOND("10001000-10002000 rw-s 00000000 00:01 3 [anon_shmem:a$b]"), -EINVAL, 2},
	/* names of places that no address could give to these lines alone */
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [heap]\n"
		"10002000-10003000" REST "\n"
		"10003000-10004000 rw-p 00000000 00:00 0 [heap]"),
	 -EINVAL, 3},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [heap]\n"
		"10002000-10003000 rw-p 00000000 00:00 0 [stack]\n"
		"10003000-10004000 rw-p 00000000 00:00 0 [heap]"),
	 -EINVAL, 3},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [stack]\n"
		"10003000-10004000 rw-p 00000000 00:00 0 [stack]"),
	 -EINVAL, 3},
	{SECOND("10001000-10002000 rw-p 00000000 00:00 0 [stack]\n"
		"10002000-10003000 rw-p 00000000 00:00 0 [stack]\n"
		"10003000-10004000 rw-p 00000000 00:00 0 [stack]"),
	 -EINVAL, 4},
	/* a copy that was cut */
	{GOOD "10001000-10002000" REST, -EINVAL, 2},
	{"10001000-10002000 rw-p 00000000 08:01 42   /usr/li", -EINVAL, 1},
};

/* Refused, and no trace of it is left. */
static void expect_refused(void **state, const char *text, size_t len, int err, unsigned long line)
{
	struct vms_import how = {.engine = ((struct world *)*state)->engine};
	struct mm_struct *const untouched = (struct mm_struct *)&how, *mm = untouched;
	unsigned long at = 99;
	int got = vms_mm_import(&how, text, len, &mm, &at);

	if (got != err || at != line)
		print_error("line %lu: %d, expected line %lu: %d, of\n%.300s", at, got, line, err,
			    text);
	assert_int_equal(got, err);
	assert_int_equal(at, line);
	if (err)
		assert_ptr_equal(mm, untouched);
	else
		mmput(mm);
	/* The world's own address space is the only one. */
	mm = vms_mm_next(NULL);
	assert_ptr_equal(mm, ((struct world *)*state)->mm);
	assert_null(vms_mm_next(mm));
}

static void malformed_line_is_refused_and_named(void **state)
{
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++)
		expect_refused(state, bad_texts[i].text, strlen(bad_texts[i].text),
			       bad_texts[i].err, bad_texts[i].line);
}

static void nul_is_refused(void **state)
{
	static const char in_name[] = "10000000-10001000 rw-p 00000000 08:01 42   /x\0y\n";
	static const char in_field[] = "10000000-10001000 rw-p 0000\0000 08:01 42   /x\n";

	expect_refused(state, in_name, sizeof(in_name) - 1, -EINVAL, 1);
	expect_refused(state, in_field, sizeof(in_field) - 1, -EINVAL, 1);
	expect_refused(state, "\0", 1, -EINVAL, 1);
}

/*
 * One line by itself, and each beginning of it, in memory of exactly that
 * length, so that a sanitizer sees a read beyond it.
 */
static void line_is_read_no_further_than_its_length(void **state)
{
	static const char text[] = "10000000-10001000 r-xs 00002000 08:1f 42   /a b";
	size_t fields = sizeof("10000000-10001000 r-xs 00002000 08:1f 4") - 1;
	struct vms_maps_line line;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *exact = malloc(len ? len : 1);
		int err;

		memcpy(exact, text, len);
		err = vms_maps_line_read(exact, len, &line);
		assert_int_equal(err, len < fields ? -EINVAL : 0);
		if (len == sizeof(text) - 1) {
			assert_int_equal(line.start, 0x10000000);
			assert_int_equal(line.end, 0x10001000);
			assert_int_equal(line.prot, PROT_READ | PROT_EXEC);
			assert_true(line.shared);
			assert_int_equal(line.offset, 0x2000);
			assert_int_equal(line.dev_major, 8);
			assert_int_equal(line.dev_minor, 0x1f);
			assert_int_equal(line.ino, 42);
			assert_int_equal(line.name_len, 4);
			assert_memory_equal(line.name, "/a b", 4);
		}
		free(exact);
	}
}

static void over_long_name_is_refused(void **state)
{
	static char text[VMS_MAPS_NAME_MAX + 200];
	int fields =
		snprintf(text, sizeof(text), "10000000-10001000 r--p 00000000 08:01 42%33s", "");

	memset(text + fields, '/', VMS_MAPS_NAME_MAX + 1);
	text[fields + VMS_MAPS_NAME_MAX + 1] = '\n';
	expect_refused(state, text, strlen(text), -ENAMETOOLONG, 1);
	text[fields + VMS_MAPS_NAME_MAX] = '\n';
	text[fields + VMS_MAPS_NAME_MAX + 1] = '\0';
	expect_round_trip(state, text);
}

static void unknown_engine_and_bounds_are_refused(void **state)
{
	static const struct mm_layout unaligned = {.task_size = 12345};
	struct vms_import how = {.engine = "none"};
	struct mm_struct *mm = NULL;
	unsigned long line = 99;

	assert_int_equal(import_as(&how, GOOD, &mm, &line), -EINVAL);
	assert_int_equal(line, 0);
	how.engine = ((struct world *)*state)->engine;
	how.layout = &unaligned;
	assert_int_equal(import_as(&how, GOOD, &mm, NULL), -EINVAL);
	how.layout = &world_layout;
	assert_int_equal(import_as(&how, PROGRAM, &mm, &line), -ERANGE);
	assert_int_equal(line, 1);
	assert_null(mm);
}

/* ---- what is not in the text ---- */

static struct vm_area_struct *at(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	mmap_read_unlock(mm);
	assert_non_null(vma);
	return vma;
}

#define MAY (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

static void flags_are_those_of_mmap(void **state)
{
	struct mm_struct *mm = import(state, PROGRAM);

	assert_int_equal(at(mm, 0x555555554000)->vm_flags, VM_READ | MAY);
	assert_int_equal(at(mm, 0x555555557000)->vm_flags, VM_READ | VM_WRITE | MAY | VM_ACCOUNT);
	assert_int_equal(at(mm, 0x555555600000)->vm_flags, VM_READ | VM_WRITE | MAY | VM_ACCOUNT);
	assert_int_equal(at(mm, 0x7ffff7fc8000)->vm_flags, VM_READ | MAY | VM_SHARED | VM_MAYSHARE);
	assert_int_equal(at(mm, 0x7ffff7fca000)->vm_flags, VM_READ | VM_EXEC | MAY | VM_DONTEXPAND);
	assert_int_equal(at(mm, 0x7ffffffde000)->vm_flags,
			 VM_READ | VM_WRITE | MAY | VM_ACCOUNT | VM_GROWSDOWN);
	mmput(mm);
}

static void lines_of_one_file_share_it(void **state)
{
	struct mm_struct *mm =
		import(state, A_FILE("10000000-10001000", "r--p", "00000000",
				     "/a") A_FILE("10001000-10002000", "rw-s", "00005000", "/b")
				      A_FILE("10002000-10003000", "rw-p", "00009000", "/a")
					      NAMED("10003000-10004000", "rw-p", "/a")
						      NAMED("10004000-10005000", "rw-p", "/b"));
	unsigned long word = 0;

	assert_ptr_equal(at(mm, 0x10000000)->vm_file, at(mm, 0x10002000)->vm_file);
	assert_ptr_not_equal(at(mm, 0x10000000)->vm_file, at(mm, 0x10001000)->vm_file);
	assert_ptr_equal(at(mm, 0x10000000)->vm_file->f_mapping,
			 at(mm, 0x10001000)->vm_file->f_mapping);
	assert_ptr_not_equal(at(mm, 0x10000000)->vm_file->f_mapping,
			     at(mm, 0x10003000)->vm_file->f_mapping);
	/* Without an inode a name is all that tells two files apart. */
	assert_ptr_not_equal(at(mm, 0x10003000)->vm_file->f_mapping,
			     at(mm, 0x10004000)->vm_file->f_mapping);
	/* It reaches to the last line's end, and reads as zeros. */
	assert_int_equal(vms_read_word(mm, 0x10002ff8, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
	assert_int_equal(atomic_load(&at(mm, 0x10000000)->vm_file->f_mapping->i_size), 0xa000);
	mmput(mm);
}

/* Two objects of one inode would be one file to whoever reads the listing. */
static void shared_memory_gets_an_inode_of_its_own(void **state)
{
	unsigned long addr, ino;
	struct mm_struct *mm;
	struct file *file;
	char text[200];

	mm = import(state, "10000000-10001000 rw-s 00000000 00:01 18446744073709551615 /x\n");
	addr = vms_mmap(mm, 0, PG, RW, MAP_SHARED | MAP_ANONYMOUS, NULL, 0);
	ino = at(mm, addr)->vm_file->f_mapping->ino;
	mmput(mm);
	snprintf(text, sizeof(text),
		 "10000000-10001000 rw-s 00000000 00:01 %lu /dev/zero (deleted)\n"
		 "10001000-10002000 rw-s 00000000 08:01 %lu /x\n",
		 ino + 1, ino + 1000);
	mm = import(state, text);
	addr = vms_mmap(mm, 0, PG, RW, MAP_SHARED | MAP_ANONYMOUS, NULL, 0);
	file = at(mm, addr)->vm_file;
	assert_int_equal(file->f_mapping->ino, ino + 2);
	mmput(mm);
}

static void break_continues_from_the_heap(void **state)
{
	struct mm_struct *mm = import(state, PROGRAM);

	assert_int_equal(vms_brk(mm, 0), 0x555555621000);
	assert_int_equal(vms_brk(mm, 0x555555623000), 0x555555623000);
	assert_int_equal(at(mm, 0x555555600000)->vm_end, 0x555555623000);
	assert_int_equal(vms_brk(mm, 0x555555600000), 0x555555600000);
	leave(mm);
	/* Without a heap it begins where nothing is mapped. */
	mm = import(state, NONE("555555558000-55555555a000", "rw-p"));
	assert_int_equal(vms_brk(mm, 0), 0x55555555a000);
	leave(mm);
}

static void ordinary_calls_work(void **state)
{
	struct mm_struct *mm = import(state, PROGRAM), *child;
	unsigned long addr, word = 0;

	/* The vdso's page lies below the stack; Linux places below it. */
	addr = vms_mmap(mm, 0, 4 * PG, RW, ANON, NULL, 0);
	assert_int_equal(addr, 0x7ffff7fc4000);
	assert_int_equal(vms_write_word(mm, addr, 7), VMS_FAULT_OK);
	assert_int_equal(vms_read_word(mm, 0x7ffff7fca000, &word), VMS_FAULT_OK);
	assert_int_equal(vms_write_word(mm, 0x7ffff7fca000, 1), VMS_SEGV_ACCERR);
	assert_int_equal(vms_fault(mm, 0x555555555000, FAULT_FLAG_INSTRUCTION), VMS_FAULT_OK);
	assert_int_equal(vms_write_word(mm, 0x555555557000, 9), VMS_FAULT_OK);
	assert_int_equal(vms_munmap(mm, 0x555555601000, PG), 0);
	assert_int_equal(vms_mprotect(mm, 0x555555602000, PG, PROT_READ), 0);
	assert_int_equal(vms_mprotect(mm, 0x7ffff7fc8000, PG, RW), 0);
	/* The stack grows, and forks. */
	assert_int_equal(vms_write_word(mm, 0x7ffffffdd000, 1), VMS_FAULT_OK);
	assert_int_equal(at(mm, 0x7ffffffdd000)->vm_start, 0x7ffffffdd000);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(vms_read_word(child, 0x555555557000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 9);
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	mmput(child);
	leave(mm);
}

static void neighbours_merge_only_later(void **state)
{
	struct mm_struct *mm =
		import(state, NONE("10000000-10001000", "rw-p") NONE("10001000-10002000", "r--p"));

	assert_int_equal(vms_mprotect(mm, 0x10001000, PG, RW), 0);
	expect_listing(mm, NONE("10000000-10002000", "rw-p"));
	leave(mm);
}

static void layout_may_be_given(void **state)
{
	struct vms_import how = {.engine = ((struct world *)*state)->engine,
				 .layout = &world_layout};
	static const char text[] =
		NONE("10000000-10001000", "rw-p") NAMED("30000000-30001000", "rw-p", "[stack]");
	struct mm_struct *mm;

	assert_int_equal(import_as(&how, text, &mm, NULL), 0);
	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON, NULL, 0), world_layout.mmap_base - PG);
	leave(mm);
}

static void execute_only_memory_has_its_key(void **state)
{
	struct mm_rules rules = vms_mm_rules_default;
	struct vms_import how = {.engine = ((struct world *)*state)->engine, .rules = &rules};
	struct mm_struct *mm;

	rules.exec_only = true;
	assert_int_equal(import_as(&how, NONE("10000000-10001000", "--xp"), &mm, NULL), 0);
	assert_int_equal(vms_fault(mm, 0x10000000, 0), VMS_SEGV_PKUERR);
	leave(mm);
}

/* ---- the caller opens the files ---- */

struct opener {
	struct file *file; /* what it answers */
	int answer;
	unsigned int calls;
	char last[64]; /* the last path */
};

static int open_file(void *arg, const struct vms_maps_line *line, const char *path,
		     struct file **file)
{
	struct opener *o = arg;

	o->calls++;
	snprintf(o->last, sizeof(o->last), "%s", path);
	assert_true(line->ino != 0 && !*file);
	*file = o->file ? get_file(o->file) : NULL;
	return o->answer;
}

#define OPENED                                                                                     \
	A_FILE("10000000-10001000", "r--p", "00000000", "/data")                                   \
	A_FILE("10001000-10002000", "rw-s", "00001000", "/data")                                   \
	NAMED("10002000-10003000", "r-xp", "[vdso]")                                               \
	NAMED("10003000-10004000", "rw-p", "/data")

static void each_file_is_opened_once(void **state)
{
	struct opener o = {.file = world_file(16, true)};
	struct vms_import how = {
		.engine = ((struct world *)*state)->engine, .open = open_file, .arg = &o};
	struct mm_struct *mm;

	assert_int_equal(import_as(&how, OPENED, &mm, NULL), 0);
	assert_int_equal(o.calls, 1);
	assert_string_equal(o.last, "/data");
	assert_ptr_equal(at(mm, 0x10000000)->vm_file, o.file);
	assert_ptr_equal(at(mm, 0x10001000)->vm_file, o.file);
	/* Two VMAs, and the test. */
	assert_int_equal(atomic_load(&o.file->f_count), 3);
	expect_listing(mm, OPENED);
	leave(mm);
	assert_int_equal(atomic_load(&o.file->f_count), 1);
	fput(o.file);
}

static void name_reaches_the_hook_as_a_path(void **state)
{
	struct opener o = {0};
	struct vms_import how = {
		.engine = ((struct world *)*state)->engine, .open = open_file, .arg = &o};
	static const char text[] = A_FILE("10000000-10001000", "r--p", "00000000", "/a\\012b\\01");
	struct mm_struct *mm;

	/* The hook has no file: a stand-in is made. */
	assert_int_equal(import_as(&how, text, &mm, NULL), 0);
	assert_string_equal(o.last, "/a\nb\\01");
	expect_listing(mm, text);
	leave(mm);
}

static void expect_hook_error(void **state, struct opener *o, const char *text, int err,
			      unsigned long line)
{
	struct vms_import how = {
		.engine = ((struct world *)*state)->engine, .open = open_file, .arg = o};
	struct mm_struct *mm = NULL;
	unsigned long at_line = 99;

	assert_int_equal(import_as(&how, text, &mm, &at_line), err);
	assert_int_equal(at_line, line);
	assert_null(mm);
	if (o->file)
		assert_int_equal(atomic_load(&o->file->f_count), 1);
}

static void errors_of_the_hook_end_the_import(void **state)
{
	static const char shared_name[] =
		"10000000-10001000 rw-s 00000000 00:01 7        [anon_shmem:x]\n";
	struct opener refuses = {.answer = -EPERM}, wrong = {.answer = 5};
	struct opener read_only = {.file = world_file(16, false)};
	struct opener both = {.file = world_file(16, true), .answer = -EIO};
	struct address_space *mapping = vms_address_space_create(PG, 0, 8, 1, 3);
	struct opener write_only = {.file = vms_file_open(mapping, "/w", FMODE_WRITE)};

	expect_hook_error(state, &refuses, NONE("0f000000-0f001000", "rw-p") OPENED, -EPERM, 2);
	expect_hook_error(state, &wrong, OPENED, -EINVAL, 1);
	expect_hook_error(state, &both, OPENED, -EIO, 1);
	/* The second line may write to it. */
	expect_hook_error(state, &read_only, OPENED, -EACCES, 2);
	expect_hook_error(state, &write_only, OPENED, -EACCES, 1);
	both.answer = 0;
	expect_hook_error(state, &both, shared_name, -EBADF, 1);
	fput(read_only.file);
	fput(both.file);
	fput(write_only.file);
	vms_address_space_put(mapping);
}

/* The hook opens each path that begins with /a. */
static int open_half(void *arg, const struct vms_maps_line *line, const char *path,
		     struct file **file)
{
	(void)line;
	*file = path[1] == 'a' ? get_file(arg) : NULL;
	return 0;
}

#define NAMES 2000ul

/*
 * Imports NAMES lines, each with a name of its own, of which the hook opens the
 * first half.
 * @inodes: how many inodes these names have.
 */
static void import_names(void **state, unsigned long inodes, struct file *file)
{
	struct vms_import how = {
		.engine = ((struct world *)*state)->engine, .open = open_half, .arg = file};
	struct address_space *content;
	unsigned long line;
	struct mm_struct *mm;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned long i = 0; i < NAMES; i++)
		fprintf(out, "%08lx-%08lx r--p 00000000 08:01 %lu /%c%lu\n", 0x10000000 + i * PG,
			0x10000000 + (i + 1) * PG, 1 + i % inodes, i < NAMES / 2 ? 'a' : 'z', i);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(vms_mm_import(&how, text, size, &mm, &line), 0);
	free(text);
	content = at(mm, 0x10000000 + (NAMES - 1) * PG)->vm_file->f_mapping;
	assert_ptr_not_equal(content, file->f_mapping);
	/* The first stand-in: of the same inode, if there is only one. */
	assert_int_equal(at(mm, 0x10000000 + NAMES / 2 * PG)->vm_file->f_mapping == content,
			 inodes == 1);
	leave(mm);
}

static void stand_ins_of_one_inode_share_content_beside_opened_files(void **state)
{
	struct file *file = world_file(16, true);

	import_names(state, NAMES, file);
	import_names(state, 1, file);
	fput(file);
}

static void file_that_cannot_be_written_never_may_be(void **state)
{
	struct opener o = {.file = world_file(16, false)};
	struct vms_import how = {
		.engine = ((struct world *)*state)->engine, .open = open_file, .arg = &o};
	static const char text[] = A_FILE("10000000-10001000", "r--s", "00000000", "/data");
	struct mm_struct *mm;

	assert_int_equal(import_as(&how, text, &mm, NULL), 0);
	expect_listing(mm, text);
	assert_int_equal(vms_mprotect(mm, 0x10000000, PG, RW), -EACCES);
	leave(mm);
	fput(o.file);
}

/* ---- no memory ---- */

static void failed_allocation_leaves_nothing(void **state)
{
	const struct world *w = *state;
	size_t before = vms_leak_report(NULL);
	long failures = 0;

	for (size_t i = 0; i < sizeof(good_texts) / sizeof(good_texts[0]); i++)
		for (long n = 1;; n++) {
			struct vms_import how = {.engine = w->engine};
			struct mm_struct *mm = NULL;
			int err;

			vms__alloc_fail_nth(n);
			err = import_as(&how, good_texts[i], &mm, NULL);
			if (vms__alloc_count() < n) {
				vms__alloc_fail_nth(0);
				assert_int_equal(err, 0);
				mmput(mm);
				break;
			}
			vms__alloc_fail_nth(0);
			assert_int_equal(err, -ENOMEM);
			assert_null(mm);
			assert_int_equal(vms_leak_report(NULL), before);
			failures++;
		}
	print_message("%ld failures\n", failures);
	assert_true(failures > 100);
}

/* ---- texts of chance ---- */

static uint64_t rng;

static unsigned long chance(unsigned long below)
{
	rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned long)(rng >> 33) % below;
}

/* One change of @text: a byte, a piece that is lost or doubled. */
static size_t mutate(char *text, size_t len, size_t room)
{
	static const char likely[] = "0123456789abcdef rwxps-:[]/\n\\A";
	size_t at = len ? chance(len) : 0, n = len ? 1 + chance(len - at) : 0;

	switch (chance(6)) {
	case 0:
		if (len)
			text[at] = (char)chance(256);
		return len;
	case 1:
		if (n > 20)
			n = 20;
		memmove(text + at, text + at + n, len - at - n);
		return len - n;
	case 2:
		if (len + n > room)
			return len;
		memmove(text + at + n, text + at, len - at);
		return len + n;
	default:
		if (len)
			text[at] = likely[chance(sizeof(likely) - 1)];
		return len;
	}
}

/*
 * Requires that the listing is the imported text, except for the number of
 * blanks before a name, and for the line [vsyscall], which the import omits.
 */
static void expect_same_words(const char *listed, const char *text, size_t len)
{
	const char *end = text + len;

	while (true) {
		while (*listed == ' ')
			listed++;
		while (text < end && *text == ' ')
			text++;
		if (text == end || !*listed)
			break;
		assert_int_equal(*listed++, *text++);
	}
	assert_int_equal(*listed, '\0');
	if (text < end)
		assert_true(end - text > 10 && memcmp(end - 11, "[vsyscall]\n", 11) == 0);
}

/*
 * In memory of exactly its length, so that a sanitizer sees a read beyond it.
 * Return: whether it was accepted.
 */
static bool try_text(const char *engine, const char *text, size_t len)
{
	struct vms_import how = {.engine = engine};
	char *exact = malloc(len ? len : 1), *listed;
	struct mm_struct *mm = NULL;
	unsigned long line = 99;
	int err;

	memcpy(exact, text, len);
	err = vms_mm_import(&how, exact, len, &mm, &line);
	if (err) {
		assert_null(mm);
		assert_true(line > 0 && line < 100);
	} else {
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		listed = listing_of(mm);
		expect_same_words(listed, exact, len);
		free(listed);
		mmput(mm);
	}
	free(exact);
	return !err;
}

static void mutated_text_is_refused_or_listed_again(void **state)
{
	static char text[8192];
	unsigned long seed =
		number_of_variable("VMS_SEED", 0, ULONG_MAX, (unsigned long)time(NULL));
	unsigned long rounds = number_of_variable("VMS_ROUNDS", 1, 100000000, 4000), accepted = 0;
	size_t nr = sizeof(good_texts) / sizeof(good_texts[0]);

	print_message("VMS_SEED=%lu\n", seed);
	for (unsigned long i = 0; i < rounds; i++) {
		char *from;
		size_t len;

		rng = seed * 1000003 + i;
		from = laid_out(good_texts[chance(nr)]);
		len = strlen(from);
		memcpy(text, from, len);
		free(from);
		for (unsigned long n = chance(4); n < 4; n++)
			len = mutate(text, len, sizeof(text));
		accepted += try_text(((struct world *)*state)->engine, text, len);
	}
	print_message("%lu of %lu accepted\n", accepted, rounds);
	assert_true(accepted > 0 && accepted < rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(listing_is_the_text),
		ON_EVERY_ENGINE(blanks_do_not_count),
		ON_EVERY_ENGINE(vsyscall_is_left_out),
		ON_EVERY_ENGINE(own_process_makes_the_round_trip),
		ON_EVERY_ENGINE(recorded_programs_make_the_round_trip),
		ON_EVERY_ENGINE(listing_of_an_mm_makes_the_round_trip),
		ON_EVERY_ENGINE(malformed_line_is_refused_and_named),
		ON_EVERY_ENGINE(nul_is_refused),
		cmocka_unit_test(line_is_read_no_further_than_its_length),
		ON_EVERY_ENGINE(over_long_name_is_refused),
		ON_EVERY_ENGINE(unknown_engine_and_bounds_are_refused),
		ON_EVERY_ENGINE(flags_are_those_of_mmap),
		ON_EVERY_ENGINE(lines_of_one_file_share_it),
		ON_EVERY_ENGINE(shared_memory_gets_an_inode_of_its_own),
		ON_EVERY_ENGINE(break_continues_from_the_heap),
		ON_EVERY_ENGINE(ordinary_calls_work),
		ON_EVERY_ENGINE(neighbours_merge_only_later),
		ON_EVERY_ENGINE(layout_may_be_given),
		ON_EVERY_ENGINE(execute_only_memory_has_its_key),
		ON_EVERY_ENGINE(each_file_is_opened_once),
		ON_EVERY_ENGINE(name_reaches_the_hook_as_a_path),
		ON_EVERY_ENGINE(errors_of_the_hook_end_the_import),
		ON_EVERY_ENGINE(stand_ins_of_one_inode_share_content_beside_opened_files),
		ON_EVERY_ENGINE(file_that_cannot_be_written_never_may_be),
		ON_EVERY_ENGINE(failed_allocation_leaves_nothing),
		ON_EVERY_ENGINE(mutated_text_is_refused_or_listed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
