/* SPDX-License-Identifier: MIT */
/*
 * test_status.c - what an address space records of its program and of itself:
 * the bounds that exec and prctl(PR_SET_MM_MAP) set, and the lines of
 * /proc/PID/status. Where the running kernel can be asked the same, its answer
 * is the expected one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/page.h>
#include <vmastore/query.h>
#include <vmastore/task.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define MIB (1UL << 20)

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static unsigned long map(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	assert_int_equal(vms_mmap(mm, addr, len, RW, FIXED, NULL, 0), addr);
	return addr;
}

static void touch(struct mm_struct *mm, unsigned long addr, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		assert_int_equal(vms_fault(mm, addr + i * PG, FAULT_FLAG_WRITE), VMS_FAULT_OK);
}

/* Return: the kB of the line with @label; -1: no such line. */
static long value_in(const char *text, const char *label)
{
	const char *line = strstr(text, label);
	long kb;

	return line && sscanf(line + strlen(label), ":%ld kB", &kb) == 1 ? kb : -1;
}

static char *status_text(struct mm_struct *mm)
{
	char *text = calloc(1, 4096);
	FILE *out = text ? fmemopen(text, 4096, "w") : NULL;

	assert_non_null(out);
	assert_int_equal(vms_status_print(mm, out), 0);
	fclose(out);
	return text;
}

static void expect_kb(struct mm_struct *mm, const char *label, long kb)
{
	char *text = status_text(mm);

	if (value_in(text, label) != kb)
		print_error("%s: expected %ld kB in\n%s", label, kb, text);
	assert_int_equal(value_in(text, label), kb);
	free(text);
}

/* ---- the bounds ---- */

static const struct vms_mm_map sane = {
	.start_code = 0x400000,
	.end_code = 0x401234,
	.start_data = 0x600000,
	.end_data = 0x600800,
	.start_brk = 0x10000000,
	.brk = 0x10002000,
	.start_stack = 0x3ffff000,
	.arg_start = 0x3ffff100,
	.arg_end = 0x3ffff200,
	.env_start = 0x3ffff200,
	.env_end = 0x3ffffff0,
};

/* A map that differs in one or two words from one that is accepted. */
struct mutation {
	const char *name;
	size_t field; /* offset of the word */
	size_t other; /* offset of the word it is derived from */
	long plus;
};

#define FIELD(x) offsetof(struct vms_mm_map, x)
static const struct mutation mutations[] = {
	{"nothing", FIELD(brk), FIELD(brk), 0},
	{"no code", FIELD(start_code), FIELD(end_code), 0},
	{"code ends before it starts", FIELD(start_code), FIELD(end_code), 1},
	{"no data", FIELD(start_data), FIELD(end_data), 0},
	{"data ends before it starts", FIELD(start_data), FIELD(end_data), 1},
	{"no break", FIELD(brk), FIELD(start_brk), 0},
	{"the break lies before its start", FIELD(brk), FIELD(start_brk), -1},
	{"no arguments", FIELD(arg_start), FIELD(arg_end), 0},
	{"arguments end before they start", FIELD(arg_start), FIELD(arg_end), 1},
	{"no environment", FIELD(env_start), FIELD(env_end), 0},
	{"the environment ends before it starts", FIELD(env_start), FIELD(env_end), 1},
};

static unsigned long *word(struct vms_mm_map *map, size_t field)
{
	return (unsigned long *)((char *)map + field);
}

static struct vms_mm_map mutated(struct vms_mm_map map, const struct mutation *m)
{
	*word(&map, m->field) = *word(&map, m->other) + (unsigned long)m->plus;
	return map;
}

static void every_bound_must_lie_in_the_address_space(void **state)
{
	struct mm_struct *mm = mm_of(state);

	for (size_t field = 0; field < sizeof(sane); field += sizeof(unsigned long)) {
		struct vms_mm_map map = sane;

		*word(&map, field) = mm->layout.mmap_min_addr - 1;
		assert_int_equal(vms_mm_set_map(mm, &map), -EINVAL);
		*word(&map, field) = mm->layout.task_size;
		assert_int_equal(vms_mm_set_map(mm, &map), -EINVAL);
	}
	assert_int_equal(vms_mm_map(mm).end_code, 0);
	assert_int_equal(vms_mm_map(mm).brk, mm->layout.start_brk);
}

