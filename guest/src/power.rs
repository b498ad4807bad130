//! The end of the machine.

use std::fs;

use rustix::system::{RebootCommand, reboot};

/// Ends the machine; file systems must have been flushed.
///
/// An x86 machine without ACPI cannot switch itself off (the kernel would halt for ever), but it can reset, which ends
/// a virtual machine that was told not to start again. User-mode Linux and aarch64 (PSCI) can switch off.
pub fn off() -> ! {
    let command = if resets() { RebootCommand::Restart } else { RebootCommand::PowerOff };
    if let Err(errno) = reboot(command) {
        crate::log::error(format_args!("cannot power off: {errno}"));
    }
    // The kernel ends when process 1 does.
    std::process::exit(1);
}

fn resets() -> bool {
    let user_mode = || fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains("User Mode Linux"));
    cfg!(target_arch = "x86_64") && !user_mode()
}
