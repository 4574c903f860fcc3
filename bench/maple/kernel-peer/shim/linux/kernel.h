/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what the kernel's maple tree expects of <linux/kernel.h>:
 * attributes, small macros, and checks that a release kernel has, too.
 */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "types.h"

#define CONFIG_64BIT 1

#define __rcu
#define __init
#define __must_hold(lock)
#define __maybe_unused __attribute__((__unused__))
#define noinline __attribute__((__noinline__))
#define noinline_for_stack noinline
#define fallthrough __attribute__((__fallthrough__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ volatile("" ::: "memory")

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swapped = (a);                                                       \
		(a) = (b);                                                                         \
		(b) = swapped;                                                                     \
	} while (0)
#define min(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a = (a);                                                         \
		__typeof__(b) min_b = (b);                                                         \
		min_a < min_b ? min_a : min_b;                                                     \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a = (a);                                                         \
		__typeof__(b) max_b = (b);                                                         \
		max_a > max_b ? max_a : max_b;                                                     \
	})

/*
 * A failed check means that the peer is broken and its figures are invalid, so
 * the program ends.
 */
#define BUG_ON(condition)                                                                          \
	do {                                                                                       \
		if (unlikely(condition))                                                           \
			abort();                                                                   \
	} while (0)
#define BUG() abort()
#define WARN_ON(condition)                                                                         \
	({                                                                                         \
		int warned = !!(condition);                                                        \
		BUG_ON(warned);                                                                    \
		warned;                                                                            \
	})
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define WARN(condition, ...) WARN_ON(condition)
#define pr_err(...) fprintf(stderr, __VA_ARGS__)
#define pr_info(...) fprintf(stderr, __VA_ARGS__)
#define pr_cont(...) fprintf(stderr, __VA_ARGS__)
#define dump_stack() ((void)0)

#endif
