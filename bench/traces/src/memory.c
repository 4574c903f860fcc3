/* SPDX-License-Identifier: MIT */
/*
 * memory.c - a program to record: it does on purpose whatever a program can do
 * to its address space: every memory call in its forms, growth of stacks,
 * threads that start and exit, fork, vfork, posix_spawn, shared memory of each
 * kind. With an argument, it copies /proc/self/maps there near its end.
 *
 * The program checks the calls that must succeed. Calls that may depend on the
 * machine (sealing, guard pages, huge pages) are made without a check; the
 * recording shows their results.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define HUGE (2ul << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Some C libraries are older than these calls and constants. */
#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#define ADVISE_GUARD_INSTALL 102
#define ADVISE_GUARD_REMOVE 103
#define NAME_VMA 0x53564d41 /* PR_SET_VMA */

extern char **environ;

static sigjmp_buf refused;

static void on_refusal(int signal)
{
	(void)signal;
	siglongjmp(refused, 1);
}

static char *map(void *addr, size_t len, int prot, int flags, int fd)
{
	char *got = mmap(addr, len, prot, flags, fd, 0);

	if (got == MAP_FAILED)
		err(1, "mmap of %zu bytes", len);
	return got;
}

static char *map_anonymous(size_t pages)
{
	return map(NULL, pages * PAGE, RW, ANON, -1);
}

static void touch(char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		((volatile char *)at)[i * PAGE] = 1;
}

static char look(const char *at)
{
	return *(const volatile char *)at;
}

/* Check that the access is refused. */
static void touch_in_vain(char *at, bool write)
{
	if (sigsetjmp(refused, 1))
		return;
	if (write)
		touch(at, 1);
	else
		look(at);
	errx(1, "%p could be touched", (void *)at);
}

static void must(int failed, const char *what)
{
	if (failed)
		err(1, "%s", what);
}

/* ---- placing, splitting, joining ---- */

