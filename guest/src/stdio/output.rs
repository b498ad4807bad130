//! From a process's stdout or stderr to the host.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::sync::mpsc;

use super::attach::{self, Outcome};
use super::ring::Ring;
use super::{Connection, RING_CAPACITY};
use crate::sys::poll::register;

/// How much one turn moves before the other tasks of the only thread get theirs, in bytes.
const TURN: usize = 4 << 20;

enum Command {
    Source(OwnedFd),
    Attach { connection: Box<dyn Connection>, offset: u64 },
}

/// One output stream of a process. It ends, and is forgotten, when this is dropped.
#[derive(Debug)]
pub struct OutputHandle {
    commands: mpsc::UnboundedSender<Command>,
}

impl OutputHandle {
    /// A stream without a source and without a host.
    #[must_use]
    pub fn start() -> Self {
        let (commands, receiver) = mpsc::unbounded_channel();
        let mut pump =
            Pump { commands: receiver, source: None, ended: false, ring: Ring::new(RING_CAPACITY), attached: None };
        tokio::spawn(async move { std::future::poll_fn(|context| pump.poll(context)).await });
        Self { commands }
    }

    /// Gives the stream the reading end of the process's pipe (or its terminal), which must not block.
    pub fn set_source(&self, source: OwnedFd) {
        // Fails only when the pump is gone, with the runtime.
        let _ = self.commands.send(Command::Source(source));
    }

    /// Attaches a host that has everything below `offset`, in place of the one attached before; the pump answers it.
    pub fn attach(&self, connection: Box<dyn Connection>, offset: u64) {
        let _ = self.commands.send(Command::Attach { connection, offset });
    }
}

struct Attached {
    connection: Box<dyn Connection>,
    /// The answer to the attachment, as far as it has not been sent.
    answer: VecDeque<u8>,
    /// The stream offset up to which bytes have been sent.
    sent: u64,
    /// Whether the end of the stream has been sent.
    closed: bool,
    acknowledgement: Acknowledgements,
}

struct Pump {
    commands: mpsc::UnboundedReceiver<Command>,
    source: Option<Source>,
    ended: bool,
    ring: Ring,
    attached: Option<Attached>,
}

struct Source {
    descriptor: AsyncFd<OwnedFd>,
    /// A pipe that gave less than was asked for is empty; a terminal need not be.
    is_pipe: bool,
}

impl Pump {
    /// Moves what can be moved; ready when the stream is no longer wanted.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut budget = TURN;
        loop {
            while let Poll::Ready(command) = self.commands.poll_recv(context) {
                match command {
                    None => return Poll::Ready(()),
                    Some(Command::Source(source)) => self.set_source(source),
                    Some(Command::Attach { connection, offset }) => self.attach(connection, offset),
                }
            }
            let mut moved = self.poll_source(context);
            if let Some(attached) = &mut self.attached {
                match attached.poll(context, &mut self.ring, self.ended) {
                    Ok(count) => moved += count,
                    // The host has gone, or does not keep to the protocol. What it has not confirmed stays.
                    Err(_) => self.attached = None,
                }
            }
            if self.ended {
                self.ring.shrink();
            }
            if moved == 0 {
                return Poll::Pending;
            }
            budget = budget.saturating_sub(moved);
            if budget == 0 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn set_source(&mut self, source: OwnedFd) {
        let is_pipe = fstat(&source).is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Fifo);
        match register(source, Interest::READABLE) {
            Ok(descriptor) => self.source = Some(Source { descriptor, is_pipe }),
            Err(error) => {
                crate::log::warn(format_args!("cannot read a process's output: {error}"));
                self.ended = true;
            }
        }
    }

