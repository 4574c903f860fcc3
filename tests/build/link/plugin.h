/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - the one function that plugin.c exports to a program that loads it.
 */
#ifndef TESTS_LINK_PLUGIN_H
#define TESTS_LINK_PLUGIN_H

/* Use the library on the calling thread. Return: 0, or -1. */
__attribute__((visibility("default"))) int plugin_use(void);

#endif
