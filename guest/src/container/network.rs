//! A container's network namespace.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::error::{Context, Result};
use crate::sys::net::loopback_up;
use crate::sys::process::unshare;

/// What every user of a container may do, since its network is its own: serve on any port, and ping.
const SYSCTLS: [(&str, &str); 2] = [("ip_unprivileged_port_start", "0"), ("ping_group_range", "0 2147483647")];

/// Makes one that has nothing but its loopback interface.
///
/// # Errors
///
/// What the kernel reports.
///
/// # Panics
///
/// When process 1 cannot return to its own.
pub fn create() -> Result<OwnedFd> {
    let own = current()?;
    unshare(UnshareFlags::NEWNET).tried(|| "make a network namespace")?;
    for (name, value) in SYSCTLS {
        // For convenience only, as Docker has it; a kernel without the setting is none the worse.
        let _ = fs::write(format!("/proc/sys/net/ipv4/{name}"), value);
    }
    let made = loopback_up().tried(|| "bring the loopback interface up").and_then(|()| current());
    join(&own).expect("process 1 can return to its network namespace");
    made
}

/// Moves this process into a network namespace.
///
/// # Errors
///
/// What setns(2) reports.
pub fn join(network: impl AsFd) -> Result<()> {
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).tried(|| "join the network namespace")
}

fn current() -> Result<OwnedFd> {
    const PATH: &str = "/proc/self/ns/net";
    rustix::fs::open(PATH, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).tried(|| format!("open {PATH}"))
}
