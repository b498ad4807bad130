//! The system calls no crate wraps safely: everything `unsafe` of this crate is below this module, each use with the
//! reason why it is sound.

pub mod bpf;
pub mod fork;
pub mod memory;
pub mod mount;
pub mod net;
pub mod poll;
pub mod process;
pub mod random;
pub mod signals;
#[cfg(target_arch = "x86_64")]
pub mod standstill;

use std::io;

/// Turns the return value of a raw system call into a result (`-1` means that `errno` says why).
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
