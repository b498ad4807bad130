//! Writes the guest's initramfs: `caisson-initramfs INIT OUTPUT`.
//!
//! The archive is a cpio in the "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst) and
//! depends on nothing but the bytes of INIT: fixed order, owner root, time 0, numbered inodes. Device nodes need no
//! privileges, for they are only described here.

use std::env;
use std::fs;
use std::io;
use std::process::ExitCode;

const DIRECTORY: u32 = 0o04_0000;
const CHARACTER_DEVICE: u32 = 0o02_0000;
const REGULAR_FILE: u32 = 0o10_0000;

/// One member of an archive.
struct Member<'a> {
    name: &'a str,
    mode: u32,
    device: (u32, u32),
    data: &'a [u8],
}

fn directory(name: &str) -> Member<'_> {
    Member { name, mode: DIRECTORY | 0o755, device: (0, 0), data: &[] }
}

/// Everything process 1 needs before it has mounted anything: places to mount on, the console that the kernel opens for
/// it, the `/dev/null` that stands in when there is none, and `run/caisson`, where the host's own archive puts the
/// secret.
fn members(init: &[u8]) -> [Member<'_>; 9] {
    [
        directory("dev"),
        Member { name: "dev/console", mode: CHARACTER_DEVICE | 0o600, device: (5, 1), data: &[] },
        Member { name: "dev/null", mode: CHARACTER_DEVICE | 0o666, device: (1, 3), data: &[] },
        Member { name: "init", mode: REGULAR_FILE | 0o755, device: (0, 0), data: init },
        directory("mnt"),
        directory("proc"),
        directory("run"),
        directory("run/caisson"),
        directory("sys"),
    ]
}

fn archive(members: &[Member<'_>]) -> io::Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (inode, member) in (1..).zip(members) {
        append(&mut archive, inode, member)?;
    }
    append(&mut archive, 0, &Member { name: "TRAILER!!!", mode: 0, device: (0, 0), data: &[] })?;
    Ok(archive)
}

fn append(archive: &mut Vec<u8>, inode: u32, member: &Member<'_>) -> io::Result<()> {
    let length =
        |bytes: usize| u32::try_from(bytes).map_err(|_| io::Error::other("larger than a cpio archive can hold"));
    let links = if member.mode & DIRECTORY == 0 { 1 } else { 2 };
    let fields = [
        inode,
        member.mode,
        0, // uid
        0, // gid
        links,
        0, // mtime
        length(member.data.len())?,
        0, // device the file is on, major
        0, // and minor
        member.device.0,
        member.device.1,
        length(member.name.len() + 1)?,
        0, // checksum, which this variant does not use
    ];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    archive.extend_from_slice(member.name.as_bytes());
    archive.push(0);
    pad(archive);
    archive.extend_from_slice(member.data);
    pad(archive);
    Ok(())
}

/// Header with name, and data, each end at a multiple of four bytes.
fn pad(archive: &mut Vec<u8>) {
    archive.resize(archive.len().next_multiple_of(4), 0);
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [init, output] = arguments.as_slice() else {
        eprintln!("usage: caisson-initramfs INIT OUTPUT");
        return ExitCode::FAILURE;
    };
    let written = fs::read(init).and_then(|init| archive(&members(&init))).and_then(|bytes| fs::write(output, bytes));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("caisson-initramfs: {} to {}: {error}", init.display(), output.display());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, mode, device and data of a member.
    type Found = (String, u32, (u32, u32), Vec<u8>);

    /// Reads an archive back.
    fn read(mut archive: &[u8]) -> Vec<Found> {
        let mut members = Vec::new();
        loop {
            let (header, rest) = archive.split_at(110);
            assert_eq!(&header[..6], b"070701");
            let field = |index: usize| {
                let text = std::str::from_utf8(&header[6 + index * 8..14 + index * 8]).unwrap();
                u32::from_str_radix(text, 16).unwrap()
            };
            let (name_length, size) = (field(11) as usize, field(6) as usize);
            let name = std::str::from_utf8(&rest[..name_length - 1]).unwrap().to_owned();
            let data_at = (110 + name_length).next_multiple_of(4) - 110;
            if name == "TRAILER!!!" {
                assert_eq!(rest.len(), data_at);
                return members;
            }
            assert_eq!((field(2), field(3), field(5)), (0, 0, 0), "owner and time of {name}");
            assert_eq!(field(0) as usize, members.len() + 1);
            let data = rest[data_at..data_at + size].to_vec();
            members.push((name, field(1), (field(9), field(10)), data));
            archive = &archive[110 + (data_at + size + 110).next_multiple_of(4) - 110..];
        }
    }

    #[test]
    fn can_be_read_back() {
        let init = b"\x7fELF and so on.";
        let members = read(&archive(&members(init)).unwrap());
        let names: Vec<_> = members.iter().map(|(name, ..)| name.as_str()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(names, sorted, "parents come before their children");
        assert!(members.contains(&("init".to_owned(), 0o100_755, (0, 0), init.to_vec())));
        assert!(members.contains(&("dev/console".to_owned(), 0o020_600, (5, 1), Vec::new())));
        assert!(members.contains(&("dev/null".to_owned(), 0o020_666, (1, 3), Vec::new())));
        assert!(members.contains(&("run/caisson".to_owned(), 0o040_755, (0, 0), Vec::new())));
    }

    #[test]
    fn is_the_same_every_time() {
        assert_eq!(archive(&members(b"init")).unwrap(), archive(&members(b"init")).unwrap());
    }

    #[test]
    fn is_a_whole_number_of_words() {
        for length in 0..9 {
            assert_eq!(archive(&members(&vec![1; length])).unwrap().len() % 4, 0);
        }
    }
}
