//! A container's namespaces: made by a child that assembles the root file system and goes, kept by descriptors.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::mount::{UnmountFlags, unmount};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{fchdir, pivot_root};
use rustix::system::sethostname;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use super::cgroup::Cgroup;
use super::devices;
use super::mounts::{self, Mount, TargetKind};
use super::network;
use super::rootfs::{self, Layout, Places};
use crate::error::{Context, Result};
use crate::helper::{Report, outcome, report};
use crate::reaper::Reaper;
use crate::sys::fork::Place;
use crate::sys::mount::{attributes, set_attributes};
use crate::sys::process::{close_others, unshare};

/// What a container is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where its mounts are.
    pub places: Places,
    /// Its root file system.
    pub layout: Layout,
    /// Whether it sees its root read-only.
    pub read_only: bool,
    /// Mounts beyond those every container has.
    pub mounts: Vec<Mount>,
    /// Its host name.
    pub hostname: String,
}

const NOTHING: u64 = 0;
const NO_SET_UID: u64 = attributes::NO_SET_UID;
const DATA_ONLY: u64 = attributes::NO_SET_UID | attributes::NO_DEVICES | attributes::NO_EXECUTE;

/// What is hidden below `/sys` (OCI's and Docker's defaults, and hibernation); those below `/proc` follow with [`mount_proc`].
const MASKED_SYS: [&str; 3] = ["sys/firmware", "sys/devices/virtual/powercap", "sys/power"];
const MASKED_PROC: [&str; 10] = [
    "proc/acpi",
    "proc/asound",
    "proc/interrupts",
    "proc/kcore",
    "proc/keys",
    "proc/latency_stats",
    "proc/sched_debug",
    "proc/scsi",
    "proc/timer_list",
    "proc/timer_stats",
];
const READ_ONLY_PROC: [&str; 5] = ["proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"];

/// Descriptors that keep a container's namespaces. The pid namespace is apart: it lives and dies with its process 1.
#[derive(Debug)]
pub struct Namespaces {
    mount: OwnedFd,
    uts: OwnedFd,
    ipc: OwnedFd,
    network: OwnedFd,
    cgroup: OwnedFd,
    /// The container's root directory.
    root: OwnedFd,
}

impl Namespaces {
    /// Makes everything a container is before its first process; `network` is its network namespace.
    ///
    /// # Errors
    ///
    /// What failed first; the mounts made until then are left to [`Places::disassemble`].
    pub async fn create(reaper: &Reaper, cgroup: &Cgroup, network: OwnedFd, plan: &Plan) -> Result<Self> {
        let Report { reader, writer } = Report::new()?;
        let (hold, release) = pipe_with(PipeFlags::CLOEXEC).tried(|| "make a pipe")?;
        let place = Place { cgroup: Some(cgroup.directory().as_fd()), new_pid_namespace: false };
        let child = reaper.fork(&place, || {
            close_others(&[writer.as_fd(), hold.as_fd(), network.as_fd()]);
            match network::join(&network).and_then(|()| assemble(plan)) {
                Ok(()) => {
                    // Without a word: all is well.
                    drop(writer);
                    // Process 1 writes a byte when it has opened what it keeps.
                    let _ = std::fs::File::from(hold).read(&mut [0]);
                    0
                }
                Err(error) => {
                    report(writer, &error);
                    1
                }
            }
        });
        let child = child.tried(|| "start the process that prepares the container")?;
        let namespaces = match outcome(reader).await {
            Ok(()) => Self::open(child.pid().as_raw_nonzero().get(), network),
            Err(error) => Err(error),
        };
        // Also when it waits for nothing any more.
        let _ = std::fs::File::from(release).write(&[0]);
        if namespaces.is_err() {
            // What it has mounted is about to be taken apart.
            child.wait().await;
        }
        namespaces
    }

    fn open(pid: i32, network: OwnedFd) -> Result<Self> {
        let open = |name: &str, flags: OFlags| {
            let path = format!("/proc/{pid}/{name}");
            rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::empty()).tried(|| format!("open {path}"))
        };
        Ok(Self {
            mount: open("ns/mnt", OFlags::RDONLY)?,
            uts: open("ns/uts", OFlags::RDONLY)?,
            ipc: open("ns/ipc", OFlags::RDONLY)?,
            network,
            cgroup: open("ns/cgroup", OFlags::RDONLY)?,
            root: open("root", OFlags::PATH | OFlags::DIRECTORY)?,
        })
    }

    /// In a child: joins all of them. Its root and working directory become the container's root.
    ///
    /// # Errors
    ///
    /// What setns(2) reports.
    pub fn join(&self) -> Result<()> {
        for (namespace, kind) in [
            (&self.cgroup, LinkNameSpaceType::ControlGroup),
            (&self.uts, LinkNameSpaceType::HostNameAndNISDomainName),
            (&self.ipc, LinkNameSpaceType::InterProcessCommunication),
            (&self.network, LinkNameSpaceType::Network),
            (&self.mount, LinkNameSpaceType::Mount),
        ] {
            move_into_link_name_space(namespace.as_fd(), Some(kind)).tried(|| format!("join namespace {kind:?}"))?;
        }
        Ok(())
    }

    /// The container's root directory.
    #[must_use]
    pub fn root(&self) -> &OwnedFd {
        &self.root
    }
}

