/* SPDX-License-Identifier: MIT */
/*
 * threads.c [RACE] - a program of somebody else's, to be built with
 * -fsanitize=thread: one thread hands plain data to another in each of the ways
 * that the library promises to order. With RACE it makes one mistake instead,
 * which ThreadSanitizer must report. -DWHOLE: with the whole library, not only
 * the maple tree's.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmastore/maple_tree.h>
#include <vmastore/memory.h>
#include <vmastore/rwsem.h>
#ifdef WHOLE
#include <vmastore/mm.h>
#endif

#define ROUNDS 1000
#define INDEXES 8ul

static bool wrong;

static void check(bool good)
{
	if (!good)
		__atomic_store_n(&wrong, true, __ATOMIC_RELAXED);
}

static void together(void *(*one)(void *), void *(*other)(void *))
{
	pthread_t thread[2];

	if (pthread_create(&thread[0], NULL, one, NULL) ||
	    pthread_create(&thread[1], NULL, other, NULL))
		abort();
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
}

static int turn;

/* Take turns, without an order that ThreadSanitizer would have to see. */
static void wait_for(int which)
{
	while (__atomic_load_n(&turn, __ATOMIC_RELAXED) != which)
		sched_yield();
}

static void pass_to(int which)
{
	__atomic_store_n(&turn, which, __ATOMIC_RELAXED);
}

/* ---- the entries of a tree, freed after a grace period ------------------- */

struct thing {
	struct rcu_head rcu;
	unsigned long value;
};

static struct maple_tree things = MTREE_INIT(things, MT_FLAGS_USE_RCU);

static struct thing *store_thing(unsigned long index)
{
	struct thing *thing = malloc(sizeof(*thing));

	if (!thing)
		abort();
	thing->value = index + 1;
	check(!mtree_store(&things, index, thing, GFP_KERNEL));
	return thing;
}

/* Changes the thing first, so that a reader that still reads it races. */
static void free_thing(struct rcu_head *head)
{
	struct thing *thing = (struct thing *)((char *)head - offsetof(struct thing, rcu));

	thing->value = 0;
	free(thing);
}

static void *store_things(void *arg)
{
	for (unsigned long i = 0; i < ROUNDS; i++) {
		struct thing *old = mtree_erase(&things, i % INDEXES);

		if (old)
			call_rcu(&old->rcu, free_thing);
		store_thing(i % INDEXES);
	}
	return arg;
}

static void read_thing(unsigned long index)
{
	struct thing *thing;

	rcu_read_lock();
	thing = mtree_load(&things, index);
	check(!thing || thing->value == index + 1);
	rcu_read_unlock();
}

static void *read_things(void *arg)
{
	for (unsigned long i = 0; i < ROUNDS; i++) {
		MA_STATE(mas, &things, 0, 0);
		struct thing *thing;

		rcu_read_lock();
		mas_for_each(&mas, thing, INDEXES)
			check(thing->value == mas.index + 1);
		rcu_read_unlock();
		read_thing(i % INDEXES);
	}
	return arg;
}

/*
 * The reader has read the thing before it is freed, but does nothing later that
 * orders the two, not even exit: only the grace period does.
 */
static void *free_in_time(void *arg)
{
	struct thing *thing;

	for (int i = 0; i < 4; i += 2) {
		store_thing(0);
		pass_to(i + 1);
		wait_for(i + 2);
		thing = mtree_erase(&things, 0);
		if (i) {
			call_rcu(&thing->rcu, free_thing);
			rcu_barrier();
		} else {
			synchronize_rcu();
			free_thing(&thing->rcu);
		}
	}
	pass_to(5);
	return arg;
}

static void *read_in_time(void *arg)
{
	for (int i = 0; i < 4; i += 2) {
		wait_for(i + 1);
		read_thing(0);
		pass_to(i + 2);
	}
	wait_for(5);
	return arg;
}

static void no_things(void)
{
	unsigned long index = 0;
	struct thing *thing;

	rcu_barrier();
	mt_for_each(&things, thing, index, ULONG_MAX)
		free(thing);
	mtree_destroy(&things);
}

/* ---- data under an rw-semaphore ------------------------------------------ */

static DECLARE_RWSEM(sem);
static unsigned long pair[2]; /* under sem */

static void *write_pair(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		down_write(&sem);
		pair[0]++;
		downgrade_write(&sem);
		check(pair[0] == pair[1] + 1);
		up_read(&sem);
		down_write(&sem);
		pair[1]++;
		up_write(&sem);
	}
	return arg;
}

static void *read_pair(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		down_read(&sem);
		check(pair[0] == pair[1] || pair[0] == pair[1] + 1);
		up_read(&sem);
	}
	return arg;
}

/* ---- an address space ---------------------------------------------------- */

#ifdef WHOLE
#define AREA (16 * PAGE_SIZE)
#define BASE 0x10000000ul
#define OTHER (BASE + 2 * AREA)

