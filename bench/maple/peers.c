/* SPDX-License-Identifier: MIT */
/*
 * peers.c - see peers.h. Loads the peers' shared objects, each with a symbol
 * scope of its own (RTLD_LOCAL). They are never unloaded, because threads of
 * theirs may still run.
 */
#include "bench/maple/peers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/harness/say.h"

/* In the order of the result table's columns. */
static const char *const peer_files[] = {"kernel-qsbr", "kernel-memb", "absl"};

const char *peers_folder(char *buf, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len = -1;

	/*
	 * Never use /tmp: anybody may have put there what would then be loaded.
	 */
	if (cache && *cache)
		len = snprintf(buf, size, "%s/vmastore-maple-peers", cache);
	else if (home && *home)
		len = snprintf(buf, size, "%s/.cache/vmastore-maple-peers", home);
	return len >= 0 && (size_t)len < size ? buf : NULL;
}

static void add_all(struct stores *stores, const struct store *const *from, const char *path)
{
	for (; *from; from++) {
		if ((*from)->abi != STORE_ABI)
			bench_say(stderr,
				  "maplebench: %s: built for another version of the benchmark; run "
				  "bench/maple/peers again",
				  path);
		else if (stores->nr < STORES_MAX)
			stores->store[stores->nr++] = *from;
	}
}

static void load(struct stores *stores, const char *folder, const char *name)
{
	const struct store *const *from;
	char *path;
	void *object;

	if (asprintf(&path, "%s/%s.so", folder, name) < 0) {
		bench_say(stderr, "maplebench: skipped: peer %s: out of memory", name);
		return;
	}
	if (access(path, R_OK) != 0) {
		bench_say(stderr,
			  "maplebench: skipped: peer %s is not built (no %s); bench/maple/peers "
			  "builds it",
			  name, path);
		free(path);
		return;
	}
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	from = object ? dlsym(object, STORE_SYMBOL) : NULL;
	if (from)
		add_all(stores, from, path);
	else
		bench_say(stderr, "maplebench: skipped: peer %s: %s", name, dlerror());
	free(path);
}

void stores_load(struct stores *stores, const char *folder)
{
	stores->nr = 0;
	stores->store[stores->nr++] = &store_ours;
	for (size_t i = 0; folder && i < sizeof(peer_files) / sizeof(peer_files[0]); i++)
		load(stores, folder, peer_files[i]);
}
