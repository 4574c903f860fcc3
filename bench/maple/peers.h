/* SPDX-License-Identifier: MIT */
/*
 * peers.h - the stores to measure: our own, and those of the shared objects
 * that bench/maple/peers built.
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
 * stores_load() - Set @stores to our store and, unless @folder is NULL, to the
 * peers in it. A peer that is missing, or cannot be loaded, is reported on
 * stderr; that is no error.
 */
void stores_load(struct stores *stores, const char *folder);

/**
 * peers_folder() - The folder where bench/maple/peers puts the shared objects.
 * Return: a pointer into @buf; NULL if the user has no such folder.
 */
const char *peers_folder(char *buf, size_t size);

#endif
