//! Mounts inside a container's root.
//!
//! Nothing here follows a path out of the root: targets are opened with openat2(2) and `RESOLVE_IN_ROOT`, and what is
//! opened, not its path, is mounted on.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use crate::error::{Context, Error, Kind, Result};
use crate::sys::mount::{attributes, set_attributes};

/// A mount to make, as mount(2) takes it.
#[derive(Clone, Debug)]
pub struct Mount {
    /// File system type; "bind" or empty with the option `bind` or `rbind`.
    pub file_system: String,
    /// What the type takes as its source.
    pub source: String,
    /// Inside the container.
    pub target: String,
    /// Comma-separated, any number of them in one string.
    pub options: Vec<String>,
}

/// Options by their fstab names, sorted into what each part of the kernel takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Attributes of the mount to set, see [`attributes`].
    pub set: u64,
    /// Attributes of the mount to clear.
    pub clear: u64,
    /// A bind mount and, inside it, whether what is mounted below the source comes along.
    pub bind: Option<bool>,
    /// For the file system: names, with their values where they have one.
    pub data: Vec<(String, Option<String>)>,
}

impl Options {
    /// Understands options.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for propagation this guest does not offer: nothing is shared between containers.
    pub fn parse<S: AsRef<str>>(options: &[S]) -> Result<Self> {
        let mut parsed = Self::default();
        for option in options.iter().flat_map(|text| text.as_ref().split(',')).filter(|option| !option.is_empty()) {
            parsed.add(option)?;
        }
        Ok(parsed)
    }

    fn add(&mut self, option: &str) -> Result<()> {
        match option {
            "defaults" | "private" | "rprivate" | "slave" | "rslave" => {}
            "shared" | "rshared" | "unbindable" | "runbindable" => {
                let message = format!("mount option {option:?}: containers' mounts are private");
                return Err(Error::new(Kind::InvalidArgument, message));
            }
            "bind" => self.bind = Some(self.bind.unwrap_or(false)),
            "rbind" => self.bind = Some(true),
            "ro" => {
                self.turn_on(attributes::READ_ONLY);
                self.data.push(("ro".to_owned(), None));
            }
            "rw" => {
                self.turn_off(attributes::READ_ONLY);
                self.data.retain(|(name, _)| name != "ro");
            }
            "nosuid" => self.turn_on(attributes::NO_SET_UID),
            "suid" => self.turn_off(attributes::NO_SET_UID),
            "nodev" => self.turn_on(attributes::NO_DEVICES),
            "dev" => self.turn_off(attributes::NO_DEVICES),
            "noexec" => self.turn_on(attributes::NO_EXECUTE),
            "exec" => self.turn_off(attributes::NO_EXECUTE),
            "nosymfollow" => self.turn_on(attributes::NO_SYMLINKS),
            "symfollow" => self.turn_off(attributes::NO_SYMLINKS),
            "nodiratime" => self.turn_on(attributes::NO_DIRECTORY_ACCESS_TIME),
            "diratime" => self.turn_off(attributes::NO_DIRECTORY_ACCESS_TIME),
            "noatime" => self.access_time(attributes::NO_ACCESS_TIME),
            "strictatime" => self.access_time(attributes::STRICT_ACCESS_TIME),
            "atime" | "relatime" | "norelatime" | "nostrictatime" => self.access_time(0),
            _ => {
                let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
                self.data.push((name.to_owned(), value.map(ToOwned::to_owned)));
            }
        }
        Ok(())
    }

    fn turn_on(&mut self, attribute: u64) {
        self.set |= attribute;
        self.clear &= !attribute;
    }

    fn turn_off(&mut self, attribute: u64) {
        self.set &= !attribute;
        self.clear |= attribute;
    }

    /// The access time is a field of several bits: it is cleared whole before a value is set.
    fn access_time(&mut self, value: u64) {
        self.set = self.set & !attributes::ACCESS_TIME_FIELD | value;
        self.clear |= attributes::ACCESS_TIME_FIELD;
    }
}

/// What a mount's target has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Directories are mounted on directories,
    Directory,
    /// and everything else on everything else.
    File,
}

