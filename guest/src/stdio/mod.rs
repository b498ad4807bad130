//! Standard streams: pipes and terminals on one side, connections that may break and come back on the other.
//!
//! Each stream is one task (a *pump*) that owns its descriptor, its [`ring::Ring`] and the connection attached to it,
//! so nothing here is locked. The pump is told what happens through a channel and ends when the last [`OutputHandle`]
//! or [`InputHandle`] is dropped, which also closes what it owns.

pub mod attach;
mod input;
mod output;
pub mod ring;

pub use input::{Input, InputHandle};
pub use output::OutputHandle;

use tokio::io::{AsyncRead, AsyncWrite};

/// How much of a stream is kept for a host that is slow or away, in bytes.
///
/// As much as a pipe holds. With it 1 GiB through stdout takes 1.2 to 1.5 times the processor time of a pipe between two
/// processes in the same guest (TCG, one processor; the host acknowledges every 256 or every 64 KiB).
pub const RING_CAPACITY: usize = 1 << 20;

/// A connection, of whatever it is made.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}
