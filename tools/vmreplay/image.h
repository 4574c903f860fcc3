/* SPDX-License-Identifier: MIT */
/*
 * image.h - how much of each mapping that an execve makes remains at its end.
 *
 * The kernel first maps a program (and its interpreter) in one piece, as large
 * as all of its segments together, so that it finds a place for all of them. It
 * then unmaps everything beyond the first segment, and maps each other segment
 * over its part. Therefore the record of the first mapping shows the size of
 * the whole image, and no record shows the unmapping. A page between two
 * segments is free in the end.
 */
#ifndef TOOLS_VMREPLAY_IMAGE_H
#define TOOLS_VMREPLAY_IMAGE_H

#include "tools/trace/order.h"

struct image_step {
	/*
	 * The end of this step's mapping before the next step. It is the end
	 * of the recorded mapping, unless the mapping covers a whole image.
	 * Then it is the start of the next segment, or the end of the file's
	 * pages before that segment, whichever comes first, because the
	 * recording does not show the real end of the first segment.
	 */
	uint64_t end;
	bool mapped_over; /* a later step maps over a part of it */
};

/*
 * Compute one image_step for each step of @e, which is an execve.
 * Return: an array for free(); NULL: out of memory.
 */
struct image_step *image_steps(const struct trace_effect *e);

#endif
