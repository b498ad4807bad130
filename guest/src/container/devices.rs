//! The devices a container has, and may use.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{FileType, Gid, Mode, Uid, chmodat, makedev, mknodat, symlinkat};

use crate::error::{Context, Result};
use crate::sys::bpf::Instruction;

/// Device nodes every container has (OCI runtime specification, config-linux.md, "Default Devices"): name, major, minor.
const NODES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Symbolic links every container has (runtime-linux.md, "Dev symbolic links", and `ptmx`).
const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];

/// Character devices that may be opened: those above, console, ptmx and the terminals of devpts (any minor).
const ALLOWED: [(u32, Option<u32>); 9] = [
    (1, Some(3)),
    (1, Some(5)),
    (1, Some(7)),
    (1, Some(8)),
    (1, Some(9)),
    (5, Some(0)),
    (5, Some(1)),
    (5, Some(2)),
    (136, None),
];

/// Fills the directory that becomes `/dev`.
///
/// # Errors
///
/// What the kernel reports.
pub fn populate(dev: &OwnedFd) -> Result<()> {
    for (name, major, minor) in NODES {
        let tried = || format!("make /dev/{name}");
        let mode = Mode::from_raw_mode(0o666);
        mknodat(dev, name, FileType::CharacterDevice, mode, makedev(major, minor)).tried(tried)?;
        // Not subject to the umask.
        chmodat(dev, name, mode, rustix::fs::AtFlags::empty()).tried(tried)?;
    }
    for (name, target) in LINKS {
        symlinkat(target, dev, name).tried(|| format!("make /dev/{name}"))?;
    }
    for directory in ["pts", "shm", "mqueue"] {
        rustix::fs::mkdirat(dev, directory, Mode::from_raw_mode(0o755)).tried(|| format!("make /dev/{directory}"))?;
    }
    Ok(())
}

/// Gives a standard stream to the user who will use it, so that `/dev/stdout` can be opened.
///
/// # Errors
///
/// What fchown(2) reports.
pub fn give(stream: impl AsFd, user: Uid) -> rustix::io::Result<()> {
    rustix::fs::fchown(stream, Some(user), None::<Gid>)
}

/// The rules as a program of type `BPF_PROG_TYPE_CGROUP_DEVICE`: any node may be made (`mknod`), few can be opened.
///
/// It sees `struct bpf_cgroup_dev_ctx`: at 0 the access (type in the low 16 bits: 1 block, 2 character; kind in the
/// high: 1 mknod, 2 read, 4 write), at 4 the major, at 8 the minor number. It returns 1 to allow.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "the numbers are constants")]
pub fn program() -> Vec<Instruction> {
    const LOAD_WORD: u8 = 0x61;
    const MOVE_REGISTER: u8 = 0xbc;
    const MOVE: u8 = 0xb7;
    const AND: u8 = 0x54;
    const SHIFT_RIGHT: u8 = 0x74;
    const JUMP_EQUAL: u8 = 0x15;
    const JUMP_NOT_EQUAL: u8 = 0x55;
    const EXIT: u8 = 0x95;
    const CONTEXT: u8 = 1;
    const ACCESS: u8 = 2;
    const TYPE: u8 = 3;
    const MAJOR: u8 = 4;
    const MINOR: u8 = 5;

    let op = |code, destination: u8, source: u8, offset, immediate| Instruction {
        code,
        registers: source << 4 | destination,
        offset,
        immediate,
    };
    let answer = |allowed: bool| [op(MOVE, 0, 0, 0, i32::from(allowed)), op(EXIT, 0, 0, 0, 0)];
    let number = |value: u32| i32::try_from(value).expect("device numbers are small");

    let mut program = vec![
        op(LOAD_WORD, ACCESS, CONTEXT, 0, 0),
        op(LOAD_WORD, MAJOR, CONTEXT, 4, 0),
        op(LOAD_WORD, MINOR, CONTEXT, 8, 0),
        op(MOVE_REGISTER, TYPE, ACCESS, 0, 0),
        op(AND, TYPE, 0, 0, 0xffff),
        op(SHIFT_RIGHT, ACCESS, 0, 0, 16),
        // mknod alone
        op(JUMP_NOT_EQUAL, ACCESS, 0, 2, 1),
    ];
    program.extend(answer(true));
    // anything but a character device
    program.push(op(JUMP_EQUAL, TYPE, 0, 2, 2));
    program.extend(answer(false));
    for (major, minor) in ALLOWED {
        let skip = if minor.is_some() { 3 } else { 2 };
        program.push(op(JUMP_NOT_EQUAL, MAJOR, 0, skip, number(major)));
        if let Some(minor) = minor {
            program.push(op(JUMP_NOT_EQUAL, MINOR, 0, 2, number(minor)));
        }
        program.extend(answer(true));
    }
    program.extend(answer(false));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel would, for the few instructions it is made of.
    fn allows(kind: u32, access: u32, major: u32, minor: u32) -> bool {
        let program = program();
        let context = [access << 16 | kind, major, minor];
        let mut registers = [0_i64; 16];
        let mut next = 0_usize;
        loop {
            let i = program[next];
            let (to, from) = (usize::from(i.registers & 15), usize::from(i.registers >> 4));
            next += 1;
            let jump = match i.code {
                0x61 => {
                    registers[to] = i64::from(context[i.offset as usize / 4]);
                    false
                }
                0xbc => {
                    registers[to] = registers[from];
                    false
                }
                0xb7 => {
                    registers[to] = i.immediate.into();
                    false
                }
                0x54 => {
                    registers[to] &= i64::from(i.immediate);
                    false
                }
                0x74 => {
                    registers[to] >>= i.immediate;
                    false
                }
                0x15 => registers[to] == i64::from(i.immediate),
                0x55 => registers[to] != i64::from(i.immediate),
                0x95 => return registers[0] == 1,
                code => panic!("unknown instruction {code:#x}"),
            };
            if jump {
                next += usize::try_from(i.offset).unwrap();
            }
        }
    }

    const BLOCK: u32 = 1;
    const CHARACTER: u32 = 2;
    const MKNOD: u32 = 1;
    const READ_WRITE: u32 = 6;

    #[test]
    fn opens_the_standard_devices_and_terminals() {
        for (major, minor) in [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, 0), (136, 77)] {
            assert!(allows(CHARACTER, READ_WRITE, major, minor), "c {major}:{minor}");
        }
    }

    #[test]
    fn opens_neither_disks_nor_memory_nor_vsock() {
        for (major, minor) in [(254, 0), (1, 3), (7, 0)] {
            assert!(!allows(BLOCK, READ_WRITE, major, minor), "b {major}:{minor}");
        }
        for (major, minor) in [(1, 1), (1, 2), (1, 4), (1, 11), (10, 200), (10, 229), (10, 125), (4, 64), (136 + 1, 0)]
        {
            assert!(!allows(CHARACTER, READ_WRITE, major, minor), "c {major}:{minor}");
        }
    }

    #[test]
    fn lets_any_node_be_made_but_not_opened_on_the_way() {
        assert!(allows(BLOCK, MKNOD, 254, 0));
        assert!(allows(CHARACTER, MKNOD, 1, 1));
        assert!(!allows(BLOCK, MKNOD | READ_WRITE, 254, 0));
    }
}
