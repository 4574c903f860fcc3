/* SPDX-License-Identifier: MIT */
/*
 * conflicts.c - see conflicts.h: reads, keeps and writes the findings of
 * bench/conflicts.
 */
#include "tools/report/conflicts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/row.h"
#include "bench/harness/say.h"

#define LINES_MAX 1000000
#define NAME_LEN_MAX 400u

bool conflicts_is_one(const char *line)
{
	json_t *object = json_loads(line, 0, NULL);
	bool is_one = json_object_get(object, "shared_written_lines") ||
		      json_object_get(object, "relation");

	json_decref(object);
	return is_one;
}

/* ---- reading ---- */

static bool refuse(const json_t *object, const char *key, const char *expected, char *why,
		   size_t why_size)
{
	const json_t *found = json_object_get(object, key);
	char *text = found ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
	char shown[BENCH_SHOWN_MAX];

	snprintf(why, why_size, "\"%s\": found %s, expected %s", key,
		 text ? bench_shown(text, shown) : "nothing", expected);
	free(text);
	return false;
}

static bool read_name(const json_t *object, const char *key, char to[BENCH_NAME_MAX], char *why,
		      size_t why_size)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text || !bench_is_name(text))
		return refuse(object, key,
			      "a name of at most 63 of A-Z a-z 0-9 . _ : + - /, a letter, digit or "
			      "_ first",
			      why, why_size);
	snprintf(to, BENCH_NAME_MAX, "%s", text);
	return true;
}

static bool read_count(const json_t *object, const char *key, unsigned long most, unsigned long *to,
		       char *why, size_t why_size)
{
	const json_t *value = json_object_get(object, key);
	char expected[64];

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    (json_int_t)most >= json_integer_value(value)) {
		*to = (unsigned long)json_integer_value(value);
		return true;
	}
	snprintf(expected, sizeof(expected), "a whole number from 0 to %lu", most);
	return refuse(object, key, expected, why, why_size);
}

static bool is_line_name(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text || !len || len > NAME_LEN_MAX || len != strlen(text))
		return false;
	for (; *text; text++)
		if (bench_is_control(text))
			return false;
	return true;
}

/*
 * A name stands for one line or more. Therefore there are at most as many names
 * as lines, and no name only if there is no line.
 */
static bool read_names(const json_t *object, struct conflict *conflict, char *why, size_t why_size)
{
	const json_t *names = json_object_get(object, "lines"), *name;
	size_t size = 1, at = 0, i;

	if (!json_is_array(names) || json_array_size(names) > conflict->lines ||
	    !json_array_size(names) != !conflict->lines)
		return refuse(object, "lines", "an array of the names of the shared lines", why,
			      why_size);
	json_array_foreach(names, i, name)
	{
		if (!is_line_name(name))
			return refuse(object, "lines",
				      "names of 1 to 400 bytes without control characters", why,
				      why_size);
		size += json_string_length(name) + 2;
	}
	conflict->names = calloc(1, size);
	if (!conflict->names) {
		snprintf(why, why_size, "out of memory");
		return false;
	}
	json_array_foreach(names, i, name) at += (size_t)snprintf(
		conflict->names + at, size - at, "%s%s", i ? "; " : "", json_string_value(name));
	return true;
}

static bool parse(struct conflict *conflict, const char *line, char *why, size_t why_size)
{
	json_error_t error;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	bool ok = object != NULL;
	char shown[BENCH_SHOWN_MAX];

	*conflict = (struct conflict){0};
	if (!ok)
		snprintf(why, why_size, "found no JSON (%s), expected one object a line",
			 bench_shown(error.text, shown));
	ok = ok && read_name(object, "a", conflict->a, why, why_size) &&
	     read_name(object, "b", conflict->b, why, why_size) &&
	     read_name(object, "relation", conflict->relation, why, why_size) &&
	     read_name(object, "engine", conflict->engine, why, why_size) &&
	     read_count(object, "shared_written_lines", LINES_MAX, &conflict->lines, why,
			why_size) &&
	     read_count(object, "rare", conflict->lines, &conflict->rare, why, why_size) &&
	     read_names(object, conflict, why, why_size);
	json_decref(object);
	return ok;
}

/* ---- keeping ---- */

