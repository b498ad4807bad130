//! Work that may take its time (mounting, unmounting, flushing), done in a child so that process 1 keeps serving.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::Interest;

use crate::error::{Context, Error, Result};
use crate::reaper::Reaper;
use crate::sys::fork::Place;
use crate::sys::poll::register;
use crate::sys::process::close_others;

/// Messages from children are cut at this length, in bytes: less than a pipe takes without blocking.
const LONGEST_MESSAGE: usize = 4096;

/// A pipe on which a child reports an error, or nothing when all went well.
#[derive(Debug)]
pub struct Report {
    /// For process 1; does not block.
    pub reader: OwnedFd,
    /// For the child; closed by execve(2).
    pub writer: OwnedFd,
}

impl Report {
    /// Makes the pipe.
    ///
    /// # Errors
    ///
    /// What pipe2(2) reports.
    pub fn new() -> Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).tried(|| "make a pipe")?;
        rustix::io::ioctl_fionbio(&reader, true).tried(|| "set up a pipe")?;
        Ok(Self { reader, writer })
    }
}

/// In a child: reports a failure.
pub fn report(writer: OwnedFd, error: &Error) {
    let mut bytes = error.to_bytes();
    bytes.truncate(LONGEST_MESSAGE);
    // When process 1 does not listen there is nobody to tell.
    let _ = std::fs::File::from(writer).write_all(&bytes);
}

/// In process 1: waits for a child to close its end of the pipe.
///
/// # Errors
///
/// What the child has reported.
pub async fn outcome(reader: OwnedFd) -> Result<()> {
    let bytes = read_to_end(reader).await.tried(|| "read a child's report")?;
    if bytes.is_empty() { Ok(()) } else { Err(Error::from_bytes(&bytes)) }
}

async fn read_to_end(reader: OwnedFd) -> std::io::Result<Vec<u8>> {
    let reader = register(reader, Interest::READABLE)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 512];
    loop {
        let mut guard = reader.readable().await?;
        match rustix::io::read(&reader, &mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(Errno::AGAIN) => guard.clear_ready(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Runs `work` in a child of its own and waits for it.
///
/// # Errors
///
/// What `work` reports, or that the child ended without a word.
pub async fn run(reaper: &Reaper, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let Report { reader, writer } = Report::new()?;
    let child = reaper.fork(&Place::default(), || {
        close_others(&[writer.as_fd()]);
        match work() {
            Ok(()) => 0,
            Err(error) => {
                report(writer, &error);
                1
            }
        }
    });
    let child = child.tried(|| "start a helper process")?;
    let outcome = outcome(reader).await;
    let exit = child.wait().await;
    match outcome {
        Ok(()) if exit.code != 0 => {
            Err(Error::system(format_args!("helper process ended with {}", exit.code), Errno::IO))
        }
        outcome => outcome,
    }
}
