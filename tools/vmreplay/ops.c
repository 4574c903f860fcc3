/* SPDX-License-Identifier: MIT */
/*
 * ops.c - `vmreplay ops`: runs an op script and prints, after each operation, its result and the layout.
 *
 * The text format is one that a program on a real kernel speaks too, so that both outputs can be compared byte for byte:
 *
 *   input                                        output
 *   script NAME...                               the line itself; the next operation is #0 again
 *   mmap 0 3000 rw anon|private - 0              #0 mmap 0 3000 rw anon|private - 0
 *                                                = 4fffd000
 *                                                4fffd000-50000000 rw-p 0 -
 *
 * Numbers are hexadecimal without 0x. The world is an arena, [10000000, 50000000); everything else is occupied by mappings that
 * merge with nothing. The break starts at 10000000. world.c makes it; words.c reads the words.
 */
#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/args.h"
#include "tools/vmreplay/vmreplay.h"
#include "tools/vmreplay/words.h"
#include "tools/vmreplay/world.h"

struct arguments {
	const char *path;
	struct bench_names engines;
	unsigned int kernel;
	bool flags, no_layout;
};

/* Where the script is; for messages. */
struct script {
	const char *path;
	unsigned long line;
	const char *engine;
	unsigned int kernel; /* whose rules hold */
	bool flags, layout;
	unsigned long op;
	const char *text; /* of the operation */
	struct world *world;
};

/* Prints `file:line: found ..., expected ...` and ends the program; what was printed before is whole. */
static void bad(const struct script *s, const char *found, const char *expected) __attribute__((noreturn));

static void bad(const struct script *s, const char *found, const char *expected)
{
	fflush(stdout);
	fprintf(stderr, "%s:%lu: found '%s', expected %s\n", s->path, s->line, found, expected);
	exit(EXIT_USAGE);
}

static unsigned long hex(const struct script *s, const char *word)
{
	unsigned long n;

	if (!word_hex(word, &n))
		bad(s, word ? word : "the line's end", "a hexadecimal number without 0x");
	return n;
}