static void bounds_are_told_and_inherited_by_fork_and_forgotten_by_exec(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	struct task *task;
	struct vms_mm_map map = sane;

	assert_int_equal(vms_mm_set_map(mm, &sane), 0);
	map = vms_mm_map(mm);
	assert_memory_equal(&map, &sane, sizeof(map));
	assert_int_equal(mm->env_end, sane.env_end);
	assert_int_equal(vms_fork(mm, &child), 0);
	map = vms_mm_map(child);
	assert_memory_equal(&map, &sane, sizeof(map));

	task = vms_task_create(child);
	assert_non_null(task);
	assert_int_equal(vms_task_exec(task, NULL), 0);
	assert_int_equal(vms_mm_map(task->mm).end_code, 0);
	assert_int_equal(vms_task_exec_map(task, NULL, &sane), 0);
	map = vms_mm_map(task->mm);
	assert_memory_equal(&map, &sane, sizeof(map));
	/* A refused exec must keep the old address space. */
	child = task->mm;
	map.arg_end = map.arg_start - 1;
	assert_int_equal(vms_task_exec_map(task, NULL, &map), -EINVAL);
	assert_ptr_equal(task->mm, child);
	exit_mm(task);
	context_switch(task, NULL);
	vms_task_free(task);
}

static void the_listing_names_heap_and_stack_by_the_bounds(void **state)
{
	struct mm_struct *mm = mm_of(state);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	map(mm, 0x10000000, 2 * PG);
	map(mm, 0x3fff0000, 16 * PG);
	map(mm, BASE, PG);
	assert_int_equal(vms_mm_set_map(mm, &sane), 0);
	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "10000000-10002000 rw-p 00000000 00:00 0                      "
				     "            [heap]\n"));
	assert_non_null(strstr(text, "3fff0000-40000000 rw-p 00000000 00:00 0                      "
				     "            [stack]\n"));
	assert_non_null(strstr(text, "20000000-20001000 rw-p 00000000 00:00 0 \n"));
	free(text);
	/* brk() continues from the break that was set. */
	assert_int_equal(vms_brk(mm, 0), sane.brk);
	assert_int_equal(vms_brk(mm, sane.brk + PG), sane.brk + PG);
}

static void the_limit_of_data_counts_the_programs_data_with_the_break(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);
	struct vms_mm_map map = sane;

	limits.data = (sane.brk - sane.start_brk) + (sane.end_data - sane.start_data);
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_mm_set_map(mm, &map), 0);
	map.end_data++;
	assert_int_equal(vms_mm_set_map(mm, &map), -EINVAL);
	map.end_data--;
	map.brk++;
	assert_int_equal(vms_mm_set_map(mm, &map), -EINVAL);
	/* The break alone would fit. */
	assert_int_equal(vms_brk(mm, sane.brk + 1), sane.brk);
	assert_int_equal(vms_brk(mm, sane.brk - 1), sane.brk - 1);
}

/* ---- the running kernel's bounds ---- */

static struct vms_mm_map own_map(void)
{
	unsigned long v[52] = {0};
	char buf[4096] = "";
	FILE *f = fopen("/proc/self/stat", "r");
	char *p;

	if (!f || !fgets(buf, sizeof(buf), f) || !(p = strrchr(buf, ')')))
		exit(77);
	fclose(f);
	p = strtok(p + 1, " ");
	for (int i = 3; i < 52 && p; i++, p = strtok(NULL, " "))
		v[i] = strtoul(p, NULL, 10);
	return (struct vms_mm_map){
		.start_code = v[26],
		.end_code = v[27],
		.start_data = v[45],
		.end_data = v[46],
		.start_brk = v[47],
		.brk = (unsigned long)sbrk(0),
		.start_stack = v[28],
		.arg_start = v[48],
		.arg_end = v[49],
		.env_start = v[50],
		.env_end = v[51],
	};
}

