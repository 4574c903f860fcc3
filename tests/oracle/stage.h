/* SPDX-License-Identifier: MIT */
/*
 * stage.h - what all processes of one run of the oracle share: the script, how
 * far it is, and what has been printed.
 *
 * A script forks, and goes on now in the child, now in the parent; one process
 * at a time runs it. So all of this is one mapping that is shared across fork()
 * and lies outside the arena. Nothing here allocates: malloc() would change the
 * very layout that is to be shown.
 *
 * Locks: none. Whoever runs the script owns the stage; the others wait for an
 *        end of file (perform.c), which orders.
 */
#ifndef TESTS_ORACLE_STAGE_H
#define TESTS_ORACLE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#define STAGE_OUT_MAX (1UL << 20)
#define STAGE_SHM_MAX 1024

/* What went wrong beside the script: nothing compared can be believed then. */
enum stage_trouble { STAGE_FINE, STAGE_BAD_LINE, STAGE_BROKEN, STAGE_FORBIDDEN, STAGE_LOST };

struct stage {
	const char *text, *end; /* the rest of the input */
	unsigned long line;     /* in the input, from 1 */
	unsigned long op;       /* in this script, from 0 */
	bool may_lock;          /* as much memory as it likes */
	bool flags, layout;     /* what to print after each operation */
	bool no_zero_page;      /* look like a kernel without one: zero.h */
	unsigned int depth;     /* processes that wait for the current one to exit */
	bool exited;            /* an `exit` woke the parent, not the script's end */
	bool done;              /* the script's last line is behind */
	enum stage_trouble trouble;
	/* inodes of shared anonymous memory, in order of first appearance */
	unsigned long shm[STAGE_SHM_MAX];
	unsigned int nr_shm;
	size_t out_len;
	char out[STAGE_OUT_MAX];
};

/* The one stage. stage_create() maps it; it ends the program if it cannot. */
extern struct stage *stage;
void stage_create(void);

/* printf() into the output, which is written when it is full or flushed. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void stage_flush(void);

/* A message to standard error, after all output so far. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the program ends: this machine cannot run the oracle. */
void cannot(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define EXIT_CANNOT 77

#endif
