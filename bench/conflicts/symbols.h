/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - names of functions and variables, of this program and of its
 * shared libraries.
 */
#ifndef BENCH_CONFLICTS_SYMBOLS_H
#define BENCH_CONFLICTS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The function or variable at @addr: "NAME", with "FILE.c: " in front if no
 * other file sees it, or "LIBRARY: NAME".
 * Return: false if nothing of that kind lies there.
 */
bool symbol_name(uintptr_t addr, char *name, size_t size);

#endif