static int kernel_set_map(const struct vms_mm_map *map)
{
	struct prctl_mm_map m = {
		.start_code = map->start_code,
		.end_code = map->end_code,
		.start_data = map->start_data,
		.end_data = map->end_data,
		.start_brk = map->start_brk,
		.brk = map->brk,
		.start_stack = map->start_stack,
		.arg_start = map->arg_start,
		.arg_end = map->arg_end,
		.env_start = map->env_start,
		.env_end = map->env_end,
		.exe_fd = -1U,
	};

	return prctl(PR_SET_MM, PR_SET_MM_MAP, &m, sizeof(m), 0) ? -errno : 0;
}

#define NR_MUTATIONS (sizeof(mutations) / sizeof(mutations[0]))
#define NR_BOUNDS (NR_MUTATIONS + 2) /* and two limits */

/*
 * The running kernel's answers, which a child collects without using the
 * library. Exit 77: the kernel cannot be asked.
 */
struct kernels_answers {
	struct vms_mm_map map;
	long answer[NR_BOUNDS];
};

static unsigned long data_and_break(const struct vms_mm_map *map)
{
	return map->brk - map->start_brk + map->end_data - map->start_data;
}

static void ask_for_bounds(struct kernels_answers *a)
{
	if (kernel_set_map(&a->map) || a->map.end_data <= a->map.start_data)
		_exit(77);
	for (size_t i = 0; i < NR_MUTATIONS; i++) {
		struct vms_mm_map m = mutated(a->map, &mutations[i]);

		a->answer[i] = kernel_set_map(&m);
	}
	for (size_t less = 0; less < 2; less++) {
		struct rlimit data = {data_and_break(&a->map) - less, RLIM_INFINITY};

		if (setrlimit(RLIMIT_DATA, &data))
			_exit(77);
		a->answer[NR_MUTATIONS + less] = kernel_set_map(&a->map);
	}
}

/*
 * Return: memory shared with a child, in which @ask stored what it found; NULL:
 * it could not ask.
 */
static struct kernels_answers *from_child(void (*ask)(struct kernels_answers *))
{
	struct kernels_answers *a = mmap(NULL, sizeof(*a), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	assert_ptr_not_equal(a, MAP_FAILED);
	a->map = own_map();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		ask(a);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		munmap(a, sizeof(*a));
		return NULL;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return a;
}

static void bounds_are_refused_as_the_running_kernel_refuses_them(void **state)
{
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, NULL, NULL);
	struct mm_limits limits = vms_mm_limits_default;
	struct kernels_answers *a = from_child(ask_for_bounds);

	assert_non_null(mm);
	if (!a) {
		mmput(mm);
		skip();
	}
	for (size_t i = 0; i < NR_BOUNDS; i++) {
		struct vms_mm_map m = i < NR_MUTATIONS ? mutated(a->map, &mutations[i]) : a->map;
		int ours;

		if (i >= NR_MUTATIONS) {
			limits.data = data_and_break(&m) - (i - NR_MUTATIONS);
			assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
		}
		ours = vms_mm_set_map(mm, &m);
		if (ours != a->answer[i])
			print_error("%s: the kernel answers %ld, the library %d\n",
				    i < NR_MUTATIONS ? mutations[i].name : "a limit", a->answer[i],
				    ours);
		assert_int_equal(ours, a->answer[i]);
	}
	munmap(a, sizeof(*a));
	mmput(mm);
}

/* ---- status ---- */

/*
 * In a static buffer, because a read must not allocate memory that it would
 * report.
 */
static const char *kernel_status(void)
{
	static char text[16384];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len < 0)
		_exit(77);
	close(fd);
	text[len] = '\0';
	return text;
}

/*
 * Each of our lines must be the kernel's except for the number, and the lines
 * must be in the kernel's order.
 */
