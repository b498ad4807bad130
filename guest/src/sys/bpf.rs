//! bpf(2), as far as a cgroup's device rules need it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::check;

/// One instruction of the extended BPF instruction set (RFC 9669, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// Operation code.
    pub code: u8,
    /// Destination register in the low, source register in the high four bits.
    pub registers: u8,
    /// Signed offset.
    pub offset: i16,
    /// Signed immediate.
    pub immediate: i32,
}

const PROG_LOAD: libc::c_long = 5;
const PROG_ATTACH: libc::c_long = 8;
const PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const CGROUP_DEVICE: u32 = 6;

/// The first members of `union bpf_attr` for `BPF_PROG_LOAD`; the kernel takes the rest as zero.
#[repr(C)]
struct LoadAttributes {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    flags: u32,
}

/// `union bpf_attr` for `BPF_PROG_ATTACH`.
#[repr(C)]
struct AttachAttributes {
    target: RawFd,
    program: RawFd,
    attach_type: u32,
    flags: u32,
}

/// Has the kernel check and load a program of type `BPF_PROG_TYPE_CGROUP_DEVICE`.
///
/// # Errors
///
/// What bpf(2) reports: `EINVAL` or `EACCES` when the verifier refuses the program.
pub fn load_device_program(program: &[Instruction]) -> io::Result<OwnedFd> {
    let attributes = LoadAttributes {
        program_type: PROG_TYPE_CGROUP_DEVICE,
        instruction_count: u32::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        instructions: program.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log_buffer: 0,
        kernel_version: 0,
        flags: 0,
    };
    // SAFETY: the attributes have the kernel's layout for this command and are valid for reads of the size given, as
    // are the instructions and the licence they point to.
    let result = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, &raw const attributes, size_of_val(&attributes)) };
    let descriptor = check(result)? as RawFd;
    // SAFETY: bpf has returned a new descriptor, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Puts a program of [`load_device_program`] in charge of the devices of a cgroup; the cgroup keeps it.
///
/// # Errors
///
/// What bpf(2) reports.
pub fn attach_device_program(cgroup: impl AsFd, program: impl AsFd) -> io::Result<()> {
    let attributes = AttachAttributes {
        target: cgroup.as_fd().as_raw_fd(),
        program: program.as_fd().as_raw_fd(),
        attach_type: CGROUP_DEVICE,
        flags: 0,
    };
    // SAFETY: the attributes have the kernel's layout for this command and are valid for reads of the size given.
    let result = unsafe { libc::syscall(libc::SYS_bpf, PROG_ATTACH, &raw const attributes, size_of_val(&attributes)) };
    check(result).map(drop)
}