/* The operation, once all its words have been found good, and what it answers. */
static void print_answer(struct script *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print_answer(struct script *s, const char *format, ...)
{
	va_list args;

	printf("#%lu %s\n= ", s->op++, s->text);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void print_address(struct script *s, unsigned long result)
{
	if (IS_ERR_VALUE(result))
		print_answer(s, "-%s", strerrorname_np((int)-(long)result));
	else
		print_answer(s, "%lx", result);
}

static void print_result(struct script *s, int result)
{
	if (result < 0)
		print_answer(s, "-%s", strerrorname_np(-result));
	else
		print_answer(s, "%d", result);
}

static void op_mmap(struct script *s, char **word)
{
	unsigned long prot, flags, addr = hex(s, word[1]), len = hex(s, word[2]), off = hex(s, word[6]);
	struct file *file;

	if (!word_prot(word[3], &prot))
		bad(s, word[3], "letters of rwxD, or none");
	if (!word_map_flags(word[4], &flags))
		bad(s, word[4], "mmap flags joined by |, or 0");
	if (!world_file(s->world, word[5], &file))
		bad(s, word[5], "-, f0, f1, f2, f3, m0, m1 or a decimal number");
	print_address(s, vms_mmap(world_mm(s->world), addr, len, prot, flags, file, off));
}

static void op_munmap(struct script *s, char **word)
{
	print_result(s, vms_munmap(world_mm(s->world), hex(s, word[1]), hex(s, word[2])));
}

static void op_mprotect(struct script *s, char **word)
{
	unsigned long prot;

	if (!word_prot(word[3], &prot))
		bad(s, word[3], "letters of rwxD, or none");
	print_result(s, vms_mprotect(world_mm(s->world), hex(s, word[1]), hex(s, word[2]), prot));
}

static void op_mremap(struct script *s, char **word)
{
	unsigned long flags;

	if (!word_remap_flags(word[4], &flags))
		bad(s, word[4], "maymove, rfixed, dontunmap joined by |, or 0");
	print_address(s, vms_mremap(world_mm(s->world), hex(s, word[1]), hex(s, word[2]), hex(s, word[3]), flags, hex(s, word[5])));
}

static void op_madvise(struct script *s, char **word)
{
	int advice;

	if (!word_advice(word[3], &advice))
		bad(s, word[3], "an advice that the library has, such as DONTNEED or HUGEPAGE");
	print_result(s, vms_madvise(world_mm(s->world), hex(s, word[1]), hex(s, word[2]), advice));
}

static void op_mlock(struct script *s, char **word)
{
	print_result(s, vms_mlock(world_mm(s->world), hex(s, word[1]), hex(s, word[2])));
}

static void op_mlock2(struct script *s, char **word)
{
	unsigned long flags;

	if (!word_lock_flags(word[3], &flags))
		bad(s, word[3], "onfault or 0");
	print_result(s, vms_mlock2(world_mm(s->world), hex(s, word[1]), hex(s, word[2]), (unsigned int)flags));
}

static void op_munlock(struct script *s, char **word)
{
	print_result(s, vms_munlock(world_mm(s->world), hex(s, word[1]), hex(s, word[2])));
}

static void op_mlockall(struct script *s, char **word)
{
	unsigned long flags;

	if (!word_lockall_flags(word[1], &flags))
		bad(s, word[1], "current, future, aonfault joined by |, or 0");
	print_result(s, vms_mlockall(world_mm(s->world), (int)flags));
}

static void op_munlockall(struct script *s, char **word)
{
	(void)word;
	print_result(s, vms_munlockall(world_mm(s->world)));
}

static void op_mseal(struct script *s, char **word)
{
	print_result(s, vms_mseal(world_mm(s->world), hex(s, word[1]), hex(s, word[2]), 0));
}

static void op_brk(struct script *s, char **word)
{
	print_address(s, vms_brk(world_mm(s->world), hex(s, word[1])));
}

static void op_fault(struct script *s, char **word)
{
	static const char *const answers[] = {
		[VMS_FAULT_OK] = "ok",   [VMS_SEGV_MAPERR] = "SEGV_MAPERR", [VMS_SEGV_ACCERR] = "SEGV_ACCERR",
		[VMS_SIGBUS] = "SIGBUS", [VMS_FAULT_OOM] = "-ENOMEM",
	};
	bool write = strcmp(word[2], "w") == 0;

	if (!write && strcmp(word[2], "r") != 0)
		bad(s, word[2], "r or w");
	print_answer(s, "%s", answers[vms_fault(world_mm(s->world), hex(s, word[1]), write ? FAULT_FLAG_WRITE : 0)]);
}

static void op_fork(struct script *s, char **word)
{
	if (strlen(word[1]) != 1 || !strchr("cpx", word[1][0]))
		bad(s, word[1], "c, p or x");
	print_result(s, world_fork(s->world, word[1][0]));
}

static void op_exit(struct script *s, char **word)
{
	(void)word;
	world_exit(s->world);
	print_result(s, 0);
}

static const struct {
	const char *name;
	int words; /* after the name */
	void (*run)(struct script *s, char **word);
} operations[] = {
	{"mmap", 6, op_mmap},         {"munmap", 2, op_munmap},
	{"mprotect", 3, op_mprotect}, {"mremap", 5, op_mremap},
	{"madvise", 3, op_madvise},   {"mlock", 2, op_mlock},
	{"mlock2", 3, op_mlock2},     {"munlock", 2, op_munlock},
	{"mlockall", 1, op_mlockall}, {"munlockall", 0, op_munlockall},
	{"mseal", 2, op_mseal},       {"brk", 1, op_brk},
	{"fault", 2, op_fault},       {"fork", 1, op_fork},
	{"exit", 0, op_exit},
};

#define EXPECTED_OPS                                                                                                               \
	"one of script mmap munmap mprotect mremap madvise mlock mlock2 munlock mlockall munlockall mseal brk fault fork exit"

static void begin_script(struct script *s)
{
	world_destroy(s->world);
	s->world = world_create(s->engine, s->kernel);
	if (!s->world) {
		fflush(stdout);
		fprintf(stderr, "%s:%lu: out of memory\n", s->path, s->line);
		exit(EXIT_USAGE);
	}
	s->op = 0;
}

static void run_op(struct script *s, const char *line, char **word, int nr)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(word[0], operations[i].name) != 0)
			continue;
		if (nr - 1 != operations[i].words) {
			char expected[64];

			snprintf(expected, sizeof(expected), "%s with %d words after it", operations[i].name, operations[i].words);
			bad(s, line, expected);
		}
		if (!s->world)
			begin_script(s);
		s->text = line;
		operations[i].run(s, word);
		if (s->layout)
			world_print(s->world, s->flags, stdout);
		return;
	}
	bad(s, word[0], EXPECTED_OPS);
}

