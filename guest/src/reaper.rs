//! Collects every process that ends, for process 1 is the parent of all that have no other.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustix::process::{Pid, WaitOptions, WaitStatus};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use crate::sys::fork::{Place, fork};
use crate::sys::poll::register;
use crate::sys::signals;

/// How and when a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// 0 to 255; for a process ended by a signal 128 + the signal's number.
    pub code: u8,
    /// The signal that ended it, or 0.
    pub signal: u8,
    /// When process 1 learnt of it.
    pub at: SystemTime,
}

impl Exit {
    fn from_status(status: WaitStatus) -> Option<Self> {
        let at = SystemTime::now();
        let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        if let Some(signal) = status.terminating_signal() {
            return Some(Self { code: 128_u8.saturating_add(byte(signal)), signal: byte(signal), at });
        }
        status.exit_status().map(|code| Self { code: byte(code), signal: 0, at })
    }
}

/// A child that this guest started.
#[derive(Clone, Debug)]
pub struct Child {
    pid: Pid,
    exit: watch::Receiver<Option<Exit>>,
}

impl Child {
    /// Its id in the guest's first pid namespace. It belongs to the child until the child has ended.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Waits for its end; any number may.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        ended.ok().and_then(|exit| *exit).unwrap_or(Exit { code: 255, signal: 0, at: SystemTime::now() })
    }

    /// Sends it a signal; nothing happens when it has ended, for then its id may be another's.
    ///
    /// # Errors
    ///
    /// What kill(2) reports.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        // Nothing is reaped between the check and the signal: that happens on this, the only thread.
        if self.exit().is_some() {
            return Err(rustix::io::Errno::SRCH.into());
        }
        signals::send(self.pid, signal)
    }
}

/// Starts children and learns of their end.
#[derive(Debug, Default)]
pub struct Reaper {
    children: Mutex<HashMap<Pid, watch::Sender<Option<Exit>>>>,
}

impl Reaper {
    /// Collects from now on whatever ends, on the runtime this is called in.
    ///
    /// # Errors
    ///
    /// What signalfd(2) reports.
    pub fn start() -> io::Result<Arc<Self>> {
        let reaper = Arc::new(Self::default());
        let signals = register(signals::child_signals()?, Interest::READABLE)?;
        tokio::spawn(Arc::clone(&reaper).run(signals));
        Ok(reaper)
    }

    /// As [`fork`], with the promise that its end is noticed.
    ///
    /// # Errors
    ///
    /// As [`fork`].
    pub fn fork(&self, place: &Place<'_>, work: impl FnOnce() -> u8) -> io::Result<Child> {
        let pid = fork(place, work)?;
        let (sender, exit) = watch::channel(None);
        self.children.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, sender);
        Ok(Child { pid, exit })
    }

    async fn run(self: Arc<Self>, signals: AsyncFd<OwnedFd>) {
        loop {
            // Several children that end at once raise one signal: collect until there is none left.
            while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
                let Some(exit) = Exit::from_status(status) else { continue };
                let sender = self.children.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
                // Without a sender it is an orphan, which nobody asks for.
                if let Some(sender) = sender {
                    sender.send_replace(Some(exit));
                }
            }
            match signals.readable().await {
                Ok(mut guard) => match signals::drain(guard.get_inner()) {
                    Ok(_) => guard.clear_ready(),
                    Err(error) => return crate::log::error(format_args!("cannot learn of ended processes: {error}")),
                },
                Err(error) => return crate::log::error(format_args!("cannot learn of ended processes: {error}")),
            }
        }
    }
}
