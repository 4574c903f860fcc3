/* SPDX-License-Identifier: MIT */
/*
 * profile.h - instructions by part (lib/where/parts.h), from what callgrind
 * writes with --compress-strings=no --compress-pos=no.
 *
 * What a function of the run or of parts.c executes itself is left out. What
 * such a function calls for a part is that part's, with all that runs beneath.
 */
#ifndef INSTRUCTIONS_PROFILE_H
#define INSTRUCTIONS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROFILE_PARTS_MAX 8

struct profile {
	uint64_t all;                     /* the library's, and what it calls */
	uint64_t part[PROFILE_PARTS_MAX]; /* by the number of the name in vms__part_names */
	uint64_t rest;                    /* beneath no part */
};

/**
 * profile_read() - Read what callgrind wrote.
 * Return: false after setting @why: this is no such file, its functions do not
 * add up to its own sum, or a part has a name that is not known.
 */
bool profile_read(FILE *in, struct profile *profile, char *why, size_t why_size);

#endif
