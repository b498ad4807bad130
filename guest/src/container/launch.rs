//! From a child of process 1 to a container's program.

use std::ffi::CString;
use std::fs;
use std::mem::ManuallyDrop;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, Gid};

use super::devices;
use super::mounts::{self, TargetKind};
use super::namespaces::{Namespaces, mount_proc};
use super::seccomp;
use super::user::Identity;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::{process, signals};

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Open files a container may have without asking for more, and the most it may ask for. Process 1 allows itself more
/// at once, which is not to be inherited.
pub const OPEN_FILES: Rlimit = Rlimit { current: Some(1024), maximum: Some(524_288) };

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// At least one.
    pub arguments: Vec<String>,
    /// "NAME=value"
    pub environment: Vec<String>,
    /// Absolute; made when missing.
    pub directory: String,
    /// As `USER` in an image configuration.
    pub user: String,
    /// Beyond those of the container's `/etc/group`.
    pub additional_groups: Vec<u32>,
    /// Whether its standard streams are a terminal.
    pub terminal: bool,
    /// Whether it can gain nothing by executing what is set-user-id.
    pub no_new_privileges: bool,
}

/// The container a program is started in.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// Its namespaces, but for that of process ids, which the child is born in.
    pub namespaces: &'a Namespaces,
    /// Its host name.
    pub hostname: &'a str,
    /// Whether the program becomes the container's process 1.
    pub first: bool,
}

/// OCI's and Docker's default capabilities.
const CAPABILITIES: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::MKNOD)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::AUDIT_WRITE);

/// In a child: becomes the program. Returns only when that failed; the descriptor is the one to report it on.
#[must_use]
pub fn launch(
    program: &Program,
    surroundings: &Surroundings<'_>,
    standard: [Option<&OwnedFd>; 3],
    report: OwnedFd,
) -> (OwnedFd, Error) {
    if let Err(error) = surroundings.namespaces.join() {
        return (report, error);
    }
    // Not to be dropped: below, its number comes to mean something else.
    let null = match open_null() {
        Ok(null) => ManuallyDrop::new(null),
        Err(error) => return (report, error),
    };
    let standard = standard.map(|stream| stream.unwrap_or(&null));
    let report = match process::arrange_descriptors(standard, report) {
        Ok(report) => report,
        Err((report, error)) => return (report, Error::system("arrange the standard streams", error)),
    };
    match become_program(program, surroundings) {
        Ok(never) => match never {},
        Err(error) => (report, error),
    }
}

fn become_program(program: &Program, surroundings: &Surroundings<'_>) -> Result<std::convert::Infallible> {
    signals::reset();
    rustix::process::setsid().tried(|| "begin a session")?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::process::setrlimit(Resource::Nofile, OPEN_FILES).tried(|| "set the limit of open files")?;
    if surroundings.first {
        mount_proc()?;
    }
    let identity = Identity::look_up(&program.user, &program.additional_groups)?;
    set_up_streams(program.terminal, surroundings.first, identity.uid)?;
    let directory = if program.directory.is_empty() { "/" } else { &program.directory };
    fs::create_dir_all(directory).tried(|| format!("make working directory {directory:?}"))?;
    // The directory may be for the user's eyes only, or for root's: one of the two attempts is enough.
    let entered = std::env::set_current_dir(directory);
    restrict(program, &identity)?;
    if entered.is_err() {
        std::env::set_current_dir(directory).tried(|| format!("enter working directory {directory:?}"))?;
    }
    let environment = environment(program, &identity, surroundings.hostname);
    Err(execute(&program.arguments, &environment))
}

/// The container's `/dev/null`, for streams that nobody uses. A container can put something else there.
fn open_null() -> Result<OwnedFd> {
    let tried = || "open the container's /dev/null";
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty());
    let null = null.tried(tried)?;
    let status = rustix::fs::fstat(&null).tried(tried)?;
    let is_null = FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice
        && (rustix::fs::major(status.st_rdev), rustix::fs::minor(status.st_rdev)) == (1, 3);
    if is_null { Ok(null) } else { Err(Error::system(tried(), Errno::NODEV)) }
}

