/* SPDX-License-Identifier: MIT */
/*
 * stage.h - the state that all processes of one run of the oracle share: the
 * script, its progress, and the output.
 *
 * A script forks, and continues in the child or in the parent; one process at a
 * time runs it. Therefore the stage is one mapping that is shared across fork()
 * and lies outside the arena. These functions do not allocate, because malloc()
 * would change the layout that is to be shown.
 *
 * Locks: none. The process that runs the script owns the stage. The others wait
 *        for an end of file (perform.c), which orders their accesses.
 */
#ifndef TESTS_ORACLE_STAGE_H
#define TESTS_ORACLE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#define STAGE_OUT_MAX (1UL << 20)
#define STAGE_SHM_MAX 1024

/* An error outside the script, after which no comparison can be trusted. */
enum stage_trouble { STAGE_FINE, STAGE_BAD_LINE, STAGE_BROKEN, STAGE_FORBIDDEN, STAGE_LOST };

struct stage {
	const char *text, *end; /* the rest of the input */
	unsigned long line;     /* of the input, from 1 */
	unsigned long op;       /* of this script, from 0 */
	bool may_lock;          /* any amount of memory */
	bool flags, layout;     /* what to print after each operation */
	bool no_zero_page;      /* make this kernel look like one without: zero.h */
	unsigned int depth;     /* processes that wait for the current one to exit */
	bool exited; /* the parent continues because of `exit`, not of the script's end */
	bool done;   /* the script's last line was performed */
	enum stage_trouble trouble;
	/* inodes of shared anonymous memory, in order of first appearance */
	unsigned long shm[STAGE_SHM_MAX];
	unsigned int nr_shm;
	size_t out_len;
	char out[STAGE_OUT_MAX];
};

/* The only stage. stage_create() maps it, and ends the program if it cannot. */
extern struct stage *stage;
void stage_create(void);

/* Print to the output, which is written when it is full or flushed. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void stage_flush(void);

/* Print a message to standard error, after all output so far. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Print a message and end the program: this machine cannot run the oracle. */
void cannot(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define EXIT_CANNOT 77

#endif
