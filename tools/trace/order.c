/* SPDX-License-Identifier: MIT */
/*
 * order.c - events to effects. One pass over the events keeps, for each thread,
 * the call, fault or execve that the thread is inside. Each becomes an effect
 * with the line at which it committed. At the end the effects are sorted by
 * that line. order.h says which line that is.
 *
 * Before: trace.c (lines to events), tasks.c (threads and spaces). After:
 * describe.c (problems in words).
 */
#include "tools/trace/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/pool.h"
#include "tools/trace/tasks.h"

#define CLONE_VM_FLAG 0x100u

/* The recording; trace_order_load() returns its first member. */
struct loaded {
	struct trace_order order;
	struct trace_pool pool;
	struct trace_effect *effects;
	struct trace_space *spaces;
};

struct builder {
	struct loaded *loaded;
	struct trace_reader *reader;
	struct trace_tasks tasks;
	size_t effects_room;
	bool out_of_memory;
};

/* ---- small helpers ---- */

static struct trace_moment moment_of(const struct trace_event *event)
{
	return (struct trace_moment){.line = event->line, .time = event->time};
}

static void note_problem(struct builder *builder, unsigned long *count, unsigned long line)
{
	struct trace_order_problems *problems = &builder->loaded->order.problems;

	++*count;
	if (!problems->first_line || line < problems->first_line)
		problems->first_line = line;
}

#define PROBLEM(builder, which, line)                                                              \
	note_problem(builder, &(builder)->loaded->order.problems.which, line)

/* The effect at an index. The next new_effect() makes the pointer invalid. */
static struct trace_effect *effect_at(struct builder *builder, unsigned long index)
{
	return &builder->loaded->effects[index];
}

/*
 * Add an effect of @thread. @shown: its line in messages; @commit: where it
 * committed, which a later event may change. NULL: out of memory.
 */
static struct trace_effect *new_effect(struct builder *builder, enum trace_effect_kind kind,
				       const struct trace_thread *thread, struct trace_moment shown,
				       struct trace_moment commit)
{
	struct loaded *loaded = builder->loaded;
	struct trace_effect *effects, *effect;

	effects = trace_grow(loaded->effects, loaded->order.nr_effects, &builder->effects_room,
			     sizeof(*effects));
	if (!effects) {
		builder->out_of_memory = true;
		return NULL;
	}
	loaded->effects = effects;
	effect = &effects[loaded->order.nr_effects++];
	memset(effect, 0, sizeof(*effect));
	effect->kind = kind;
	effect->line = shown.line;
	effect->commit = commit.line;
	effect->time = commit.time;
	effect->pid = thread->pid;
	effect->tid = thread->tid;
	effect->space = thread->space;
	loaded->order.of_kind[kind]++;
	return effect;
}

static unsigned long index_of(struct builder *builder, const struct trace_effect *effect)
{
	return (unsigned long)(effect - builder->loaded->effects);
}

/*
 * Find the thread of an event. A thread that no fork or execve introduced gets
 * a space of its own, of which nothing is known, because the recording began
 * too late.
 */
static struct trace_thread *thread_of(struct builder *builder, const struct trace_event *event)
{
	struct trace_thread *thread = trace_tasks_find(&builder->tasks, event->tid);
	struct trace_thread *sibling = trace_tasks_find(&builder->tasks, event->pid);
	int space;

	if (thread)
		return thread;
	PROBLEM(builder, threads_unknown, event->line);
	space = sibling ? sibling->space
			: trace_tasks_add_space(&builder->tasks, event->pid, TRACE_NO_SPACE, false);
	if (space != TRACE_NO_SPACE)
		thread = trace_tasks_add(&builder->tasks, event->pid, event->tid, space);
	if (!thread)
		builder->out_of_memory = true;
	return thread;
}

static uint64_t *mm_of(struct builder *builder, const struct trace_thread *thread)
{
	return &builder->tasks.spaces[thread->space].mm;
}

static bool is_fork(enum trace_call call)
{
	return call == TRACE_CLONE || call == TRACE_CLONE3 || call == TRACE_FORK ||
	       call == TRACE_VFORK;
}

/*
 * Whether the call changes the space that it runs in. The other calls make,
 * replace or end a space.
 */
static bool is_memory_call(enum trace_call call)
{
	return call < TRACE_CLONE;
}

/* ---- faults ---- */