/// Gives the standard streams to the user, and makes the terminal the session's.
fn set_up_streams(terminal: bool, first: bool, uid: u32) -> Result<()> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    for stream in streams {
        let status = rustix::fs::fstat(stream).tried(|| "inspect a standard stream")?;
        let is_null = (rustix::fs::major(status.st_rdev), rustix::fs::minor(status.st_rdev)) == (1, 3);
        if status.st_uid != uid && !is_null {
            devices::give(stream, Uid::from_raw(uid)).tried(|| "give a standard stream to the user")?;
        }
    }
    if !terminal {
        return Ok(());
    }
    rustix::process::ioctl_tiocsctty(streams[0]).tried(|| "make the terminal the session's")?;
    if !first {
        return Ok(());
    }
    let root = super::rootfs::open_directory(Path::new("/")).tried(|| "open the container's root")?;
    let console = mounts::open_target(&root, "dev/console", TargetKind::File)?;
    let terminal = rustix::fs::open("/proc/self/fd/0", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let mount = terminal.and_then(|terminal| mounts::bind_source(&terminal, false)).tried(|| "bind the terminal")?;
    mounts::attach(&mount, &console).tried(|| "mount the terminal at /dev/console")
}

/// Gives up what the program is not to have: system calls, capabilities, the identity of root.
fn restrict(program: &Program, identity: &Identity) -> Result<()> {
    let groups: Vec<_> = identity.groups.iter().map(|id| Gid::from_raw(*id)).collect();
    let (uid, gid) = (rustix::thread::Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
    if program.no_new_privileges {
        rustix::thread::set_no_new_privs(true).tried(|| "set no_new_privs")?;
    }
    // While CAP_SYS_ADMIN is there; what follows is among what the filter allows.
    process::install_seccomp_filter(&seccomp::program()).tried(|| "install the seccomp filter")?;
    for capability in (0..u64::BITS).map(|number| CapabilitySet::from_bits_retain(1 << number)) {
        if CAPABILITIES.contains(capability) {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // Beyond the last one of this kernel.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(Error::system("limit the capabilities", errno)),
        }
    }
    rustix::thread::set_thread_groups(&groups).tried(|| "set the groups")?;
    rustix::thread::set_thread_res_gid(gid, gid, gid).tried(|| format!("become group {}", identity.gid))?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).tried(|| format!("become user {}", identity.uid))?;
    let kept = if identity.uid == 0 { CAPABILITIES } else { CapabilitySet::empty() };
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).tried(|| "set the capabilities")
}

/// The program's environment, with what every program may count on.
fn environment(program: &Program, identity: &Identity, hostname: &str) -> Vec<String> {
    let mut environment: Vec<String> = Vec::with_capacity(program.environment.len() + 4);
    // Of several values for one name the last one counts, in the first one's place.
    for entry in &program.environment {
        let name = name_of(entry);
        match environment.iter_mut().find(|other| name_of(other) == name) {
            Some(other) => other.clone_from(entry),
            None => environment.push(entry.clone()),
        }
    }
    let mut default = |name: &str, value: &str| {
        if !environment.iter().any(|entry| name_of(entry) == name) {
            environment.push(format!("{name}={value}"));
        }
    };
    default("PATH", DEFAULT_PATH);
    default("HOSTNAME", hostname);
    if program.terminal {
        default("TERM", "xterm");
    }
    default("HOME", &identity.home);
    environment
}

fn name_of(entry: &str) -> &str {
    entry.split_once('=').map_or(entry, |(name, _)| name)
}

