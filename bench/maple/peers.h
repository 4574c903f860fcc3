/* SPDX-License-Identifier: MIT */
/*
 * peers.h - the stores to measure: ours, and those of the shared objects that
 * bench/maple/peers built.
 */
#ifndef BENCH_MAPLE_PEERS_H
#define BENCH_MAPLE_PEERS_H

#include "bench/maple/figure.h"
#include "bench/maple/store.h"

extern const struct store store_ours;

struct stores {
	unsigned int nr;
	const struct store *store[STORES_MAX];
};

/**
 * stores_load() - Ours, and, unless @folder is NULL, what peers lie in it. One
 * that is not there, or cannot be loaded, is a line on stderr; no error.
 */
void stores_load(struct stores *stores, const char *folder);

/**
 * peers_folder() - Where bench/maple/peers leaves what it builds. Return: a
 * place in @buf; NULL: the user has no folder.
 */
const char *peers_folder(char *buf, size_t size);

#endif
