/* SPDX-License-Identifier: MIT */
/*
 * fuzz_maple.h - runs bytes as operations on a tree and its oracle. Input:
 *
 * 	byte 0   bit 0: the tree keeps gaps; bit 1: RCU mode; bit 2: each
 * 	         allocation fails once; bits 3 and 4: the instruction set
 * 	then     operations: a byte for the kind, then one or two keys, an
 * 	         entry and a size if the kind has them (fuzz_maple.c)
 *
 * If tree and oracle disagree, or the tree is broken, the target prints a
 * report and ends the program.
 */
#ifndef TESTS_MAPLE_FUZZ_FUZZ_MAPLE_H
#define TESTS_MAPLE_FUZZ_FUZZ_MAPLE_H

#include <stddef.h>
#include <stdint.h>

/* Runs one input. libFuzzer prescribes the name. Return: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