/*
 * Attach the MMAP2 record of a fault that grew the stack. The record shows that
 * the write lock was the fault's, so the fault committed there.
 */
static void attach_growth(struct builder *builder, struct trace_thread *thread,
			  const struct trace_map *map)
{
	struct trace_effect *effect = effect_at(builder, thread->fault.effect);

	effect->commit = thread->fault.write_lock.line;
	effect->time = thread->fault.write_lock.time;
	effect->maps = trace_pool_copy(&builder->loaded->pool, map, sizeof(*map));
	effect->nr_maps = effect->maps ? 1 : 0;
	builder->loaded->order.nr_maps++;
	thread->fault.state = FAULT_NONE;
}

/*
 * A lock that is taken right after a fault is the fault's. Inside a recorded
 * call only the first read lock is, because later ones may be the call's own.
 * Return: whether this lock is the fault's.
 */
static bool fault_takes_lock(struct builder *builder, struct trace_thread *thread,
			     const struct trace_event *event)
{
	struct trace_effect *effect;

	switch (thread->fault.state) {
	case FAULT_RAISED:
		if (event->lock.write)
			break;
		effect = effect_at(builder, thread->fault.effect);
		effect->commit = event->line;
		effect->time = event->time;
		effect->fault.took_lock = true;
		thread->fault.state = FAULT_LOCKED;
		return true;
	case FAULT_UNLOCKED:
		if (!event->lock.write || thread->call.open)
			break;
		thread->fault.write_lock = moment_of(event);
		thread->fault.state = FAULT_GROWING;
		return true;
	default:
		break;
	}
	thread->fault.state = FAULT_NONE;
	return false;
}

static void add_step(struct builder *builder, struct trace_thread *thread,
		     const struct trace_exec_step *step)
{
	struct trace_exec_step *steps =
		trace_grow(thread->steps, thread->nr_steps, &thread->steps_room, sizeof(*steps));

	if (!steps) {
		builder->out_of_memory = true;
		return;
	}
	thread->steps = steps;
	steps[thread->nr_steps++] = *step;
}

static void on_fault(struct builder *builder, struct trace_thread *thread,
		     const struct trace_event *event)
{
	struct trace_exec_step step = {.is_fault = true, .line = event->line};
	struct trace_effect *effect;

	if (event->fault.address >> 63)
		return; /* the kernel's half, which has no VMAs */
	if (thread->exec.open) {
		step.fault.address = event->fault.address;
		step.fault.write = event->fault.write;
		add_step(builder, thread, &step);
		return;
	}
	effect = new_effect(builder, TRACE_FAULTED, thread, moment_of(event), moment_of(event));
	if (!effect)
		return;
	effect->fault.address = event->fault.address;
	effect->fault.write = event->fault.write;
	effect->fault.exec = event->fault.exec;
	effect->fault.protection = event->fault.protection;
	effect->fault.user = event->fault.user;
	effect->fault.in_call = thread->call.open && !event->fault.user;
	thread->fault.state = FAULT_RAISED;
	thread->fault.effect = index_of(builder, effect);
	thread->fault.raised = moment_of(event);
}

/*
 * A thread that ends takes mmap_lock for reading. If another thread's
 * exit_group killed it, its last event before that may be a fault, even of long
 * ago. Then the lock was not the fault's: undo fault_takes_lock().
 */
static void give_back_lock_of_exit(struct builder *builder, struct trace_thread *thread)
{
	struct trace_effect *effect;

	if (thread->fault.state != FAULT_LOCKED && thread->fault.state != FAULT_UNLOCKED)
		return;
	effect = effect_at(builder, thread->fault.effect);
	effect->commit = thread->fault.raised.line;
	effect->time = thread->fault.raised.time;
	effect->fault.took_lock = false;
}

/* ---- calls ---- */

static void on_enter(struct builder *builder, struct trace_thread *thread,
		     const struct trace_event *event)
{
	if (thread->call.open)
		PROBLEM(builder, enters_without_exit, thread->call.enter.line);
	memset(&thread->call, 0, sizeof(thread->call));
	thread->call.open = true;
	thread->call.call = event->enter.call;
	memcpy(thread->call.args, event->enter.args, sizeof(thread->call.args));
	thread->call.enter = moment_of(event);
	thread->nr_maps = 0;
	/*
	 * A thread that enters a call has returned from all earlier ones, even
	 * if the recording lacks the return.
	 */
	thread->newborn = false;
	thread->back_from_exec = false;
}

