// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Counts the calls of kill(2) by process, in Rust: a map, a variable, two helpers. It stands without Rust's own library, of which there is none compiled
// for eBPF, and says itself what the compiler wants to find there.
#![feature(freeze_impls, lang_items, no_core)]
#![no_std]
#![no_core]
#![allow(internal_features)]

#[lang = "pointee_sized"]
trait PointeeSized {}
#[lang = "meta_sized"]
trait MetaSized: PointeeSized {}
#[lang = "sized"]
trait Sized: MetaSized {}
#[lang = "copy"]
trait Copy {}
#[lang = "sync"]
trait Sync {}
#[lang = "freeze"]
trait Freeze {}
#[lang = "drop_in_place"]
unsafe fn drop_in_place<T: PointeeSized>(_place: *mut T) {}
#[lang = "add"]
trait Add<Other = Self> {
    type Output;
    fn add(self, other: Other) -> Self::Output;
}
#[lang = "shr"]
trait Shr<Other = Self> {
    type Output;
    fn shr(self, other: Other) -> Self::Output;
}

impl Copy for u64 {}
impl Copy for usize {}
impl Sync for [u8; 13] {}
impl Sync for Counts {}
impl Freeze for Counts {}
impl Freeze for [u8; 13] {}
impl Add for u64 {
    type Output = u64;
    fn add(self, other: u64) -> u64 {
        self + other
    }
}
impl Shr for u64 {
    type Output = u64;
    fn shr(self, other: u64) -> u64 {
        self >> other
    }
}

/// As C says it: a pointer to an array of so many elements for a number.
#[repr(C)]
pub struct Counts {
    r#type: *const [i32; 1],
    max_entries: *const [i32; 64],
    key: *const u64,
    value: *const u64,
}

const NOTHING: usize = 0;

#[no_mangle]
#[link_section = ".maps"]
pub static counts: Counts = Counts {
    r#type: NOTHING as *const [i32; 1],
    max_entries: NOTHING as *const [i32; 64],
    key: NOTHING as *const u64,
    value: NOTHING as *const u64,
};

#[no_mangle]
#[link_section = "license"]
pub static LICENSE: [u8; 13] = [68, 117, 97, 108, 32, 77, 73, 84, 47, 71, 80, 76, 0];

#[no_mangle]
#[link_section = ".bss"]
pub static mut calls: u64 = 0;

/// A helper is called by its number.
union Helpers {
    number: usize,
    current_task: unsafe extern "C" fn() -> u64,
    update: unsafe extern "C" fn(*const Counts, *const u64, *const u64, u64) -> i64,
}

#[no_mangle]
#[link_section = "tracepoint/syscalls/sys_enter_kill"]
pub extern "C" fn on_kill(_context: *mut u64) -> u32 {
    unsafe {
        calls = calls + 1;
        let tgid = (Helpers { number: 14 }.current_task)() >> 32;
        let count = calls;
        (Helpers { number: 2 }.update)(&counts, &tgid, &count, 0);
    }
    0
}
