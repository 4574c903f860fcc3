/* SPDX-License-Identifier: MIT */
/*
 * cell.c - see cell.h. The two threads take turns: the conductor, which is the
 * process's first thread, lets one do a few operations while the other stands
 * still, so the recording does not depend on the scheduler. Grace periods end
 * between turns, never during one, so that freed objects are reused at the same
 * moment in every run.
 *
 * Locks: none. The semaphores hand `struct run` from the conductor to one
 *        player and back.
 */
#include "bench/conflicts/cell.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/mm.h>
#include <vmastore/rcu.h>

#include "bench/conflicts/lines.h"
#include "bench/conflicts/symbols.h"
#include "bench/instrument/heap.h"
#include "bench/instrument/trace.h"
#include "lib/where/where.h"

#define PLACES 600UL /* adjacent VMAs: three levels of the tree */
/* The offset makes a leaf of the page table span each border of two places. */
#define BASE (0x100000000000UL + (1UL << 20))
#define LEAF_SPAN (2UL << 20)
#define WARM_TURNS 8U
#define TURNS 16U
#define BURST 8U       /* operations a turn */
#define HEAVY_TURNS 4U /* a heavy operation runs once in so many turns */
#define RARE (1.0 / 8)

const char *const relation_names[] = {"same", "neighbouring", "one-leaf", "other-leaves", NULL};

struct player {
	struct run *run;
	unsigned int me;
	const struct operation *op;
	struct hand hand;
	unsigned int ops; /* recorded operations */
	sem_t turn;
	pthread_t thread;
};

struct run {
	struct player player[2];
	sem_t done;
	struct lines lines;
	struct vms__where *where;
	unsigned int turn; /* counts the turns of each player from 0 */
	bool recording, failed, over;
};

bool cell_exists(const struct cell *cell)
{
	bool leaf = cell->op[0]->leaf || cell->op[1]->leaf;

	return !leaf || cell->relation == RELATION_SAME || cell->relation == RELATION_NEIGHBOURING;
}

/* ---- a thread's turn ---- */

static bool once(struct player *p)
{
	const struct operation *op = p->op;
	const struct trace_access *access;
	bool ok = !op->prepare || op->prepare(&p->hand);
	size_t nr;

	if (p->run->recording)
		trace_begin();
	ok = op->run(&p->hand) && ok;
	trace_end();
	if (p->run->recording) {
		access = trace_taken(&nr);
		p->ops++;
		ok = lines_add(&p->run->lines, p->me, access, nr) && ok;
	}
	return (!op->undo || op->undo(&p->hand)) && ok;
}

/* The number of operations in this turn. */
static unsigned int in_turn(const struct player *p)
{
	if (p->op->heavy)
		return p->run->turn % HEAVY_TURNS == 0;
	return BURST;
}

static void *play(void *arg)
{
	struct player *p = arg;

	for (;;) {
		while (sem_wait(&p->turn) != 0)
			;
		if (p->run->over)
			break;
		for (unsigned int i = 0; i < in_turn(p) && !p->run->failed; i++)
			p->run->failed = !once(p);
		sem_post(&p->run->done);
	}
	return NULL;
}

static void take_turns(struct run *run, unsigned int turns)
{
	for (unsigned int i = 0; i < 2 * turns && !run->failed; i++) {
		run->turn = i / 2;
		/*
		 * This read section keeps grace periods from ending during the
		 * turn, however long the turn takes.
		 */
		rcu_read_lock();
		sem_post(&run->player[i % 2].turn);
		while (sem_wait(&run->done) != 0)
			;
		rcu_read_unlock();
		/*
		 * All grace periods end before the next turn. The barrier
		 * flushes the caller's own batches only: those of the players
		 * stay.
		 */
		vms_rcu_barrier();
	}
}

/* ---- the address space ---- */

static unsigned long place_prot(unsigned long place)
{
	return PROT_READ | PROT_WRITE | (place % 2 ? PROT_EXEC : 0);
}

static bool map_place(struct mm_struct *mm, unsigned long place)
{
	struct hand hand = {.mm = mm, .start = BASE + place * PLACE_LEN, .prot = place_prot(place)};

	return hand_map(&hand);
}

static struct mm_struct *new_mm(const char *engine)
{
	struct mm_struct *mm = vms_mm_create(engine, NULL, NULL);

	for (unsigned long place = 0; mm && place < PLACES; place++)
		if (!map_place(mm, place)) {
			mmput(mm);
			return NULL;
		}
	return mm;
}

