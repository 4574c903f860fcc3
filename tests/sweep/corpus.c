/* SPDX-License-Identifier: MIT */
/* corpus.c - see corpus.h. The test ends if its own memory runs out. */
#include "tests/sweep/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/generate.h"
#include "tests/sweep/room.h"
#include "tools/opscript/opscript.h"

static struct script *new_script(struct corpus *corpus, const char *file, const char *title)
{
	struct script *script;

	corpus->script = room_for_one(corpus->script, corpus->nr, sizeof(*corpus->script));
	script = &corpus->script[corpus->nr++];
	*script = (struct script){0};
	if (asprintf(&script->name, "%s%s%s", file, *file && *title ? ": " : "", title) < 0)
		abort();
	return script;
}

static void add_line(struct script *script, const char *text, unsigned long number)
{
	script->line = room_for_one(script->line, script->nr, sizeof(*script->line));
	script->line[script->nr++] =
		(struct script_line){.text = room_for_text(text), .number = number};
}

static void add_text(struct corpus *corpus, const char *file, FILE *in)
{
	struct script *script = NULL;
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, in) > 0) {
		const char *title;
		struct op_wrong wrong;
		struct op op;

		number++;
		line[strcspn(line, "\r\n")] = '\0';
		switch (op_parse(line, &op, &wrong)) {
		case OP_LINE_EMPTY:
			break;
		case OP_LINE_SCRIPT:
			title = strstr(line, "script") + strlen("script");
			script = new_script(corpus, file, title + strspn(title, " "));
			break;
		default: /* sweep.c reports a wrong line */
			if (!script)
				script = new_script(corpus, file, "");
			add_line(script, line, number);
		}
	}
	/* getline() also returns -1 for an error. */
	if (!feof(in))
		abort();
	free(line);
}

bool corpus_add_file(struct corpus *corpus, const char *path)
{
	const char *slash = strrchr(path, '/');
	FILE *in = fopen(path, "r");

	if (!in)
		return false;
	add_text(corpus, slash ? slash + 1 : path, in);
	fclose(in);
	return true;
}

static void add_one(struct corpus *corpus, const struct generate *g)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		abort();
	generate_script(g, stream);
	fclose(stream);
	stream = fmemopen(text, size, "r");
	if (!stream)
		abort();
	add_text(corpus, "", stream);
	fclose(stream);
	free(text);
}

void corpus_add_made(struct corpus *corpus, unsigned long first, unsigned long seeds,
		     unsigned long ops)
{
	for (unsigned long seed = first; seed < first + seeds; seed++)
		for (const char *const *profile = generate_profiles; *profile; profile++)
			add_one(corpus,
				&(struct generate){.profile = *profile, .seed = seed, .ops = ops});
}

void corpus_free(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->nr; i++) {
		for (size_t l = 0; l < corpus->script[i].nr; l++)
			free(corpus->script[i].line[l].text);
		free(corpus->script[i].line);
		free(corpus->script[i].name);
	}
	free(corpus->script);
}