static void place_and_split(void)
{
	char *a = map_anonymous(16), *b;

	touch(a, 16);
	must(munmap(a + 4 * PAGE, 2 * PAGE), "munmap");
	must(map(a + 4 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1) != a + 4 * PAGE, "refill");
	map(a + 8 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1);
	b = mmap(a, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	must(b != MAP_FAILED || errno != EEXIST, "a place that is taken");
	must(munmap(a + 12 * PAGE, 4 * PAGE), "munmap");
	map(a + 12 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1);
	map(a + 14 * PAGE, PAGE, RW, ANON, -1); /* a hint */
	map((void *)(1ul << 40), 3 * PAGE, RW, ANON | MAP_NORESERVE, -1);
#ifdef MAP_32BIT /* x86-64 only */
	map(NULL, PAGE, RW, ANON | MAP_32BIT, -1);
#endif
	map(NULL, 3 * PAGE, RW, ANON | MAP_POPULATE, -1);
	map(NULL, 3 * PAGE, PROT_NONE, ANON, -1);
	must(munmap(a, 16 * PAGE), "munmap over holes");
	must(!munmap(a + 1, PAGE) || errno != EINVAL, "munmap off a page's edge");
	must(mmap(NULL, 0, RW, ANON, -1, 0) != MAP_FAILED, "mmap of nothing");
}

static void protect(void)
{
	char *a = map_anonymous(12);

	touch(a + 3 * PAGE, 2);
	must(mprotect(a + 2 * PAGE, 4 * PAGE, PROT_READ), "mprotect");
	touch_in_vain(a + 3 * PAGE, true);
	must(mprotect(a + 4 * PAGE, PAGE, PROT_NONE), "mprotect");
	touch_in_vain(a + 4 * PAGE, false);
	must(mprotect(a + 8 * PAGE, PAGE, PROT_READ | PROT_EXEC), "mprotect");
	must(mprotect(a, 12 * PAGE, RW), "mprotect");
	touch(a, 12);
	must(munmap(a + 6 * PAGE, PAGE), "munmap");
	must(!mprotect(a + 4 * PAGE, 4 * PAGE, PROT_READ) || errno != ENOMEM,
	     "mprotect over a hole");
	touch_in_vain(a + 6 * PAGE, false);
	must(syscall(SYS_pkey_mprotect, a, PAGE, PROT_READ, -1), "pkey_mprotect");
}

static void advise(void)
{
	static const int advices[] = {MADV_RANDOM,        MADV_SEQUENTIAL, MADV_NORMAL,
				      MADV_DONTDUMP,      MADV_DODUMP,     MADV_MERGEABLE,
				      MADV_UNMERGEABLE,   MADV_HUGEPAGE,   MADV_NOHUGEPAGE,
				      MADV_COLD,          MADV_PAGEOUT,    MADV_WILLNEED,
				      MADV_FREE,          MADV_DONTNEED,   MADV_POPULATE_READ,
				      MADV_POPULATE_WRITE};
	char *a = map_anonymous(20);

	touch(a, 20);
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		madvise(a + (i % 7 + 1) * PAGE, (i % 5 + 2) * PAGE, advices[i]);
	madvise(a, 20 * PAGE, MADV_DONTNEED);
	madvise(a, PAGE, 77);
	must(munmap(a + 5 * PAGE, PAGE), "munmap");
	must(!madvise(a + 4 * PAGE, 4 * PAGE, MADV_DONTFORK) || errno != ENOMEM,
	     "madvise over a hole");
	must(madvise(a + 8 * PAGE, 4 * PAGE, MADV_WIPEONFORK), "MADV_WIPEONFORK");
	touch(a + 7 * PAGE, 8);
}

static void guard(void)
{
	char *a = map_anonymous(8);

	touch(a, 3);
	if (madvise(a + 2 * PAGE, 3 * PAGE, ADVISE_GUARD_INSTALL))
		return;
	touch_in_vain(a + 2 * PAGE, true);
	touch_in_vain(a + 4 * PAGE, false);
	touch(a + 5 * PAGE, 3);
	must(madvise(a + 3 * PAGE, PAGE, ADVISE_GUARD_REMOVE), "MADV_GUARD_REMOVE");
	touch(a + 3 * PAGE, 1);
}

static void lock(void)
{
	char *a = map_anonymous(12);

	must(mlock(a + PAGE, 3 * PAGE), "mlock");
	must(mlock2(a + 6 * PAGE, 2 * PAGE, MLOCK_ONFAULT), "mlock2");
	touch(a + 5 * PAGE, 3);
	must(munlock(a + 2 * PAGE, 5 * PAGE), "munlock");
	must(!mlock(a, 4096 * PAGE) || errno != ENOMEM, "mlock over a hole");
	must(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), "mlockall");
	touch(map_anonymous(4), 2);
	must(mlockall(MCL_FUTURE), "mlockall");
	map_anonymous(5);
	must(munlockall(), "munlockall");
	map_anonymous(3);
}

