//! The first exchange on a stdio connection: which stream the host wants, and what it gets.

use std::io;
use std::time::Duration;

use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Connection;
use crate::proto::{StdioAttach, StdioAttached, stdio_attached::Status};

/// Longer requests are refused unread: two names of at most 128 bytes and three numbers are far below it.
const LONGEST_REQUEST: usize = 1024;
/// How long a refusal may take to be sent.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// Why an attachment is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is no such container, process or stream.
    NotFound,
    /// The offset is not one that can be continued from.
    OutOfRange,
    /// The request makes no sense.
    Invalid,
    /// Standard input has ended.
    Ended,
}

impl Outcome {
    fn status(self) -> Status {
        match self {
            Self::NotFound => Status::NotFound,
            Self::OutOfRange => Status::OutOfRange,
            Self::Invalid => Status::Invalid,
            Self::Ended => Status::Ended,
        }
    }
}

/// Reads the request.
///
/// # Errors
///
/// When the connection breaks, or what arrives is not a `StdioAttach` with a length before it.
pub async fn read_request(connection: &mut impl Connection) -> io::Result<StdioAttach> {
    let length = connection.read_u32_le().await? as usize;
    if length > LONGEST_REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    connection.read_exact(&mut message).await?;
    StdioAttach::decode(message.as_slice()).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The answer to an attachment that is accepted: the bytes continue at `offset`.
#[must_use]
pub fn accepted(offset: u64) -> Vec<u8> {
    encode(&StdioAttached { status: Status::Ok.into(), offset, message: String::new() })
}

/// Answers with `outcome` and the reason, and ends the connection.
pub fn refuse(mut connection: Box<dyn Connection>, outcome: Outcome, message: String) {
    let answer = encode(&StdioAttached { status: outcome.status().into(), offset: 0, message });
    tokio::spawn(async move {
        // A host that does not read its refusal does not get it.
        let _ = tokio::time::timeout(REFUSAL_TIME, async {
            connection.write_all(&answer).await?;
            connection.shutdown().await
        })
        .await;
    });
}

fn encode(message: &StdioAttached) -> Vec<u8> {
    let mut bytes = (message.encoded_len() as u32).to_le_bytes().to_vec();
    bytes.extend(message.encode_to_vec());
    bytes
}
