/* SPDX-License-Identifier: MIT */
/*
 * test_fork_allocator.c - a program replaces malloc() by an allocator whose
 * lock a fork holds from the allocator's prepare handler to its last handler.
 * Symptom: fork() never returns. Cause: a fork handler of the library allocates
 * while the allocator's lock is held, or waits for a thread that waits for that
 * lock. An allocator that registers its handlers with its first allocation, as
 * most do, must do so before the library registers its own: the library has to
 * allocate first.
 *
 * With HOOKS the library takes its memory from a host's hooks, which allocate.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/host.h>
#include <vmastore/mm.h>

/*
 * The GNU C library's own allocator, under the names it reserves for this use.
 */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *mem);

static pthread_mutex_t allocator_lock = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local bool in_fork; /* from the first handler of all to the last */
static _Thread_local int allocations_in_fork;
static _Thread_local bool has_lock; /* the forking thread, from allocator_prepare() on */
static _Thread_local bool slow;     /* before each allocation, so that a fork starts meanwhile */

/* ---- the allocator ------------------------------------------------------- */

static void enter(void)
{
	allocations_in_fork += in_fork;
	if (slow)
		usleep(2000);
	if (!has_lock)
		pthread_mutex_lock(&allocator_lock);
}

static void leave(void)
{
	if (!has_lock)
		pthread_mutex_unlock(&allocator_lock);
}

static void allocator_prepare(void)
{
	pthread_mutex_lock(&allocator_lock);
	has_lock = true;
}

static void allocator_done(void)
{
	has_lock = false;
	pthread_mutex_unlock(&allocator_lock);
}

static void begin(void)
{
	static _Atomic bool begun;

	if (!atomic_exchange(&begun, true))
		pthread_atfork(allocator_prepare, allocator_done, allocator_done);
}

static void fork_begins(void)
{
	in_fork = true;
}

static void fork_ends(void)
{
	in_fork = false;
}

#define ALLOCATOR(ret, name, args, call)                                                           \
	ret name args                                                                              \
	{                                                                                          \
		void *mem;                                                                         \
                                                                                                   \
		begin();                                                                           \
		enter();                                                                           \
		mem = call;                                                                        \
		leave();                                                                           \
		return mem;                                                                        \
	}

ALLOCATOR(void *, malloc, (size_t size), __libc_malloc(size))
ALLOCATOR(void *, calloc, (size_t nr, size_t size), __libc_calloc(nr, size))
ALLOCATOR(void *, realloc, (void *old, size_t size), __libc_realloc(old, size))
ALLOCATOR(void *, aligned_alloc, (size_t align, size_t size), __libc_memalign(align, size))

void free(void *mem)
{
	enter();
	__libc_free(mem);
	leave();
}

/* ---- forks --------------------------------------------------------------- */

static _Atomic bool done;

/* Hooks are called more seldom than malloc(). */
#ifdef HOOKS
#define ROUNDS 10
#else
#define ROUNDS 1
#endif

/* Makes and frees address spaces, so that memory comes and goes. */
static void make_some(void)
{
	struct mm_struct *mm[32];

	for (int i = 0; i < 32; i++)
		mm[i] = vms_mm_create("maple-vma", NULL, NULL);
	for (int i = 0; i < 32; i++) {
		if (mm[i])
			mmput(mm[i]);
	}
}

/* Maps many VMAs, so that the library's caches grow, each under its lock. */
static void *allocate_slowly(void *arg)
{
	struct mm_struct *mm;

	slow = true;
	mm = vms_mm_create("maple-vma", NULL, NULL);
	for (int i = 0; mm && i < 4000; i++)
		(void)vms_mmap(mm, 0, PAGE_SIZE, i % 2 ? PROT_READ : PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
	if (mm)
		mmput(mm);
	for (int i = 0; i < ROUNDS; i++)
		make_some();
	slow = false;
	atomic_store(&done, true);
	return arg;
}

static int use_library(void)
{
	struct mm_struct *mm = vms_mm_create("maple-vma", NULL, NULL);

	if (!mm)
		return 1;
	mmput(mm);
	return vms_leak_report(NULL) != 0;
}

static void fork_and_use(bool child_uses)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		alarm(30);
		_exit(allocations_in_fork ? 2 : child_uses && use_library() ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(allocations_in_fork, 0);
}

static void a_fork_allocates_nothing(void **state)
{
	(void)state;
	assert_int_equal(use_library(), 0);
	fork_and_use(true);
	fork_and_use(true);
}

static void a_fork_beside_a_thread_that_allocates_comes_to_an_end(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, allocate_slowly, NULL), 0);
	while (!atomic_load(&done))
		fork_and_use(false);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

#ifdef HOOKS
static void *get(void *context, size_t size, size_t align)
{
	(void)context;
	return aligned_alloc(align, size);
}

static void put(void *context, void *memory, size_t size)
{
	(void)context, (void)size;
	free(memory);
}

static int use_hooks(void)
{
	return vms_set_allocator(&(struct vms_allocator){.get = get, .put = put});
}
#else
static int use_hooks(void)
{
	return 0;
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_allocates_nothing),
		cmocka_unit_test(a_fork_beside_a_thread_that_allocates_comes_to_an_end),
	};

	alarm(60);
	pthread_atfork(fork_begins, fork_ends, fork_ends);
	if (use_hooks())
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
