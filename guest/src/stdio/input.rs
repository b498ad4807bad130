//! From the host to a process's stdin.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::termios::{LocalModes, SpecialCodeIndex, tcgetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::sync::mpsc;

use super::attach::{self, Outcome};
use super::ring::Ring;
use super::{Connection, RING_CAPACITY};
use crate::sys::poll::register;

/// After how many bytes the host is told that they have arrived, at the latest.
const ACKNOWLEDGE_EVERY: u64 = 64 << 10;
/// How much one turn moves before the other tasks of the only thread get theirs, in bytes.
const TURN: usize = 4 << 20;

/// Where a process's standard input leads.
#[derive(Debug)]
pub enum Input {
    /// The writing end of a pipe.
    Pipe(OwnedFd),
    /// The master side of a terminal, on which the end of the input is a character.
    Terminal(OwnedFd),
}

enum Command {
    Sink(Input),
    Attach(Box<dyn Connection>),
    Close,
}

/// The standard input of a process. It ends, and is forgotten, when this is dropped.
#[derive(Debug)]
pub struct InputHandle {
    commands: mpsc::UnboundedSender<Command>,
}

impl InputHandle {
    /// A stream without a reader and without a host.
    #[must_use]
    pub fn start() -> Self {
        let (commands, receiver) = mpsc::unbounded_channel();
        let mut pump = Pump {
            commands: receiver,
            sink: Sink::Missing,
            ring: Ring::new(RING_CAPACITY),
            finished: false,
            last_byte: None,
            attached: None,
        };
        tokio::spawn(async move { std::future::poll_fn(|context| pump.poll(context)).await });
        Self { commands }
    }

    /// Gives the stream the process's end, which must not block.
    pub fn set_sink(&self, sink: Input) {
        // Fails only when the pump is gone, with the runtime.
        let _ = self.commands.send(Command::Sink(sink));
    }

    /// Attaches a host, in place of the one attached before; the pump answers it.
    pub fn attach(&self, connection: Box<dyn Connection>) {
        let _ = self.commands.send(Command::Attach(connection));
    }

    /// Ends the input once what has been received is delivered.
    pub fn close(&self) {
        let _ = self.commands.send(Command::Close);
    }
}

enum Sink {
    /// The process has not been started.
    Missing,
    Pipe(AsyncFd<OwnedFd>),
    Terminal(AsyncFd<OwnedFd>),
    /// Nothing reads any more, or everything is delivered.
    Closed,
}

struct Attached {
    connection: Box<dyn Connection>,
    /// Answer and acknowledgements, as far as they have not been sent.
    outgoing: VecDeque<u8>,
    acknowledged: u64,
    /// The host has ended the stream, if the last acknowledgement still reaches it.
    end_of_file: bool,
    /// Nothing more is to be sent: the connection is over when `outgoing` is empty.
    last: bool,
}

struct Pump {
    commands: mpsc::UnboundedReceiver<Command>,
    sink: Sink,
    ring: Ring,
    /// No byte will follow those in the ring.
    finished: bool,
    /// What was delivered last, for the end of a terminal's input.
    last_byte: Option<u8>,
    attached: Option<Attached>,
}

