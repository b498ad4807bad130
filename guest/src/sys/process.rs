//! What a child does to itself before it becomes the container's program.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::check;

/// Replaces this process by the program at `path`. Returns only on failure.
#[must_use]
pub fn execute(path: &CString, arguments: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: path is a C string; both vectors are null-terminated arrays of C strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Moves this process into new namespaces.
///
/// # Errors
///
/// What unshare(2) reports.
pub fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    let namespaces = namespaces - UnshareFlags::FILES - UnshareFlags::FS;
    // SAFETY: what makes it unsafe, descriptors and working directories that threads no longer share, is left out.
    unsafe { unshare_unsafe(namespaces) }.map_err(io::Error::from)
}

/// Installs a seccomp filter for this process and all it will start.
///
/// # Errors
///
/// What seccomp(2) reports: `EACCES` without `CAP_SYS_ADMIN` and without `no_new_privs`.
pub fn install_seccomp_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program is valid for reads of its length during the call, and the kernel only reads it.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    check(result).map(drop)
}

/// Makes the given descriptors 0, 1 and 2 of this process, moves `kept` to 3 and closes all others, for a child between
/// fork and execve(2). Those numbered 0 to 2 stay open across execve, `kept` does not.
///
/// What else the child still holds by a descriptor must not be used or dropped afterwards.
///
/// # Errors
///
/// What fcntl(2), dup3(2) and close_range(2) report, with `kept` as it was or as it has become.
pub fn arrange_descriptors(standard: [&OwnedFd; 3], kept: OwnedFd) -> Result<OwnedFd, (OwnedFd, io::Error)> {
    // First out of the way of 0 to 3, so that no dup3 overwrites one still needed.
    let aside = |fd: RawFd| -> io::Result<RawFd> {
        // SAFETY: F_DUPFD_CLOEXEC has no memory preconditions.
        Ok(check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 16) }.into())? as RawFd)
    };
    let moved = standard.map(|fd| aside(fd.as_raw_fd()));
    let [Ok(input), Ok(output), Ok(error)] = moved else {
        return Err((kept, io::Error::from_raw_os_error(libc::EMFILE)));
    };
    let report = match aside(kept.as_raw_fd()) {
        Ok(report) => report,
        Err(error) => return Err((kept, error)),
    };
    // Its number may be one of those that are taken or closed now.
    let _ = kept.into_raw_fd();
    for (number, (fd, flags)) in (0..).zip([(input, 0), (output, 0), (error, 0), (report, libc::O_CLOEXEC)]) {
        // SAFETY: dup3 has no memory preconditions. What it closes (0 to 3) is not used by this child any more.
        if let Err(error) = check(unsafe { libc::dup3(fd, number, flags) }.into()) {
            // SAFETY: this duplicate of `kept` was made above and is owned by nobody else.
            return Err((unsafe { OwnedFd::from_raw_fd(report) }, error));
        }
    }
    // SAFETY: descriptor 3 was made above and is owned by nobody else.
    let kept = unsafe { OwnedFd::from_raw_fd(3) };
    // SAFETY: closes descriptors that nothing in this child uses from here on (see above).
    match check(unsafe { libc::syscall(libc::SYS_close_range, 4_u32, u32::MAX, 0_u32) }) {
        Ok(_) => Ok(kept),
        Err(error) => Err((kept, error)),
    }
}

/// Closes all descriptors of this process but 0, 1, 2 and `kept`, for a child that must not hold on to process 1's
/// pipes and connections.
///
/// What else the child still holds by a descriptor must not be used afterwards.
pub fn close_others(kept: &[BorrowedFd<'_>]) {
    let mut kept: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd() as u32).filter(|number| *number > 2).collect();
    kept.sort_unstable();
    let mut first = 3;
    for last in kept.into_iter().map(|number| number - 1).chain([u32::MAX]) {
        if first <= last {
            // SAFETY: closes descriptors that nothing in this child uses from here on (see above). It fails for no
            // reason that concerns them.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) };
        }
        first = last.saturating_add(2);
    }
}
