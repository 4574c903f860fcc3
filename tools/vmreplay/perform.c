/* SPDX-License-Identifier: MIT */
/*
 * perform.c - see perform.h. Each operation reads all its words before it does
 * anything.
 */
#include "tools/vmreplay/perform.h"

#include <stdio.h>
#include <string.h>

struct call {
	struct world *world;
	char **word;
	struct answer *answer;
};

static bool bad(struct call *c, const char *found, const char *expected)
{
	snprintf(c->answer->found, sizeof(c->answer->found), "%s", found);
	snprintf(c->answer->expected, sizeof(c->answer->expected), "%s", expected);
	return false;
}

static bool hex(struct call *c, int i, unsigned long *n)
{
	return word_hex(c->word[i], n) || bad(c, c->word[i], "a hexadecimal number without 0x");
}

static bool range(struct call *c, unsigned long *addr, unsigned long *len)
{
	return hex(c, 1, addr) && hex(c, 2, len);
}

/*
 * What would make the world unbounded, or work in all of it, is no operation of
 * a script. @i: the word that the message shows.
 */
static bool inside(struct call *c, int i, unsigned long addr, unsigned long len)
{
	return !world_is_outside(c->world, addr, len) ||
	       bad(c, c->word[i], "a range inside the arena, [10000000, 50000000)");
}

/* The same of calls that refuse a range beyond the last address as a whole. */
static bool inside_or_refused(struct call *c, int i, unsigned long addr, unsigned long len)
{
	unsigned long most = world_mm(c->world)->layout.task_size;

	return len > most || addr > most - len || inside(c, i, addr, len);
}

static bool prot_word(struct call *c, unsigned long *prot)
{
	return word_prot(c->word[3], prot) || bad(c, c->word[3], "letters of rwxD, or none");
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
	unsigned long addr, len, prot, flags, off;
	struct file *file;

	if (!range(c, &addr, &len) || !hex(c, 6, &off) || !prot_word(c, &prot))
		return false;
	if (!word_map_flags(c->word[4], &flags))
		return bad(c, c->word[4], "mmap flags joined by |, or 0");
	if (!world_file(c->world, c->word[5], &file))
		return bad(c, c->word[5], "-, f0, f1, f2, f3, m0, m1 or a decimal number");
	if ((flags & MAP_FIXED) && !inside_or_refused(c, 1, addr, len))
		return false;
	return answer_address(c, vms_mmap(world_mm(c->world), addr, len, prot, flags, file, off));
}

static bool op_munmap(struct call *c)
{
	unsigned long addr, len;

	return range(c, &addr, &len) && inside_or_refused(c, 1, addr, len) &&
	       answer_number(c, vms_munmap(world_mm(c->world), addr, len));
}

static bool op_mprotect(struct call *c)
{
	unsigned long addr, len, prot;

	return prot_word(c, &prot) && range(c, &addr, &len) &&
	       answer_number(c, vms_mprotect(world_mm(c->world), addr, len, prot));
}

static bool op_mremap(struct call *c)
{
	unsigned long addr, old_len, new_len, flags, new_addr;
	bool replaces;

	if (!word_remap_flags(c->word[4], &flags))
		return bad(c, c->word[4], "maymove, rfixed, dontunmap joined by |, or 0");
	if (!range(c, &addr, &old_len) || !hex(c, 3, &new_len) || !hex(c, 5, &new_addr))
		return false;
	/*
	 * A new range that overlaps the old one is refused; an old one that
	 * reaches out of the arena, too: one mapping must hold all of it.
	 */
	replaces = (flags & MREMAP_FIXED) &&
		   (new_addr + new_len <= addr || addr + old_len <= new_addr);
	if (!inside(c, 1, addr, 1) || (replaces && !inside_or_refused(c, 5, new_addr, new_len)))
		return false;
	return answer_address(c, vms_mremap(world_mm(c->world), addr, old_len, new_len, flags,
					    new_addr));
}

static bool op_madvise(struct call *c)
{
	unsigned long addr, len;
	int advice;

	if (!word_advice(c->word[3], &advice))
		return bad(c, c->word[3],
			   "an advice that the library has, such as DONTNEED or HUGEPAGE");
	if (!range(c, &addr, &len) || (advice == MADV_GUARD_INSTALL && !inside(c, 1, addr, len)))
		return false;
	return answer_number(c, vms_madvise(world_mm(c->world), addr, len, advice));
}

static bool op_mlock(struct call *c)
{
	unsigned long addr, len;

	return range(c, &addr, &len) && answer_number(c, vms_mlock(world_mm(c->world), addr, len));
}

static bool op_mlock2(struct call *c)
{
	unsigned long addr, len, flags;

	if (!word_lock_flags(c->word[3], &flags))
		return bad(c, c->word[3], "onfault or 0");
	return range(c, &addr, &len) &&
	       answer_number(c, vms_mlock2(world_mm(c->world), addr, len, (unsigned int)flags));
}

static bool op_munlock(struct call *c)
{
	unsigned long addr, len;

	return range(c, &addr, &len) &&
	       answer_number(c, vms_munlock(world_mm(c->world), addr, len));
}

static bool op_mlockall(struct call *c)
{
	unsigned long flags;

	if (!word_lockall_flags(c->word[1], &flags))
		return bad(c, c->word[1], "current, future, aonfault joined by |, or 0");
	return answer_number(c, vms_mlockall(world_mm(c->world), (int)flags));
}

static bool op_munlockall(struct call *c)
{
	return answer_number(c, vms_munlockall(world_mm(c->world)));
}

static bool op_mseal(struct call *c)
{
	unsigned long addr, len;

	return range(c, &addr, &len) &&
	       answer_number(c, vms_mseal(world_mm(c->world), addr, len, 0));
}

static bool op_brk(struct call *c)
{
	unsigned long addr;

	return hex(c, 1, &addr) && answer_address(c, vms_brk(world_mm(c->world), addr));
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
	bool write = strcmp(c->word[2], "w") == 0;
	unsigned long addr;

	if (!write && strcmp(c->word[2], "r") != 0)
		return bad(c, c->word[2], "r or w");
	return hex(c, 1, &addr) &&
	       answer_text(
		       c,
		       answers[vms_fault(world_mm(c->world), addr, write ? FAULT_FLAG_WRITE : 0)]);
}

static bool op_fork(struct call *c)
{
	if (strlen(c->word[1]) != 1 || !strchr("cpx", c->word[1][0]))
		return bad(c, c->word[1], "c, p or x");
	return answer_number(c, world_fork(c->world, c->word[1][0]));
}

static bool op_exit(struct call *c)
{
	world_exit(c->world);
	return answer_number(c, 0);
}

static const struct {
	const char *name;
	int words; /* after the name */
	bool (*run)(struct call *c);
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

bool perform(struct world *world, const char *line, struct answer *answer)
{
	char copy[WORDS_LINE_MAX], *word[WORDS_MAX];
	struct call c = {.world = world, .word = word, .answer = answer};
	int nr;

	snprintf(copy, sizeof(copy), "%s", line);
	nr = words_split(copy, word);
	for (size_t i = 0; nr && i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(word[0], operations[i].name) != 0)
			continue;
		if (nr - 1 != operations[i].words) {
			char expected[64];

			snprintf(expected, sizeof(expected), "%s with %d words after it",
				 operations[i].name, operations[i].words);
			return bad(&c, line, expected);
		}
		return operations[i].run(&c);
	}
	return bad(&c, nr ? word[0] : "", PERFORM_OPS);
}
