//! Sockets' corners.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::check;

/// `IOCTL_VM_SOCKETS_GET_LOCAL_CID` of linux/vm_sockets.h.
const GET_LOCAL_CID: libc::Ioctl = 0x7b9;

/// Brings up the loopback interface of the network namespace this process is in.
///
/// # Errors
///
/// What netdevice(7)'s requests report.
pub fn loopback_up() -> io::Result<()> {
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: ifreq is a name and a union of plain data; zero is valid for all of it.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    // SAFETY: SIOCGIFFLAGS reads the name and writes the flags of the ifreq it is given, both within its bounds.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) }.into())?;
    // SAFETY: SIOCGIFFLAGS has written this member of the union.
    unsafe { request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
    // SAFETY: SIOCSIFFLAGS reads the name and the flags.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }.into()).map(drop)
}

/// This machine's vsock address (context id); none as long as it has no vsock device.
///
/// # Errors
///
/// What vsock(7)'s request reports.
pub fn vsock_address() -> io::Result<Option<u32>> {
    let device = File::open("/dev/vsock")?;
    let mut address = libc::VMADDR_CID_ANY;
    // SAFETY: IOCTL_VM_SOCKETS_GET_LOCAL_CID writes one u32.
    check(unsafe { libc::ioctl(device.as_raw_fd(), GET_LOCAL_CID, &raw mut address) }.into())?;
    Ok((address != libc::VMADDR_CID_ANY).then_some(address))
}

/// Sets how much a vsock socket receives before its peer must wait, in bytes (the credit of virtio 1.2, section
/// 5.10.6.3). On a listener: for the connections it will accept.
///
/// # Errors
///
/// What setsockopt(2) reports.
pub fn set_vsock_buffer(socket: impl AsFd, bytes: u64) -> io::Result<()> {
    const SO_VM_SOCKETS_BUFFER_SIZE: libc::c_int = 0;
    const SO_VM_SOCKETS_BUFFER_MAX_SIZE: libc::c_int = 2;
    for option in [SO_VM_SOCKETS_BUFFER_MAX_SIZE, SO_VM_SOCKETS_BUFFER_SIZE] {
        // SAFETY: both options take a u64, which is valid for the call.
        let result = unsafe {
            libc::setsockopt(
                socket.as_fd().as_raw_fd(),
                libc::AF_VSOCK,
                option,
                (&raw const bytes).cast(),
                size_of::<u64>() as libc::socklen_t,
            )
        };
        check(result.into())?;
    }
    Ok(())
}