static void seal(void)
{
	char *a = map_anonymous(6);

	touch(a, 6);
	if (syscall(SYS_mseal, a + 2 * PAGE, 2 * PAGE, 0))
		return;
	must(!munmap(a, 4 * PAGE) || errno != EPERM, "munmap of what is sealed");
	must(!mprotect(a + PAGE, 2 * PAGE, PROT_READ) || errno != EPERM,
	     "mprotect of what is sealed");
	must(mremap(a + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED,
	     "mremap of what is sealed");
	must(madvise(a + 2 * PAGE, PAGE, MADV_DONTNEED), "MADV_DONTNEED of what may be written");
}

static void name(void)
{
	char *a = map_anonymous(4);

	prctl(NAME_VMA, 0, a + PAGE, 2 * PAGE, "middle");
	touch(a, 4);
	prctl(NAME_VMA, 0, a + PAGE, 2 * PAGE, NULL);
}

static char *remap(char *old, size_t old_pages, size_t new_pages, int flags, char *to)
{
	char *got = mremap(old, old_pages * PAGE, new_pages * PAGE, flags, to);

	if (got == MAP_FAILED)
		err(1, "mremap");
	return got;
}

static void move(void)
{
	char *room = map(NULL, 64 * PAGE, PROT_NONE, ANON, -1);
	char *a = map(room, 4 * PAGE, RW, ANON | MAP_FIXED, -1), *b;
	char *shared = map(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	touch(a, 4);
	a = remap(a, 4, 2, 0, NULL); /* shrinks */
	must(munmap(room + 2 * PAGE, 10 * PAGE), "munmap");
	a = remap(a, 2, 6, 0, NULL); /* grows in place */
	must(mremap(a, 6 * PAGE, 40 * PAGE, 0) != MAP_FAILED || errno != ENOMEM,
	     "growth without room");
	touch(a, 6);
	a = remap(a, 6, 20, MREMAP_MAYMOVE, NULL); /* moves to grow */
	remap(a, 5, 5, MREMAP_MAYMOVE | MREMAP_FIXED, room + 20 * PAGE);
	b = remap(a + 8 * PAGE, 4, 4, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	touch(a + 8 * PAGE, 4);
	b = remap(b, 4, 8, MREMAP_MAYMOVE | MREMAP_FIXED, room + 40 * PAGE);
	touch(b, 8);
	must(mprotect(b + 2 * PAGE, 2 * PAGE, PROT_READ), "mprotect");
	/* three mappings at once */
	b = remap(b, 8, 8, MREMAP_MAYMOVE | MREMAP_FIXED, room + 30 * PAGE);
	touch(shared, 4);
	remap(shared, 0, 4, MREMAP_MAYMOVE, NULL); /* a second view */
	must(mremap(a + 1, PAGE, PAGE, 0) != MAP_FAILED, "mremap off a page's edge");
	must(mremap(b, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, b + PAGE) != MAP_FAILED,
	     "mremap onto itself");
	b = remap(map(NULL, HUGE, RW, ANON, -1), HUGE / PAGE, HUGE / PAGE * 2, MREMAP_MAYMOVE,
		  NULL);
	touch(b, 3);
}

static void move_break(void)
{
	char *was = sbrk(0);

	must(brk(was + 33 * PAGE), "brk up");
	touch((char *)(((size_t)was + PAGE) & ~(PAGE - 1)), 30);
	must(brk(was + 10 * PAGE), "brk down");
	must(brk(was + 20 * PAGE), "brk up");
	must(munmap((char *)((size_t)(was + 4 * PAGE) & ~(PAGE - 1)), PAGE), "a hole in the heap");
	must(brk(was + PAGE), "brk down over a hole");
	syscall(SYS_brk, PAGE); /* refused: below the heap's start */
}

static void map_large(void)
{
	char *a = map_anonymous(HUGE / PAGE), *b = map_anonymous(3 * HUGE / PAGE), *c;

	touch(a, 1);
	must(madvise(b, 3 * HUGE, MADV_HUGEPAGE) && errno != EINVAL, "MADV_HUGEPAGE");
	look(b + HUGE);
	touch(b + 2 * HUGE, 2);
	map_anonymous(HUGE / PAGE + 1); /* no multiple of HUGE: not aligned */
	must(munmap(b + HUGE + PAGE, PAGE), "munmap");
	c = mmap(NULL, HUGE, RW, ANON | MAP_HUGETLB, -1, 0);
	if (c != MAP_FAILED)
		munmap(c, HUGE); /* only where huge pages are set aside */
	map(NULL, 512 * HUGE, PROT_NONE, ANON | MAP_NORESERVE, -1);
	c = map(NULL, 512 * HUGE, RW, ANON | MAP_NORESERVE, -1);
	touch(c + 300 * HUGE, 2);
}

/* ---- stacks ---- */

static int recurse(int depth)
{
	volatile char frame[3 * PAGE];

	frame[0] = (char)depth;
	return depth ? recurse(depth - 1) + frame[0] : 0;
}

static void grow_stacks(void)
{
	char *top = map(NULL, 600 * PAGE, PROT_NONE, ANON, -1), *stack;

	must(munmap(top, 600 * PAGE), "munmap");
	stack = map(top + 580 * PAGE, 4 * PAGE, RW, ANON | MAP_GROWSDOWN | MAP_STACK | MAP_FIXED,
		    -1);
	touch(stack, 4);
	for (int i = 1; i < 12; i++)
		touch(stack - (size_t)i * PAGE, 1);
	touch(stack - 40 * PAGE, 1);
	map(NULL, 16 * PAGE, RW, ANON | MAP_STACK, -1);
	recurse(160);
}

/* ---- files and shared memory ---- */

static void share(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC), shm;
	char *a, *b;

	must(fd < 0 || ftruncate(fd, 16 * PAGE), "memfd_create");
	a = map(NULL, 16 * PAGE, RW, MAP_SHARED, fd);
	touch(a, 16);
	b = map(NULL, 16 * PAGE, RW, MAP_PRIVATE, fd);
	look(b);
	touch(b + 5 * PAGE, 2);
	must(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0) != MAP_FAILED,
	     "MAP_SYNC of memory");
	must(madvise(a + 8 * PAGE, 2 * PAGE, MADV_REMOVE), "MADV_REMOVE");
	must(munmap(a + 4 * PAGE, 4 * PAGE), "munmap");
	must(mmap(a + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 4 * PAGE) != a + 4 * PAGE,
	     "refill");
	must(msync(a, PAGE, MS_SYNC), "msync");
	close(fd);
	shm = shm_open("/vmrecord-memory", O_RDWR | O_CREAT | O_EXCL, 0600);
	must(shm < 0 || shm_unlink("/vmrecord-memory") || ftruncate(shm, 4 * (off_t)HUGE),
	     "shm_open");
	a = map(NULL, 4 * HUGE, RW, MAP_SHARED, shm);
	touch(a + HUGE, 3);
	must(munmap(a + HUGE, HUGE), "munmap");
	close(shm);
	a = map(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	touch(a, 8);
}

static void attach(void)
{
	int id = shmget(IPC_PRIVATE, 24 * PAGE, IPC_CREAT | 0600);
	char *a, *b, *room = map(NULL, 64 * PAGE, PROT_NONE, ANON, -1);

	must(id < 0, "shmget");
	a = shmat(id, NULL, 0);
	b = shmat(id, NULL, SHM_RDONLY);
	must(a == (char *)-1 || b == (char *)-1, "shmat");
	touch(a, 24);
	look(b + 3 * PAGE);
	touch_in_vain(b + 3 * PAGE, true);
	must(shmat(id, room, 0) != (char *)-1, "shmat where something is");
	must(shmat(id, room + 5 * PAGE, SHM_REMAP) != room + 5 * PAGE, "shmat over it");
	must(munmap(room, 64 * PAGE), "munmap");
	must(shmat(id, room + 7, SHM_RND) != room, "shmat with rounding");
	must(mprotect(a + 8 * PAGE, 4 * PAGE, PROT_READ), "mprotect");
	must(munmap(a + 16 * PAGE, 2 * PAGE), "munmap");
	must(shmctl(id, IPC_RMID, NULL), "shmctl");
	must(shmdt(a), "shmdt of the pieces");
	must(shmdt(b), "shmdt");
	must(!shmdt(a) || errno != EINVAL, "shmdt of nothing");
}

/* ---- threads and processes ---- */

static void wait_for(pid_t pid)
{
	int status;

	must(pid < 0 || waitpid(pid, &status, 0) != pid, "a child");
	if (status)
		errx(1, "a child ended with status %x", (unsigned int)status);
}

static void *work(void *seed)
{
	size_t n = (size_t)seed;
	char *mine[24];

	for (size_t i = 0; i < 24; i++) {
		mine[i] = map_anonymous((n * 7 + i) % 9 + 1);
		touch(mine[i], 1);
		if (i % 3 == n % 3)
			must(munmap(mine[i], PAGE), "munmap");
		if (i % 4 == 0)
			free(calloc(1, (n + 1) << 16));
	}
	recurse(2);
	if (n % 6 == 3) { /* while the other threads run */
		pid_t child = fork();

		if (!child) {
			touch(map_anonymous(4), 4);
			_exit(0);
		}
		wait_for(child);
	}
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread[6];

	for (size_t round = 0; round < 4; round++) {
		pthread_attr_t attr;

		must(pthread_attr_init(&attr), "pthread_attr_init");
		must(pthread_attr_setstacksize(&attr, (round + 2) << 16),
		     "pthread_attr_setstacksize");
		for (size_t i = 0; i < 6; i++)
			must(pthread_create(&thread[i], &attr, work, (void *)(round * 6 + i)),
			     "pthread_create");
		for (size_t i = 0; i < 6; i++)
			must(pthread_join(thread[i], NULL), "pthread_join");
		pthread_attr_destroy(&attr);
	}
}

/* Fork a child that splits, joins and forks again. */
static void fork_twice(void)
{
	char *a = map_anonymous(12), *dropped = map_anonymous(2), *wiped = map_anonymous(3);
	pid_t child;

	touch(a, 12);
	touch(wiped, 3);
	must(mprotect(a + 4 * PAGE, PAGE, PROT_READ), "mprotect");
	must(madvise(dropped, 2 * PAGE, MADV_DONTFORK), "MADV_DONTFORK");
	must(madvise(wiped, 3 * PAGE, MADV_WIPEONFORK), "MADV_WIPEONFORK");
	must(mlock(a + 8 * PAGE, PAGE), "mlock");
	child = fork();
	if (child) {
		touch(a + 6 * PAGE, 4);
		must(mprotect(a, 12 * PAGE, RW), "mprotect");
		wait_for(child);
		return;
	}
	/* Halves that were split before the fork stay apart. */
	must(mprotect(a, 12 * PAGE, RW), "mprotect");
	touch(a, 12);
	touch_in_vain(dropped, true);
	touch(wiped, 1);
	must(munmap(a + 6 * PAGE, PAGE), "munmap");
	map(a + 6 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1);
	move_break();
	recurse(200);
	child = fork();
	if (!child) {
		touch(a, 12);
		run_threads();
		_exit(0);
	}
	wait_for(child);
	_exit(0);
}

static char *const words[] = {"true", NULL};

static void *become_true(void *unused)
{
	execve("/bin/true", words, environ);
	return unused;
}

static void start_programs(void)
{
	/* vfork is what this program is to record. */
	pid_t child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	pthread_t thread;

	if (!child) {
		execve("/bin/true", words, environ);
		_exit(127);
	}
	wait_for(child);
	must(posix_spawn(&child, "/bin/true", NULL, NULL, words, environ), "posix_spawn");
	wait_for(child);
	child = fork();
	if (!child) {
		execve("/nowhere", words, environ); /* fails, changes nothing */
		become_true(NULL);
		_exit(127);
	}
	wait_for(child);
	child = fork();
	if (!child) { /* a thread that is not the first calls execve */
		must(pthread_create(&thread, NULL, become_true, NULL), "pthread_create");
		pthread_join(thread, NULL);
		_exit(127);
	}
	wait_for(child);
}

/* ---- the end ---- */

/*
 * The buffer is touched first, so that no mapping changes between the first
 * read and the last.
 */
static void copy_maps(const char *path)
{
	static char text[256 << 10];
	size_t len = 0;
	ssize_t got;
	int from, to;

	touch(text, sizeof(text) / PAGE);
	from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	must(from < 0, "/proc/self/maps");
	while ((got = read(from, text + len, sizeof(text) - len)) > 0)
		len += (size_t)got;
	must(got < 0, "/proc/self/maps");
	close(from);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(to < 0 || write(to, text, len) != (ssize_t)len, path);
	close(to);
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_refusal};

	sigaction(SIGSEGV, &action, NULL);
	place_and_split();
	protect();
	advise();
	guard();
	lock();
	name();
	move();
	move_break();
	map_large();
	grow_stacks();
	share();
	attach();
	run_threads();
	fork_twice();
	start_programs();
	seal();
	if (argc > 1)
		copy_maps(argv[1]);
	return 0;
}