static unsigned long distance(enum relation relation)
{
	static const unsigned long places[NR_RELATIONS] = {0, 1, 3, PLACES / 2};

	return places[relation];
}

/*
 * The first thread's place: far from both ends of the mappings, and in one leaf
 * of the tree with the places around it.
 */
static unsigned long choose_place(const struct vms__where *where)
{
	for (unsigned long place = PLACES / 4; place < PLACES / 2 - 4; place++)
		if (vms__where_leaf(where, BASE + (place - 1) * PLACE_LEN) ==
		    vms__where_leaf(where, BASE + (place + 4) * PLACE_LEN))
			return place;
	return 0;
}

/*
 * Hold the VMA at @addr twice at the same time, which readers that take turns
 * never do: once maple-vma has seen two readers at once, it lets readers share
 * the VMA without writing to it.
 */
static void meet(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *first = lock_vma_under_rcu(mm, addr),
			      *second = first ? lock_vma_under_rcu(mm, addr) : NULL;

	if (second)
		vma_end_read(second);
	if (first)
		vma_end_read(first);
}

/*
 * Whether the two places share a leaf exactly if the relation says so. Engines
 * without leaves (leaf address 0) always pass.
 */
static bool relation_holds(const struct run *run, const struct cell *cell)
{
	uintptr_t a = vms__where_leaf(run->where, run->player[0].hand.start),
		  b = vms__where_leaf(run->where, run->player[1].hand.start);

	return !a || (a == b) == (cell->relation != RELATION_OTHER_LEAVES);
}

/* The first page that player @me faults on. */
static unsigned long first_page(const struct cell *cell, const struct hand *hand, unsigned int me)
{
	/* The leaf of the page table at @inner lies wholly inside the place. */
	unsigned long inner = hand->start + LEAF_SPAN / 2;

	if (cell->op[me]->leaf && cell->relation == RELATION_NEIGHBOURING)
		return me ? hand->start : hand->start + PLACE_LEN - LEAF_SPAN / 2;
	if (cell->op[me]->leaf)
		return me ? inner + LEAF_SPAN / 2 : inner;
	return cell->relation == RELATION_SAME && me ? inner + LEAF_SPAN : inner;
}

static bool set_up_player(struct run *run, const struct cell *cell, unsigned int me,
			  struct mm_struct *mm, unsigned long place)
{
	struct player *p = &run->player[me];
	bool shared = cell->relation == RELATION_SAME;

	*p = (struct player){.run = run, .me = me, .op = cell->op[me]};
	p->hand = (struct hand){
		.mm = mm, .start = BASE + place * PLACE_LEN, .prot = place_prot(place)};
	p->hand.pages = first_page(cell, &p->hand, me);
	p->hand.keep = shared && !cell->op[!me]->vacant && !cell->op[!me]->elsewhere;
	p->hand.null = fopen("/dev/null", "w");
	/*
	 * An operation that works elsewhere does not use the place, so the
	 * place stays mapped.
	 */
	if (p->op->vacant && !p->hand.keep && vms_munmap(mm, p->hand.start, PLACE_LEN) != 0)
		return false;
	return p->hand.null && sem_init(&p->turn, 0, 0) == 0;
}

static bool set_up(struct run *run, const struct cell *cell, char *why)
{
	struct mm_struct *mm = new_mm(cell->engine);
	unsigned long place;

	run->where = mm ? vms__where_new(mm) : NULL;
	if (!run->where || !vms__where_learn(run->where) || sem_init(&run->done, 0, 0) != 0) {
		snprintf(why, CELL_WHY_MAX, "out of memory");
		return false;
	}
	place = choose_place(run->where);
	if (!place) {
		snprintf(why, CELL_WHY_MAX, "no leaf of the tree has room for the places");
		return false;
	}
	for (unsigned int me = 0; me < 2; me++)
		if (!set_up_player(run, cell, me, mm,
				   place + (me ? distance(cell->relation) : 0))) {
			snprintf(why, CELL_WHY_MAX, "the places cannot be set up");
			return false;
		}
	meet(mm, run->player[0].hand.start);
	meet(mm, run->player[1].hand.start);
	for (unsigned int me = 0; me < 2; me++)
		if (pthread_create(&run->player[me].thread, NULL, play, &run->player[me]) != 0) {
			snprintf(why, CELL_WHY_MAX, "no thread can be made");
			return false;
		}
	return true;
}

/* ---- naming ---- */

