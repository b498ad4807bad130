//! The devices of a machine that was booted without them, to be what others begin as: see "Templates" in the header of
//! `guest.proto`. On x86-64 alone: elsewhere the kernel cannot jump to another one and back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Context, Result};
use crate::sys::net;
use crate::sys::standstill::stand_still;

/// Where virtio's devices on a memory-mapped bus are, and their places (virtio 1.2, section 4.2).
const PLATFORM_DEVICES: &str = "/sys/bus/platform/devices";
const CLOCK: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
/// How long that may take.
const SETTLING: Duration = Duration::from_secs(3);
const INTERVAL: Duration = Duration::from_millis(10);
const BIND: &str = "/sys/bus/platform/drivers/virtio-mmio/bind";

/// Returns in a machine that has its devices: at once when this one does, otherwise in each that goes on from here.
///
/// # Errors
///
/// What the kernel reports, also of a device it cannot drive.
pub fn wait() -> Result<()> {
    if net::vsock_address().tried(|| "ask for the vsock address")?.is_some() {
        forbid_kexec();
        return Ok(());
    }
    let places = empty_places().tried(|| format!("read {PLATFORM_DEVICES}"))?;
    settle();
    stand_still().tried(|| "stand still without devices")?;
    forbid_kexec();
    let mut bind = File::options().write(true).open(BIND).tried(|| format!("open {BIND}"))?;
    for place in places {
        match bind.write_all(place.as_bytes()) {
            // There is still nothing.
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {}
            bound => bound.tried(|| format!("set up the device {place}"))?,
        }
    }
    Ok(())
}

/// Nobody needs to load a kernel any more, and nobody can from here on (Documentation/admin-guide/sysctl/kernel.rst). A
/// kernel that never could has no such setting.
fn forbid_kexec() {
    let _ = fs::write("/proc/sys/kernel/kexec_load_disabled", "1");
}

/// Waits for the kernel to take its final clock, a second after it has booted and the last thing it does for that: every
/// machine that goes on from here would do it again. A kernel that takes another one is none the worse.
fn settle() {
    let end = Instant::now() + SETTLING;
    while Instant::now() < end && !fs::read_to_string(CLOCK).is_ok_and(|name| name.trim() == "tsc") {
        thread::sleep(INTERVAL);
    }
}

/// The names of the places where no device was found, such as "virtio-mmio.0".
fn empty_places() -> io::Result<Vec<String>> {
    let mut places = Vec::new();
    for entry in fs::read_dir(PLATFORM_DEVICES)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("virtio-mmio.") && !entry.path().join("driver").exists() {
            places.push(name);
        }
    }
    Ok(places)
}