impl Pump {
    /// Moves what can be moved; ready when the stream is no longer wanted.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut budget = TURN;
        loop {
            while let Poll::Ready(command) = self.commands.poll_recv(context) {
                match command {
                    None => return Poll::Ready(()),
                    Some(Command::Sink(sink)) => self.set_sink(sink),
                    Some(Command::Attach(connection)) => self.attach(connection),
                    Some(Command::Close) => self.finished = true,
                }
            }
            let moved = self.poll_connection(context) + self.poll_sink(context);
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

    fn set_sink(&mut self, input: Input) {
        let registered = match input {
            Input::Pipe(fd) => register(fd, Interest::WRITABLE).map(Sink::Pipe),
            Input::Terminal(fd) => register(fd, Interest::WRITABLE).map(Sink::Terminal),
        };
        self.sink = registered.unwrap_or_else(|error| {
            crate::log::warn(format_args!("cannot write a process's input: {error}"));
            Sink::Closed
        });
    }

    fn attach(&mut self, connection: Box<dyn Connection>) {
        if self.finished || matches!(self.sink, Sink::Closed) {
            attach::refuse(connection, Outcome::Ended, "standard input has ended".to_owned());
            return;
        }
        let outgoing = attach::accepted(self.ring.end()).into();
        let acknowledged = self.ring.end();
        self.attached = Some(Attached { connection, outgoing, acknowledged, end_of_file: false, last: false });
    }

    /// Takes what the host sends and acknowledges it; returns how much was done.
    fn poll_connection(&mut self, context: &mut Context<'_>) -> usize {
        let Some(attached) = &mut self.attached else { return 0 };
        if (self.finished || matches!(self.sink, Sink::Closed)) && !attached.last {
            // CloseStdin, or nothing reads: tell the host so.
            attached.finish(self.ring.end());
        }
        match attached.poll(context, &mut self.ring) {
            Ok(Step::Moved(count)) => count,
            Ok(Step::Over { end_of_file }) => {
                self.finished |= end_of_file;
                self.attached = None;
                1
            }
            // The connection broke; the host may come back with the rest.
            Err(_) => {
                self.attached = None;
                1
            }
        }
    }

    /// Delivers to the process; returns how many bytes moved.
    fn poll_sink(&mut self, context: &mut Context<'_>) -> usize {
        let (Sink::Pipe(descriptor) | Sink::Terminal(descriptor)) = &self.sink else {
            if matches!(self.sink, Sink::Closed) {
                self.ring.release(self.ring.end());
                self.ring.shrink();
            }
            return 0;
        };
        let mut moved = 0;
        while !self.ring.is_empty() {
            let bytes = self.ring.from(self.ring.start());
            match poll_write(descriptor, context, bytes) {
                Poll::Pending => return moved,
                Poll::Ready(Ok(count)) => {
                    self.last_byte = bytes[..count].last().copied().or(self.last_byte);
                    self.ring.release(self.ring.start() + count as u64);
                    moved += count;
                }
                // EPIPE: nobody reads it any more.
                Poll::Ready(Err(_)) => {
                    self.sink = Sink::Closed;
                    return moved + 1;
                }
            }
        }
        if self.finished {
            if let Sink::Terminal(terminal) = &self.sink {
                let bytes = end_of_input(terminal, self.last_byte);
                match poll_write(terminal, context, &bytes) {
                    Poll::Pending if !bytes.is_empty() => return moved,
                    _ => {}
                }
            }
            self.sink = Sink::Closed;
            moved += 1;
        }
        moved
    }
}

enum Step {
    Moved(usize),
    Over { end_of_file: bool },
}

impl Attached {
    /// Sends a last acknowledgement, even of what was acknowledged before, and ends this direction.
    fn finish(&mut self, offset: u64) {
        self.outgoing.extend(offset.to_le_bytes());
        self.acknowledged = offset;
        self.last = true;
    }

    fn poll(&mut self, context: &mut Context<'_>, ring: &mut Ring) -> io::Result<Step> {
        let mut moved = 0;
        while !self.last && !ring.is_full() {
            let mut buffer = ReadBuf::new(ring.spare());
            match Pin::new(&mut self.connection).poll_read(context, &mut buffer)? {
                Poll::Pending => break,
                Poll::Ready(()) => {}
            }
            let count = buffer.filled().len();
            ring.filled(count);
            moved += count;
            if count == 0 {
                self.end_of_file = true;
                self.finish(ring.end());
            }
            if ring.end() - self.acknowledged >= ACKNOWLEDGE_EVERY {
                break;
            }
        }
        if self.acknowledged < ring.end() {
            self.outgoing.extend(ring.end().to_le_bytes());
            self.acknowledged = ring.end();
        }
        while !self.outgoing.is_empty() {
            let (bytes, _) = self.outgoing.as_slices();
            match Pin::new(&mut self.connection).poll_write(context, bytes)? {
                Poll::Pending => break,
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) => {
                    drop(self.outgoing.drain(..count));
                    moved += 1;
                }
            }
        }
        if self.last
            && self.outgoing.is_empty()
            && let Poll::Ready(result) = Pin::new(&mut self.connection).poll_shutdown(context)
        {
            result?;
            return Ok(Step::Over { end_of_file: self.end_of_file });
        }
        Ok(Step::Moved(moved))
    }
}

/// What makes a terminal's reader see the end of its input: the end-of-file character, twice when a line has been begun
/// (the first then only delivers the line). Nothing when the terminal does not interpret what is typed.
fn end_of_input(terminal: &AsyncFd<OwnedFd>, last_byte: Option<u8>) -> Vec<u8> {
    match tcgetattr(terminal) {
        Ok(settings) if settings.local_modes.contains(LocalModes::ICANON) => {
            let at_line_start = last_byte.is_none_or(|byte| byte == b'\n' || byte == b'\r');
            vec![settings.special_codes[SpecialCodeIndex::VEOF]; if at_line_start { 1 } else { 2 }]
        }
        _ => Vec::new(),
    }
}

/// Writes what fits.
fn poll_write(sink: &AsyncFd<OwnedFd>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        let mut guard = ready!(sink.poll_write_ready(context))?;
        match rustix::io::write(sink, bytes) {
            Ok(count) => return Poll::Ready(Ok(count)),
            Err(Errno::AGAIN) => guard.clear_ready(),
            Err(Errno::INTR) => {}
            Err(errno) => return Poll::Ready(Err(errno.into())),
        }
    }
}