static void status_has_the_running_kernels_lines(void **state)
{
	struct mm_struct *mm = mm_of(state);
	const char *at = strstr(kernel_status(), "VmPeak:");
	char *ours, *line, *save;

	map(mm, BASE, 64 * PG);
	touch(mm, BASE, 64);
	ours = status_text(mm);
	for (line = strtok_r(ours, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char label[32], expected[64];
		unsigned long kernels, mine;

		assert_non_null(at);
		assert_int_equal(sscanf(line, "%31[^:]:%lu kB", label, &mine), 2);
		/*
		 * The kernel's number in our format must give the kernel's
		 * line, and our number in the same format must give ours.
		 */
		assert_int_equal(sscanf(at, "%*[^:]:%lu kB", &kernels), 1);
		snprintf(expected, sizeof(expected), "%s:\t%8lu kB\n", label, kernels);
		assert_memory_equal(at, expected, strlen(expected));
		snprintf(expected, sizeof(expected), "%s:\t%8lu kB", label, mine);
		assert_string_equal(line, expected);
		at = strchr(at, '\n') + 1;
	}
	assert_memory_equal(at, "HugetlbPages:", 13); /* VmSwap was the last */
	free(ours);
}

static void a_status_that_cannot_be_written_says_so(void **state)
{
	FILE *out = fopen("/dev/full", "w");

	assert_non_null(out);
	assert_int_equal(vms_status_print(mm_of(state), out), -ENOSPC);
	fclose(out);
}

static void status_says_what_there_is(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, false);
	struct vms_mm_map m = sane;

	map(mm, BASE, 64 * PG);
	touch(mm, BASE, 3);
	assert_int_equal(vms_mmap(mm, 0x400000, 4 * PG, PROT_READ | PROT_EXEC,
				  MAP_PRIVATE | MAP_FIXED, file, 0),
			 0x400000);
	assert_int_equal(vms_mmap(mm, 0x500000, 2 * PG, PROT_READ | PROT_EXEC,
				  MAP_PRIVATE | MAP_FIXED, file, 0),
			 0x500000);
	assert_int_equal(vms_fault(mm, 0x400000, 0), VMS_FAULT_OK);
	assert_int_equal(vms_mlock(mm, BASE, 2 * PG), 0);
	assert_int_equal(vms_munmap(mm, BASE + 32 * PG, 32 * PG), 0);
	fput(file);

	expect_kb(mm, "VmPeak", 70L * 4);
	expect_kb(mm, "VmSize", 38L * 4);
	expect_kb(mm, "VmLck", 2L * 4);
	expect_kb(mm, "RssAnon", 3L * 4);
	expect_kb(mm, "RssFile", vms_mm_counter(mm, MM_FILEPAGES) * 4);
	expect_kb(mm, "RssShmem", 0);
	expect_kb(mm, "VmRSS", (3 + vms_mm_counter(mm, MM_FILEPAGES)) * 4);
	expect_kb(mm, "VmData", 32L * 4);
	expect_kb(mm, "VmStk", 0);
	expect_kb(mm, "VmSwap", 0);
	/*
	 * There is no program, so that all executable memory counts as a
	 * library's.
	 */
	expect_kb(mm, "VmExe", 0);
	expect_kb(mm, "VmLib", 6L * 4);
	assert_int_equal(vms_mm_set_map(mm, &m), 0);
	expect_kb(mm, "VmExe", 2L * 4); /* 0x400000 to 0x401234, whole pages */
	expect_kb(mm, "VmLib", 4L * 4);
	m.end_code = 0x500000;
	assert_int_equal(vms_mm_set_map(mm, &m), 0);
	expect_kb(mm, "VmExe", 6L * 4); /* no more than what is executable */
	expect_kb(mm, "VmLib", 0);
}

