/* SPDX-License-Identifier: MIT */
/*
 * perform.h - performs one operation of an op script on an address space of the
 * library. tools/opscript parses it; docs/oracle.md describes the format.
 */
#ifndef TOOLS_VMREPLAY_PERFORM_H
#define TOOLS_VMREPLAY_PERFORM_H

#include <stdbool.h>

#include "tools/opscript/opscript.h"
#include "tools/vmreplay/world.h"

struct answer {
	char text[32]; /* an address, a number, `ok`, or a name such as -ENOMEM or SEGV_MAPERR */
	struct op_wrong wrong; /* if perform() returned false */
};

/*
 * perform() - Perform @op in the process of @world that the script is in.
 * Return: false if @op would work outside the arena; then nothing was done.
 */
bool perform(struct world *world, const struct op *op, struct answer *answer);

#endif