static void finish_memory_call(struct builder *builder, struct trace_thread *thread,
			       const struct trace_event *event)
{
	struct trace_moment commit = moment_of(event);
	struct trace_effect *effect;

	if (thread->call.write_lock.line)
		commit = thread->call.write_lock;
	else if (thread->call.read_lock.line)
		commit = thread->call.read_lock;
	effect = new_effect(builder, TRACE_CALL_DONE, thread, thread->call.enter, commit);
	if (!effect)
		return;
	effect->call.call = thread->call.call;
	memcpy(effect->call.args, thread->call.args, sizeof(effect->call.args));
	effect->call.result = event->leave.result;
	effect->call.took_write_lock = thread->call.write_lock.line != 0;
	effect->call.exit_line = event->line;
	effect->maps = trace_pool_copy(&builder->loaded->pool, thread->maps,
				       thread->nr_maps * sizeof(*thread->maps));
	effect->nr_maps = effect->maps ? (unsigned int)thread->nr_maps : 0;
	builder->loaded->order.nr_maps += effect->nr_maps;
}

/* End the execve: hand its steps over to the effect. */
static void close_exec(struct builder *builder, struct trace_thread *thread)
{
	struct trace_effect *effect = effect_at(builder, thread->exec.effect);

	effect->exec.steps = trace_pool_copy(&builder->loaded->pool, thread->steps,
					     thread->nr_steps * sizeof(*thread->steps));
	effect->exec.nr_steps = effect->exec.steps ? (unsigned int)thread->nr_steps : 0;
	thread->nr_steps = 0;
	thread->exec.open = false;
}

/*
 * Whether a return without an enter is right: the enter was another thread's,
 * or came before the recording.
 */
static bool return_was_expected(struct trace_thread *thread, enum trace_call call)
{
	bool expected = (thread->newborn && is_fork(call)) ||
			(thread->back_from_exec && call == TRACE_EXECVE);

	thread->newborn = false;
	thread->back_from_exec = false;
	return expected;
}

static void on_leave(struct builder *builder, struct trace_thread *thread,
		     const struct trace_event *event)
{
	bool paired = thread->call.open && thread->call.call == event->leave.call;

	if (thread->exec.open && event->leave.call == TRACE_EXECVE)
		close_exec(builder, thread);
	if (paired) {
		if (is_memory_call(thread->call.call))
			finish_memory_call(builder, thread, event);
	} else {
		if (thread->call.open)
			PROBLEM(builder, enters_without_exit, thread->call.enter.line);
		if (!return_was_expected(thread, event->leave.call))
			PROBLEM(builder, exits_without_enter, event->line);
	}
	thread->call.open = false;
	thread->nr_maps = 0;
}

static void call_takes_lock(struct builder *builder, struct trace_thread *thread,
			    const struct trace_event *event)
{
	uint64_t *mm = mm_of(builder, thread);
	bool fork = is_fork(thread->call.call);

	if (!fork && !is_memory_call(thread->call.call))
		return; /* execve locks the new space; exit locks for reading only */
	if (*mm && *mm != event->lock.mm) {
		if (fork && event->lock.write && thread->call.write_lock.line &&
		    !thread->call.child_mm)
			thread->call.child_mm = event->lock.mm;
		else if (event->lock.write)
			PROBLEM(builder, mm_conflicts, event->line);
		return;
	}
	if (event->lock.write) {
		*mm = event->lock.mm;
		if (!thread->call.write_lock.line)
			thread->call.write_lock = moment_of(event);
	} else if (!thread->call.read_lock.line) {
		thread->call.read_lock = moment_of(event);
	}
}

/* ---- locks ---- */

static void on_locked(struct builder *builder, struct trace_thread *thread,
		      const struct trace_event *event)
{
	uint64_t *mm = mm_of(builder, thread);

	if (!event->lock.success)
		return; /* a failed try; the acquisition that waits follows */
	if (thread->exec.open) {
		if (event->lock.write && !*mm)
			*mm = event->lock.mm;
		return;
	}
	if (thread->fault.state != FAULT_NONE && (!*mm || *mm == event->lock.mm) &&
	    fault_takes_lock(builder, thread, event))
		return;
	if (thread->call.open)
		call_takes_lock(builder, thread, event);
}

static void on_released(struct trace_thread *thread)
{
	if (thread->fault.state == FAULT_LOCKED)
		thread->fault.state = FAULT_UNLOCKED;
}

