//! Children of process 1.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Pid;

use super::check;

/// Where and how a child begins.
#[derive(Default)]
pub struct Place<'fd> {
    /// The directory of the cgroup (version 2) it is born in; the parent's when absent.
    pub cgroup: Option<BorrowedFd<'fd>>,
    /// Whether it becomes process 1 of a new pid namespace.
    pub new_pid_namespace: bool,
}

/// linux/sched.h; the constant of the `libc` crate is about to change its type.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

static THREADS_FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// Declares that this process has one thread and never starts a second, which is what [`fork`] relies on.
///
/// # Panics
///
/// When there is more than one thread already.
pub fn forbid_threads() {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    assert_eq!(threads, 1, "process 1 must have a single thread");
    THREADS_FORBIDDEN.store(true, Ordering::Relaxed);
}

/// Starts a child that runs `work` and nothing else; it has a copy of this process's memory and descriptors.
///
/// The child's parent receives SIGCHLD when it ends. `work` ends by replacing the process (`execve`) or by returning
/// the exit status.
///
/// # Errors
///
/// What clone3(2) reports; `ENOMEM` also when the pid namespace for children has lost its process 1.
///
/// # Panics
///
/// Unless [`forbid_threads`] was called: a child of a process with several threads could find locks held for ever.
pub fn fork(place: &Place<'_>, work: impl FnOnce() -> u8) -> io::Result<Pid> {
    assert!(THREADS_FORBIDDEN.load(Ordering::Relaxed), "fork needs a process with a single thread");
    // SAFETY: all fields of clone_args are integers, for which zero is valid and means "not used".
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.exit_signal = libc::SIGCHLD as u64;
    if place.new_pid_namespace {
        arguments.flags |= libc::CLONE_NEWPID as u64;
    }
    if let Some(cgroup) = place.cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: without CLONE_VM this is fork(2): the child runs on a copy of the stack. The process has one thread (see
    // above), so the copy is consistent: no lock is held by a thread that does not exist in the child. glibc's cached
    // thread id in the child is stale, which only concerns functions of pthreads that the child does not call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of_val(&arguments)) };
    if check(pid)? == 0 {
        let status = work();
        leave(status);
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("clone3 returned no process id"))
}

/// Ends this process at once: no destructors, no buffers flushed (they belong to the parent).
pub fn leave(status: u8) -> ! {
    // SAFETY: _exit takes any status and has no preconditions.
    unsafe { libc::_exit(i32::from(status)) }
}
