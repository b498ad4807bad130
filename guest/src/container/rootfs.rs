//! A container's root file system, put together in process 1's mount namespace so that it can be taken apart for
//! certain, whatever becomes of the container's own namespace.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};

use super::disks::BlockDevice;
use super::mounts;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::mount::attributes;

const CONTAINERS: &str = "/run/caisson/containers";
/// How long a file system may stay busy after its last user has ended.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(2);

/// A disk with the file system that is on it.
#[derive(Clone, Debug)]
pub struct Volume {
    /// The device.
    pub device: BlockDevice,
    /// The file system's type.
    pub file_system: String,
}

/// What a root file system is made of.
#[derive(Clone, Debug)]
pub enum Layout {
    /// A read-only image below a writable scratch disk, or below memory.
    Overlay {
        /// The image.
        lower: Volume,
        /// Where changes go; memory when absent.
        scratch: Option<Volume>,
    },
    /// One disk.
    Disk(Volume),
}

/// The places of one container's mounts.
#[derive(Clone, Debug)]
pub struct Places {
    base: PathBuf,
}

impl Places {
    /// Those of the container with this id.
    #[must_use]
    pub fn of(container_id: &str) -> Self {
        Self { base: Path::new(CONTAINERS).join(container_id) }
    }

    fn lower(&self) -> PathBuf {
        self.base.join("lower")
    }

    fn scratch(&self) -> PathBuf {
        self.base.join("scratch")
    }

    /// Where the root is mounted.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.base.join("root")
    }

    /// Mounts everything; the root stays writable until the container's own mounts are made.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a scratch disk that cannot be written, else what the kernel reports.
    pub fn assemble(&self, layout: &Layout, read_only: bool) -> Result<()> {
        for place in [self.lower(), self.scratch(), self.root()] {
            fs::create_dir_all(&place).tried(|| format!("make {}", place.display()))?;
        }
        match layout {
            Layout::Overlay { lower, scratch } => self.assemble_overlay(lower, scratch.as_ref()),
            Layout::Disk(volume) if !volume.device.read_only => mount_volume(volume, false, &self.root()),
            // Places for the container's own mounts may be missing, and can only be made in memory.
            Layout::Disk(volume) if read_only => self.assemble_overlay(volume, None),
            Layout::Disk(volume) => Err(not_writable(volume)),
        }
    }

    fn assemble_overlay(&self, lower: &Volume, scratch: Option<&Volume>) -> Result<()> {
        mount_volume(lower, true, &self.lower())?;
        match scratch {
            Some(volume) if volume.device.read_only => return Err(not_writable(volume)),
            Some(volume) => mount_volume(volume, false, &self.scratch())?,
            None => mount_at("tmpfs", &[("mode", Some("700"))], 0, &self.scratch())?,
        }
        let (upper, work) = (self.scratch().join("upper"), self.scratch().join("work"));
        self.make_upper(&upper)?;
        make_directory(&work)?;
        let text = |path: &Path| path.display().to_string();
        let (lower, upper, work) = (text(&self.lower()), text(&upper), text(&work));
        let data = [
            ("source", Some("overlay")),
            ("lowerdir", Some(lower.as_str())),
            ("upperdir", Some(upper.as_str())),
            ("workdir", Some(work.as_str())),
        ];
        mount_at("overlay", &data, 0, &self.root())
    }

    /// The root directory of an overlay has the attributes of the upper one, so a new one takes them from the image.
    fn make_upper(&self, upper: &Path) -> Result<()> {
        if upper.exists() {
            return Ok(());
        }
        let tried = || format!("make {} like the image's root", upper.display());
        let image = fs::metadata(self.lower()).tried(tried)?;
        let new = upper.with_extension("new");
        make_directory(&new)?;
        chown(&new, Some(image.uid()), Some(image.gid())).tried(tried)?;
        fs::set_permissions(&new, fs::Permissions::from_mode(image.mode() & 0o7777)).tried(tried)?;
        fs::rename(&new, upper).tried(tried)
    }

    /// Flushes and unmounts everything; what is not mounted is passed over.
    ///
    /// # Errors
    ///
    /// When something stays busy: it is then detached, so that it goes when its last user does.
    pub fn disassemble(&self) -> Result<()> {
        let mut outcome = Ok(());
        for place in [self.root(), self.scratch(), self.lower()] {
            if let Err(error) = unmount_patiently(&place) {
                outcome = outcome.and(Err(error));
            }
        }
        if outcome.is_ok() && self.base.exists() {
            fs::remove_dir_all(&self.base).tried(|| format!("remove {}", self.base.display()))?;
        }
        outcome
    }
}

fn not_writable(volume: &Volume) -> Error {
    let message =
        format!("disk {}: the container writes to it, but the machine has it read-only", volume.device.node.display());
    Error::new(Kind::InvalidArgument, message)
}

fn make_directory(path: &Path) -> Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result.tried(|| format!("make {}", path.display())),
    }
}

fn mount_volume(volume: &Volume, read_only: bool, place: &Path) -> Result<()> {
    let device = volume.device.node.display().to_string();
    let mut data = vec![("source", Some(device.as_str()))];
    if read_only {
        data.push(("ro", None));
    }
    mount_at(&volume.file_system, &data, if read_only { attributes::READ_ONLY } else { 0 }, place)
}

fn mount_at(file_system: &str, data: &[(&str, Option<&str>)], set: u64, place: &Path) -> Result<()> {
    let mount = mounts::new_mount(file_system, data, set)?;
    let target = open_directory(place).tried(|| format!("open {}", place.display()))?;
    mounts::attach(&mount, &target).tried(|| format!("mount {file_system} at {}", place.display()))
}

/// Opens a directory for use as one.
///
/// # Errors
///
/// What open(2) reports.
pub fn open_directory(path: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn unmount_patiently(place: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match unmount(place, UnmountFlags::NOFOLLOW) {
            // EINVAL: nothing is mounted there.
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => return Ok(()),
            // The last processes' references go a moment after they do.
            Err(Errno::BUSY) if Instant::now() < deadline => std::thread::sleep(INTERVAL),
            Err(errno) => {
                flush(place);
                let _ = unmount(place, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
                return Err(Error::system(format_args!("unmount {}", place.display()), errno));
            }
        }
    }
}

/// Writes out a file system that cannot be unmounted.
fn flush(place: &Path) {
    if let Ok(directory) = rustix::fs::open(place, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
        // The error that matters is the one reported for the unmounting.
        let _ = rustix::fs::syncfs(directory.as_fd());
    }
}