/// Executes the program; returns why that failed.
fn execute(arguments: &[String], environment: &[String]) -> Error {
    let strings = |strings: &[String]| strings.iter().map(|s| CString::new(s.as_str())).collect::<Result<Vec<_>, _>>();
    let Some(name) = arguments.first() else {
        return Error::new(Kind::InvalidArgument, "no program to execute");
    };
    let (Ok(arguments), Ok(variables)) = (strings(arguments), strings(environment)) else {
        return Error::new(Kind::InvalidArgument, "an argument or variable contains a zero byte");
    };
    let path = environment.iter().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let mut worst = Errno::NOENT;
    for candidate in candidates(name, path) {
        let Ok(candidate) = CString::new(candidate) else { continue };
        let error = process::execute(&candidate, &arguments, &variables);
        let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        match errno {
            Errno::NOENT | Errno::NOTDIR => {}
            // Something by that name is there: remembered, while the rest of PATH may have a better one.
            Errno::ACCESS => worst = Errno::ACCESS,
            _ => {
                worst = errno;
                break;
            }
        }
    }
    explain(name, worst)
}

fn explain(name: &str, errno: Errno) -> Error {
    let shown: String = name.chars().take(200).collect();
    let kind = match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::LOOP => Kind::NotFound,
        Errno::ACCESS | Errno::NOEXEC | Errno::ISDIR | Errno::PERM | Errno::LIBBAD | Errno::TXTBSY => {
            Kind::PermissionDenied
        }
        Errno::TOOBIG => Kind::InvalidArgument,
        _ => Kind::Internal,
    };
    if errno == Errno::NOENT && !name.contains('/') {
        return Error::new(kind, format!("execute {shown:?}: no such executable in PATH (ENOENT)"));
    }
    Error::system(format_args!("execute {shown:?}"), errno).with_kind(kind)
}

/// Where a program may be: a name with a slash is a path, any other is looked up in PATH, whose empty parts are the
/// working directory.
fn candidates(name: &str, path: &str) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    if name.contains('/') {
        return vec![name.to_owned()];
    }
    let directory = |part: &str| if part.is_empty() { ".".to_owned() } else { part.to_owned() };
    path.split(':').map(|part| format!("{}/{name}", directory(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity { uid: 1, gid: 1, groups: vec![1], home: "/home/one".to_owned() }
    }

    fn program(environment: &[&str], terminal: bool) -> Program {
        let environment = environment.iter().map(ToString::to_string).collect();
        Program { environment, terminal, ..Program::default() }
    }

    #[test]
    fn supplies_what_the_environment_lacks() {
        let expected = [format!("PATH={DEFAULT_PATH}"), "HOSTNAME=box".to_owned(), "HOME=/home/one".to_owned()];
        assert_eq!(environment(&program(&[], false), &identity(), "box"), expected);
        let with_terminal = environment(&program(&[], true), &identity(), "box");
        assert!(with_terminal.contains(&"TERM=xterm".to_owned()));
    }

    #[test]
    fn leaves_what_the_environment_has() {
        let given = ["HOME=/x", "TERM=dumb", "PATH=", "HOSTNAME=other", "A=1"];
        assert_eq!(environment(&program(&given, true), &identity(), "box"), given);
    }

    #[test]
    fn lets_the_last_value_of_a_variable_win() {
        let variables = environment(&program(&["A=1", "HOME=/", "A=2"], false), &identity(), "box");
        assert_eq!(variables[..2], ["A=2", "HOME=/"]);
    }

    #[test]
    fn looks_names_up_and_takes_paths_as_they_are() {
        assert_eq!(candidates("sh", "/bin::/usr/bin"), ["/bin/sh", "./sh", "/usr/bin/sh"]);
        assert_eq!(candidates("./sh", "/bin"), ["./sh"]);
        assert!(candidates("", "/bin").is_empty());
    }

    #[test]
    fn maps_errors_of_execution() {
        let kind = |errno| explain("tool", errno).kind();
        assert_eq!(kind(Errno::NOENT), Kind::NotFound);
        for errno in [Errno::ACCESS, Errno::NOEXEC, Errno::ISDIR] {
            assert_eq!(kind(errno), Kind::PermissionDenied);
        }
        assert_eq!(kind(Errno::IO), Kind::Internal);
    }
}
