/* SPDX-License-Identifier: MIT */
/*
 * mm_flags.h - the VM_* flags of a VMA, with the values that Linux 6.18 uses on
 * x86-64, and the PROT_, MAP_ and MADV_ words that older C libraries do not
 * define yet.
 *
 * The names and values come from the VmFlags that /proc/PID/smaps prints
 * (proc(5)) and from Linux's documentation.
 */
#ifndef VMASTORE_MM_FLAGS_H
#define VMASTORE_MM_FLAGS_H

#include <sys/mman.h>

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

typedef unsigned long vm_flags_t;

#define VM_NONE 0x0UL
#define VM_READ 0x1UL
#define VM_WRITE 0x2UL
#define VM_EXEC 0x4UL
#define VM_SHARED 0x8UL
/* mprotect() may add VM_READ and so on; always the right above, shifted by 4 */
#define VM_MAYREAD 0x10UL
#define VM_MAYWRITE 0x20UL
#define VM_MAYEXEC 0x40UL
#define VM_MAYSHARE 0x80UL
#define VM_GROWSDOWN 0x100UL
#define VM_UFFD_MISSING 0x200UL
#define VM_PFNMAP 0x400UL
#define VM_MAYBE_GUARD 0x800UL /* may hold guard pages: ignored by merging, kept by the result */
#define VM_UFFD_WP 0x1000UL
#define VM_LOCKED 0x2000UL
#define VM_IO 0x4000UL
#define VM_SEQ_READ 0x8000UL
#define VM_RAND_READ 0x10000UL
#define VM_DONTCOPY 0x20000UL
#define VM_DONTEXPAND 0x40000UL
#define VM_LOCKONFAULT 0x80000UL
#define VM_ACCOUNT 0x100000UL
#define VM_NORESERVE 0x200000UL
#define VM_HUGETLB 0x400000UL
#define VM_SYNC 0x800000UL
#define VM_ARCH_1 0x1000000UL
#define VM_WIPEONFORK 0x2000000UL
#define VM_DONTDUMP 0x4000000UL
#define VM_SOFTDIRTY 0x8000000UL
#define VM_MIXEDMAP 0x10000000UL
#define VM_HUGEPAGE 0x20000000UL
#define VM_NOHUGEPAGE 0x40000000UL
#define VM_MERGEABLE 0x80000000UL
/*
 * Protection key 1. Memory of PROT_EXEC alone has it if the rule exec_only is
 * on (struct mm_rules): a read or a write of such memory is refused with
 * VMS_SEGV_PKUERR, and VMAs merge only if both have the key or neither. There
 * are no other keys.
 */
#define VM_PKEY_BIT0 (1UL << 32)
#define VM_DROPPABLE (1UL << 40)
#define VM_SEALED (1UL << 42)

/*
 * Flags that books and articles name and that Linux 6.18 on x86-64 does not
 * have. Each is 0, as Linux itself defines VM_GROWSUP there: code that tests
 * one compiles and sees it clear, and code that sets one changes nothing. Their
 * old bits have other meanings now.
 */
#define VM_GROWSUP VM_NONE /* a stack that grows up: parisc alone has such stacks */
/* System V shared memory: meaningless since 2.6.15; such memory is a file's */
#define VM_SHM VM_NONE
/* until 5.14: the mapped program may not be written; now its file says so */
#define VM_DENYWRITE VM_NONE
/* until 3.6: maps the program itself; now the mm names its program's file */
#define VM_EXECUTABLE VM_NONE
/* until 3.6: never swapped out; now VM_IO, VM_DONTEXPAND and VM_DONTDUMP */
#define VM_RESERVED VM_NONE
/* until 3.19: remap_file_pages(2) scattered its pages; now that makes VMAs */
#define VM_NONLINEAR VM_NONE
/* in no Linux; an article gives it 0x40000000, which is VM_NOHUGEPAGE */
#define VM_HUGESPACE VM_NONE

#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)
#define VM_LOCKED_MASK (VM_LOCKED | VM_LOCKONFAULT)
#define VM_SPECIAL (VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP) /* never merged */
#define VM_STACK VM_GROWSDOWN

/*
 * Some C libraries do not define these: an older one, musl, or one for a
 * processor whose kernel has no MAP_32BIT. The library knows them everywhere,
 * with x86-64's values, because it models that kernel.
 */
#ifndef MAP_32BIT
#define MAP_32BIT 0x40
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
#ifndef PROT_GROWSDOWN
#define PROT_GROWSDOWN 0x01000000
#endif
#ifndef PROT_GROWSUP
#define PROT_GROWSUP 0x02000000
#endif

#include <vmastore/end.h>

#endif
