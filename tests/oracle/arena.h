/* SPDX-License-Identifier: MIT */
/*
 * arena.h - makes this process the world that an op script runs in: nothing in
 * [ARENA_START, ARENA_END), everything else occupied by mappings that merge
 * with nothing, the break at ARENA_START, six files open.
 */
#ifndef TESTS_ORACLE_ARENA_H
#define TESTS_ORACLE_ARENA_H

#include <stdbool.h>

#define ARENA_START 0x10000000UL
#define ARENA_END 0x50000000UL
#define ARENA_NR_FILES 6

/*
 * Starts the program again with a layout that is not random, bottom and stack
 * limit as a script expects; returns in the second life. @argv: main's. Ends
 * the program with EXIT_CANNOT where it may not.
 */
void arena_begin(char **argv);

/*
 * The rest; after it, only raw system calls. @folder: where the files may be
 * made; NULL: where it is usual. Ends the program with EXIT_CANNOT where this
 * machine is not what scripts expect.
 */
void arena_create(const char *folder);

/*
 * Whether this process may lock any amount of memory; scripts expect that. The
 * limit is gone then.
 */
bool arena_may_lock(void);

/* The descriptor of f0, f1, f2, f3, m0 or m1; -1 for another word. */
int arena_file(const char *name);

/*
 * The name of the file with this device and inode in a listing, or NULL. f1 is
 * listed as f0.
 */
const char *arena_file_name(unsigned int major, unsigned int minor, unsigned long ino);

#endif
