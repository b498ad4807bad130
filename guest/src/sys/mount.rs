//! mount_setattr(2).

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::check;

/// Attributes of a mount, as mount_setattr(2) has them.
pub mod attributes {
    /// `MOUNT_ATTR_RDONLY`
    pub const READ_ONLY: u64 = 0x01;
    /// `MOUNT_ATTR_NOSUID`
    pub const NO_SET_UID: u64 = 0x02;
    /// `MOUNT_ATTR_NODEV`
    pub const NO_DEVICES: u64 = 0x04;
    /// `MOUNT_ATTR_NOEXEC`
    pub const NO_EXECUTE: u64 = 0x08;
    /// `MOUNT_ATTR_NOATIME`
    pub const NO_ACCESS_TIME: u64 = 0x10;
    /// `MOUNT_ATTR_STRICTATIME`
    pub const STRICT_ACCESS_TIME: u64 = 0x20;
    /// `MOUNT_ATTR__ATIME`: the field that holds the two above.
    pub const ACCESS_TIME_FIELD: u64 = 0x70;
    /// `MOUNT_ATTR_NODIRATIME`
    pub const NO_DIRECTORY_ACCESS_TIME: u64 = 0x80;
    /// `MOUNT_ATTR_NOSYMFOLLOW`
    pub const NO_SYMLINKS: u64 = 0x0020_0000;
}

/// Sets and clears [`attributes`] of the mount that `mount` is the root of, and of all mounts below it when
/// `recursive`.
///
/// # Errors
///
/// What mount_setattr(2) reports.
pub fn set_attributes(mount: impl AsFd, set: u64, clear: u64, recursive: bool) -> io::Result<()> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: clear, propagation: 0, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a C string, the attributes are valid for reads of the size given; the kernel keeps neither.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    check(result).map(drop)
}
