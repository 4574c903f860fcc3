/* SPDX-License-Identifier: MIT */
/*
 * vmreplay.h - the three commands of vmreplay, each in a file of its own, and
 * the exit status and option that they share.
 */
#ifndef TOOLS_VMREPLAY_VMREPLAY_H
#define TOOLS_VMREPLAY_VMREPLAY_H

#include <stdbool.h>

#include "bench/harness/args.h"

#define EXIT_MISMATCH 1
#define EXIT_USAGE 2

/*
 * Each command is like a main(); argv[0] is "vmreplay COMMAND".
 * Return: the exit status.
 */
int vmreplay_check(int argc, char **argv);
int vmreplay_run(int argc, char **argv);
int vmreplay_ops(int argc, char **argv);

/*
 * The parser of the option --rules, for struct bench_option.
 * @to: the struct rules that the words of @arg change.
 */
bool vmreplay_take_rules(char *arg, void *to, char why[BENCH_WHY_MAX]);

#endif
