//! Containers and their processes.

pub mod cgroup;
pub mod devices;
pub mod disks;
pub mod launch;
pub mod mounts;
pub mod namespaces;
pub mod network;
pub mod process;
pub mod rootfs;
pub mod seccomp;
pub mod user;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use self::cgroup::Cgroup;
use self::launch::{Surroundings, launch};
use self::namespaces::{Namespaces, Plan};
use self::process::{Process, ProcessSpec, Streams};
use self::rootfs::Places;
use crate::error::{Context, Error, Kind, Result};
use crate::helper::{self, Report, outcome, report};
use crate::reaper::{Child, Reaper};
use crate::sys::bpf;
use crate::sys::fork::Place;

const MOST_CONTAINERS: usize = 256;
const MOST_PROCESSES: usize = 16_384;

/// Locks what is never left in a broken state: nothing here panics while it holds a lock, and if it did the guest ends.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All containers of the guest.
#[derive(Debug)]
pub struct Containers {
    reaper: Arc<Reaper>,
    /// Process 1's own pid namespace, to come back to.
    own_pid_namespace: Option<OwnedFd>,
    /// What devices every container may use, loaded once.
    device_rules: OnceLock<OwnedFd>,
    /// The next container's network namespace, when there is one already.
    next_network: Mutex<Option<OwnedFd>>,
    by_id: Mutex<HashMap<String, Arc<Container>>>,
}

/// A container.
#[derive(Debug)]
pub struct Container {
    id: String,
    hostname: String,
    places: Places,
    processes: Mutex<HashMap<String, Arc<Process>>>,
    /// Held while the container is made, a process is started, or the container is taken apart.
    life: tokio::sync::Mutex<Life>,
}

#[derive(Debug, Default)]
struct Life {
    cgroup: Option<Cgroup>,
    /// Until the container is taken apart.
    namespaces: Option<Namespaces>,
    /// The first process that was started, and its pid namespace.
    init: Option<(Child, OwnedFd)>,
}

