//! A process of a container, from its record to its exit status.

use std::os::fd::OwnedFd;
use std::sync::Mutex;

use rustix::fs::{FsWord, Mode, OFlags, openat2};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::sync::watch;

use super::launch::Program;
use super::lock;
use crate::error::{Context, Error, Kind, Result};
use crate::reaper::{Child, Exit};
use crate::stdio::{Connection, Input, InputHandle, OutputHandle};

/// What a pipe between a process and process 1 holds, in bytes; the most an unprivileged user may have.
const PIPE_SIZE: usize = 1 << 20;
/// `DEVPTS_SUPER_MAGIC`
const DEVPTS: FsWord = 0x1cd1;

/// What a process is to be.
#[derive(Clone, Debug, Default)]
pub struct ProcessSpec {
    /// What to run, as whom and where.
    pub program: Program,
    /// The terminal's size, if it has one.
    pub window: Option<Window>,
    /// Whether it has a standard input.
    pub stdin: bool,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

impl Window {
    fn apply(self, terminal: &OwnedFd) -> Result<()> {
        let size = Winsize { ws_row: self.rows, ws_col: self.columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(terminal, size).tried(|| "set the terminal's size")
    }
}

/// Where a process is in its life.
#[derive(Clone, Debug)]
pub enum State {
    /// Recorded, not started; also after a start that failed.
    Created,
    /// On its way to its executable.
    Starting,
    /// Started; whether it has ended is the child's to say.
    Started(Child),
    /// Deleted.
    Gone,
}

/// A process of a container.
#[derive(Debug)]
pub struct Process {
    /// Unique in its container.
    pub id: String,
    /// What it is to be.
    pub spec: ProcessSpec,
    state: watch::Sender<State>,
    stdin: Option<InputHandle>,
    stdout: OutputHandle,
    stderr: Option<OutputHandle>,
    terminal: Mutex<Option<OwnedFd>>,
}

/// The two sides of a process's standard streams.
#[derive(Debug)]
pub struct Streams {
    ours: Ours,
    /// For descriptors 0, 1 and 2 of the process; `/dev/null` where there is none.
    pub theirs: [Option<OwnedFd>; 3],
}

#[derive(Debug)]
enum Ours {
    Terminal(OwnedFd),
    Pipes { stdin: Option<OwnedFd>, stdout: OwnedFd, stderr: OwnedFd },
}

impl Process {
    /// Records a process; its streams can be attached from now on.
    #[must_use]
    pub fn new(id: String, spec: ProcessSpec) -> Self {
        let stdin = spec.stdin.then(InputHandle::start);
        let stderr = (!spec.program.terminal).then(OutputHandle::start);
        Self {
            id,
            spec,
            state: watch::Sender::new(State::Created),
            stdin,
            stdout: OutputHandle::start(),
            stderr,
            terminal: Mutex::new(None),
        }
    }

    /// Its state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Claims the start of the process for the caller.
    ///
    /// # Errors
    ///
    /// `FAILED_PRECONDITION` when it was claimed before.
    pub fn begin_start(&self) -> Result<()> {
        let began = self.state.send_if_modified(|state| {
            let created = matches!(state, State::Created);
            if created {
                *state = State::Starting;
            }
            created
        });
        if began { Ok(()) } else { Err(self.wrong_state("has been started before")) }
    }

    /// Ends what [`Process::begin_start`] began: with the child, or back at the beginning without.
    pub fn end_start(&self, child: Option<Child>) {
        self.state.send_if_modified(|state| {
            let starting = matches!(state, State::Starting);
            if starting {
                *state = child.map_or(State::Created, State::Started);
            }
            starting
        });
    }

    /// Hands over our side of its streams, once it runs.
    pub fn connect(&self, streams: Streams) {
        match streams.ours {
            Ours::Terminal(master) => {
                // The terminal itself stays here, for its size.
                if let (Some(stdin), Ok(writer)) = (&self.stdin, master.try_clone()) {
                    stdin.set_sink(Input::Terminal(writer));
                }
                if let Ok(reader) = master.try_clone() {
                    self.stdout.set_source(reader);
                }
                *lock(&self.terminal) = Some(master);
            }
            Ours::Pipes { stdin, stdout, stderr } => {
                if let (Some(handle), Some(pipe)) = (&self.stdin, stdin) {
                    handle.set_sink(Input::Pipe(pipe));
                }
                self.stdout.set_source(stdout);
                if let Some(handle) = &self.stderr {
                    handle.set_source(stderr);
                }
            }
        }
    }

    /// Waits for its end, also when it has yet to be started.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND` when it is deleted before.
    pub async fn wait(&self) -> Result<Exit> {
        let mut states = self.state.subscribe();
        let state = states.wait_for(|state| matches!(state, State::Started(_) | State::Gone)).await;
        let state = state.map_or(State::Gone, |state| state.clone());
        match state {
            State::Started(child) => Ok(child.wait().await),
            _ => Err(Error::new(Kind::NotFound, format!("process {:?} was deleted", self.id))),
        }
    }

