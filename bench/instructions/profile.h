/* SPDX-License-Identifier: MIT */
/*
 * profile.h - instructions by part (lib/where/parts.h), from the file that
 * callgrind writes with --compress-strings=no --compress-pos=no.
 *
 * Instructions of the run's own functions and of parts.c are not counted. If
 * such a function calls the library on behalf of a part, the part is charged
 * with the call and everything beneath it.
 *
 * Locks: none.
 */
#ifndef INSTRUCTIONS_PROFILE_H
#define INSTRUCTIONS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROFILE_PARTS_MAX 8

struct profile {
	uint64_t all;                     /* the library's, including those of its callees */
	uint64_t part[PROFILE_PARTS_MAX]; /* indexed as vms__part_names */
	uint64_t rest;                    /* of no part */
};

/**
 * profile_read() - Read callgrind's file.
 * Return: false after setting @why: the file is not callgrind's, its functions
 * do not add up to its own sum, or a part's name is unknown.
 */
bool profile_read(FILE *in, struct profile *profile, char *why, size_t why_size);

#endif
