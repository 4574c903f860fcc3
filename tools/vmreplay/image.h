/* SPDX-License-Identifier: MIT */
/*
 * image.h - what remains of the mappings that an execve makes, when it is done.
 *
 * The kernel maps a program (and its interpreter) in one piece first, as large
 * as all of its segments together, so that it finds a place for all of them. It
 * unmaps at once what lies beyond the first segment, and then maps each other
 * segment over its part. The record of the first mapping therefore shows the
 * size of the whole image, and no record shows the unmapping: a page that lies
 * between two segments is free in the end.
 */
#ifndef TOOLS_VMREPLAY_IMAGE_H
#define TOOLS_VMREPLAY_IMAGE_H

#include "tools/trace/order.h"

struct image_step {
	/*
	 * The end of what execve leaves of this step's mapping before it goes
	 * on with the next one; the mapping's own end unless it is an image
	 * that was mapped as a whole. Then it is where the next segment begins,
	 * or where the file's pages before that segment end, whichever comes
	 * first: where the first segment really ends does not show.
	 */
	uint64_t end;
	bool mapped_over; /* a later step maps over some of it */
};

/*
 * One for each step of @e, which is an execve; to be freed. NULL: out of
 * memory.
 */
struct image_step *image_steps(const struct trace_effect *e);

#endif