    /// Sends it a signal.
    ///
    /// # Errors
    ///
    /// `FAILED_PRECONDITION` unless it runs.
    pub fn signal(&self, signal: i32) -> Result<()> {
        match self.state() {
            State::Started(child) if child.exit().is_none() => {
                child.signal(signal).tried(|| format!("send signal {signal} to process {:?}", self.id))
            }
            State::Started(_) => Err(self.wrong_state("has ended")),
            _ => Err(self.wrong_state("has not been started")),
        }
    }

    /// Sets the size of its terminal.
    ///
    /// # Errors
    ///
    /// `FAILED_PRECONDITION` when it has none, or has not been started.
    pub fn resize(&self, window: Window) -> Result<()> {
        match &*lock(&self.terminal) {
            Some(terminal) => window.apply(terminal),
            None if self.spec.program.terminal => Err(self.wrong_state("has not been started")),
            None => Err(self.wrong_state("has no terminal")),
        }
    }

    /// Ends its standard input once what was received is delivered; nothing to do when it has none.
    pub fn close_stdin(&self) {
        if let Some(stdin) = &self.stdin {
            stdin.close();
        }
    }

    /// Kills it when it runs and waits for its end; it is gone afterwards.
    pub async fn destroy(&self) {
        if let State::Started(child) = self.state.send_replace(State::Gone)
            && child.signal(libc::SIGKILL).is_ok()
        {
            child.wait().await;
        }
    }

    /// Attaches a host to its standard input.
    ///
    /// # Errors
    ///
    /// Gives the connection back when it has none.
    pub fn attach_stdin(&self, connection: Box<dyn Connection>) -> Result<(), Box<dyn Connection>> {
        match &self.stdin {
            Some(stdin) => {
                stdin.attach(connection);
                Ok(())
            }
            None => Err(connection),
        }
    }

    /// Attaches a host to its standard output, which is also a terminal's.
    pub fn attach_stdout(&self, connection: Box<dyn Connection>, offset: u64) {
        self.stdout.attach(connection, offset);
    }

    /// Attaches a host to its standard error.
    ///
    /// # Errors
    ///
    /// Gives the connection back when it has none of its own.
    pub fn attach_stderr(&self, connection: Box<dyn Connection>, offset: u64) -> Result<(), Box<dyn Connection>> {
        match &self.stderr {
            Some(stderr) => {
                stderr.attach(connection, offset);
                Ok(())
            }
            None => Err(connection),
        }
    }

    fn wrong_state(&self, why: &str) -> Error {
        Error::new(Kind::FailedPrecondition, format!("process {:?} {why}", self.id))
    }
}

impl Streams {
    /// Makes pipes, or a terminal in the devpts of the container with this root.
    ///
    /// # Errors
    ///
    /// What the kernel reports.
    pub fn new(spec: &ProcessSpec, root: &OwnedFd) -> Result<Self> {
        if spec.program.terminal {
            return Self::terminal(spec.window, root);
        }
        let (stdin, their_stdin) = if spec.stdin {
            let (theirs, ours) = pipe()?;
            nonblocking(&ours)?;
            (Some(ours), Some(theirs))
        } else {
            (None, None)
        };
        let (stdout, their_stdout) = pipe()?;
        let (stderr, their_stderr) = pipe()?;
        nonblocking(&stdout)?;
        nonblocking(&stderr)?;
        let ours = Ours::Pipes { stdin, stdout, stderr };
        Ok(Self { ours, theirs: [their_stdin, Some(their_stdout), Some(their_stderr)] })
    }

    fn terminal(window: Option<Window>, root: &OwnedFd) -> Result<Self> {
        let tried = || "open a terminal in the container";
        // Neither links nor another file system may stand in for the container's own devpts.
        let resolve = rustix::fs::ResolveFlags::IN_ROOT | rustix::fs::ResolveFlags::NO_SYMLINKS;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let master = openat2(root, "dev/pts/ptmx", flags, Mode::empty(), resolve).tried(tried)?;
        if rustix::fs::fstatfs(&master).tried(tried)?.f_type != DEVPTS {
            return Err(Error::system(tried(), Errno::NODEV));
        }
        unlockpt(&master).tried(tried)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = ioctl_tiocgptpeer(&master, flags).tried(tried)?;
        if let Some(window) = window {
            window.apply(&master)?;
        }
        nonblocking(&master)?;
        let clone = || slave.try_clone().tried(tried);
        Ok(Self { theirs: [Some(clone()?), Some(clone()?), Some(slave)], ours: Ours::Terminal(master) })
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).tried(|| "make a pipe")?;
    // A smaller one works too.
    let _ = fcntl_setpipe_size(&reader, PIPE_SIZE);
    Ok((reader, writer))
}

fn nonblocking(fd: &OwnedFd) -> Result<()> {
    rustix::io::ioctl_fionbio(fd, true).tried(|| "set up a standard stream")
}