static bool same_pair(const struct conflict *conflict, const char *a, const char *b)
{
	return (!strcmp(conflict->a, a) && !strcmp(conflict->b, b)) ||
	       (!strcmp(conflict->a, b) && !strcmp(conflict->b, a));
}

static struct conflict *find(const struct conflicts *conflicts, const char *engine,
			     const char *relation, const char *a, const char *b)
{
	for (size_t i = 0; i < conflicts->nr; i++) {
		struct conflict *conflict = &conflicts->conflict[i];

		if (!strcmp(conflict->engine, engine) && !strcmp(conflict->relation, relation) &&
		    same_pair(conflict, a, b))
			return conflict;
	}
	return NULL;
}

const struct conflict *conflicts_find(const struct conflicts *conflicts, const char *engine,
				      const char *relation, const char *a, const char *b)
{
	return find(conflicts, engine, relation, a, b);
}

/* Add @name to @names. Return: false if there are too many. */
static bool note_name(struct conflict_names *names, const char *name)
{
	for (size_t i = 0; i < names->nr; i++)
		if (!strcmp(names->name[i], name))
			return true;
	if (names->nr == CONFLICT_NAMES_MAX)
		return false;
	snprintf(names->name[names->nr++], BENCH_NAME_MAX, "%s", name);
	return true;
}

/*
 * Refuse a name too many of a kind, because the heat map has no room for it and
 * would leave it out silently.
 */
static bool note_names(struct conflicts *conflicts, const struct conflict *read, char *why,
		       size_t why_size)
{
	const struct {
		const char *key, *name;
		struct conflict_names *names;
	} kinds[] = {
		{"a", read->a, &conflicts->operations},
		{"b", read->b, &conflicts->operations},
		{"relation", read->relation, &conflicts->relations},
		{"engine", read->engine, &conflicts->engines},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!note_name(kinds[i].names, kinds[i].name)) {
			snprintf(why, why_size,
				 "\"%s\": found \"%s\", expected no more than %u different names",
				 kinds[i].key, kinds[i].name, CONFLICT_NAMES_MAX);
			return false;
		}
	return true;
}

bool conflicts_add(struct conflicts *conflicts, const char *line, char *why, size_t why_size)
{
	struct conflict read, *old;
	struct conflict *grown;

	if (!parse(&read, line, why, why_size))
		return false;
	if (!note_names(conflicts, &read, why, why_size)) {
		free(read.names);
		return false;
	}
	old = find(conflicts, read.engine, read.relation, read.a, read.b);
	if (old) {
		free(old->names);
		*old = read;
		return true;
	}
	/* The size is a power of two whenever the array is full. */
	if ((conflicts->nr & (conflicts->nr - 1)) == 0) {
		grown = realloc(conflicts->conflict,
				(conflicts->nr ? conflicts->nr * 2 : 1) * sizeof(*grown));
		if (!grown) {
			free(read.names);
			snprintf(why, why_size, "out of memory");
			return false;
		}
		conflicts->conflict = grown;
	}
	conflicts->conflict[conflicts->nr++] = read;
	return true;
}

void conflicts_free(struct conflicts *conflicts)
{
	for (size_t i = 0; i < conflicts->nr; i++)
		free(conflicts->conflict[i].names);
	free(conflicts->conflict);
	*conflicts = (struct conflicts){0};
}

/* ---- writing ---- */

/*
 * Split the names again. A name that itself holds "; " becomes several, which
 * print the same.
 */
static json_t *names_json(const struct conflict *conflict)
{
	json_t *names = json_array();
	const char *at = conflict->names;

	while (names && *at) {
		const char *end = strstr(at, "; ");
		size_t len = end ? (size_t)(end - at) : strlen(at);

		if (json_array_append_new(names, json_stringn(at, len)) != 0) {
			json_decref(names);
			return NULL;
		}
		at += len + (end ? 2 : 0);
	}
	return names;
}

bool conflicts_print_json(FILE *out, const struct conflicts *conflicts)
{
	for (size_t i = 0; i < conflicts->nr; i++) {
		const struct conflict *c = &conflicts->conflict[i];

		if (bench_json_print(
			    out, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "a", c->a, "b",
					   c->b, "relation", c->relation, "engine", c->engine,
					   "shared_written_lines", (json_int_t)c->lines, "rare",
					   (json_int_t)c->rare, "lines", names_json(c))) != 0)
			return false;
	}
	return true;
}
