/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. Makes argp's table of ours. */
#include "bench/harness/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/harness/say.h"

#define OPTIONS_MAX 24
#define FIRST_KEY 0x100 /* of the options that have no letter */

static bool is_file(const struct bench_option *o)
{
	return !o->name && o->text;
}

static bool take_one_name(const struct bench_option *o, const char *what, const char *arg,
			  char why[BENCH_WHY_MAX])
{
	char shown[BENCH_SHOWN_MAX];
	struct bench_names names;

	if (!bench_arg_names(what, arg, o->known, &names, why, BENCH_WHY_MAX))
		return false;
	if (names.nr != 1) {
		snprintf(why, BENCH_WHY_MAX, "%s: found '%s', expected one %s", what,
			 bench_shown(arg, shown), o->name);
		return false;
	}
	*o->one = names.name[0];
	return true;
}

static bool take_value(const struct bench_option *o, char *arg, char why[BENCH_WHY_MAX])
{
	char what[32];

	snprintf(what, sizeof(what), "--%s", o->name);
	if (o->number)
		return bench_arg_number(what, arg, o->least, o->most, o->number, why,
					BENCH_WHY_MAX);
	if (o->numbers)
		return bench_arg_numbers(what, arg, o->least, o->most, o->numbers, why,
					 BENCH_WHY_MAX);
	if (o->seconds)
		return bench_arg_seconds(what, arg, o->seconds, why, BENCH_WHY_MAX);
	if (o->names)
		return bench_arg_names(what, arg, o->known, o->names, why, BENCH_WHY_MAX);
	if (o->one)
		return take_one_name(o, what, arg, why);
	if (o->take)
		return o->take(arg, o->to, why);
	if (o->text)
		*o->text = arg;
	else
		*o->flag = true;
	return true;
}

static void take_file(const struct bench_option *o, const char *word,
		      const struct argp_state *state)
{
	char shown[BENCH_SHOWN_MAX];

	while (o->name)
		o++;
	if (!is_file(o))
		argp_failure(state, BENCH_EXIT_USAGE, 0, "found '%s', expected options alone",
			     bench_shown(word, shown));
	else if (*o->text)
		argp_failure(state, BENCH_EXIT_USAGE, 0, "found a second file '%s', expected one",
			     bench_shown(word, shown));
	else
		*o->text = word;
}

static void expect_file(const struct bench_option *o, const struct argp_state *state)
{
	while (o->name)
		o++;
	if (is_file(o))
		argp_failure(state, BENCH_EXIT_USAGE, 0, "found no file, expected %s", o->help);
}

static int key_of(const struct bench_option *options, int i)
{
	return options[i].key ? options[i].key : FIRST_KEY + i;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct bench_option *options = state->input;
	char why[BENCH_WHY_MAX];

	if (key == ARGP_KEY_ARG) {
		take_file(options, arg, state);
		return 0;
	}
	if (key == ARGP_KEY_NO_ARGS) {
		expect_file(options, state);
		return 0;
	}
	for (int i = 0; options[i].name; i++)
		if (key_of(options, i) == key) {
			if (!take_value(&options[i], arg, why))
				argp_failure(state, BENCH_EXIT_USAGE, 0, "%s", why);
			return 0;
		}
	return ARGP_ERR_UNKNOWN;
}

void bench_options(int argc, char **argv, const char *doc, const struct bench_option *options)
{
	struct argp_option rows[OPTIONS_MAX + 1] = {{0}};
	struct argp argp = {.options = rows, .parser = parse, .doc = doc};
	int nr = 0;

	for (; options[nr].name; nr++) {
		if (nr == OPTIONS_MAX)
			abort();
		rows[nr] = (struct argp_option){
			.name = options[nr].name,
			.key = key_of(options, nr),
			.arg = options[nr].arg,
			.flags = options[nr].flags,
			.doc = options[nr].help,
		};
	}
	if (is_file(&options[nr]))
		argp.args_doc = options[nr].arg;
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, (void *)options);
	for (const struct bench_option *o = options; o->name; o++)
		if (o->names && !o->names->nr)
			bench_all_names(o->known, o->names);
}

void bench_refuse(const char *format, ...)
{
	char why[BENCH_WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	argp_failure(NULL, BENCH_EXIT_USAGE, 0, "%s", why);
	exit(BENCH_EXIT_USAGE);
}
