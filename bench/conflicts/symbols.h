/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - names the functions and variables of this program and of its
 * shared libraries. cell.c labels cache lines with them.
 */
#ifndef BENCH_CONFLICTS_SYMBOLS_H
#define BENCH_CONFLICTS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * symbol_name() - Name the function or variable at @addr: "NAME"; "FILE.c:
 * NAME" if it is local to a file; "LIBRARY: NAME" if it is a shared library's.
 * Return: false if neither lies there.
 */
bool symbol_name(uintptr_t addr, char *name, size_t size);

#endif
