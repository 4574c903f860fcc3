/* SPDX-License-Identifier: MIT */
/*
 * arena.h - makes this process the environment of an op script: nothing is
 * mapped in [ARENA_START, ARENA_END), everything else is occupied by mappings
 * that never merge, the break is at ARENA_START, and six files are open.
 * oracle.c calls these functions before it runs the first script.
 */
#ifndef TESTS_ORACLE_ARENA_H
#define TESTS_ORACLE_ARENA_H

#include <stdbool.h>

#include "tools/opscript/opscript.h"

/*
 * arena_begin() - Start the program again with a layout that is not random,
 * with the bottom and the stack limit that a script expects. Returns in the
 * second run. @argv: main's. Ends the program with EXIT_CANNOT if that is not
 * permitted.
 */
void arena_begin(char **argv);

/*
 * arena_create() - Do the rest; afterwards only raw system calls are allowed.
 * @folder: the folder for the files; NULL: the usual place. Ends the program
 * with EXIT_CANNOT if this machine is not as scripts expect.
 */
void arena_create(const char *folder);

/*
 * arena_may_lock() - Remove the limit of locked memory, which scripts expect.
 * Return: whether this process may lock any amount of memory.
 */
bool arena_may_lock(void);

/* arena_file() - The descriptor of op_files[@i]. */
int arena_file(int i);

/*
 * arena_file_name() - The name of the file with this device and inode in a
 * listing, or NULL. f1 is listed as f0.
 */
const char *arena_file_name(unsigned int major, unsigned int minor, unsigned long ino);

#endif