impl Containers {
    /// None yet.
    #[must_use]
    pub fn new(reaper: Arc<Reaper>) -> Self {
        let own = rustix::fs::open("/proc/self/ns/pid", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        Self {
            reaper,
            own_pid_namespace: own.ok(),
            device_rules: OnceLock::new(),
            next_network: Mutex::default(),
            by_id: Mutex::default(),
        }
    }

    /// Makes what the first container would have to make: what all containers share (the hierarchy of cgroups, the
    /// device rules), and a network namespace.
    ///
    /// # Errors
    ///
    /// What the kernel reports.
    pub fn prepare(&self) -> Result<()> {
        cgroup::prepare_hierarchy()?;
        self.device_rules()?;
        *lock(&self.next_network) = Some(network::create()?);
        Ok(())
    }

    fn device_rules(&self) -> Result<&OwnedFd> {
        if let Some(rules) = self.device_rules.get() {
            return Ok(rules);
        }
        let loaded = bpf::load_device_program(&devices::program()).tried(|| "load device rules")?;
        Ok(self.device_rules.get_or_init(|| loaded))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        lock(&self.by_id).is_empty()
    }

    /// The container with this id.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND`
    pub fn get(&self, id: &str) -> Result<Arc<Container>> {
        let found = lock(&self.by_id).get(id).map(Arc::clone);
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("no container {id:?}")))
    }

    /// Prepares a container.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT`, `ALREADY_EXISTS`, `RESOURCE_EXHAUSTED`, `NOT_FOUND` for a disk, or `INTERNAL`; nothing is
    /// left of the container then.
    pub async fn create(&self, id: &str, plan: Plan) -> Result<()> {
        check_id("container", id)?;
        let container = Arc::new(Container {
            id: id.to_owned(),
            hostname: plan.hostname.clone(),
            places: plan.places.clone(),
            processes: Mutex::default(),
            life: tokio::sync::Mutex::default(),
        });
        let mut life = container.life.lock().await;
        {
            let mut containers = lock(&self.by_id);
            let full = containers.len() >= MOST_CONTAINERS;
            match containers.entry(id.to_owned()) {
                Entry::Occupied(_) => {
                    return Err(Error::new(Kind::AlreadyExists, format!("container {id:?} exists")));
                }
                Entry::Vacant(_) if full => {
                    let message = format!("container {id:?}: the guest has {MOST_CONTAINERS} already");
                    return Err(Error::new(Kind::ResourceExhausted, message));
                }
                Entry::Vacant(entry) => entry.insert(Arc::clone(&container)),
            };
        }
        let made = self.assemble(&mut life, id, &plan).await;
        if let Err(error) = &made {
            crate::log::error(format_args!("container {id}: {error}"));
            if let Err(error) = self.disassemble(&container, &mut life).await {
                crate::log::error(format_args!("container {id}: {error}"));
            }
            lock(&self.by_id).remove(id);
        }
        made
    }

    async fn assemble(&self, life: &mut Life, id: &str, plan: &Plan) -> Result<()> {
        let cgroup = life.cgroup.insert(Cgroup::create(id)?);
        let ready = lock(&self.next_network).take();
        let network = ready.map_or_else(network::create, Ok)?;
        life.namespaces = Some(Namespaces::create(&self.reaper, cgroup, network, plan).await?);
        cgroup.restrict_devices(self.device_rules()?)
    }

    /// Kills what is left of the container's processes, unmounts its file systems and forgets it.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND`; `INTERNAL` when something does not end or is not released in time. The container is forgotten
    /// nevertheless.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let container = self.get(id)?;
        let mut life = container.life.lock().await;
        // Another deletion may have been first.
        self.get(id)?;
        let taken_apart = self.disassemble(&container, &mut life).await;
        lock(&self.by_id).remove(id);
        taken_apart
    }

    /// Deletes all containers.
    ///
    /// # Errors
    ///
    /// The first failure; the others are deleted nevertheless.
    pub async fn delete_all(&self) -> Result<()> {
        let ids: Vec<_> = lock(&self.by_id).keys().cloned().collect();
        let mut outcome = Ok(());
        for id in ids {
            match self.delete(&id).await {
                Err(error) if error.kind() != Kind::NotFound => outcome = outcome.and(Err(error)),
                _ => {}
            }
        }
        outcome
    }

    async fn disassemble(&self, container: &Container, life: &mut Life) -> Result<()> {
        let mut outcome = Ok(());
        if let Some(cgroup) = &life.cgroup {
            outcome = outcome.and(cgroup.kill().await);
        }
        let processes = std::mem::take(&mut *lock(&container.processes));
        for process in processes.into_values() {
            process.destroy().await;
        }
        // The last references to the container's mount namespace: its mounts go with it, here and now.
        life.init = None;
        life.namespaces = None;
        outcome = outcome.and(helper::run(&self.reaper, || container.places.disassemble()).await);
        if let Some(cgroup) = life.cgroup.take() {
            outcome = outcome.and(cgroup.remove().await);
        }
        outcome
    }

    /// Records a process.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND`, `INVALID_ARGUMENT`, `ALREADY_EXISTS`, `RESOURCE_EXHAUSTED`
    pub async fn create_process(&self, container_id: &str, process_id: &str, spec: ProcessSpec) -> Result<()> {
        check_id("process", process_id)?;
        check_program(&spec)?;
        let container = self.get(container_id)?;
        // Not while it is made or taken apart.
        let life = container.life.lock().await;
        if life.namespaces.is_none() {
            return Err(Error::new(Kind::NotFound, format!("no container {container_id:?}")));
        }
        let mut processes = lock(&container.processes);
        if processes.len() >= MOST_PROCESSES {
            let message = format!("process {process_id:?}: the container has {MOST_PROCESSES} already");
            return Err(Error::new(Kind::ResourceExhausted, message));
        }
        match processes.entry(process_id.to_owned()) {
            Entry::Occupied(_) => Err(Error::new(Kind::AlreadyExists, format!("process {process_id:?} exists"))),
            Entry::Vacant(entry) => {
                entry.insert(Arc::new(Process::new(process_id.to_owned(), spec)));
                Ok(())
            }
        }
    }

    /// Starts a recorded process and waits until its executable has been loaded; returns its process id.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND` and `PERMISSION_DENIED` as the contract says, `FAILED_PRECONDITION` when it was started before or
    /// the container's init has ended, `INVALID_ARGUMENT` for an unknown user.
    pub async fn start_process(&self, container_id: &str, process_id: &str) -> Result<i32> {
        let container = self.get(container_id)?;
        let process = container.process(process_id)?;
        let mut life = container.life.lock().await;
        process.begin_start()?;
        let started = self.start(&container, &process, &mut life).await;
        process.end_start(started.as_ref().ok().cloned());
        started.map(|child| child.pid().as_raw_nonzero().get())
    }

    async fn start(&self, container: &Container, process: &Process, life: &mut Life) -> Result<Child> {
        let (Some(cgroup), Some(namespaces)) = (&life.cgroup, &life.namespaces) else {
            return Err(Error::new(Kind::NotFound, format!("no container {:?}", container.id)));
        };
        if life.init.as_ref().is_some_and(|(init, _)| init.exit().is_some()) {
            let message = format!("the init of container {:?} has ended", container.id);
            return Err(Error::new(Kind::FailedPrecondition, message));
        }
        let first = life.init.is_none();
        let streams = Streams::new(&process.spec, namespaces.root())?;
        let surroundings = Surroundings { namespaces, hostname: &container.hostname, first };
        let Report { reader, writer } = Report::new()?;
        let place = Place { cgroup: Some(cgroup.directory().as_fd()), new_pid_namespace: first };
        let standard = streams.theirs.each_ref().map(Option::as_ref);
        let pid_namespace = life.init.as_ref().map(|(_, namespace)| namespace);
        let child = self.fork_into(pid_namespace, &place, || {
            let (writer, error) = launch(&process.spec.program, &surroundings, standard, writer);
            report(writer, &error);
            1
        });
        let child = child.tried(|| format!("start a child for process {:?}", process.id))?;
        // At once, while the child's id is certain to be its own.
        let path = format!("/proc/{}/ns/pid", child.pid().as_raw_nonzero());
        let namespace = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let loaded = match namespace.tried(|| format!("open {path}")) {
            Ok(namespace) => outcome(reader).await.map(|()| namespace),
            Err(error) => {
                let _ = child.signal(libc::SIGKILL);
                Err(error)
            }
        };
        match loaded {
            Ok(namespace) if first => life.init = Some((child.clone(), namespace)),
            Ok(_) => {}
            Err(error) => {
                child.wait().await;
                return Err(error);
            }
        }
        process.connect(streams);
        Ok(child)
    }

    /// Starts a child in an existing pid namespace, or in this one (which `place` may replace by a new one).
    fn fork_into(
        &self,
        pid_namespace: Option<&OwnedFd>,
        place: &Place<'_>,
        work: impl FnOnce() -> u8,
    ) -> std::io::Result<Child> {
        let Some(namespace) = pid_namespace else { return self.reaper.fork(place, work) };
        let pid = Some(LinkNameSpaceType::ProcessID);
        let own = self.own_pid_namespace.as_ref().ok_or(std::io::ErrorKind::Unsupported)?;
        move_into_link_name_space(namespace.as_fd(), pid)?;
        let child = self.reaper.fork(place, work);
        // Where process 1's children are born is part of what it is: it must not go on without.
        move_into_link_name_space(own.as_fd(), pid).expect("process 1 can return to its pid namespace");
        child
    }

    /// Kills a process when it still runs and forgets it with its streams. It may be gone already.
    ///
    /// # Errors
    ///
    /// None today: neither a missing container nor a missing process is one.
    pub async fn delete_process(&self, container_id: &str, process_id: &str) -> Result<()> {
        let Ok(container) = self.get(container_id) else { return Ok(()) };
        // Not while it is being started.
        let life = container.life.lock().await;
        let process = lock(&container.processes).remove(process_id);
        drop(life);
        if let Some(process) = process {
            process.destroy().await;
        }
        Ok(())
    }
}

