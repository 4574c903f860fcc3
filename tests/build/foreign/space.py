#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# space.py LIBRARY - an address space, and a map of ranges that two threads
# share, by ctypes alone.
import sys
import threading
from ctypes import CDLL, byref, c_bool, c_char_p, c_int, c_uint, c_ulong, c_void_p

library = CDLL(sys.argv[1])  # not PyDLL: a call must not keep the other threads out


def function(name, result, *arguments):
    call = getattr(library, name)
    call.restype, call.argtypes = result, arguments
    return call


mm_new = function("vms_mm_new", c_int, c_char_p, c_void_p, c_void_p, c_void_p)
mm_put = function("vms_mmput", None, c_void_p)
mmap = function("vms_mmap", c_ulong, c_void_p, *[c_ulong] * 4, c_void_p, c_ulong)
mprotect = function("vms_mprotect", c_int, c_void_p, *[c_ulong] * 3)
munmap = function("vms_munmap", c_int, c_void_p, c_ulong, c_ulong)
fault = function("vms_fault", c_int, c_void_p, c_ulong, c_uint)
error_of = function("vms_error_of", c_int, c_ulong)
read_lock = function("vms_mmap_read_lock", None, c_void_p)
read_unlock = function("vms_mmap_read_unlock", None, c_void_p)
iterator_new = function("vms_vma_iterator_new", c_void_p, c_void_p, c_ulong)
iterator_free = function("vms_vma_iterator_free", None, c_void_p)
vma_next = function("vms_vma_next", c_void_p, c_void_p)
vma_start = function("vms_vma_start", c_ulong, c_void_p)
vma_end = function("vms_vma_end", c_ulong, c_void_p)
vma_flags = function("vms_vma_flags", c_ulong, c_void_p)
lock_vma = function("vms_lock_vma_under_rcu", c_void_p, c_void_p, c_ulong)
unlock_vma = function("vms_vma_end_read", None, c_void_p)
tree_new = function("vms_tree_new", c_void_p, c_uint)
tree_free = function("vms_tree_free", None, c_void_p)
tree_is_empty = function("vms_tree_is_empty", c_bool, c_void_p)
value = function("vms_entry_of_value", c_void_p, c_ulong)
store = function("vms_mt_store_joined_span", c_int, c_void_p, c_ulong, c_ulong, c_void_p, c_uint)
erase = function("vms_mt_erase_span", c_int, c_void_p, c_ulong, c_ulong, c_uint)
find = function("vms_mt_find_span", c_void_p, c_void_p, c_ulong, c_ulong, c_void_p, c_void_p)

PAGE, READ, WRITE, PRIVATE_ANONYMOUS = 4096, 1, 2, 0x22
FAULT_WRITE, FAULT_OK, SEGV_ACCERR = 1, 0, 2


def vmas(mm):
    """(start, end, flags) of each VMA; the lock keeps them as they are meanwhile."""
    found = []
    walk = iterator_new(mm, 0)
    read_lock(mm)
    while vma := vma_next(walk):
        found.append((vma_start(vma), vma_end(vma), vma_flags(vma)))
    read_unlock(mm)
    iterator_free(walk)
    return found


def address_space():
    mm = c_void_p()
    assert mm_new(b"maple-vma", None, None, byref(mm)) == 0
    at = mmap(mm, 0, 16 * PAGE, READ | WRITE, PRIVATE_ANONYMOUS, None, 0)
    assert error_of(at) == 0
    assert mprotect(mm, at + 4 * PAGE, PAGE, READ) == 0
    assert fault(mm, at, FAULT_WRITE) == FAULT_OK
    assert fault(mm, at + 4 * PAGE, FAULT_WRITE) == SEGV_ACCERR
    for start, end, flags in vmas(mm):
        print(f"{(start - at) // PAGE:2}-{(end - at) // PAGE:2} {'rw' if flags & WRITE else 'r-'}")
    vma = lock_vma(mm, at + 4 * PAGE)  # without mmap_lock; None says: try with it
    assert vma is None or vma_end(vma) == at + 5 * PAGE
    if vma:
        unlock_vma(vma)
    assert munmap(mm, at, 16 * PAGE) == 0 and not vmas(mm)
    mm_put(mm)


def fill(tree, base):
    """Store 1000 ranges that touch and are equal, so that one remains."""
    for i in range(1000):
        assert store(tree, base + i * PAGE, base + (i + 1) * PAGE, value(base), 0) == 0


def ranges():
    tree = tree_new(2)  # MT_FLAGS_USE_RCU: one may read while another writes
    writers = [threading.Thread(target=fill, args=(tree, base)) for base in (1 << 30, 1 << 31)]
    for writer in writers:
        writer.start()
    start, end = c_ulong(), c_ulong()
    while any(writer.is_alive() for writer in writers):
        find(tree, 0, 0, byref(start), byref(end))
    for writer in writers:
        writer.join()
    at = 0
    while find(tree, at, 0, byref(start), byref(end)):
        print(f"{start.value:#x} has {(end.value - start.value) // PAGE} pages")
        at = end.value
    assert erase(tree, 0, 1 << 40, 0) == 0 and tree_is_empty(tree)
    tree_free(tree)


address_space()
ranges()
