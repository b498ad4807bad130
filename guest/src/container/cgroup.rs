//! One cgroup (version 2) for each container.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tokio::time::{Instant, sleep};

use super::mounts;
use crate::error::{Context, Error, Result};
use crate::sys::bpf;
use crate::sys::mount::attributes;

const ROOT: &str = "/sys/fs/cgroup";
/// Above all containers, so that their processes never stand beside process 1.
const CONTAINERS: &str = "/sys/fs/cgroup/containers";
/// How long killed processes may take to go. They go at once unless a device does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_millis(2);

/// The cgroup of a container.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
    directory: OwnedFd,
}

impl Cgroup {
    /// Makes the cgroup of a container, with every controller the kernel has.
    ///
    /// # Errors
    ///
    /// What the kernel reports.
    pub fn create(container_id: &str) -> Result<Self> {
        prepare_hierarchy()?;
        // The prefix keeps the name apart from the cgroup's own files, such as "cgroup.procs".
        let path = Path::new(CONTAINERS).join(format!("container-{container_id}"));
        fs::create_dir(&path).tried(|| format!("make cgroup {}", path.display()))?;
        let directory = rustix::fs::open(&path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let directory = directory.tried(|| format!("open cgroup {}", path.display()))?;
        Ok(Self { path, directory })
    }

    /// Puts device rules in force. Not before the container's disks are mounted, which its cgroup does.
    ///
    /// # Errors
    ///
    /// What the kernel reports.
    pub fn restrict_devices(&self, rules: &OwnedFd) -> Result<()> {
        bpf::attach_device_program(&self.directory, rules).tried(|| "attach device rules")
    }

    /// Its directory, for `CLONE_INTO_CGROUP`.
    #[must_use]
    pub fn directory(&self) -> &OwnedFd {
        &self.directory
    }

    /// Kills every process in it and waits until they are gone. Their parents must collect them meanwhile.
    ///
    /// # Errors
    ///
    /// When they are not gone in time.
    pub async fn kill(&self) -> Result<()> {
        fs::write(self.path.join("cgroup.kill"), "1").tried(|| format!("kill cgroup {}", self.path.display()))?;
        let deadline = Instant::now() + PATIENCE;
        while self.is_populated().tried(|| format!("read events of {}", self.path.display()))? {
            if Instant::now() >= deadline {
                let tried = format!("kill the processes of cgroup {}", self.path.display());
                return Err(Error::system(tried, Errno::TIMEDOUT));
            }
            sleep(INTERVAL).await;
        }
        Ok(())
    }

    fn is_populated(&self) -> io::Result<bool> {
        Ok(fs::read_to_string(self.path.join("cgroup.events"))?.lines().any(|line| line == "populated 1"))
    }

    /// Removes it; its processes have ended. What they were charged for may linger in the kernel.
    ///
    /// # Errors
    ///
    /// What rmdir(2) reports.
    pub async fn remove(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match remove_tree(&self.path) {
                // EBUSY: a process that was just collected is still counted.
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) && Instant::now() < deadline => {
                    sleep(INTERVAL).await;
                }
                result => return result.tried(|| format!("remove cgroup {}", self.path.display())),
            }
        }
    }
}

/// Removes a cgroup and those below it, which a privileged container may have made.
fn remove_tree(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)?.flatten() {
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(path)
}

/// Mounts the hierarchy and hands its controllers down, once.
///
/// # Errors
///
/// What the kernel reports.
pub fn prepare_hierarchy() -> Result<()> {
    if Path::new(CONTAINERS).exists() {
        return Ok(());
    }
    // favordynmods: a process moves into a cgroup without waiting for a grace period of RCU (cgroup-v2.rst, "Mounting").
    let set = attributes::NO_SET_UID | attributes::NO_DEVICES | attributes::NO_EXECUTE;
    let mount = mounts::new_mount("cgroup2", &[("favordynmods", None)], set)?;
    let target = rustix::fs::open(ROOT, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    mounts::attach(&mount, &target.tried(|| format!("open {ROOT}"))?).tried(|| format!("mount cgroup2 at {ROOT}"))?;
    hand_down(Path::new(ROOT))?;
    fs::create_dir(CONTAINERS).tried(|| format!("make cgroup {CONTAINERS}"))?;
    hand_down(Path::new(CONTAINERS))
}

/// Makes the controllers of a cgroup available to those below it.
fn hand_down(cgroup: &Path) -> Result<()> {
    let tried = || format!("enable the controllers of {}", cgroup.display());
    let controllers = fs::read_to_string(cgroup.join("cgroup.controllers")).tried(tried)?;
    let enabled: Vec<_> = controllers.split_whitespace().map(|name| format!("+{name}")).collect();
    fs::write(cgroup.join("cgroup.subtree_control"), enabled.join(" ")).tried(tried)
}