/* ---- MMAP2 records ---- */

static void on_map(struct builder *builder, struct trace_thread *thread,
		   const struct trace_event *event)
{
	struct trace_exec_step step = {.line = event->line, .map = event->map};
	struct trace_map *maps;

	step.map.name = trace_pool_string(&builder->loaded->pool, event->map.name);
	if (thread->exec.open) {
		add_step(builder, thread, &step);
	} else if (thread->fault.state == FAULT_GROWING) {
		attach_growth(builder, thread, &step.map);
	} else if (thread->call.open && is_memory_call(thread->call.call)) {
		maps = trace_grow(thread->maps, thread->nr_maps, &thread->maps_room, sizeof(*maps));
		if (!maps) {
			builder->out_of_memory = true;
			return;
		}
		thread->maps = maps;
		maps[thread->nr_maps++] = step.map;
	} else {
		PROBLEM(builder, maps_unattached, event->line);
	}
}

/* ---- threads and processes ---- */

/*
 * Whether a new process shares its parent's space or copies it. fork, vfork and
 * the flags of clone tell. The flags of clone3 are not recorded, but a copy
 * takes the parent's mmap_lock for writing. Without lock events, assume that it
 * shares, because posix_spawn, which calls clone3, shares.
 */
static enum trace_child relation(struct builder *builder, const struct trace_thread *parent,
				 bool *guessed)
{
	bool locks = trace_counts(builder->reader)->events[TRACE_EV_LOCKED] != 0;

	*guessed = false;
	if (!parent->call.open || !is_fork(parent->call.call))
		*guessed = true;
	else if (parent->call.call == TRACE_VFORK)
		return TRACE_CHILD_SHARES;
	else if (parent->call.call == TRACE_FORK)
		return TRACE_CHILD_COPIES;
	else if (parent->call.call == TRACE_CLONE)
		return parent->call.args[0] & CLONE_VM_FLAG ? TRACE_CHILD_SHARES
							    : TRACE_CHILD_COPIES;
	else if (!locks)
		*guessed = true;
	return parent->call.write_lock.line ? TRACE_CHILD_COPIES : TRACE_CHILD_SHARES;
}

/*
 * Return: the space that a child process begins in, or TRACE_NO_SPACE when
 * memory is out.
 */
static int child_space(struct builder *builder, const struct trace_thread *parent,
		       enum trace_child how, int pid)
{
	bool known = builder->tasks.spaces[parent->space].known_from_start;
	int space;

	if (how != TRACE_CHILD_COPIES)
		return parent->space;
	space = trace_tasks_add_space(&builder->tasks, pid, parent->space, known);
	if (space != TRACE_NO_SPACE)
		builder->tasks.spaces[space].mm = parent->call.child_mm;
	return space;
}

static void on_task_new(struct builder *builder, const struct trace_event *event)
{
	struct trace_event of_parent = {
		.line = event->line, .pid = event->task.ppid, .tid = event->task.ptid};
	struct trace_thread *parent = thread_of(builder, &of_parent);
	struct trace_moment commit = moment_of(event);
	struct trace_thread *child;
	struct trace_effect *effect;
	enum trace_child how = TRACE_CHILD_THREAD;
	bool guessed = false;
	int space;

	if (!parent)
		return;
	if (event->task.pid != event->task.ppid)
		how = relation(builder, parent, &guessed);
	space = child_space(builder, parent, how, event->task.pid);
	if (space == TRACE_NO_SPACE) {
		builder->out_of_memory = true;
		return;
	}
	if (how == TRACE_CHILD_COPIES && parent->call.write_lock.line)
		commit = parent->call.write_lock;
	effect = new_effect(builder, TRACE_FORK_DONE, parent, moment_of(event), commit);
	if (!effect)
		return;
	effect->fork.how = how;
	effect->fork.child_pid = event->task.pid;
	effect->fork.child_tid = event->task.tid;
	effect->fork.child_space = space;
	effect->fork.guessed = guessed;
	/* Last, because in a damaged text the child may replace its parent. */
	child = trace_tasks_add(&builder->tasks, event->task.pid, event->task.tid, space);
	if (child)
		child->newborn = true;
	else
		builder->out_of_memory = true;
}

static void end_thread(struct builder *builder, struct trace_thread *thread,
		       struct trace_moment when)
{
	struct trace_effect *effect = new_effect(builder, TRACE_TASK_DONE, thread, when, when);
	bool ended;