static void the_most_that_was_resident_is_remembered(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;

	map(mm, BASE, 200 * PG);
	touch(mm, BASE, 100);
	expect_kb(mm, "VmHWM", 400);
	/* A fault does not write the maximum; a decrease does. */
	assert_int_equal(atomic_load(&mm->hiwater_rss), 0);
	assert_int_equal(vms_munmap(mm, BASE, PG), 0);
	expect_kb(mm, "VmRSS", 396);
	expect_kb(mm, "VmHWM", 400);
	assert_int_equal(atomic_load(&mm->hiwater_rss), 100);
	touch(mm, BASE + PG, 150);
	expect_kb(mm, "VmHWM", 600);
	assert_int_equal(vms_madvise(mm, BASE + PG, 150 * PG, MADV_DONTNEED), 0);
	expect_kb(mm, "VmRSS", 0);
	expect_kb(mm, "VmHWM", 600);
	assert_int_equal(vms_mm_hiwater_rss(mm), 150);
	/* A child's maximum begins with its present size. */
	touch(mm, BASE + PG, 7);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(vms_mm_hiwater_rss(child), 7);
	mmput(child);
}

struct crowd {
	pthread_barrier_t in, out;
	struct mm_struct *mm;
};

/*
 * A thread that has counters of its own, and waits until all others have
 * theirs.
 */
static void *stand_by(void *arg)
{
	struct crowd *c = arg;

	(void)vms_fault(c->mm, BASE, 0);
	pthread_barrier_wait(&c->in);
	pthread_barrier_wait(&c->out);
	return NULL;
}

/*
 * With many threads a thread's last 64 pages may be missed, not more. The test
 * unmaps 512 pages one by one.
 */
static void the_most_is_missed_by_less_than_a_batch_beside_threads(void **state)
{
	struct crowd c = {.mm = mm_of(state)};
	pthread_t thread[4];

	map(c.mm, BASE, 512 * PG);
	pthread_barrier_init(&c.in, NULL, 5);
	pthread_barrier_init(&c.out, NULL, 5);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, stand_by, &c), 0);
	pthread_barrier_wait(&c.in);
	touch(c.mm, BASE, 512);
	for (unsigned long i = 0; i < 512; i++)
		assert_int_equal(vms_munmap(c.mm, BASE + i * PG, PG), 0);
	assert_in_range(vms_mm_hiwater_rss(c.mm), 512 - 64, 512);
	pthread_barrier_wait(&c.out);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&c.in);
	pthread_barrier_destroy(&c.out);
}

static void page_tables_are_counted_as_they_come_and_go(void **state)
{
	struct mm_struct *mm = mm_of(state);

	assert_int_equal(mm_pgtables_bytes(mm), 0);
	map(mm, BASE, 8 * MIB);
	expect_kb(mm, "VmPTE", 0);
	touch(mm, BASE, 1);
	expect_kb(mm, "VmPTE", 12); /* three levels below the top */
	touch(mm, BASE + PG, 1);
	expect_kb(mm, "VmPTE", 12);
	touch(mm, BASE + 2 * MIB, 1);
	expect_kb(mm, "VmPTE", 16);
	/* The pages of a whole table are dropped, and the table with them. */
	assert_int_equal(vms_madvise(mm, BASE, 2 * MIB, MADV_DONTNEED), 0);
	expect_kb(mm, "VmPTE", 12);
	assert_int_equal(vms_madvise(mm, BASE, 2 * MIB, MADV_DONTNEED), 0);
	expect_kb(mm, "VmPTE", 12);
	touch(mm, BASE, 1);
	expect_kb(mm, "VmPTE", 16);
	assert_int_equal(vms_munmap(mm, BASE, 8 * MIB), 0);
	expect_kb(mm, "VmPTE", 0);
}

/* ---- the running kernel's page tables ---- */

#define FAR 0x200000000000UL /* an empty 512 GiB, so that every level is new */

struct side {
	struct mm_struct *mm; /* NULL: the kernel's */
	long before;
};

static long tables_kb(const struct side *s)
{
	char *ours = s->mm ? status_text(s->mm) : NULL;
	long kb = value_in(ours ? ours : kernel_status(), "VmPTE");

	free(ours);
	return kb - s->before;
}

