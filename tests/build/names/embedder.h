/* SPDX-License-Identifier: MIT */
/*
 * embedder.h - a function of the embedder's with a name that the library has.
 */
#ifndef EMBEDDER_H
#define EMBEDDER_H

int find_vma(int answer);

#endif