	if (thread->call.open && thread->call.call != TRACE_EXIT &&
	    thread->call.call != TRACE_EXIT_GROUP)
		PROBLEM(builder, enters_without_exit, thread->call.enter.line);
	if (thread->exec.open) {
		PROBLEM(builder, execs_unfinished, when.line);
		close_exec(builder, thread);
	}
	ended = trace_tasks_remove(&builder->tasks, thread);
	if (effect)
		effect->end.space_ended = ended;
}

/*
 * Find the thread that called execve in process @pid. It returns as the only
 * thread of the process, under the id @pid. NULL: the process is unknown.
 */
static struct trace_thread *exec_caller(struct builder *builder, int pid)
{
	struct trace_thread *first = trace_tasks_find(&builder->tasks, pid);
	struct trace_thread *other;

	if (first && first->call.open && first->call.call == TRACE_EXECVE)
		return first;
	other = trace_tasks_find_execing(&builder->tasks, pid, pid);
	if (!other)
		return first;
	trace_tasks_rename(&builder->tasks, other, pid);
	return other;
}

static void on_comm_exec(struct builder *builder, const struct trace_event *event)
{
	struct trace_thread *thread = exec_caller(builder, event->pid);
	int space = trace_tasks_add_space(&builder->tasks, event->pid, TRACE_NO_SPACE, true);
	int old_space = thread ? thread->space : TRACE_NO_SPACE;
	bool ended = false;
	struct trace_effect *effect;

	if (space == TRACE_NO_SPACE) {
		builder->out_of_memory = true;
		return;
	}
	if (thread)
		ended = trace_tasks_move(&builder->tasks, thread, space);
	else
		thread = trace_tasks_add(&builder->tasks, event->pid, event->tid, space);
	effect = thread ? new_effect(builder, TRACE_EXEC_DONE, thread, moment_of(event),
				     moment_of(event))
			: NULL;
	if (!effect) {
		builder->out_of_memory = true;
		return;
	}
	effect->exec.old_space = old_space;
	effect->exec.old_space_ended = ended;
	effect->exec.comm = trace_pool_string(&builder->loaded->pool, event->comm.comm);
	effect->exec.filename = "";
	thread->exec.open = true;
	thread->exec.effect = index_of(builder, effect);
	thread->back_from_exec = !thread->call.open;
	thread->fault.state = FAULT_NONE;
	thread->nr_steps = 0;
}

static void on_sched_exec(struct builder *builder, struct trace_thread *thread,
			  const struct trace_event *event)
{
	if (!thread->exec.open)
		return;
	effect_at(builder, thread->exec.effect)->exec.filename =
		trace_pool_string(&builder->loaded->pool, event->exec.filename);
	close_exec(builder, thread);
}

/* ---- the pass ---- */

/*
 * An event of the running thread. A lock event does not introduce an unknown
 * thread; any other event does.
 */
static void on_thread_event(struct builder *builder, const struct trace_event *event)
{
	bool lock = event->type == TRACE_EV_LOCKED || event->type == TRACE_EV_RELEASED;
	struct trace_thread *thread =
		lock ? trace_tasks_find(&builder->tasks, event->tid) : thread_of(builder, event);

	/* A thread may take a lock after the record of its end. */
	if (!thread)
		return;
	if (event->type == TRACE_EV_SCHED_EXIT)
		give_back_lock_of_exit(builder, thread);
	if (!lock && event->type != TRACE_EV_MAP)
		thread->fault.state = FAULT_NONE;
	switch (event->type) {
	case TRACE_EV_ENTER:
		on_enter(builder, thread, event);
		break;
	case TRACE_EV_LEAVE:
		on_leave(builder, thread, event);
		break;
	case TRACE_EV_FAULT:
		on_fault(builder, thread, event);
		break;
	case TRACE_EV_MAP:
		on_map(builder, thread, event);
		break;
	case TRACE_EV_LOCKED:
		on_locked(builder, thread, event);
		break;
	case TRACE_EV_RELEASED:
		on_released(thread);
		break;
	case TRACE_EV_SCHED_EXEC:
		on_sched_exec(builder, thread, event);
		break;
	case TRACE_EV_SCHED_EXIT:
		thread->dying = moment_of(event);
		break;
	default:
		break;
	}
}