static void side_map(const struct side *s, unsigned long addr, unsigned long len)
{
	void *got;

	if (s->mm) {
		map(s->mm, addr, len);
		return;
	}
	got = mmap((void *)addr, len, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	if (got != (void *)addr)
		_exit(77);
}

/*
 * A sanitizer's check would access memory of its own here, which has page
 * tables too.
 */
__attribute__((no_sanitize("address", "thread"))) static void side_touch(const struct side *s,
									 unsigned long addr)
{
	if (s->mm)
		touch(s->mm, addr, 1);
	else
		*(volatile char *)addr = 1;
}

static void side_drop(const struct side *s, unsigned long addr, unsigned long len)
{
	if (s->mm)
		vms_madvise(s->mm, addr, len, MADV_DONTNEED);
	else
		madvise((void *)addr, len, MADV_DONTNEED);
}

static void side_move(const struct side *s, unsigned long addr, unsigned long len, unsigned long to)
{
	if (s->mm)
		vms_mremap(s->mm, addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	else
		(void)!mremap((void *)addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to);
}

static void side_unmap(const struct side *s, unsigned long addr, unsigned long len)
{
	if (s->mm)
		vms_munmap(s->mm, addr, len);
	else
		munmap((void *)addr, len);
}

/*
 * Stores the size of the tables after each step, in kB, into @kb. Return: the
 * number of steps.
 */
static int table_steps(const struct side *s, long *kb)
{
	int n = 0;

	side_map(s, FAR, 64 * MIB);
	kb[n++] = tables_kb(s);
	side_touch(s, FAR);
	kb[n++] = tables_kb(s);
	side_touch(s, FAR + 2 * MIB);
	kb[n++] = tables_kb(s);
	side_drop(s, FAR, MIB);
	kb[n++] = tables_kb(s);
	side_drop(s, FAR, 2 * MIB);
	kb[n++] = tables_kb(s);
	side_move(s, FAR + 2 * MIB, 2 * MIB, FAR + 512 * MIB);
	kb[n++] = tables_kb(s);
	side_move(s, FAR + 512 * MIB, 2 * MIB, FAR + 2048 * MIB);
	kb[n++] = tables_kb(s);
	side_touch(s, FAR + 2049 * MIB);
	kb[n++] = tables_kb(s);
	side_unmap(s, FAR + 2048 * MIB, 2 * MIB);
	kb[n++] = tables_kb(s);
	side_unmap(s, FAR, 64 * MIB);
	kb[n++] = tables_kb(s);
	return n;
}

static void ask_for_tables(struct kernels_answers *a)
{
	struct side kernel = {0};

	tables_kb(&kernel); /* makes the memory that reading needs present */
	kernel.before = tables_kb(&kernel);
	table_steps(&kernel, a->answer);
}

static void page_tables_are_those_of_the_running_kernel(void **state)
{
	struct kernels_answers *a = from_child(ask_for_tables);
	struct side ours = {0};
	unsigned int major, minor;
	struct mm_rules rules;
	struct utsname u;
	long kb[NR_BOUNDS];
	int n;

	if (!a)
		skip();
	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%u.%u", &major, &minor), 2);
	rules = vms_mm_rules_for(VMS_KERNEL_VERSION(major, minor));
	ours.mm = vms_mm_create(((struct world *)*state)->engine, NULL, &rules);
	assert_non_null(ours.mm);
	n = table_steps(&ours, kb);
	assert_in_range(n, 1, NR_BOUNDS);
	for (int i = 0; i < n; i++) {
		if (kb[i] != a->answer[i])
			print_error(
				"step %d: the kernel has %ld kB of page tables, the library %ld\n",
				i, a->answer[i], kb[i]);
		assert_int_equal(kb[i], a->answer[i]);
	}
	munmap(a, sizeof(*a));
	mmput(ours.mm);
}

/* ---- pinned pages ---- */

static void pinned_pages_are_counted_within_the_limit(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);

	assert_int_equal(vms_account_pinned_vm(mm, 1000000, true), 0);
	expect_kb(mm, "VmPin", 4000000);
	assert_int_equal(vms_account_pinned_vm(mm, 1000000, false), 0);
	limits.memlock = 3 * PG + 1;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_account_pinned_vm(mm, 4, true), -ENOMEM);
	assert_int_equal(vms_account_pinned_vm(mm, 2, true), 0);
	assert_int_equal(vms_account_pinned_vm(mm, 2, true), -ENOMEM);
	assert_int_equal(vms_account_pinned_vm(mm, ~0UL, true), -ENOMEM);
	assert_int_equal(vms_account_pinned_vm(mm, 1, true), 0);
	expect_kb(mm, "VmPin", 12);
	assert_int_equal(vms_account_pinned_vm(mm, 3, false), 0);
	expect_kb(mm, "VmPin", 0);
}

