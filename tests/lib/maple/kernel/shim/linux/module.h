/* SPDX-License-Identifier: MIT */
/*
 * linux/module.h - what a test module needs of the kernel's header: printing,
 * counting, and a start by name instead of by a module loader.
 */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include <vmastore/maple_debug.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define pr_info(...) fprintf(stderr, __VA_ARGS__)
#define pr_err(...) fprintf(stderr, __VA_ARGS__)
#define dump_stack() ((void)0)
#define cond_resched() ((void)0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define BUG_ON(x) VMS_MT_CHECK(x, #x, true, NULL, NULL, NULL)

/*
 * Builds the test as a module. Without this it would become the program of the
 * kernel's tree, which counts and fails allocations.
 */
#define __KERNEL__

#define atomic_set(counter, value) atomic_store(counter, value)
#define atomic_read(counter) atomic_load(counter)

#define __init
#define __exit
#define __must_check
#define noinline __attribute__((noinline))

/* main.c calls run_module(); end_module() has nothing to undo. */
#define module_init(function)                                                                      \
	int run_module(void)                                                                       \
	{                                                                                          \
		return function();                                                                 \
	}
#define module_exit(function)                                                                      \
	void end_module(void)                                                                      \
	{                                                                                          \
		function();                                                                        \
	}
#define MODULE_AUTHOR(text)
#define MODULE_LICENSE(text)
#define MODULE_DESCRIPTION(text)

#endif
