//! Messages for whoever looks at the guest's console: `/dev/kmsg` once the guest is set up, standard error before.
//!
//! For process 1 alone: its children have closed the log and report to it instead.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

static KERNEL_LOG: OnceLock<File> = OnceLock::new();

/// Sends what follows to the kernel's log, which prints what is an error even when it is told to be quiet.
pub fn use_kernel_log() {
    if let Ok(file) = File::options().write(true).open("/dev/kmsg") {
        // Set before: then it is the same file.
        let _ = KERNEL_LOG.set(file);
    }
}

/// A request or the guest itself failed.
pub fn error(message: fmt::Arguments<'_>) {
    write(3, message);
}

/// Abnormal, served anyway.
pub fn warn(message: fmt::Arguments<'_>) {
    write(4, message);
}

/// A rare change of state.
pub fn info(message: fmt::Arguments<'_>) {
    write(6, message);
}

/// One record for each write (Documentation/ABI/testing/dev-kmsg); a message that cannot be logged is lost.
fn write(level: u8, message: fmt::Arguments<'_>) {
    let _ = match KERNEL_LOG.get() {
        Some(mut log) => log.write_all(format!("<{level}>caisson-init: {message}").as_bytes()),
        None => std::io::stderr().write_all(format!("caisson-init: {message}\n").as_bytes()),
    };
}
