/* SPDX-License-Identifier: MIT */
/*
 * strace.h - the second best where perf cannot be used: the calls alone.
 */
#ifndef TOOLS_VMRECORD_STRACE_H
#define TOOLS_VMRECORD_STRACE_H

struct output;

/*
 * Runs @command under strace into the text file @scratch, then into @output
 * behind a first line that marks it.
 * Return: the command's wait status as strace passes it on, or -1 (said why).
 */
int strace_record(char *const command[], const char *scratch, struct output *output);

#endif