/// In a child: makes the root file system, then new namespaces with it as the root.
fn assemble(plan: &Plan) -> Result<()> {
    plan.places.assemble(&plan.layout, plan.read_only)?;
    let new = UnshareFlags::NEWNS | UnshareFlags::NEWUTS | UnshareFlags::NEWIPC | UnshareFlags::NEWCGROUP;
    unshare(new).tried(|| "make namespaces")?;
    let root = rootfs::open_directory(&plan.places.root()).tried(|| "open the container's root")?;
    make_default_mounts(&root)?;
    for mount in &plan.mounts {
        mount.make(&root)?;
    }
    for path in MASKED_SYS {
        mask(&root, path)?;
    }
    if plan.read_only {
        set_attributes(&root, attributes::READ_ONLY, NOTHING, false).tried(|| "make the root read-only")?;
    }
    // "." onto ".": the old root ends up on top of the new one, where it can be detached (pivot_root(2), "NOTES").
    // Nothing is shared with process 1's namespace: its mounts have been private from the first.
    fchdir(&root).tried(|| "enter the container's root")?;
    pivot_root(".", ".").tried(|| "change to the container's root")?;
    unmount(".", UnmountFlags::DETACH).tried(|| "detach the guest's root")?;
    rustix::process::chdir("/").tried(|| "enter the container's root")?;
    sethostname(plan.hostname.as_bytes()).tried(|| format!("set host name {:?}", plan.hostname))
}

/// What every container has mounted, but for `/proc`, which belongs to a pid namespace.
fn make_default_mounts(root: &OwnedFd) -> Result<()> {
    let make = |target: &str, file_system: &str, data: &[(&str, Option<&str>)], set: u64| {
        let mount = mounts::new_mount(file_system, data, set)?;
        if target == "dev" {
            devices::populate(&mount)?;
        }
        let place = mounts::open_target(root, target, TargetKind::Directory)?;
        mounts::attach(&mount, &place).tried(|| format!("mount {file_system} at /{target}"))
    };
    mounts::open_target(root, "proc", TargetKind::Directory)?;
    make("sys", "sysfs", &[], DATA_ONLY | attributes::READ_ONLY)?;
    make("sys/fs/cgroup", "cgroup2", &[], DATA_ONLY | attributes::READ_ONLY)?;
    make("dev", "tmpfs", &[("mode", Some("755")), ("size", Some("64m"))], NO_SET_UID)?;
    let terminals = [("newinstance", None), ("ptmxmode", Some("0666")), ("mode", Some("0620")), ("gid", Some("5"))];
    make("dev/pts", "devpts", &terminals, NO_SET_UID | attributes::NO_EXECUTE)?;
    make("dev/shm", "tmpfs", &[("mode", Some("1777")), ("size", Some("64m"))], DATA_ONLY)?;
    make("dev/mqueue", "mqueue", &[], DATA_ONLY)
}

/// In the first process of a container, inside its namespaces: mounts `/proc` for its pid namespace, in place of one
/// from a first process that could not be started.
///
/// # Errors
///
/// What the kernel reports.
pub fn mount_proc() -> Result<()> {
    let root = rootfs::open_directory(Path::new("/")).tried(|| "open the container's root")?;
    while unmount("/proc", UnmountFlags::DETACH | UnmountFlags::NOFOLLOW).is_ok() {}
    let proc = mounts::new_mount("proc", &[], DATA_ONLY)?;
    let place = mounts::open_target(&root, "proc", TargetKind::Directory)?;
    mounts::attach(&proc, &place).tried(|| "mount proc at /proc")?;
    for path in MASKED_PROC {
        mask(&root, path)?;
    }
    for path in READ_ONLY_PROC {
        let Ok(place) = mounts::open_in_root(&root, Path::new(path), OFlags::PATH) else { continue };
        let tried = || format!("make /{path} read-only");
        let mount = mounts::bind_source(&place, true).tried(tried)?;
        set_attributes(&mount, attributes::READ_ONLY, NOTHING, true).tried(tried)?;
        mounts::attach(&mount, &place).tried(tried)?;
    }
    Ok(())
}

/// Hides a directory behind an empty one, and anything else behind `/dev/null`. What does not exist needs no hiding.
fn mask(root: &OwnedFd, path: &str) -> Result<()> {
    let Ok(place) = mounts::open_in_root(root, Path::new(path), OFlags::PATH) else { return Ok(()) };
    let tried = || format!("hide /{path}");
    let status = rustix::fs::fstat(&place).tried(tried)?;
    let cover = if rustix::fs::FileType::from_raw_mode(status.st_mode).is_dir() {
        mounts::new_mount("tmpfs", &[("mode", Some("555"))], DATA_ONLY | attributes::READ_ONLY)?
    } else {
        let null = mounts::open_in_root(root, Path::new("dev/null"), OFlags::PATH).tried(tried)?;
        mounts::bind_source(&null, false).tried(tried)?
    };
    mounts::attach(&cover, &place).tried(tried)
}
