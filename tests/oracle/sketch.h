/* SPDX-License-Identifier: MIT */
/*
 * sketch.h - a rough idea of the address space that a script under way has
 * made: which ranges of the arena are mapped, and where areas may begin and
 * end.
 *
 * The generator aims with it at neighbours, ends and gaps. It need not be
 * right: nothing is judged by it, and where it is wrong a script merely aims
 * worse. So it knows no merging and no errors.
 */
#ifndef TESTS_ORACLE_SKETCH_H
#define TESTS_ORACLE_SKETCH_H

#include <stdbool.h>

#define SKETCH_MAX 96

#define SKETCH_START 0x10000000UL
#define SKETCH_END 0x50000000UL

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

/* [start, end) is free; what lies in it only in part is cut. */
void sketch_unmap(struct sketch *s, unsigned long start, unsigned long end);
/* [area.start, area.end) is one area, whatever was there. */
void sketch_map(struct sketch *s, struct area area);
/* An end at @start and at @end, for what is mapped there may differ inside. */
void sketch_cut(struct sketch *s, unsigned long start, unsigned long end);

/* The first area that ends above @addr, or NULL. */
const struct area *sketch_find(const struct sketch *s, unsigned long addr);
bool sketch_is_free(const struct sketch *s, unsigned long start, unsigned long end);
/* Where the kernel would put @len bytes, more or less; 0: nowhere. */
unsigned long sketch_place(const struct sketch *s, unsigned long len);

#endif
