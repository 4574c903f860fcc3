/* SPDX-License-Identifier: MIT */
/*
 * sketch.h - an approximate model of the address space that a script under
 * construction has made: which ranges of the arena are mapped, and where areas
 * may begin and end.
 *
 * The generator uses it to aim at neighbours, ends and gaps. The model need not
 * be right: no result is judged by it, and if it is wrong, a script only aims
 * worse. Therefore it knows no merging and no errors.
 */
#ifndef TESTS_ORACLE_SKETCH_H
#define TESTS_ORACLE_SKETCH_H

#include <stdbool.h>

#include "tools/opscript/opscript.h"

#define SKETCH_MAX 96

struct area {
	unsigned long start, end;
	bool grows, file;
};

/* Areas in address order; two of them may touch. */
struct sketch {
	unsigned int nr;
	struct area area[SKETCH_MAX];
	unsigned long brk;
};

void sketch_init(struct sketch *s);

/* Make [start, end) free; areas that lie in it partly are cut. */
void sketch_unmap(struct sketch *s, unsigned long start, unsigned long end);
/* Make [area.start, area.end) one area, whatever was mapped there. */
void sketch_map(struct sketch *s, struct area area);
/* Cut areas at @start and at @end, because the memory inside may now differ. */
void sketch_cut(struct sketch *s, unsigned long start, unsigned long end);

/* Return the first area that ends above @addr, or NULL. */
const struct area *sketch_find(const struct sketch *s, unsigned long addr);
bool sketch_is_free(const struct sketch *s, unsigned long start, unsigned long end);
/* Return about where the kernel would place @len bytes; 0: nowhere. */
unsigned long sketch_place(const struct sketch *s, unsigned long len);

#endif