static void run_line(struct script *s, char *line)
{
	char copy[WORDS_LINE_MAX], *word[WORDS_MAX];
	size_t len = strlen(line);
	int nr;

	if (len >= sizeof(copy))
		bad(s, "a line of more than 500 bytes", EXPECTED_OPS);
	memcpy(copy, line, len + 1);
	nr = words_split(copy, word);
	if (nr == 0 || word[0][0] == '#')
		return;
	if (strcmp(word[0], "script") == 0) {
		begin_script(s);
		puts(line);
		return;
	}
	run_op(s, line, word, nr);
}

static void run_file(struct script *s, FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, in)) > 0) {
		s->line++;
		if (strlen(line) != (size_t)len)
			bad(s, "a zero byte", "text");
		line[strcspn(line, "\r\n")] = '\0';
		run_line(s, line);
	}
	if (ferror(in)) {
		fprintf(stderr, "%s:%lu: %s\n", s->path, s->line, strerror(errno));
		exit(EXIT_USAGE);
	}
	free(line);
	world_destroy(s->world);
}

static const struct argp_option options[] = {
	{"engine", 'e', "E", 0, "rbtree, maple or maple-vma (default maple-vma)", 0},
	{"kernel", 'k', "X.Y", 0, "the Linux whose rules hold (default 6.18), or `running`", 0},
	{"flags", 'f', NULL, 0, "end each line of the layout with smaps' VmFlags", 0},
	{"no-layout", 'n', NULL, 0, "print results alone", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	char why[256];

	switch (key) {
	case 'e':
		if (!bench_arg_names("--engine", arg, vms_engine_names(), &a->engines, why, sizeof(why)))
			argp_failure(state, EXIT_USAGE, 0, "%s", why);
		if (a->engines.nr != 1)
			argp_failure(state, EXIT_USAGE, 0, "--engine: found '%s', expected one engine", arg);
		return 0;
	case 'k':
		if (!word_kernel(arg, &a->kernel))
			argp_failure(state, EXIT_USAGE, 0, "--kernel: found '%s', expected X.Y, such as 6.18, or running", arg);
		return 0;
	case 'f':
		a->flags = true;
		return 0;
	case 'n':
		a->no_layout = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->path)
			argp_failure(state, EXIT_USAGE, 0, "found a second file '%s', expected one", arg);
		a->path = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_failure(state, EXIT_USAGE, 0, "found no file, expected an op script (- for standard input)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int vmreplay_ops(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE", "Run an op script; print each result and the layout after it.",
					 NULL,    NULL,  NULL};
	struct arguments a = {.kernel = vms_mm_rules_default.kernel_version};
	struct script s = {0};
	FILE *in;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	s.path = a.path;
	s.engine = a.engines.nr ? a.engines.name[0] : "maple-vma";
	s.kernel = a.kernel;
	s.flags = a.flags;
	s.layout = !a.no_layout;
	in = strcmp(a.path, "-") == 0 ? stdin : fopen(a.path, "r");
	if (!in) {
		fprintf(stderr, "%s: %s\n", a.path, strerror(errno));
		return EXIT_USAGE;
	}
	run_file(&s, in);
	if (in != stdin)
		fclose(in);
	return fflush(stdout) ? EXIT_USAGE : 0;
}
