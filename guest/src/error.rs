//! What went wrong, in the words and codes of the contract: what was tried, on which object, why it failed.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// The kinds of failure, each with its gRPC status code of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// No such container, process, disk, user or executable.
    NotFound = 1,
    /// The name is taken.
    AlreadyExists,
    /// The request cannot be meant.
    InvalidArgument,
    /// The object is in the wrong state for the call.
    FailedPrecondition,
    /// The executable cannot be executed.
    PermissionDenied,
    /// This guest cannot do that.
    Unimplemented,
    /// A bound of this guest is reached.
    ResourceExhausted,
    /// Everything else.
    Internal,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::NotFound,
        Self::AlreadyExists,
        Self::InvalidArgument,
        Self::FailedPrecondition,
        Self::PermissionDenied,
        Self::Unimplemented,
        Self::ResourceExhausted,
        Self::Internal,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A failure: its kind and one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
}

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of `kind`; control characters in `message` (which may quote the image) become spaces.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.contains(char::is_control) {
            message = message.replace(char::is_control, " ");
        }
        Self { kind, message }
    }

    /// A failed system call: "`tried`: reason (SYMBOL)".
    #[must_use]
    pub fn system(tried: impl fmt::Display, cause: impl Into<io::Error>) -> Self {
        Self::new(Kind::Internal, format!("{tried}: {}", describe(&cause.into())))
    }

    /// The same failure as another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// One byte for the kind, then the message; for a pipe between a child and process 1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind as u8];
        bytes.extend_from_slice(self.message.as_bytes());
        bytes
    }

    /// The reverse of [`Error::to_bytes`], for bytes that may have been cut short.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (kind, message) =
            bytes.split_first().map_or((None, &[][..]), |(kind, rest)| (Kind::from_byte(*kind), rest));
        Self::new(kind.unwrap_or(Kind::Internal), String::from_utf8_lossy(message))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        let code = match error.kind {
            Kind::NotFound => tonic::Code::NotFound,
            Kind::AlreadyExists => tonic::Code::AlreadyExists,
            Kind::InvalidArgument => tonic::Code::InvalidArgument,
            Kind::FailedPrecondition => tonic::Code::FailedPrecondition,
            Kind::PermissionDenied => tonic::Code::PermissionDenied,
            Kind::Unimplemented => tonic::Code::Unimplemented,
            Kind::ResourceExhausted => tonic::Code::ResourceExhausted,
            Kind::Internal => tonic::Code::Internal,
        };
        Self::new(code, error.message)
    }
}

/// Adds what was tried to a failed system call.
pub trait Context<T> {
    /// Turns the failure into an [`Error`] that begins with what `tried` returns.
    ///
    /// # Errors
    ///
    /// The failure, if it is one.
    fn tried<D: fmt::Display>(self, tried: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn tried<D: fmt::Display>(self, tried: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|cause| Error::system(tried(), cause))
    }
}

/// A system call's failure in a few words, with the errno's symbol.
#[must_use]
pub fn describe(cause: &io::Error) -> String {
    let Some(number) = cause.raw_os_error() else { return cause.to_string() };
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match symbol(Errno::from_raw_os_error(number)) {
        Some(symbol) => format!("{text} ({symbol})"),
        None => format!("{text} (errno {number})"),
    }
}

/// The symbols of the errors one meets; the rest are told by number.
fn symbol(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::PERM => "EPERM",
        Errno::NOENT => "ENOENT",
        Errno::SRCH => "ESRCH",
        Errno::INTR => "EINTR",
        Errno::IO => "EIO",
        Errno::NXIO => "ENXIO",
        Errno::TOOBIG => "E2BIG",
        Errno::NOEXEC => "ENOEXEC",
        Errno::BADF => "EBADF",
        Errno::CHILD => "ECHILD",
        Errno::AGAIN => "EAGAIN",
        Errno::NOMEM => "ENOMEM",
        Errno::ACCESS => "EACCES",
        Errno::FAULT => "EFAULT",
        Errno::NOTBLK => "ENOTBLK",
        Errno::BUSY => "EBUSY",
        Errno::EXIST => "EEXIST",
        Errno::XDEV => "EXDEV",
        Errno::NODEV => "ENODEV",
        Errno::NOTDIR => "ENOTDIR",
        Errno::ISDIR => "EISDIR",
        Errno::INVAL => "EINVAL",
        Errno::NFILE => "ENFILE",
        Errno::MFILE => "EMFILE",
        Errno::NOTTY => "ENOTTY",
        Errno::TXTBSY => "ETXTBSY",
        Errno::FBIG => "EFBIG",
        Errno::NOSPC => "ENOSPC",
        Errno::SPIPE => "ESPIPE",
        Errno::ROFS => "EROFS",
        Errno::MLINK => "EMLINK",
        Errno::PIPE => "EPIPE",
        Errno::RANGE => "ERANGE",
        Errno::DEADLK => "EDEADLK",
        Errno::NAMETOOLONG => "ENAMETOOLONG",
        Errno::NOSYS => "ENOSYS",
        Errno::NOTEMPTY => "ENOTEMPTY",
        Errno::LOOP => "ELOOP",
        Errno::NODATA => "ENODATA",
        Errno::OVERFLOW => "EOVERFLOW",
        Errno::LIBBAD => "ELIBBAD",
        Errno::ILSEQ => "EILSEQ",
        Errno::USERS => "EUSERS",
        Errno::OPNOTSUPP => "EOPNOTSUPP",
        Errno::ADDRINUSE => "EADDRINUSE",
        Errno::CONNRESET => "ECONNRESET",
        Errno::TIMEDOUT => "ETIMEDOUT",
        Errno::STALE => "ESTALE",
        Errno::UCLEAN => "EUCLEAN",
        Errno::DQUOT => "EDQUOT",
        Errno::NOMEDIUM => "ENOMEDIUM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_was_tried_why_and_the_symbol() {
        let error = Error::system("open \"/x\"", Errno::NOENT);
        assert_eq!(error.to_string(), "open \"/x\": No such file or directory (ENOENT)");
        assert_eq!(error.kind(), Kind::Internal);
    }

    #[test]
    fn is_one_line() {
        assert_eq!(Error::new(Kind::NotFound, "a\nb\u{1b}c").to_string(), "a b c");
    }

    #[test]
    fn survives_the_pipe() {
        for kind in Kind::ALL {
            let error = Error::new(kind, "exec \"é\": why");
            assert_eq!(Error::from_bytes(&error.to_bytes()), error);
        }
    }

    #[test]
    fn understands_damaged_bytes() {
        assert_eq!(Error::from_bytes(b"").kind(), Kind::Internal);
        assert_eq!(Error::from_bytes(b"\xffx\xc3").kind(), Kind::Internal);
    }
}