static void on_event(struct builder *builder, const struct trace_event *event)
{
	struct trace_thread *thread;

	switch (event->type) {
	case TRACE_EV_TASK_NEW:
		on_task_new(builder, event);
		break;
	case TRACE_EV_TASK_EXIT:
		thread = trace_tasks_find(&builder->tasks, event->task.tid);
		if (thread)
			end_thread(builder, thread, moment_of(event));
		break;
	case TRACE_EV_COMM_EXEC:
		on_comm_exec(builder, event);
		break;
	case TRACE_EV_LOST:
		if (!builder->loaded->order.problems.first_line)
			builder->loaded->order.problems.first_line = event->line;
		break;
	case TRACE_EV_COMM:
	case TRACE_EV_SCHED_FORK:
	case TRACE_EV_KERNEL_MAP:
		break;
	default:
		on_thread_event(builder, event);
		break;
	}
}

/* Count the problems of a thread that is alive at the end of the text. */
static void count_left(void *context, struct trace_thread *thread)
{
	struct builder *builder = context;

	builder->loaded->order.problems.threads_left++;
	if (thread->exec.open) {
		PROBLEM(builder, execs_unfinished, thread->call.enter.line);
		close_exec(builder, thread);
	}
	if (thread->call.open && thread->call.call != TRACE_EXIT &&
	    thread->call.call != TRACE_EXIT_GROUP)
		PROBLEM(builder, enters_without_exit, thread->call.enter.line);
}

static int compare_commits(const void *a, const void *b)
{
	const struct trace_effect *left = a, *right = b;

	return (left->commit > right->commit) - (left->commit < right->commit);
}

static void number_spaces(struct loaded *loaded)
{
	if (!loaded->effects || !loaded->spaces)
		return; /* there is no effect, or memory ran out before the first */
	for (unsigned long i = 0; i < loaded->order.nr_effects; i++) {
		struct trace_space *space = &loaded->spaces[loaded->effects[i].space];

		if (!space->nr_effects++)
			space->first = i;
		space->last = i;
	}
}

/* Sort the effects, and hand everything over to the recording. */
static void finish(struct builder *builder)
{
	struct loaded *loaded = builder->loaded;
	struct trace_order *order = &loaded->order;

	trace_tasks_each(&builder->tasks, count_left, builder);
	if (loaded->effects)
		qsort(loaded->effects, order->nr_effects, sizeof(*loaded->effects),
		      compare_commits);
	loaded->spaces = builder->tasks.spaces;
	builder->tasks.spaces = NULL;
	number_spaces(loaded);
	order->effects = loaded->effects;
	order->spaces = loaded->spaces;
	order->nr_spaces = (int)builder->tasks.nr_spaces;
	order->counts = *trace_counts(builder->reader);
	order->problems.lost = order->counts.lost;
	order->by_locks = order->counts.events[TRACE_EV_LOCKED] != 0;
}

/* Return: 0, or -1 with the message in @error. */
static int read_all(struct builder *builder, const char *path, char *error)
{
	struct trace_event event;
	int got = 0;

	while (!builder->out_of_memory && !builder->loaded->pool.out_of_memory &&
	       (got = trace_next(builder->reader, &event)) > 0)
		on_event(builder, &event);
	if (builder->out_of_memory || builder->loaded->pool.out_of_memory)
		snprintf(error, TRACE_ERROR_MAX, "%s: out of memory", path);
	else if (got < 0)
		snprintf(error, TRACE_ERROR_MAX, "%s", trace_error(builder->reader));
	else
		return 0;
	return -1;
}

struct trace_order *trace_order_load(const char *path, char *error)
{
	struct builder builder = {.loaded = calloc(1, sizeof(*builder.loaded))};
	int failed = -1;

	if (!builder.loaded) {
		snprintf(error, TRACE_ERROR_MAX, "%s: out of memory", path);
		return NULL;
	}
	builder.reader = trace_open(path, error);
	if (builder.reader)
		failed = read_all(&builder, path, error);
	if (builder.reader)
		finish(&builder);
	trace_tasks_free(&builder.tasks);
	trace_close(builder.reader);
	if (!failed)
		return &builder.loaded->order;
	trace_order_free(&builder.loaded->order);
	return NULL;
}

void trace_order_free(struct trace_order *order)
{
	struct loaded *loaded = (struct loaded *)order; /* its first member */

	if (!loaded)
		return;
	trace_pool_free(&loaded->pool);
	free(loaded->effects);
	free(loaded->spaces);
	free(loaded);
}
