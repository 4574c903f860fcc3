/* SPDX-License-Identifier: MIT */
/*
 * profile.c - see profile.h. The file has "summary: SUM" and then, for each
 * function, "fn=NAME" and lines of two kinds:
 *
 * 	LINE COST                  the function's own instructions
 * 	cfn=NAME                   a function that it calls:
 * 	calls=COUNT LINE
 * 	LINE COST                  the cost of these calls, inclusive
 *
 * Lines with another word before the = name the file that the code is in.
 */
#include "bench/instructions/profile.h"

#include <stdlib.h>
#include <string.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"
#include "bench/instructions/workload.h"
#include "lib/where/parts.h"

enum whose { LIBRARYS, OURS, PARTS };

struct reader {
	struct profile *profile;
	uint64_t sum, self; /* the file's sum; all functions' own instructions */
	enum whose whose;
	size_t part;
	bool call; /* the next line is the cost of a call */
};

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * Take a function's name: set who owns the function, and for a part's function
 * which part.
 * Return: false if the name is that of an unknown part.
 */
static bool take_function(struct reader *r, const char *name)
{
	const char *part = name + strlen(VMS__PART_PREFIX);

	r->whose = begins(name, MEASURED_PREFIX) ? OURS : LIBRARYS;
	if (!begins(name, VMS__PART_PREFIX))
		return true;
	r->whose = PARTS;
	for (r->part = 0; vms__part_names[r->part]; r->part++)
		if (begins(part, vms__part_names[r->part]) &&
		    begins(part + strlen(vms__part_names[r->part]), "__"))
			return true;
	return false;
}

/* Take "LINE COST"; a line without a cost counts 0. */
static bool take_cost(struct reader *r, const char *line)
{
	unsigned long position, cost = 0;
	const char *at;

	if (!bench_number(line, 10, ~0UL, &position, &at))
		return false;
	if (*at == ' ' && at[1] != '\0' && !bench_number(at + 1, 10, ~0UL, &cost, NULL))
		return false;
	if (r->call) {
		if (r->whose == PARTS)
			r->profile->part[r->part] += cost;
	} else {
		r->self += cost;
		if (r->whose == LIBRARYS)
			r->profile->all += cost;
	}
	r->call = false;
	return true;
}

static bool take_line(struct reader *r, const char *line)
{
	unsigned long sum;

	if (*line >= '0' && *line <= '9')
		return take_cost(r, line);
	if (begins(line, "fn="))
		return take_function(r, line + strlen("fn="));
	if (begins(line, "summary: ")) {
		if (!bench_number(line + strlen("summary: "), 10, ~0UL, &sum, NULL))
			return false;
		r->sum = sum;
	}
	if (begins(line, "calls="))
		r->call = true;
	return true;
}

bool profile_read(FILE *in, struct profile *profile, char *why, size_t why_size)
{
	struct reader r = {.profile = profile};
	char *line = NULL, shown[BENCH_SHOWN_MAX];
	size_t room = 0;
	uint64_t parts = 0;
	bool ok = true;

	*profile = (struct profile){0};
	while (ok && getline(&line, &room, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		ok = take_line(&r, line);
	}
	if (!ok)
		snprintf(why, why_size, "found '%s', expected a line of callgrind's",
			 bench_shown(line, shown));
	free(line);
	if (!ok)
		return false;
	for (size_t i = 0; vms__part_names[i]; i++)
		parts += profile->part[i];
	if (r.sum == 0 || r.self != r.sum || parts > profile->all) {
		snprintf(why, why_size,
			 "found functions of %lu instructions and parts of %lu, expected the sum "
			 "%lu",
			 r.self, parts, r.sum);
		return false;
	}
	profile->rest = profile->all - parts;
	return true;
}
