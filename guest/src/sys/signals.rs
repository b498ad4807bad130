//! Signals: SIGCHLD as a descriptor for process 1, and everything back to default for what it executes.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};

use super::check;

/// Blocks SIGCHLD and returns a non-blocking descriptor that is readable while one is pending.
///
/// # Errors
///
/// What sigprocmask(2) and signalfd(2) report.
pub fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: sigset_t is plain data; the set is initialised by sigemptyset before use, the pointers are valid, and a
    // null old set is allowed. signalfd returns a new descriptor, owned by nobody else.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()).into())?;
        let descriptor = libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC);
        check(descriptor.into())?;
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Takes what is pending out of the descriptor of [`child_signals`]; false when there was nothing.
///
/// # Errors
///
/// What read(2) reports, except `EAGAIN`.
pub fn drain(signals: impl AsFd) -> io::Result<bool> {
    let mut any = false;
    let mut buffer = [0_u8; size_of::<libc::signalfd_siginfo>() * 4];
    loop {
        match rustix::io::read(signals.as_fd(), &mut buffer) {
            Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(any),
            Ok(_) => any = true,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Gives every signal its default action and unblocks them all: what a program expects to be started with.
pub fn reset() {
    // SAFETY: sigaction is plain data whose zero value is SIG_DFL without flags; the kernel refuses, harmlessly, the
    // signals that cannot be set, and glibc the two it keeps for itself. No Rust code relies on the handlers: this runs
    // in a child that is about to execute another program.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        for signal in 1..=libc::SIGRTMAX() {
            libc::sigaction(signal, &raw const default, std::ptr::null_mut());
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Sends a signal to a child that has not been reaped, whose id therefore is still its own.
///
/// # Errors
///
/// What kill(2) reports: `ESRCH` when there is no such process.
pub fn send(pid: rustix::process::Pid, signal: i32) -> io::Result<()> {
    // SAFETY: kill has no memory preconditions; the kernel checks the signal's number.
    check(unsafe { libc::kill(pid.as_raw_nonzero().get(), signal) }.into()).map(drop)
}