/// Opens `path` inside `root` for use as a directory or mount target; no symbolic link leads out.
///
/// # Errors
///
/// What openat2(2) reports.
pub fn open_in_root(root: impl AsFd, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    loop {
        match openat2(&root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // EAGAIN: something was renamed meanwhile, and the kernel could not be certain that ".." stays inside.
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
}

/// Opens the target of a mount, and makes what is missing of it: directories, and at the end an empty file when a file
/// is wanted.
///
/// # Errors
///
/// `INVALID_ARGUMENT` for a path with `..`; `INTERNAL` with what the kernel reports.
pub fn open_target(root: impl AsFd, target: &str, kind: TargetKind) -> Result<OwnedFd> {
    let tried = || format!("mount target {target:?}");
    let mut path = PathBuf::from(".");
    let mut names = Vec::new();
    for component in Path::new(target).components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::new(Kind::InvalidArgument, format!("{}: contains \"..\"", tried())));
            }
        }
    }
    let mut current = open_in_root(&root, &path, OFlags::PATH | OFlags::DIRECTORY).tried(tried)?;
    for (index, name) in names.iter().enumerate() {
        path.push(name);
        let wanted = if index + 1 == names.len() { kind } else { TargetKind::Directory };
        current = open_or_make(&root, &current, &path, name, wanted).tried(tried)?;
    }
    let is_directory = fstat(&current).map(|status| FileType::from_raw_mode(status.st_mode).is_dir()).tried(tried)?;
    match (kind, is_directory) {
        (TargetKind::File, true) => Err(Error::system(tried(), Errno::ISDIR)),
        (TargetKind::Directory, false) => Err(Error::system(tried(), Errno::NOTDIR)),
        _ => Ok(current),
    }
}

fn open_or_make(
    root: impl AsFd,
    parent: &OwnedFd,
    path: &Path,
    name: &OsStr,
    kind: TargetKind,
) -> rustix::io::Result<OwnedFd> {
    match open_in_root(&root, path, OFlags::PATH) {
        Err(Errno::NOENT) => {}
        result => return result,
    }
    let made = match kind {
        TargetKind::Directory => mkdirat(parent, name, Mode::from_raw_mode(0o755)),
        TargetKind::File => rustix::fs::openat(
            parent,
            name,
            OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o644),
        )
        .map(drop),
    };
    match made {
        // A symbolic link to nowhere is in the way; the second attempt to open it says so.
        Ok(()) | Err(Errno::EXIST) => open_in_root(&root, path, OFlags::PATH),
        Err(errno) => Err(errno),
    }
}

/// Makes a mount that is not yet anywhere.
///
/// # Errors
///
/// What the file system reports, with the kernel's own words where it has any.
pub fn new_mount(file_system: &str, data: &[(&str, Option<&str>)], set: u64) -> Result<OwnedFd> {
    let tried = || match data.iter().find(|(name, _)| *name == "source") {
        Some((_, Some(source))) => format!("mount {file_system} {source:?}"),
        _ => format!("mount {file_system}"),
    };
    let context = fsopen(file_system, FsOpenFlags::FSOPEN_CLOEXEC).tried(tried)?;
    let explained = |errno| match kernel_words(&context) {
        Some(words) => Error::new(Kind::Internal, format!("{}: {words}", Error::system(tried(), errno))),
        None => Error::system(tried(), errno),
    };
    for (name, value) in data {
        match value {
            Some(value) => fsconfig_set_string(&context, *name, *value),
            None => fsconfig_set_flag(&context, *name),
        }
        .map_err(|errno| Error::new(Kind::Internal, format!("option {name:?}: {}", explained(errno))))?;
    }
    fsconfig_create(&context).map_err(explained)?;
    // rustix names these bits; the values are the kernel's, the same as in `attributes`.
    let flags = MountAttrFlags::from_bits_retain(u32::try_from(set).unwrap_or(0));
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags).map_err(explained)
}

/// What the kernel has to say about a file system context that failed: lines like "e overlay: no such directory".
fn kernel_words(context: &OwnedFd) -> Option<String> {
    let mut buffer = [0; 512];
    let count = rustix::io::read(context, &mut buffer).ok()?;
    let text = String::from_utf8_lossy(&buffer[..count]);
    let text = text.trim_end();
    Some(text.strip_prefix("e ").unwrap_or(text).to_owned())
}

/// Puts a mount on an opened target.
///
/// # Errors
///
/// What move_mount(2) reports.
pub fn attach(mount: &OwnedFd, target: &OwnedFd) -> rustix::io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, c"", target, c"", flags)
}

/// A second mount of what `source` is opened on, for another place.
///
/// # Errors
///
/// What open_tree(2) reports.
pub fn bind_source(source: &OwnedFd, recursive: bool) -> rustix::io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(source, c"", flags)
}

impl Mount {
    /// Makes the mount and attaches it inside `root`.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a mount that cannot be meant, `NOT_FOUND` for a bind source that does not exist,
    /// `INTERNAL` with what the kernel reports.
    pub fn make(&self, root: impl AsFd) -> Result<()> {
        let options = Options::parse(&self.options)?;
        let (mount, kind) = if options.bind.is_some() || self.file_system == "bind" {
            self.bind(&options)?
        } else {
            let mut data: Vec<_> = options.data.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            if !self.source.is_empty() {
                data.insert(0, ("source", Some(self.source.as_str())));
            }
            (new_mount(&self.file_system, &data, options.set)?, TargetKind::Directory)
        };
        let target = open_target(root, &self.target, kind)?;
        attach(&mount, &target).tried(|| format!("mount at {:?}", self.target))
    }

