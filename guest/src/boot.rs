//! What process 1 does before it serves: as little as possible, in the order in which it is needed.

use rustix::mount::{MountFlags, mount, mount_bind, mount_move};
use rustix::process::{DumpableBehavior, Resource, Rlimit, chdir, chroot, set_dumpable_behavior, setrlimit};

use crate::error::{Context, Result};

/// Where the host puts the secret in the initramfs.
pub const SECRET: &str = "/run/caisson/secret";
/// Descriptors for a few thousand processes with three streams each.
const OPEN_FILES: Rlimit = Rlimit { current: Some(1 << 20), maximum: Some(1 << 20) };

/// Makes `/` a mount that can be left with pivot_root(2), which the kernel's first root file system is not
/// (Documentation/filesystems/ramfs-rootfs-initramfs.rst): a second mount of the same files, moved over it.
///
/// # Errors
///
/// What the kernel reports.
pub fn leave_first_root() -> Result<()> {
    mount_bind("/", "/mnt").tried(|| "bind the initramfs")?;
    chdir("/mnt").tried(|| "enter the initramfs")?;
    mount_move(".", "/").tried(|| "move the initramfs over the first root")?;
    chroot(".").tried(|| "change to the initramfs")
}

/// Mounts the kernel's file systems and protects process 1 from those it will start.
///
/// # Errors
///
/// What the kernel reports.
pub fn set_up() -> Result<()> {
    let plain = MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NODEV;
    for (file_system, place, flags, data) in [
        ("proc", "/proc", plain, c""),
        ("sysfs", "/sys", plain, c""),
        ("devtmpfs", "/dev", MountFlags::NOSUID | MountFlags::NOEXEC, c"mode=755"),
        ("tmpfs", "/run", MountFlags::NOSUID | MountFlags::NODEV, c"mode=755"),
    ] {
        mount(file_system, place, file_system, flags, data).tried(|| format!("mount {place}"))?;
    }
    crate::log::use_kernel_log();
    // Neither its memory nor its descriptors are for a container's processes to look at, also in a child of it that
    // has joined the container and not yet executed anything.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).tried(|| "make process 1 undumpable")?;
    setrlimit(Resource::Nofile, OPEN_FILES).tried(|| "raise the limit of open files")
}
