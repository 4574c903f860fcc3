/* SPDX-License-Identifier: MIT */
/*
 * memory.h - what the library holds of the system's memory, and how to have it
 * given back. It serves both libraries: the whole one, and the maple tree
 * alone.
 */
#ifndef VMASTORE_MEMORY_H
#define VMASTORE_MEMORY_H

#include <stdio.h>

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

/**
 * vms_leak_report() - Count the objects that live in all caches of the library
 * (VMAs, pages, page tables, nodes, anon_vmas). For tests, when every mm is
 * freed.
 * @out: where what is left is printed; NULL: nowhere.
 *
 * RCU:    runs rcu_barrier(), so the caller is in no read section and no
 *         callback.
 * Return: their number.
 */
VMS_API size_t vms_leak_report(FILE *out);

/**
 * vms_trim() - Give memory back to the system that the library holds for
 * objects which were freed: VMAs, pages, page tables, nodes, anon_vmas.
 *
 * The library keeps freed memory for new objects of the same kind, in pieces of
 * 64 KiB. It gives empty ones back by itself once more than 8 MiB of a kind are
 * free, and more than are in use; then 4 MiB, or half of what is in use, stay.
 * This call gives all of them back. What stays is where an object is in use, or
 * is one of those that each other thread that used the library keeps for
 * itself: at most 192 of each kind, until it exits. Addresses stay reserved and
 * are used again, so address space does not shrink, and no late reader meets an
 * unmapped page. Memory that the program has locked (mlockall()) stays.
 *
 * Locks: none. RCU: runs rcu_barrier() and waits for a grace period, so not in
 * a read section or in a callback. Progress: any number of threads may call it,
 * and the library may be used beside it; a call takes each cache's lock for
 * some milliseconds in 100 MiB.
 * Return: the bytes given back; 0 is no error.
 */
VMS_API size_t vms_trim(void);

#include <vmastore/end.h>

#endif