    fn bind(&self, options: &Options) -> Result<(OwnedFd, TargetKind)> {
        let tried = || format!("bind mount of {:?}", self.source);
        let source = OsStr::from_bytes(self.source.as_bytes());
        let source = rustix::fs::open(source, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(|errno| {
            let kind = if errno == Errno::NOENT { Kind::NotFound } else { Kind::Internal };
            Error::system(tried(), errno).with_kind(kind)
        })?;
        let is_directory =
            fstat(&source).map(|status| FileType::from_raw_mode(status.st_mode).is_dir()).tried(tried)?;
        let recursive = options.bind == Some(true);
        let mount = bind_source(&source, recursive).tried(tried)?;
        set_attributes(&mount, options.set, options.clear, recursive).tried(tried)?;
        Ok((mount, if is_directory { TargetKind::Directory } else { TargetKind::File }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn sorts_options_into_attributes_and_data() {
        let options = Options::parse(&["ro,nosuid", "mode=1777", "size=64k,noexec,huge"]).unwrap();
        assert_eq!(options.set, attributes::READ_ONLY | attributes::NO_SET_UID | attributes::NO_EXECUTE);
        assert_eq!(options.clear, 0);
        let data: Vec<_> = options.data.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(data, [("ro", None), ("mode", Some("1777")), ("size", Some("64k")), ("huge", None)]);
    }

    #[test]
    fn lets_the_last_option_win() {
        let options = Options::parse(&["ro,nodev,noatime", "rw,dev,relatime"]).unwrap();
        assert_eq!(options.set, 0);
        assert_eq!(options.clear, attributes::READ_ONLY | attributes::NO_DEVICES | attributes::ACCESS_TIME_FIELD);
        assert!(options.data.is_empty());
    }

    #[test]
    fn tells_bind_from_rbind() {
        assert_eq!(Options::parse(&["bind"]).unwrap().bind, Some(false));
        assert_eq!(Options::parse(&["rbind,bind"]).unwrap().bind, Some(true));
        assert_eq!(Options::parse::<&str>(&[]).unwrap().bind, None);
    }

    #[test]
    fn keeps_an_equals_sign_in_a_value() {
        let options = Options::parse(&["a=b=c"]).unwrap();
        assert_eq!(options.data, [("a".to_owned(), Some("b=c".to_owned()))]);
    }

    #[test]
    fn refuses_to_share() {
        assert_eq!(Options::parse(&["rshared"]).unwrap_err().kind(), Kind::InvalidArgument);
    }

    struct Root(PathBuf);

    impl Root {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("caisson-mounts-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(path.join("root")).unwrap();
            fs::create_dir_all(path.join("outside")).unwrap();
            Self(path)
        }

        fn open(&self) -> OwnedFd {
            rustix::fs::open(self.0.join("root"), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap()
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn makes_missing_directories_and_files() {
        let root = Root::new("makes");
        open_target(root.open(), "/a/b/c", TargetKind::Directory).unwrap();
        open_target(root.open(), "a/b/file", TargetKind::File).unwrap();
        open_target(root.open(), "/", TargetKind::Directory).unwrap();
        assert!(root.0.join("root/a/b/c").is_dir());
        assert!(root.0.join("root/a/b/file").is_file());
    }

    #[test]
    fn follows_links_inside_the_root_only() {
        let root = Root::new("links");
        fs::create_dir(root.0.join("root/real")).unwrap();
        symlink("/real", root.0.join("root/absolute")).unwrap();
        symlink("../../../outside", root.0.join("root/escape")).unwrap();
        symlink(root.0.join("outside"), root.0.join("root/away")).unwrap();
        open_target(root.open(), "/absolute/made", TargetKind::Directory).unwrap();
        assert!(root.0.join("root/real/made").is_dir());
        assert!(open_target(root.open(), "/escape/made", TargetKind::Directory).is_err());
        assert!(open_target(root.open(), "/away/made", TargetKind::Directory).is_err());
        assert_eq!(fs::read_dir(root.0.join("outside")).unwrap().count(), 0);
    }

    #[test]
    fn refuses_parent_directories_and_wrong_kinds() {
        let root = Root::new("kinds");
        fs::write(root.0.join("root/file"), "").unwrap();
        assert_eq!(
            open_target(root.open(), "/x/../../y", TargetKind::Directory).unwrap_err().kind(),
            Kind::InvalidArgument
        );
        assert!(open_target(root.open(), "/file", TargetKind::Directory).is_err());
        assert!(open_target(root.open(), "/", TargetKind::File).is_err());
        assert!(open_target(root.open(), "/file/below", TargetKind::Directory).is_err());
    }
}
