/* SPDX-License-Identifier: MIT */
/*
 * corpus.h - the op scripts to sweep: those in files, and those that the
 * generator of tests/oracle makes.
 */
#ifndef TESTS_SWEEP_CORPUS_H
#define TESTS_SWEEP_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

struct script_line {
	char *text;           /* one operation */
	unsigned long number; /* line in the file, or in the generated script */
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
 * Add the scripts of a file; each `script` line begins another one.
 * Return: false if the file cannot be read.
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
