/* SPDX-License-Identifier: MIT */
/* heatmap.c - see heatmap.h. */
#include "tools/report/heatmap.h"

#include <stdlib.h>
#include <string.h>

#include "tools/report/escape.h"

#define NAMES_MAX CONFLICT_NAMES_MAX
#define NAMES_SAID 4u /* in a sentence */

const char heatmap_style[] = "table.heat { width: auto; } table.heat td, table.heat th { "
			     "text-align: center; padding: 2px 6px; position: static; }\n"
			     ".c0 { background: #d7f0df; } .c1 { background: #fdf3c8; } .c2 { "
			     "background: #fbd9a5; } .c3 { background: #f4a582; } "
			     ".c4 { background: #d6604d; color: #fff; }\n";

struct names {
	const char *name[NAMES_MAX];
	size_t nr;
};

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->nr; i++)
		if (!strcmp(names->name[i], name))
			return;
	if (names->nr < NAMES_MAX)
		names->name[names->nr++] = name;
}

static struct names engines_of(const struct conflicts *conflicts)
{
	struct names engines = {.nr = 0};

	for (size_t i = 0; i < conflicts->nr; i++)
		add_name(&engines, conflicts->conflict[i].engine);
	return engines;
}

static struct names relations_of(const struct conflicts *conflicts)
{
	struct names relations = {.nr = 0};

	for (size_t i = 0; i < conflicts->nr; i++)
		add_name(&relations, conflicts->conflict[i].relation);
	return relations;
}

/*
 * The operations in the order of appearance. It is bench/conflicts' own order,
 * because its first pairs are its first operation with each other one.
 */
static struct names operations_of(const struct conflicts *conflicts, const char *engine,
				  const char *relation)
{
	struct names operations = {.nr = 0};

	for (size_t i = 0; i < conflicts->nr; i++)
		if (!strcmp(conflicts->conflict[i].engine, engine) &&
		    !strcmp(conflicts->conflict[i].relation, relation)) {
			add_name(&operations, conflicts->conflict[i].a);
			add_name(&operations, conflicts->conflict[i].b);
		}
	return operations;
}

/* ---- sentences ---- */

static const char *const changes[] = {"mmap", "mmap-fixed", "munmap", "mprotect", "mremap", "brk"};
#define NR_CHANGES (sizeof(changes) / sizeof(changes[0]))

static const char *lines_word(unsigned long nr)
{
	return nr == 1 ? "line" : "lines";
}

/*
 * Print the first names of @conflict. @steady: only names of lines that most
 * operations touch.
 */
static void say_names(FILE *out, const struct conflict *conflict, bool steady)
{
	unsigned int said = 0, more = 0;

	for (const char *at = conflict->names, *end; *at; at = *end ? end + 2 : end) {
		end = strstr(at, "; ");
		end = end ? end : at + strlen(at);
		if (steady && memmem(at, (size_t)(end - at), " (1 of ", strlen(" (1 of ")))
			continue;
		if (said < NAMES_SAID)
			fprintf(out, "%s%.*s", said++ ? "; " : "", (int)(end - at), at);
		else
			more++;
	}
	if (more)
		fprintf(out, "; and %u more", more);
}

static void say_faults(FILE *out, const struct conflict *faults)
{
	if (!faults)
		return;
	if (!faults->lines) {
		fputs("Faults share no written line, so 100 cores fault without waiting for one "
		      "another. ",
		      out);
		return;
	}
	if (faults->lines == faults->rare) {
		fprintf(out,
			"Faults share %lu written %s, to which fewer than one in eight of them "
			"comes (",
			faults->lines, lines_word(faults->lines));
		say_names(out, faults, false);
		fputs("): 100 cores that do nothing but fault meet there. ", out);
		return;
	}
	fprintf(out, "Every fault meets the others at %lu written %s (",
		faults->lines - faults->rare, lines_word(faults->lines - faults->rare));
	say_names(out, faults, true);
	fputs("), which one core has at a time: 100 cores fault hardly faster than a few. ", out);
}

/* Print the worst conflict of a fault with a call that changes the map. */
static void say_beside(FILE *out, const struct conflicts *conflicts, const char *engine,
		       const char *relation)
{
	const struct conflict *worst = NULL, *found;

	for (size_t i = 0; i < NR_CHANGES; i++) {
		found = conflicts_find(conflicts, engine, relation, "fault", changes[i]);
		if (found && (!worst || found->lines > worst->lines))
			worst = found;
	}
	if (worst && !worst->lines)
		fputs("Beside calls that change the map a fault meets no line that they write: one "
		      "writer does not slow 99 "
		      "readers. ",
		      out);
	if (!worst || !worst->lines)
		return;
	fprintf(out, "Beside calls that change the map a fault meets at most %lu written %s (%s: ",
		worst->lines, lines_word(worst->lines),
		!strcmp(worst->a, "fault") ? worst->b : worst->a);
	say_names(out, worst, false);
	if (worst->lines == worst->rare)
		fputs("), and fewer than one operation in eight touches them. ", out);
	else
		fputs("): every core that faults pays for each such call. ", out);
}

