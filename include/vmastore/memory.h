/* SPDX-License-Identifier: MIT */
/*
 * memory.h - how much of the system's memory the library holds, and how to have
 * it given back. It serves both libraries: the whole one, and the maple tree
 * alone.
 */
#ifndef VMASTORE_MEMORY_H
#define VMASTORE_MEMORY_H

#include <stdio.h>

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

/**
 * vms_leak_report() - Count the objects that are allocated in all caches of the
 * library (VMAs, pages, page tables, nodes, anon_vmas). For tests, once every
 * mm is freed.
 * @out: the stream to which the remaining objects are printed; NULL: none.
 *
 * RCU:    runs rcu_barrier(), so the caller is in no read section and no
 *         callback.
 * Return: their number.
 */
VMS_API size_t vms_leak_report(FILE *out);

/**
 * vms_trim() - Give memory that the library holds for freed objects back to the
 * system: that of VMAs, pages, page tables, nodes, anon_vmas.
 *
 * The library keeps freed memory for new objects of the same kind, in pieces of
 * 64 KiB. It gives empty pieces back by itself once more than 8 MiB of a kind
 * are free, and more than are in use; then 4 MiB, or half of what is in use,
 * stay. This call gives all empty pieces back. A piece stays if one of its
 * objects is in use, or is among the objects that another thread keeps for
 * itself: at most 192 of each kind for each thread that used the library, until
 * it exits. Addresses stay reserved and are used again, so address space does
 * not shrink, and no late reader meets an unmapped page. Memory that the
 * program has locked (mlockall()) stays. If the host has set hooks for memory
 * (host.h), they are given the empty pieces, and all other memory in which
 * nothing is allocated.
 *
 * Locks:    none.
 * RCU:      runs rcu_barrier() and waits for a grace period, so the caller is
 *           in no read section and no callback.
 * Progress: any number of threads may call it, concurrently with any use of the
 *           library; a call holds each cache's lock for some milliseconds for
 *           each 100 MiB.
 * Return:   the bytes given back; 0 is no error.
 */
VMS_API size_t vms_trim(void);

#include <vmastore/end.h>

#endif
