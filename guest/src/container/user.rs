//! Who a process runs as: `USER` of an image configuration, looked up in the container's own files.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Context, Error, Kind, Result};

/// Larger files of names are cut: the names of an image are data like any other.
const LARGEST_FILE: u64 = 4 << 20;

/// The identity a process gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// All groups, the primary one first.
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: String,
}

impl Identity {
    /// Looks `user` up in `/etc/passwd` and `/etc/group` of the root this process is in.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a name that is in neither file, or a malformed one.
    pub fn look_up(user: &str, additional: &[u32]) -> Result<Self> {
        Self::find(user, additional, &read("/etc/passwd")?, &read("/etc/group")?)
    }

    /// As [`Identity::look_up`], with the files' contents.
    ///
    /// A name comes before a number: a user called "1000" is found by name. A user id needs no entry in `passwd`. With
    /// an explicit group the user's other groups are left out, as Docker does.
    ///
    /// # Errors
    ///
    /// As [`Identity::look_up`].
    pub fn find(user: &str, additional: &[u32], passwd: &str, group: &str) -> Result<Self> {
        let unknown = |what: &str, name: &str| {
            Error::new(Kind::InvalidArgument, format!("user {user:?}: no {what} {name:?} in the container"))
        };
        let (user_part, group_part) = user.split_once(':').map_or((user, ""), |(user, group)| (user, group));
        let wanted = if user_part.is_empty() { "0" } else { user_part };
        let entry = passwd_entries(passwd).find(|entry| entry.name == wanted).or_else(|| {
            let uid = number(wanted)?;
            passwd_entries(passwd).find(|entry| entry.uid == uid)
        });
        let (uid, mut gid, home, name) = match &entry {
            Some(entry) => (entry.uid, entry.gid, entry.home, entry.name),
            None => (number(wanted).ok_or_else(|| unknown("user", wanted))?, 0, "", ""),
        };
        let mut others = Vec::new();
        if group_part.is_empty() {
            others.extend(group_entries(group).filter(|entry| entry.has_member(name)).map(|entry| entry.gid));
        } else {
            let found = group_entries(group).find(|entry| entry.name == group_part).map(|entry| entry.gid);
            gid = found.or_else(|| number(group_part)).ok_or_else(|| unknown("group", group_part))?;
        }
        let mut groups = vec![gid];
        for other in others.into_iter().chain(additional.iter().copied()) {
            if !groups.contains(&other) {
                groups.push(other);
            }
        }
        let home = if home.is_empty() { "/" } else { home }.to_owned();
        Ok(Self { uid, gid, groups, home })
    }
}

struct PasswdEntry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

/// passwd(5); lines that are not entries are skipped.
fn passwd_entries(passwd: &str) -> impl Iterator<Item = PasswdEntry<'_>> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let (name, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let home = fields.nth(1).unwrap_or_default();
        let comment = name.is_empty() || name.starts_with('#');
        (!comment).then_some(PasswdEntry { name, uid: number(uid)?, gid: number(gid)?, home })
    })
}

struct GroupEntry<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

impl GroupEntry<'_> {
    fn has_member(&self, name: &str) -> bool {
        !name.is_empty() && self.members.split(',').any(|member| member.trim() == name)
    }
}

/// group(5); lines that are not entries are skipped.
fn group_entries(group: &str) -> impl Iterator<Item = GroupEntry<'_>> {
    group.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?);
        let members = fields.next().unwrap_or_default();
        let comment = name.is_empty() || name.starts_with('#');
        (!comment).then_some(GroupEntry { name, gid: number(gid)?, members })
    })
}

/// A user or group id: decimal digits, below 2^31 as the kernel's own tools have it. -1 means "leave it" to setresuid.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|id| i32::try_from(*id).is_ok())
}

/// A regular file's text, or nothing when there is no such file.
fn read(path: &str) -> Result<String> {
    let tried = || format!("read {path}");
    // O_NONBLOCK: an image may have a fifo there.
    let file = match File::options().read(true).custom_flags(libc::O_NONBLOCK).open(Path::new(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(Error::system(tried(), error)),
    };
    if !file.metadata().tried(tried)?.is_file() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE).read_to_end(&mut bytes).tried(tried)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
        # a comment:x:7:7::/:\n\
        broken line\n\
        www:x:33:33:www:/var/www:/bin/false\n\
        1000:x:1234:1234::/home/odd:\n\
        nohome:x:44:44\n\
        wild:x:99999999999:1::/:\n";
    const GROUP: &str = "root:x:0:\nwww:x:33:\naudio:x:29:www,root\nvideo:x:44:nobody, www\n";

    fn find(user: &str) -> Result<Identity> {
        Identity::find(user, &[], PASSWD, GROUP)
    }

    fn identity(uid: u32, gid: u32, groups: &[u32], home: &str) -> Identity {
        Identity { uid, gid, groups: groups.to_vec(), home: home.to_owned() }
    }

    #[test]
    fn defaults_to_root() {
        assert_eq!(find("").unwrap(), identity(0, 0, &[0, 29], "/root"));
        assert_eq!(Identity::find("", &[], "", "").unwrap(), identity(0, 0, &[0], "/"));
    }

    #[test]
    fn finds_by_name_and_by_number() {
        let www = identity(33, 33, &[33, 29, 44], "/var/www");
        assert_eq!(find("www").unwrap(), www);
        assert_eq!(find("33").unwrap(), www);
    }

    #[test]
    fn prefers_a_name_made_of_digits() {
        assert_eq!(find("1000").unwrap(), identity(1234, 1234, &[1234], "/home/odd"));
    }

    #[test]
    fn takes_a_number_nobody_has() {
        assert_eq!(find("4711").unwrap(), identity(4711, 0, &[0], "/"));
        assert_eq!(find("4711:4712").unwrap(), identity(4711, 4712, &[4712], "/"));
    }

    #[test]
    fn takes_an_explicit_group_alone() {
        assert_eq!(find("www:audio").unwrap(), identity(33, 29, &[29], "/var/www"));
        assert_eq!(find("www:29").unwrap(), identity(33, 29, &[29], "/var/www"));
        assert_eq!(find(":audio").unwrap(), identity(0, 29, &[29], "/root"));
    }

    #[test]
    fn adds_groups_once() {
        let www = Identity::find("www", &[29, 5, 5], PASSWD, GROUP).unwrap();
        assert_eq!(www.groups, [33, 29, 44, 5]);
    }

    #[test]
    fn takes_the_root_directory_for_a_missing_home() {
        assert_eq!(find("nohome").unwrap(), identity(44, 44, &[44], "/"));
    }

    #[test]
    fn refuses_what_is_nowhere() {
        for user in ["nobody", "www:nogroup", "-1", "4294967295", "0x10", "wild", " "] {
            assert_eq!(find(user).unwrap_err().kind(), Kind::InvalidArgument, "{user:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(user in ".{0,20}", passwd in "(?s).{0,200}", group in "(?s).{0,200}") {
            let _ = Identity::find(&user, &[1], &passwd, &group);
        }
    }
}