/* Print how many lines any two calls that change the map share at least. */
static void say_changes(FILE *out, const struct conflicts *conflicts, const char *engine,
			const char *relation)
{
	const struct conflict *least = NULL, *most = NULL, *found;

	for (size_t i = 0; i < NR_CHANGES; i++)
		for (size_t j = i; j < NR_CHANGES; j++) {
			found = conflicts_find(conflicts, engine, relation, changes[i], changes[j]);
			if (found && (!least || found->lines < least->lines))
				least = found;
			if (found && (!most || found->lines > most->lines))
				most = found;
		}
	if (least && !most->lines)
		fputs("Calls that change the map share no written line: 100 cores change it side "
		      "by side.",
		      out);
	else if (least && strstr(least->names, "mm.mmap_lock"))
		fprintf(out,
			"Any two calls that change the map share %lu to %lu written lines, "
			"mmap_lock among them: 100 cores "
			"together change it at the speed of one, or less, because the lines go "
			"from core to core.",
			least->lines, most->lines);
	else if (least)
		fprintf(out,
			"Any two calls that change the map share %lu to %lu written lines, the "
			"fewest %s and %s.",
			least->lines, most->lines, least->a, least->b);
}

static char *sentence(const struct conflicts *conflicts, const char *engine, const char *relation)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	say_faults(out, conflicts_find(conflicts, engine, relation, "fault", "fault"));
	say_beside(out, conflicts, engine, relation);
	say_changes(out, conflicts, engine, relation);
	fclose(out);
	return text;
}

void heatmap_write_text(FILE *out, const struct conflicts *conflicts)
{
	struct names engines = engines_of(conflicts), relations = relations_of(conflicts);

	for (size_t e = 0; e < engines.nr; e++)
		for (size_t r = 0; r < relations.nr; r++) {
			char *text = sentence(conflicts, engines.name[e], relations.name[r]);

			if (text && *text)
				fprintf(out, "%s, %s: %s\n", engines.name[e], relations.name[r],
					text);
			free(text);
		}
}

/* ---- tables ---- */

/* Rare lines do not darken a cell, but only a cell without lines has c0. */
static const char *colour(const struct conflict *conflict)
{
	unsigned long steady = conflict->lines - conflict->rare;

	if (!conflict->lines)
		return "c0";
	return steady <= 2 ? "c1" : steady <= 5 ? "c2" : steady <= 10 ? "c3" : "c4";
}

static void write_cell(FILE *out, const struct conflict *conflict)
{
	if (!conflict) {
		fputs("<td></td>", out);
		return;
	}
	fprintf(out, "<td class=\"%s\" title=\"", colour(conflict));
	report_escape(out, conflict->names);
	fprintf(out, "\">%lu", conflict->lines);
	if (conflict->rare)
		fprintf(out, "&thinsp;(%lu)", conflict->rare);
	fputs("</td>", out);
}

static void write_table(FILE *out, const struct conflicts *conflicts, const char *engine,
			const char *relation)
{
	struct names operations = operations_of(conflicts, engine, relation);

	fputs("<div class=\"wide\"><table class=\"heat\">\n<tr><th></th>", out);
	for (size_t i = 0; i < operations.nr; i++) {
		fputs("<th>", out);
		report_escape(out, operations.name[i]);
		fputs("</th>", out);
	}
	fputs("</tr>\n", out);
	for (size_t i = 0; i < operations.nr; i++) {
		fputs("<tr><th class=\"l\">", out);
		report_escape(out, operations.name[i]);
		fputs("</th>", out);
		for (size_t j = 0; j < operations.nr; j++)
			write_cell(out, conflicts_find(conflicts, engine, relation,
						       operations.name[i], operations.name[j]));
		fputs("</tr>\n", out);
	}
	fputs("</table></div>\n", out);
}

static void write_one(FILE *out, const struct conflicts *conflicts, const char *engine,
		      const char *relation)
{
	char *text = sentence(conflicts, engine, relation);

	fputs("<div class=\"box\"><h3>", out);
	report_escape(out, engine);
	fputs(", ", out);
	report_escape(out, relation);
	fputs("</h3>\n<p>", out);
	report_escape(out, text ? text : "");
	fputs("</p>\n", out);
	write_table(out, conflicts, engine, relation);
	fputs("</div>\n", out);
	free(text);
}

void heatmap_write(FILE *out, const struct conflicts *conflicts)
{
	struct names engines = engines_of(conflicts), relations = relations_of(conflicts);

	if (!conflicts->nr)
		return;
	fputs("<h2>Cache lines that two threads share and one writes</h2>\n"
	      "<p class=\"sum\">Counted, not timed: two threads, each at its operation in its "
	      "place of one address space. Threads "
	      "that share no such line do not slow each other down, on however many cores. The "
	      "number in brackets says how many "
	      "of the lines are touched by fewer than one operation in eight. The names of the "
	      "lines show when the pointer rests "
	      "on a number.</p>\n",
	      out);
	for (size_t e = 0; e < engines.nr; e++)
		for (size_t r = 0; r < relations.nr; r++)
			write_one(out, conflicts, engines.name[e], relations.name[r]);
}