/* Name a heap block after the innermost caller that is no allocator. */
static bool heap_name(uintptr_t addr, char *name)
{
	const struct heap_block *block = heap_find(addr);
	char caller[128] = "?";

	for (int i = 0; block && i < HEAP_CALLERS && block->caller[i]; i++)
		if (symbol_name(block->caller[i] - 1, caller, sizeof(caller)) &&
		    strcmp(caller, "vms__alloc") && strcmp(caller, "vms__zalloc") &&
		    strcmp(caller, "vms__alloc_uncounted"))
			break;
	if (block)
		snprintf(name, CELL_NAME_MAX, "heap of %s()", caller);
	return block != NULL;
}

static void name_line(const struct run *run, const struct line *line, struct cell_line *to)
{
	uint64_t written = line->written[0] | line->written[1];
	uintptr_t first = line->addr + (uintptr_t)__builtin_ctzll(written);
	char known[VMS__WHERE_NAME_MAX];
	enum vms__where_kind kind = vms__where_name(run->where, line->addr, written, known);

	to->passing = kind == VMS__WHERE_PASSES;
	to->unknown = false;
	if (kind != VMS__WHERE_UNKNOWN)
		snprintf(to->name, CELL_NAME_MAX, "%s", known);
	else if (heap_name(first, to->name))
		to->passing = true;
	else if (!symbol_name(first, to->name, CELL_NAME_MAX)) {
		snprintf(to->name, CELL_NAME_MAX, "unknown");
		to->unknown = true;
	}
}

/* Sort by name; lines that stay come before lines that pass. */
static int by_name(const void *a, const void *b)
{
	const struct cell_line *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->passing - y->passing;
}

bool cell_line_is_rare(const struct cell_line *line)
{
	return line->often[0] < RARE || line->often[1] < RARE;
}

/*
 * Make one entry of all lines that have the same name. Lines that stay are
 * counted. Lines that pass from one thread to the other (pages that one thread
 * maps and the other unmaps) differ from operation to operation, so all passing
 * lines of one name count as one.
 */
static void join_names(struct cell_result *result)
{
	size_t nr = 0;

	for (size_t i = 0; i < result->nr; i++) {
		struct cell_line *last = nr ? &result->line[nr - 1] : NULL,
				 *line = &result->line[i];

		if (!last || strcmp(last->name, line->name) || last->passing != line->passing) {
			result->line[nr++] = *line;
			continue;
		}
		last->nr += !line->passing;
		for (unsigned int t = 0; t < 2; t++) {
			last->often[t] += line->often[t];
			last->writes[t] |= line->writes[t];
		}
	}
	result->nr = nr;
}

static bool collect(const struct run *run, struct cell_result *result)
{
	result->line = calloc(run->lines.used + 1, sizeof(*result->line));
	if (!result->line)
		return false;
	for (size_t i = 0; i < run->lines.room; i++) {
		const struct line *line = &run->lines.line[i];
		struct cell_line *to = &result->line[result->nr];

		if (!line->addr || !line_is_shared(line))
			continue;
		to->nr = 1;
		name_line(run, line, to);
		for (unsigned int t = 0; t < 2; t++) {
			to->often[t] = (double)line->ops[t] / run->player[t].ops;
			to->writes[t] = line->written[t] != 0;
		}
		result->nr++;
	}
	qsort(result->line, result->nr, sizeof(*result->line), by_name);
	join_names(result);
	return true;
}

/* ---- a whole cell ---- */

bool cell_run(const struct cell *cell, struct cell_result *result, char why[CELL_WHY_MAX])
{
	static struct run run;

	*result = (struct cell_result){0};
	if (!vms_mt_set_simd("scalar") || !set_up(&run, cell, why))
		return false;
	take_turns(&run, WARM_TURNS);
	if (!run.failed && !vms__where_learn(run.where))
		run.failed = true;
	if (!run.failed && !relation_holds(&run, cell)) {
		snprintf(why, CELL_WHY_MAX,
			 "the places do not lie in the leaves that the relation wants");
		return false;
	}
	run.recording = true;
	take_turns(&run, TURNS);
	if (run.failed || !vms__where_learn(run.where) || !collect(&run, result)) {
		snprintf(why, CELL_WHY_MAX, "an operation failed");
		return false;
	}
	run.over = true;
	for (unsigned int me = 0; me < 2; me++) {
		sem_post(&run.player[me].turn);
		pthread_join(run.player[me].thread, NULL);
	}
	return true;
}
