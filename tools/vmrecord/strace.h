/* SPDX-License-Identifier: MIT */
/* strace.h - records only the calls, for machines where perf cannot be used. */
#ifndef TOOLS_VMRECORD_STRACE_H
#define TOOLS_VMRECORD_STRACE_H

struct output;

/*
 * Run @command under strace into the text file @scratch, and copy the text to
 * @output, after a first line that marks it.
 * Return: the command's wait status as strace passes it on, or -1 after a
 * message.
 */
int strace_record(char *const command[], const char *scratch, struct output *output);

#endif