static struct mm_struct *mm;
static unsigned long layout; /* under mmap_lock */
static unsigned long uses;   /* under the lock of the VMA at BASE */

static void map(unsigned long addr)
{
	check(vms_mmap(mm, addr, AREA, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) == addr);
}

static void change_ours(void)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	layout++;
	vma = find_vma(mm, BASE);
	vma_start_write(vma);
	uses++;
	mmap_write_unlock(mm);
}

static void *change_space(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		map(OTHER);
		check(!vms_munmap(mm, OTHER + PAGE_SIZE, AREA - PAGE_SIZE));
		change_ours();
		check(!vms_munmap(mm, OTHER, AREA));
	}
	return arg;
}

static void read_vma(unsigned long addr, unsigned long *last)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);

	if (!vma)
		return;
	check(vma->vm_start <= addr && addr < vma->vm_end);
	if (addr == BASE) {
		check(uses >= *last);
		*last = uses;
	}
	vma_end_read(vma);
}

static void *read_space(void *arg)
{
	unsigned long last_uses = 0, last_layout = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		read_vma(BASE, &last_uses);
		read_vma(OTHER, &last_uses);
		check(vms_fault(mm, BASE + i % 16 * PAGE_SIZE, FAULT_FLAG_WRITE) == VMS_FAULT_OK);
		mmap_read_lock(mm);
		check(layout >= last_layout);
		last_layout = layout;
		mmap_read_unlock(mm);
	}
	return arg;
}
#endif

/* ---- mistakes ------------------------------------------------------------ */

/* A thing is changed while readers may read it. */
static void *change_late(void *arg)
{
	struct thing *thing = store_thing(0);

	pass_to(1);
	wait_for(2);
	thing->value = 1;
	return arg;
}

/* A thing is freed without a grace period. */
static void *free_early(void *arg)
{
	store_thing(0);
	pass_to(1);
	wait_for(2);
	free_thing(&((struct thing *)mtree_erase(&things, 0))->rcu);
	return arg;
}

/* A cursor is used after its read section, and its node has been freed. */
static void *free_nodes(void *arg)
{
	for (unsigned long i = 0; i < INDEXES; i++)
		store_thing(i);
	pass_to(1);
	wait_for(2);
	no_things();
	rcu_barrier();
	pass_to(3);
	return arg;
}

static void *keep_cursor(void *arg)
{
	MA_STATE(mas, &things, 0, 0);

	wait_for(1);
	rcu_read_lock();
	check(mas_find(&mas, INDEXES));
	rcu_read_unlock();
	pass_to(2);
	wait_for(3);
	(void)mas_find(&mas, INDEXES);
	return arg;
}

static void *read_in_turn(void *arg)
{
	wait_for(1);
	read_thing(0);
	pass_to(2);
	return arg;
}

/* Data are read without the lock that guards them. */
static void *write_locked(void *arg)
{
	down_write(&sem);
	pair[0]++;
	up_write(&sem);
	pass_to(1);
	return arg;
}

static void *read_unlocked(void *arg)
{
	wait_for(1);
	check(pair[0] == 1);
	return arg;
}

#ifdef WHOLE
static void *change_ours_in_turn(void *arg)
{
	change_ours();
	pass_to(1);
	return arg;
}

static void *read_layout_unlocked(void *arg)
{
	wait_for(1);
	check(layout == 1);
	return arg;
}

static void *read_uses_unlocked(void *arg)
{
	wait_for(1);
	check(uses == 1);
	return arg;
}
#endif

static const struct {
	const char *name;
	void *(*one)(void *), *(*other)(void *);
} mistakes[] = {
	{"late", change_late, read_in_turn},
	{"early", free_early, read_in_turn},
	{"cursor", free_nodes, keep_cursor},
	{"rwsem", write_locked, read_unlocked},
#ifdef WHOLE
	{"mmap_lock", change_ours_in_turn, read_layout_unlocked},
	{"vma", change_ours_in_turn, read_uses_unlocked},
#endif
};

/* ---- all of it ----------------------------------------------------------- */

static int make_mistake(const char *name)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		if (strcmp(mistakes[i].name, name))
			continue;
		together(mistakes[i].one, mistakes[i].other);
		return 0;
	}
	return 2;
}

static void make_none(void)
{
	together(free_in_time, read_in_time);
	together(store_things, read_things);
	together(write_pair, read_pair);
#ifdef WHOLE
	together(change_space, read_space);
#endif
}

int main(int argc, char **argv)
{
	int rc = 0;

#ifdef WHOLE
	mm = vms_mm_create("maple-vma", NULL, NULL);
	if (!mm)
		return 1;
	map(BASE);
#endif
	if (argc > 1)
		rc = make_mistake(argv[1]);
	else
		make_none();
	no_things();
#ifdef WHOLE
	mmput(mm);
#endif
	if (rc || wrong || vms_leak_report(stderr) != 0)
		return rc ? rc : 1;
	puts("threads: ok");
	return 0;
}
