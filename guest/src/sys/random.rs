//! The kernel's random number generator.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::check;

/// The most that is taken at a time, in bytes.
pub const MOST_ENTROPY: usize = 512;

/// `struct rand_pool_info` of linux/random.h.
#[repr(C)]
struct Pool {
    /// In bits.
    entropy_count: libc::c_int,
    /// In bytes.
    size: libc::c_int,
    bytes: [u8; MOST_ENTROPY],
}

/// Mixes in bytes that nobody else knows, as many bits as they have, and has every generator of the kernel start anew
/// from them: what it would have produced otherwise is never produced (random(4), `RNDADDENTROPY`; `RNDRESEEDCRNG`).
///
/// # Errors
///
/// `EINVAL` for more than [`MOST_ENTROPY`] bytes, else what the kernel reports.
pub fn reseed(entropy: &[u8]) -> io::Result<()> {
    const RNDADDENTROPY: libc::Ioctl = 0x4008_5203;
    const RNDRESEEDCRNG: libc::Ioctl = 0x5207;
    let mut bytes = [0; MOST_ENTROPY];
    let size = entropy.len();
    bytes.get_mut(..size).ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(entropy);
    let mut pool = Pool { entropy_count: (size * 8) as libc::c_int, size: size as libc::c_int, bytes };
    let device = File::open("/dev/urandom")?;
    // SAFETY: RNDADDENTROPY reads the header and as many bytes after it as that says, all within the struct.
    let added = check(unsafe { libc::ioctl(device.as_raw_fd(), RNDADDENTROPY, &raw const pool) }.into());
    pool.bytes.fill(0);
    std::hint::black_box(&pool.bytes);
    added?;
    // SAFETY: RNDRESEEDCRNG has no argument.
    check(unsafe { libc::ioctl(device.as_raw_fd(), RNDRESEEDCRNG) }.into()).map(drop)
}
