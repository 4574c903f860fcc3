/* SPDX-License-Identifier: MIT */
/*
 * perform.c - see perform.h. Each operation checks its range before it does
 * anything.
 */
#include "tools/vmreplay/perform.h"

#include <stdio.h>
#include <string.h>

struct call {
	struct world *world;
	struct mm_struct *mm; /* of the process that the script is in */
	const struct op *op;
	struct answer *answer;
};

/*
 * A script must not make the world unbounded, or work in all of it. @i: the
 * argument that the message shows.
 */
static bool inside(struct call *c, int i, unsigned long addr, unsigned long len)
{
	return !world_is_outside(c->world, addr, len) ||
	       op_refuse(&c->answer->wrong, c->op->word[i + 1],
			 "a range inside the arena, [10000000, 50000000)");
}

/*
 * As inside(), for a call that refuses a range beyond the last address as a
 * whole: such a range has an answer.
 */
static bool inside_or_refused(struct call *c, int i, unsigned long addr, unsigned long len)
{
	unsigned long most = c->mm->layout.task_size;

	return len > most || addr > most - len || inside(c, i, addr, len);
}

static bool answer_text(struct call *c, const char *text)
{
	snprintf(c->answer->text, sizeof(c->answer->text), "%s", text);
	return true;
}

static bool answer_error(struct call *c, int err)
{
	snprintf(c->answer->text, sizeof(c->answer->text), "-%s", strerrorname_np(err));
	return true;
}

static bool answer_address(struct call *c, unsigned long result)
{
	if (IS_ERR_VALUE(result))
		return answer_error(c, (int)-(long)result);
	snprintf(c->answer->text, sizeof(c->answer->text), "%lx", result);
	return true;
}

static bool answer_number(struct call *c, int result)
{
	if (result < 0)
		return answer_error(c, -result);
	snprintf(c->answer->text, sizeof(c->answer->text), "%d", result);
	return true;
}

static bool op_mmap(struct call *c)
{
	const unsigned long *a = c->op->arg;
	struct file *file = c->op->file < 0 ? NULL : world_file(c->world, c->op->file);

	if ((a[3] & MAP_FIXED) && !inside_or_refused(c, 0, a[0], a[1]))
		return false;
	return answer_address(c, vms_mmap(c->mm, a[0], a[1], a[2], a[3], file, a[5]));
}

static bool op_munmap(struct call *c)
{
	const unsigned long *a = c->op->arg;

	return inside_or_refused(c, 0, a[0], a[1]) &&
	       answer_number(c, vms_munmap(c->mm, a[0], a[1]));
}

static bool op_mprotect(struct call *c)
{
	const unsigned long *a = c->op->arg;

	return answer_number(c, vms_mprotect(c->mm, a[0], a[1], a[2]));
}

static bool op_mremap(struct call *c)
{
	unsigned long addr = c->op->arg[0], old_len = c->op->arg[1], new_len = c->op->arg[2],
		      flags = c->op->arg[3], new_addr = c->op->arg[4];
	/*
	 * A new range that overlaps the old one is refused. An old range that
	 * reaches out of the arena is refused, too, because one mapping must
	 * hold all of it.
	 */
	bool replaces = (flags & MREMAP_FIXED) &&
			(new_addr + new_len <= addr || addr + old_len <= new_addr);

	if (!inside(c, 0, addr, 1) || (replaces && !inside_or_refused(c, 4, new_addr, new_len)))
		return false;
	return answer_address(c, vms_mremap(c->mm, addr, old_len, new_len, flags, new_addr));
}

static bool op_madvise(struct call *c)
{
	const unsigned long *a = c->op->arg;

	if (a[2] == MADV_GUARD_INSTALL && !inside(c, 0, a[0], a[1]))
		return false;
	return answer_number(c, vms_madvise(c->mm, a[0], a[1], (int)a[2]));
}

static bool op_mlock(struct call *c)
{
	return answer_number(c, vms_mlock(c->mm, c->op->arg[0], c->op->arg[1]));
}

static bool op_mlock2(struct call *c)
{
	const unsigned long *a = c->op->arg;

	return answer_number(c, vms_mlock2(c->mm, a[0], a[1], (unsigned int)a[2]));
}

static bool op_munlock(struct call *c)
{
	return answer_number(c, vms_munlock(c->mm, c->op->arg[0], c->op->arg[1]));
}

static bool op_mlockall(struct call *c)
{
	return answer_number(c, vms_mlockall(c->mm, (int)c->op->arg[0]));
}

static bool op_munlockall(struct call *c)
{
	return answer_number(c, vms_munlockall(c->mm));
}

static bool op_mseal(struct call *c)
{
	return answer_number(c, vms_mseal(c->mm, c->op->arg[0], c->op->arg[1], 0));
}

static bool op_brk(struct call *c)
{
	return answer_address(c, vms_brk(c->mm, c->op->arg[0]));
}

static bool op_fault(struct call *c)
{
	static const char *const answers[] = {
		[VMS_FAULT_OK] = "ok",
		[VMS_SEGV_MAPERR] = "SEGV_MAPERR",
		[VMS_SEGV_ACCERR] = "SEGV_ACCERR",
		[VMS_SIGBUS] = "SIGBUS",
		[VMS_FAULT_OOM] = "-ENOMEM",
		[VMS_SEGV_PKUERR] = "SEGV_PKUERR",
	};
	unsigned int flags = c->op->arg[1] == 'w' ? FAULT_FLAG_WRITE : 0;

	return answer_text(c, answers[vms_fault(c->mm, c->op->arg[0], flags)]);
}

static bool op_fork(struct call *c)
{
	return answer_number(c, world_fork(c->world, (char)c->op->arg[0]));
}

static bool op_exit(struct call *c)
{
	world_exit(c->world);
	return answer_number(c, 0);
}

static bool (*const calls[NR_OP_CALLS])(struct call *c) = {
	[OP_MMAP] = op_mmap,         [OP_MUNMAP] = op_munmap,
	[OP_MPROTECT] = op_mprotect, [OP_MREMAP] = op_mremap,
	[OP_MADVISE] = op_madvise,   [OP_MLOCK] = op_mlock,
	[OP_MLOCK2] = op_mlock2,     [OP_MUNLOCK] = op_munlock,
	[OP_MLOCKALL] = op_mlockall, [OP_MUNLOCKALL] = op_munlockall,
	[OP_MSEAL] = op_mseal,       [OP_BRK] = op_brk,
	[OP_FAULT] = op_fault,       [OP_FORK] = op_fork,
	[OP_EXIT] = op_exit,
};

bool perform(struct world *world, const struct op *op, struct answer *answer)
{
	struct call c = {world, world_mm(world), op, answer};

	return calls[op->call](&c);
}
