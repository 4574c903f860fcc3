/* SPDX-License-Identifier: MIT */
/*
 * test_host_memory.c - address spaces in a host's memory, without a thread of
 * the library's: nothing is allocated elsewhere, each chunk is accounted for,
 * and where the host has no memory, a call fails and changes nothing.
 *
 * The linker leads every call of an allocator or of pthread_create() in the
 * library to the functions below (--wrap), which count it. Each case runs in a
 * child process, whose library has no memory yet.
 */
#include "tests/lib/mm/world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/host.h>
#include <vmastore/maple_tree.h>
#include <vmastore/page.h>
#include <vmastore/rcu.h>

#include "lib/sync/objcache/internal.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/arena.h"
#include "tests/lib/sync/child.h"

/* ---- what is not the host's ---------------------------------------------- */

static unsigned long elsewhere; /* calls since the hooks were set */
static const char *first_elsewhere;

static void count(const char *name)
{
	if (!elsewhere++)
		first_elsewhere = name;
}

#define WRAP(ret, name, params, args)                                                              \
	ret __real_##name params;                                                                  \
	ret __wrap_##name params;                                                                  \
	ret __wrap_##name params                                                                   \
	{                                                                                          \
		count(#name);                                                                      \
		return __real_##name args;                                                         \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t nr, size_t size), (nr, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size))
WRAP(void *, memalign, (size_t align, size_t size), (align, size))
WRAP(int, posix_memalign, (void **to, size_t align, size_t size), (to, align, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(void *, mmap, (void *addr, size_t len, int prot, int flags, int fd, off_t offset),
     (addr, len, prot, flags, fd, offset))
WRAP(int, munmap, (void *addr, size_t len), (addr, len))
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg),
     (thread, attr, fn, arg))
WRAP(FILE *, open_memstream, (char **text, size_t *size), (text, size))

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
	if (memory)
		count("free");
	__real_free(memory);
}

/* The arena calls madvise() for discard(), on purpose. */
int __real_madvise(void *addr, size_t len, int advice);
int __wrap_madvise(void *addr, size_t len, int advice);
int __wrap_madvise(void *addr, size_t len, int advice)
{
	if (len == VMS_ALLOCATOR_ALIGN || advice != MADV_DONTNEED)
		count("madvise");
	return __real_madvise(addr, len, advice);
}

/* ---- cases --------------------------------------------------------------- */

/* Return from a case with the line that failed. */
#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return __LINE__;                                                           \
	} while (0)

#define NO_FAILURE 77 /* status of a case in which no get() failed */

static size_t fail_at, fail_from; /* for the arena of the next child */

/*
 * Run @fn in a child process with the host's hooks. Return: whether a get() was
 * made to fail there.
 */
static bool in_child(int (*fn)(const char *engine), const char *engine)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int line;

		child_signals();
		alarm(WATCHDOG_SECONDS / 2);
		arena_init();
		arena.fail_at = fail_at;
		arena.fail_from = fail_from;
		if (vms_set_allocator(&arena.hooks) || vms_rcu_host_callbacks())
			_exit(1);
		elsewhere = 0;
		line = fn(engine);
		if (elsewhere)
			print_error("%lu calls of allocators, first %s()\n", elsewhere,
				    first_elsewhere);
		if (arena.wrong)
			print_error("%s\n", arena.wrong);
		if (line)
			print_error("%s, get() fails at %zu, from %zu: line %d\n", engine, fail_at,
				    fail_from, line);
		_exit(line || elsewhere || arena.wrong ? 1 : arena.failed ? 0 : NO_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FAILURE)
		return false;
	assert_int_equal(status, 0);
	return true;
}

/* The system calls, because opendir() would allocate. */
static bool alone(void)
{
	const size_t reclen_at = 16; /* in getdents64(2)'s entries */
	int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY), tasks = -2; /* "." and ".." */
	char buf[1024];
	long len;

	while (fd >= 0 && (len = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (unsigned short at = 0, entry; at < len; at += entry, tasks++)
			memcpy(&entry, &buf[at + reclen_at], sizeof(entry));
	}
	close(fd);
	/* ThreadSanitizer has a thread of its own. */
	return tasks == 1 || (VMS__TSAN && tasks == 2);
}

/* ---- the life of two address spaces -------------------------------------- */

#define BASE 0x20000000UL
#define APART (4UL << 20) /* so that each mapping has a page table of its own */
#define MAPPINGS 60UL

