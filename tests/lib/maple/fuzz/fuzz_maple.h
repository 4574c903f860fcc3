/* SPDX-License-Identifier: MIT */
/*
 * fuzz_maple.h - bytes as operations on a tree beside its oracle.
 *
 * 	byte 0       bit 0: gaps are kept, bit 1: RCU, bit 2: every allocation fails once, bits 3 and 4: how nodes are searched
 * 	then         operations: a byte for the kind, a key or two, an entry and a size where the kind has them (fuzz_maple.c)
 *
 * A disagreement, or a broken tree, is printed and ends the program.
 */
#ifndef TESTS_MAPLE_FUZZ_FUZZ_MAPLE_H
#define TESTS_MAPLE_FUZZ_FUZZ_MAPLE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's name for it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
