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
/// Measured under TCG with a host that acknowledges every 64 KiB: 256 KiB costs a fifth of the throughput, more than
/// 1 MiB brings nothing.
pub const RING_CAPACITY: usize = 1 << 20;

/// A connection, of whatever it is made.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}
