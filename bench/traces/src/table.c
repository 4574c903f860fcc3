/* SPDX-License-Identifier: MIT */
/*
 * table.c - a source file for the compiler that is recorded: counts the words
 * of standard input in a hash table and sorts them by frequency.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
	struct word *next;
	unsigned long count;
	char text[];
};

static struct word *buckets[4096];
static size_t nr_words;

static unsigned int hash(const char *text)
{
	unsigned int sum = 5381;

	while (*text)
		sum = sum * 33 ^ (unsigned char)*text++;
	return sum % (sizeof(buckets) / sizeof(buckets[0]));
}

static int add(const char *text)
{
	struct word **at = &buckets[hash(text)];
	size_t len = strlen(text) + 1;

	for (; *at; at = &(*at)->next) {
		if (!strcmp((*at)->text, text)) {
			(*at)->count++;
			return 0;
		}
	}
	*at = malloc(sizeof(**at) + len);
	if (!*at)
		return -1;
	(*at)->next = NULL;
	(*at)->count = 1;
	memcpy((*at)->text, text, len);
	nr_words++;
	return 0;
}

static int by_count(const void *left, const void *right)
{
	const struct word *a = *(struct word *const *)left, *b = *(struct word *const *)right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->text, b->text);
}

int main(void)
{
	struct word **all;
	char text[256];
	size_t len = 0, nr = 0;
	int c;

	do {
		c = getchar();
		if (c != EOF && isalnum(c) && len < sizeof(text) - 1) {
			text[len++] = (char)tolower(c);
		} else if (len) {
			text[len] = '\0';
			len = 0;
			if (add(text))
				return 1;
		}
	} while (c != EOF);
	all = calloc(nr_words + 1, sizeof(*all));
	if (!all)
		return 1;
	for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++)
		for (struct word *word = buckets[i]; word; word = word->next)
			all[nr++] = word;
	qsort(all, nr, sizeof(*all), by_count);
	for (size_t i = 0; i < nr; i++)
		printf("%lu %s\n", all[i]->count, all[i]->text);
	free(all);
	return 0;
}
