/* SPDX-License-Identifier: MIT */
/*
 * corpus.h - the op scripts that are swept: those that stand in files, and
 * those that the generator of tests/oracle makes.
 */
#ifndef TESTS_SWEEP_CORPUS_H
#define TESTS_SWEEP_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

struct script_line {
	char *text;           /* one operation */
	unsigned long number; /* of the line in its file, or in the script that was made */
};

struct script {
	char *name;
	struct script_line *line;
	size_t nr;
};

struct corpus {
	struct script *script;
	size_t nr;
};

/*
 * Add what a file holds, each `script` line beginning another. Return: false if
 * it cannot be read.
 */
bool corpus_add_file(struct corpus *corpus, const char *path);
/*
 * Add one script of each of the generator's profiles for each seed from @first
 * to @first + @seeds - 1.
 */
void corpus_add_made(struct corpus *corpus, unsigned long first, unsigned long seeds,
		     unsigned long ops);
void corpus_free(struct corpus *corpus);

#endif
