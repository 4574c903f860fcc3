/* SPDX-License-Identifier: MIT */
/*
 * test_fuzz.c - replays the inputs of tests/lib/maple/fuzz/corpus, and random
 * ones, without libFuzzer. Each input's name or number is printed before it
 * runs. An input that fails prints the operations that led to the failure and
 * ends the program.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/maple/fuzz/fuzz_maple.h"
#include "tests/lib/maple/model.h"

#define CORPUS "tests/lib/maple/fuzz/corpus"
#define INPUT_MAX 4096

static uint8_t input[INPUT_MAX];

static void replay(const char *name)
{
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(input, 1, sizeof(input), f);
	fclose(f);
	assert_true(n > 0);
	fprintf(stderr, "fuzz: %s\n", path);
	LLVMFuzzerTestOneInput(input, n);
}

static void the_corpus_passes(void **state)
{
	DIR *dir = opendir(CORPUS);
	struct dirent *d;
	unsigned int n = 0;

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		replay(d->d_name);
		n++;
	}
	closedir(dir);
	print_message("%u inputs\n", n);
	assert_true(n >= 10);
}

static void random_inputs_pass(void **state)
{
	unsigned int inputs = 2400 * model_more() / MODEL_LESS;
	uint64_t random = 1;

	(void)state;
	for (unsigned int i = 0; i < inputs; i++) {
		size_t n = 1 + i % 2000;

		for (size_t k = 0; k < n; k++) {
			random = random * 6364136223846793005ull + 1442695040888963407ull;
			input[k] = (uint8_t)(random >> 56);
		}
		/* The modes take turns. */
		input[0] = (uint8_t)i;
		if (i % 100 == 0)
			fprintf(stderr, "fuzz: random inputs from number %u on\n", i);
		LLVMFuzzerTestOneInput(input, n);
	}
	print_message("%u random inputs\n", inputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_corpus_passes),
		cmocka_unit_test(random_inputs_pass),
	};

	return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