/* ---- fork's write protection ---- */

static void only_a_fork_that_write_protects_is_noticed(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	unsigned long seq, again;

	map(mm, BASE, 4 * PG);
	assert_true(vms_write_protect_begin(mm, &seq));
	assert_int_equal(vms_fork(mm, &child), 0);
	mmput(child);
	assert_false(vms_write_protect_retry(mm, seq)); /* no page to share */
	touch(mm, BASE, 4);
	assert_int_equal(vms_mprotect(mm, BASE, PG, PROT_READ), 0);
	assert_false(vms_write_protect_retry(mm, seq)); /* only a fork counts */
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_true(vms_write_protect_retry(mm, seq));
	assert_true(vms_write_protect_begin(mm, &again));
	assert_false(vms_write_protect_retry(mm, again));
	assert_true(vms_write_protect_begin(child, &seq));
	assert_int_equal(seq, 0); /* the child's own; it has not forked */
	mmput(child);
}

struct watch {
	struct mm_struct *mm;
	_Atomic bool seen, given_up;
};

static void *watch_for_fork(void *arg)
{
	struct watch *w = arg;
	unsigned long seq;

	while (vms_write_protect_begin(w->mm, &seq))
		if (atomic_load(&w->given_up))
			return NULL;
	atomic_store(&w->seen, true);
	return NULL;
}

/* While the copying is under way, another thread must see an odd sequence. */
static void a_fork_at_work_turns_readers_away(void **state)
{
	struct watch w = {.mm = mm_of(state)};
	struct mm_struct *child;
	pthread_t thread;

	map(w.mm, BASE, 2048 * PG);
	touch(w.mm, BASE, 2048);
	assert_int_equal(pthread_create(&thread, NULL, watch_for_fork, &w), 0);
	/*
	 * Sooner or later the other thread looks during a fork. The bound only
	 * ends a test that fails.
	 */
	for (int i = 0; i < 20000 && !atomic_load(&w.seen); i++) {
		assert_int_equal(vms_fork(w.mm, &child), 0);
		mmput(child);
	}
	atomic_store(&w.given_up, true);
	pthread_join(thread, NULL);
	assert_true(atomic_load(&w.seen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(every_bound_must_lie_in_the_address_space),
		ON_EVERY_ENGINE(bounds_are_told_and_inherited_by_fork_and_forgotten_by_exec),
		ON_EVERY_ENGINE(the_listing_names_heap_and_stack_by_the_bounds),
		ON_EVERY_ENGINE(the_limit_of_data_counts_the_programs_data_with_the_break),
		ON_EVERY_ENGINE(bounds_are_refused_as_the_running_kernel_refuses_them),
		ON_EVERY_ENGINE(status_has_the_running_kernels_lines),
		ON_EVERY_ENGINE(a_status_that_cannot_be_written_says_so),
		ON_EVERY_ENGINE(status_says_what_there_is),
		ON_EVERY_ENGINE(the_most_that_was_resident_is_remembered),
		ON_EVERY_ENGINE(page_tables_are_counted_as_they_come_and_go),
		ON_EVERY_ENGINE(page_tables_are_those_of_the_running_kernel),
		ON_EVERY_ENGINE(pinned_pages_are_counted_within_the_limit),
		ON_EVERY_ENGINE(only_a_fork_that_write_protects_is_noticed),
		ON_EVERY_ENGINE(a_fork_at_work_turns_readers_away),
		/*
		 * Last: afterwards many threads have used the library, and
		 * maxima are not exact any more.
		 */
		ON_EVERY_ENGINE(the_most_is_missed_by_less_than_a_batch_beside_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