/* One step of a life. Return: 0 or -errno. */
typedef int (*step)(unsigned long i);

static struct mm_struct *mm, *copy;
static struct address_space *mapping;
static struct file *file;
static const char *engine_name;

static int answer(unsigned long addr)
{
	return IS_ERR_VALUE(addr) ? (int)(long)addr : 0;
}

static int touched(enum vms_fault_result result)
{
	return result == VMS_FAULT_OK ? 0 : result == VMS_FAULT_OOM ? -ENOMEM : -EFAULT;
}

static int create(unsigned long i)
{
	(void)i;
	return vms_mm_new(engine_name, &world_layout, NULL, &mm);
}

static int open_file(unsigned long i)
{
	(void)i;
	if (!mapping)
		mapping = vms_address_space_create(64 * PG, 0, 8, 1, 42);
	if (!mapping)
		return -ENOMEM;
	file = vms_file_open(mapping, "/data", FMODE_READ | FMODE_WRITE);
	return file ? 0 : -ENOMEM;
}

static int map(unsigned long i)
{
	return answer(vms_mmap(mm, BASE + i * APART, 8 * PG, RW, FIXED, NULL, 0));
}

static int map_file(unsigned long i)
{
	return answer(vms_mmap(mm, BASE + i * APART + 10 * PG, 4 * PG, RW,
			       (i % 2 ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, file, i * PG));
}

static int touch(unsigned long i)
{
	return touched(vms_write_word(mm, BASE + i * APART, i));
}

static int touch_file(unsigned long i)
{
	return touched(vms_write_word(mm, BASE + i * APART + 10 * PG, i));
}

static int protect(unsigned long i)
{
	return vms_mprotect(mm, BASE + i * APART + 2 * PG, 2 * PG, PROT_READ);
}

static int guard(unsigned long i)
{
	return vms_madvise(mm, BASE + i * APART + 6 * PG, PG, MADV_GUARD_INSTALL);
}

static int move(unsigned long i)
{
	return answer(vms_mremap(mm, BASE + i * APART + 7 * PG, PG, 3 * PG, MREMAP_MAYMOVE, 0));
}

static int fork_mm(unsigned long i)
{
	(void)i;
	return vms_fork(mm, &copy);
}

static int touch_copy(unsigned long i)
{
	return touched(vms_write_word(copy, BASE + i * APART, i + 1));
}

static int unmap(unsigned long i)
{
	return vms_munmap(mm, BASE + i * APART + PG, 2 * PG);
}

static const struct {
	step fn;
	const char *name;
	unsigned long times;
} life[] = {
	{create, "create", 1},
	{open_file, "open_file", 1},
	{map, "map", MAPPINGS},
	{map_file, "map_file", MAPPINGS},
	{touch, "touch", MAPPINGS},
	{touch_file, "touch_file", MAPPINGS},
	{protect, "protect", MAPPINGS},
	{guard, "guard", MAPPINGS},
	{move, "move", MAPPINGS},
	{fork_mm, "fork_mm", 1},
	{touch_copy, "touch_copy", MAPPINGS},
	{unmap, "unmap", MAPPINGS},
};

/*
 * A sum over each VMA's pages, which a split does not change, and over the
 * words that were written.
 */
static unsigned long sum_of(struct mm_struct *of)
{
	unsigned long sum = 0, word;
	struct vm_area_struct *vma;

	if (!of)
		return 0;
	mmap_read_lock(of);
	{
		VMA_ITERATOR(vmi, of, 0);

		for_each_vma(vmi, vma) {
			for (unsigned long at = vma->vm_start; at < vma->vm_end; at += PG)
				sum += (at * 31 +
					(vma->vm_flags & (VM_READ | VM_WRITE | VM_SHARED)) +
					vma->vm_pgoff + ((at - vma->vm_start) >> PAGE_SHIFT)) *
				       0x9e3779b97f4a7c15ul;
		}
	}
	mmap_read_unlock(of);
	for (unsigned long i = 0; i < MAPPINGS; i++) {
		struct page *page = vms_page_lookup(of, BASE + i * APART);

		word = page ? vms_page_word(page) : 0;
		if (page)
			vms_page_put(page);
		sum += word * (2 * i + 1);
	}
	return sum;
}

static unsigned long sum_of_all(void)
{
	return sum_of(mm) * 3 + sum_of(copy) * 5 + (file ? 7 : 0);
}

/*
 * One step, which may fail for lack of memory and then must have changed
 * nothing; once more where the host has memory again.
 */
static int take_step(unsigned int k, unsigned long i)
{
	unsigned long before = arena.failed ? 0 : sum_of_all();
	bool had_failed = arena.failed;
	int err = life[k].fn(i);

	if (err) {
		if (err != -ENOMEM && !(err == -EAGAIN && life[k].fn == guard))
			print_error("%s %lu: %d\n", life[k].name, i, err);
		REQUIRE(err == -ENOMEM && arena.failed);
		REQUIRE(had_failed || before == sum_of_all());
		REQUIRE(!mm || !vms_mm_validate(mm, NULL));
		REQUIRE(!copy || !vms_mm_validate(copy, NULL));
		arena.fail_from = 0;
		err = life[k].fn(i);
	}
	REQUIRE(!err);
	if (vms_rcu_callbacks_waiting())
		(void)vms_rcu_run_callbacks();
	return 0;
}

static int live(void)
{
	for (unsigned int k = 0; k < sizeof(life) / sizeof(life[0]); k++) {
		for (unsigned long i = 0; i < life[k].times; i++)
			REQUIRE(take_step(k, i) == 0);
	}
	REQUIRE(!vms_mm_validate(mm, NULL) && !vms_mm_validate(copy, NULL));
	for (unsigned long i = 0; i < MAPPINGS; i++) {
		struct page *page = vms_page_lookup(copy, BASE + i * APART);

		REQUIRE(page && vms_page_word(page) == i + 1);
		vms_page_put(page);
	}
	return 0;
}

static int die(void)
{
	mmput(mm);
	mmput(copy);
	fput(file);
	vms_address_space_put(mapping);
	mm = copy = NULL;
	file = NULL;
	mapping = NULL;
	REQUIRE(vms_leak_report(NULL) == 0);
	return 0;
}

/* ---- nothing comes from elsewhere ---------------------------------------- */

/*
 * Each chunk that the host gave is one of an object cache, of which the cache
 * knows, or holds plain allocations; after a trim few are left of these.
 */
static int account_for_chunks(void)
{
	size_t cached = 0, bytes = 0;

	for (unsigned int i = 1; i <= vms__objcache_count(); i++) {
		for (struct vms__chunk *c = vms__objcaches[i]->chunks; c; c = c->next) {
			size_t at = (size_t)(c->memory - arena.memory);

			REQUIRE(at % VMS_ALLOCATOR_ALIGN == 0 &&
				at / VMS_ALLOCATOR_ALIGN < ARENA_CHUNKS);
			REQUIRE(arena.size[at / VMS_ALLOCATOR_ALIGN] == c->nr_slabs * SLAB_SIZE);
			cached++;
			bytes += c->nr_slabs * SLAB_SIZE;
		}
	}
	REQUIRE(cached >= 8 && cached <= arena.chunks);
	/* Magazines, chunk descriptors, and the thread's own. */
	REQUIRE(arena.chunks - cached <= 8);
	REQUIRE(arena.bytes - bytes == (arena.chunks - cached) * VMS_ALLOCATOR_ALIGN);
	return 0;
}

static int live_thrice(const char *engine)
{
	size_t bytes[3], discards = 0;

	engine_name = engine;
	for (int i = 0; i < 3; i++) {
		REQUIRE(live() == 0);
		REQUIRE(alone());
		REQUIRE(die() == 0);
		REQUIRE(vms_trim() > 0 && arena.discards > discards);
		REQUIRE(vms_trim() == 0);
		discards = arena.discards;
		REQUIRE(account_for_chunks() == 0);
		bytes[i] = arena.bytes;
	}
	/* What a life needs is there after the first one. */
	REQUIRE(bytes[1] == bytes[2]);
	return 0;
}

static int live_here_and_in_a_child(const char *engine)
{
	int status = -1;
	pid_t pid;

	REQUIRE(live_thrice(engine) == 0);
	pid = fork();
	if (!pid) {
		int line = live_thrice(engine);

		if (line || elsewhere || arena.wrong)
			print_error("in the child of a fork: line %d, %s %s\n", line,
				    first_elsewhere ? first_elsewhere : "", arena.wrong);
		_exit(line || elsewhere || arena.wrong);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid && status == 0);
	return live_thrice(engine);
}

static void all_memory_is_the_hosts(void **state)
{
	(void)state;
	fail_at = fail_from = 0;
	for (const char *const *name = vms_engine_names(); *name; name++)
		(void)in_child(live_here_and_in_a_child, *name);
}

/* What is promised for a start: host.h. */
static int have_a_small_mm(const char *engine)
{
	engine_name = engine;
	REQUIRE(create(0) == 0 && map(0) == 0 && touch(0) == 0);
	REQUIRE(arena.bytes < (size_t)1 << 20);
	mmput(mm);
	return 0;
}

static void the_first_address_space_is_small(void **state)
{
	(void)state;
	fail_at = fail_from = 0;
	for (const char *const *name = vms_engine_names(); *name; name++)
		(void)in_child(have_a_small_mm, *name);
}

/* ---- no discard() -------------------------------------------------------- */

static int live_without_discard(const char *engine)
{
	engine_name = engine;
	for (int i = 0; i < 3; i++) {
		REQUIRE(live() == 0 && die() == 0);
		(void)vms_trim();
		REQUIRE(account_for_chunks() == 0);
	}
	return 0;
}

static void a_host_may_lack_discard(void **state)
{
	(void)state;
	for (const char *const *name = vms_engine_names(); *name; name++) {
		int status = -1;
		pid_t pid = fork();

		if (!pid) {
			int line;

			child_signals();
			arena_init();
			arena.hooks.discard = NULL;
			if (vms_set_allocator(&arena.hooks) || vms_rcu_host_callbacks())
				_exit(1);
			line = live_without_discard(*name);
			if (line)
				print_error("line %d\n", line);
			_exit(line || arena.wrong || arena.discards);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

/* ---- the host has no memory ---------------------------------------------- */

static int live_and_die(const char *engine)
{
	engine_name = engine;
	REQUIRE(live() == 0);
	REQUIRE(alone());
	REQUIRE(die() == 0);
	(void)vms_trim();
	REQUIRE(account_for_chunks() == 0);
	return 0;
}

static void a_get_that_fails_changes_nothing(void **state)
{
	(void)state;
	for (const char *const *name = vms_engine_names(); *name; name++) {
		size_t n = 1;

		fail_from = 0;
		for (fail_at = 1; in_child(live_and_die, *name); fail_at++)
			n++;
		fail_at = 0;
		for (fail_from = 1; in_child(live_and_die, *name); fail_from++)
			;
		print_message("%s: each of %zu calls of get() failed\n", *name, n - 1);
		assert_in_range(n, 20, 1000);
		assert_int_equal(fail_from, n);
	}
}

/* ---- memory that waits for the host -------------------------------------- */

/* Store and erase until the host is needed. Return: whether a store failed. */
static bool store_until_refused(struct maple_tree *tree, unsigned long most)
{
	for (unsigned long i = 0; i < most; i++) {
		unsigned long at = i % 512 * 10;

		if (mtree_store_range(tree, at, at + i % 8, xa_mk_value(i), GFP_KERNEL))
			return true;
	}
	return false;
}

static int change_with_the_host(const char *engine)
{
	struct maple_tree tree;

	engine_name = engine;
	REQUIRE(create(0) == 0);
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	for (unsigned long i = 0; i < 40000; i++) {
		REQUIRE(map(i % MAPPINGS) == 0 && touch(i % MAPPINGS) == 0);
		REQUIRE(vms_munmap(mm, BASE + i % MAPPINGS * APART, 4 * PG) == 0);
		REQUIRE(!store_until_refused(&tree, 8));
		if (vms_rcu_callbacks_waiting())
			REQUIRE(vms_rcu_run_callbacks() > 0);
	}
	REQUIRE(arena.most_bytes <= (size_t)16 << 20);
	REQUIRE(alone());
	mtree_destroy(&tree);
	mmput(mm);
	return vms_leak_report(NULL) ? __LINE__ : 0;
}

static void memory_is_bounded_where_the_host_makes_callbacks(void **state)
{
	(void)state;
	fail_at = fail_from = 0;
	for (const char *const *name = vms_engine_names(); *name; name++)
		(void)in_child(change_with_the_host, *name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_memory_is_the_hosts),
		cmocka_unit_test(the_first_address_space_is_small),
		cmocka_unit_test(a_host_may_lack_discard),
		cmocka_unit_test(a_get_that_fails_changes_nothing),
		cmocka_unit_test(memory_is_bounded_where_the_host_makes_callbacks),
	};

	alarm(WATCHDOG_SECONDS * 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
