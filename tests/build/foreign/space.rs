// SPDX-License-Identifier: MIT
// space.rs - an address space, and a map of ranges that is read under RCU while
// another thread writes to it, without any crate.
use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

type Ptr = *mut c_void; // the structures are the library's: their size is no concern here

#[link(name = "vmastore")]
extern "C" {
    fn vms_mm_new(engine: *const c_char, layout: Ptr, rules: Ptr, mm: *mut Ptr) -> c_int;
    fn vms_mmput(mm: Ptr);
    fn vms_mmap(
        mm: Ptr,
        addr: c_ulong,
        len: c_ulong,
        prot: c_ulong,
        flags: c_ulong,
        file: Ptr,
        off: c_ulong,
    ) -> c_ulong;
    fn vms_mprotect(mm: Ptr, start: c_ulong, len: c_ulong, prot: c_ulong) -> c_int;
    fn vms_fault(mm: Ptr, addr: c_ulong, flags: c_uint) -> c_uint;
    fn vms_error_of(answer: c_ulong) -> c_int;
    fn vms_mmap_read_lock(mm: Ptr);
    fn vms_mmap_read_unlock(mm: Ptr);
    fn vms_vma_iterator_new(mm: Ptr, addr: c_ulong) -> Ptr;
    fn vms_vma_iterator_free(walk: Ptr);
    fn vms_vma_next(walk: Ptr) -> Ptr;
    fn vms_vma_start(vma: Ptr) -> c_ulong;
    fn vms_vma_end(vma: Ptr) -> c_ulong;
    fn vms_vma_flags(vma: Ptr) -> c_ulong;
    fn vms_tree_new(flags: c_uint) -> Ptr;
    fn vms_tree_free(tree: Ptr);
    fn vms_entry_of_value(value: c_ulong) -> Ptr;
    fn vms_value_of_entry(entry: Ptr) -> c_ulong;
    fn vms_mt_store_span(tree: Ptr, start: c_ulong, end: c_ulong, entry: Ptr, gfp: c_uint)
        -> c_int;
    fn vms_rcu_read_lock();
    fn vms_rcu_read_unlock();
    fn vms_cursor_new(tree: Ptr, first: c_ulong, last: c_ulong) -> Ptr;
    fn vms_cursor_free(cursor: Ptr);
    fn vms_cursor_find(cursor: Ptr, max: c_ulong) -> Ptr;
    fn vms_cursor_first(cursor: Ptr) -> c_ulong;
}

const PAGE: c_ulong = 4096;
const ENGINE: &[u8] = b"maple-vma\0";

fn address_space() {
    let mut mm = null_mut();
    let engine = CStr::from_bytes_with_nul(ENGINE).unwrap();
    unsafe {
        assert_eq!(
            vms_mm_new(engine.as_ptr(), null_mut(), null_mut(), &mut mm),
            0
        );
        let at = vms_mmap(mm, 0, 16 * PAGE, 3, 0x22, null_mut(), 0);
        assert_eq!(vms_error_of(at), 0);
        assert_eq!(vms_mprotect(mm, at + 4 * PAGE, PAGE, 1), 0);
        assert_eq!(vms_fault(mm, at, 1), 0); // a write
        let walk = vms_vma_iterator_new(mm, 0);
        vms_mmap_read_lock(mm);
        loop {
            let vma = vms_vma_next(walk);
            if vma.is_null() {
                break;
            }
            let rights = if vms_vma_flags(vma) & 2 != 0 {
                "rw"
            } else {
                "r-"
            };
            let (start, end) = (vms_vma_start(vma) - at, vms_vma_end(vma) - at);
            println!("{:2}-{:2} {}", start / PAGE, end / PAGE, rights);
        }
        vms_mmap_read_unlock(mm);
        vms_vma_iterator_free(walk);
        vms_mmput(mm);
    }
}

// All calls on a tree may come from any thread. A cursor stays with its own.
struct Tree(Ptr);
unsafe impl Sync for Tree {}

impl Tree {
    // The sum of all values; under RCU no writer has to wait.
    fn sum(&self) -> c_ulong {
        let mut sum = 0;
        unsafe {
            let cursor = vms_cursor_new(self.0, 0, 0);
            vms_rcu_read_lock();
            loop {
                let entry = vms_cursor_find(cursor, c_ulong::MAX);
                if entry.is_null() {
                    break;
                }
                assert_eq!(vms_value_of_entry(entry), vms_cursor_first(cursor) / PAGE);
                sum += vms_value_of_entry(entry);
            }
            vms_rcu_read_unlock();
            vms_cursor_free(cursor);
        }
        sum
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        unsafe { vms_tree_free(self.0) }
    }
}

fn ranges() {
    let tree = Tree(unsafe { vms_tree_new(2) }); // MT_FLAGS_USE_RCU
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for i in 1..1001 {
                let entry = unsafe { vms_entry_of_value(i) };
                let err = unsafe { vms_mt_store_span(tree.0, i * PAGE, (i + 1) * PAGE, entry, 0) };
                assert_eq!(err, 0);
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            assert!(tree.sum() <= 500500);
        }
    });
    println!("the sum is {}", tree.sum());
}

fn main() {
    address_space();
    ranges();
}