    fn attach(&mut self, connection: Box<dyn Connection>, offset: u64) {
        if !(self.ring.start()..=self.ring.end()).contains(&offset) {
            let kept = format!("offset {offset} is not within {} to {}", self.ring.start(), self.ring.end());
            attach::refuse(connection, Outcome::OutOfRange, kept);
            return;
        }
        self.ring.release(offset);
        self.attached = Some(Attached {
            connection,
            answer: attach::accepted(offset).into(),
            sent: offset,
            closed: false,
            acknowledgement: Acknowledgements { buffer: [0; 256], filled: 0 },
        });
    }

    /// Reads from the process into the ring; returns how many bytes moved, and notices the end.
    fn poll_source(&mut self, context: &mut Context<'_>) -> usize {
        let Some(source) = &self.source else { return 0 };
        if self.ring.is_full() {
            return 0;
        }
        match poll_read(source, context, self.ring.spare()) {
            Poll::Pending => 0,
            Poll::Ready(Ok(count)) if count > 0 => {
                self.ring.filled(count);
                count
            }
            // EIO is how a terminal ends: nobody has its other side open any more.
            Poll::Ready(_) => {
                self.source = None;
                self.ended = true;
                1
            }
        }
    }
}

impl Attached {
    /// Sends what the host lacks and takes its acknowledgements; returns how many bytes moved.
    fn poll(&mut self, context: &mut Context<'_>, ring: &mut Ring, ended: bool) -> io::Result<usize> {
        let mut moved = 0;
        loop {
            let (answer, _) = self.answer.as_slices();
            let bytes = if answer.is_empty() { ring.from(self.sent) } else { answer };
            if bytes.is_empty() {
                break;
            }
            match Pin::new(&mut self.connection).poll_write(context, bytes)? {
                Poll::Pending => break,
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) if self.answer.is_empty() => self.sent += count as u64,
                Poll::Ready(count) => drop(self.answer.drain(..count)),
            }
            moved += 1;
        }
        let complete = ended && self.answer.is_empty() && self.sent == ring.end();
        if complete
            && !self.closed
            && let Poll::Ready(result) = Pin::new(&mut self.connection).poll_shutdown(context)
        {
            result?;
            self.closed = true;
        }
        while let Poll::Ready(offset) = self.acknowledgement.poll(context, &mut self.connection)? {
            if offset > self.sent {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if offset > ring.start() {
                ring.release(offset);
                moved += 1;
            }
        }
        Ok(moved)
    }
}

/// Reads the host's acknowledgements: little-endian 64-bit offsets, of which only the last one received counts.
struct Acknowledgements {
    buffer: [u8; 256],
    filled: usize,
}

impl Acknowledgements {
    /// The newest offset received; an error when the connection has ended.
    fn poll(&mut self, context: &mut Context<'_>, connection: &mut Box<dyn Connection>) -> io::Result<Poll<u64>> {
        loop {
            let mut buffer = ReadBuf::new(&mut self.buffer[self.filled..]);
            match Pin::new(&mut *connection).poll_read(context, &mut buffer)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(()) if buffer.filled().is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(()) => self.filled += buffer.filled().len(),
            }
            let whole = self.filled / 8 * 8;
            if let Some(last) = self.buffer[..whole].last_chunk::<8>() {
                let offset = u64::from_le_bytes(*last);
                self.buffer.copy_within(whole..self.filled, 0);
                self.filled -= whole;
                return Ok(Poll::Ready(offset));
            }
        }
    }
}

/// Reads what `source` has, at most `buffer`'s length; 0 is the end.
fn poll_read(source: &Source, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
    loop {
        let mut guard = ready!(source.descriptor.poll_read_ready(context))?;
        match rustix::io::read(&source.descriptor, &mut *buffer) {
            Ok(count) => {
                if source.is_pipe && count > 0 && count < buffer.len() {
                    // The next byte raises a new event, so asking again can wait for that.
                    guard.clear_ready();
                }
                return Poll::Ready(Ok(count));
            }
            Err(Errno::AGAIN) => guard.clear_ready(),
            Err(Errno::INTR) => {}
            Err(errno) => return Poll::Ready(Err(errno.into())),
        }
    }
}