impl Container {
    /// The process with this id.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND`
    pub fn process(&self, id: &str) -> Result<Arc<Process>> {
        let found = lock(&self.processes).get(id).map(Arc::clone);
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("no process {id:?} in container {:?}", self.id)))
    }
}

/// Ids: 1 to 128 characters of `[A-Za-z0-9_.-]`, the first one alphanumeric.
///
/// # Errors
///
/// `INVALID_ARGUMENT`
pub fn check_id(what: &str, id: &str) -> Result<()> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let bytes = id.as_bytes();
    if bytes.len() <= 128 && bytes.first().is_some_and(u8::is_ascii_alphanumeric) && bytes.iter().all(|b| valid(*b)) {
        return Ok(());
    }
    let shown: String = id.chars().take(128).collect();
    let message = format!("{what} id {shown:?}: must be 1 to 128 of [A-Za-z0-9_.-], the first one alphanumeric");
    Err(Error::new(Kind::InvalidArgument, message))
}

fn check_program(spec: &ProcessSpec) -> Result<()> {
    let program = &spec.program;
    let refuse = |why: &str| Err(Error::new(Kind::InvalidArgument, format!("process: {why}")));
    if program.arguments.first().is_none_or(String::is_empty) {
        return refuse("args must name a program");
    }
    if program.arguments.iter().chain(&program.environment).any(|text| text.contains('\0')) {
        return refuse("args and env must not contain a zero byte");
    }
    if program.environment.iter().any(|entry| entry.find('=').is_none_or(|position| position == 0)) {
        return refuse("env entries must be NAME=value");
    }
    if !program.directory.is_empty() && !program.directory.starts_with('/') {
        return refuse("cwd must be absolute");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_ids_of_the_contract_and_no_others() {
        for id in ["a", "0", "web-1.example_2", &"x".repeat(128)] {
            assert!(check_id("container", id).is_ok(), "{id:?}");
        }
        for id in ["", "-a", ".", "..", "_a", "a/b", "a b", "é", "a\0", &"x".repeat(129)] {
            assert_eq!(check_id("container", id).unwrap_err().kind(), Kind::InvalidArgument, "{id:?}");
        }
    }

    #[test]
    fn refuses_programs_that_cannot_be_meant() {
        let spec = |arguments: &[&str], environment: &[&str], directory: &str| {
            let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
            let mut spec = ProcessSpec::default();
            spec.program.arguments = strings(arguments);
            spec.program.environment = strings(environment);
            spec.program.directory = directory.to_owned();
            spec
        };
        assert!(check_program(&spec(&["sh"], &["A=", "B=1=2"], "/")).is_ok());
        assert!(check_program(&spec(&["sh", ""], &[], "")).is_ok());
        for bad in [
            spec(&[], &[], "/"),
            spec(&[""], &[], "/"),
            spec(&["sh", "a\0b"], &[], "/"),
            spec(&["sh"], &["A"], "/"),
            spec(&["sh"], &["=1"], "/"),
            spec(&["sh"], &[], "relative"),
        ] {
            assert_eq!(check_program(&bad).unwrap_err().kind(), Kind::InvalidArgument);
        }
    }
}
