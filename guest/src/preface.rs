//! The 48 bytes every connection begins with (`guest.proto`, header), and the secret they prove.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::sys::memory::PrivateBytes;

/// Length of the preface in bytes.
pub const PREFACE_LENGTH: usize = 48;
/// Length of a secret in bytes.
pub const SECRET_LENGTH: usize = 32;
const MAGIC: &[u8; 8] = b"CAISSON1";

/// What a connection is for; its number in the preface, and the vsock port it arrives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// gRPC: 1, port 1024.
    Grpc,
    /// One standard stream of a process: 2, port 1025.
    Stdio,
}

impl Purpose {
    fn number(self) -> u32 {
        match self {
            Self::Grpc => 1,
            Self::Stdio => 2,
        }
    }

    /// The vsock port that connections of this purpose arrive on.
    #[must_use]
    pub fn port(self) -> u32 {
        match self {
            Self::Grpc => 1024,
            Self::Stdio => 1025,
        }
    }
}

/// Why a preface is refused. For the log only: the peer learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not begin with the magic.
    NotCaisson,
    /// It is for something else than the port it arrived on, or a later protocol's.
    OtherPurpose,
    /// The secret is wrong.
    WrongSecret,
}

/// The 256 bits that host and guest of one sandbox share. Children do not inherit them.
pub struct Secret(Mutex<PrivateBytes<SECRET_LENGTH>>);

impl Secret {
    /// Takes the secret out of a file of exactly 32 bytes, which is deleted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or deleted, or has another length.
    pub fn take(path: &Path) -> io::Result<Self> {
        let mut content = std::fs::read(path)?;
        std::fs::remove_file(path)?;
        let secret = match <&mut [u8; SECRET_LENGTH]>::try_from(content.as_mut_slice()) {
            Ok(bytes) => PrivateBytes::take(bytes).map(Mutex::new).map(Self),
            Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "the secret is not 32 bytes long")),
        };
        content.fill(0);
        std::hint::black_box(&content);
        secret
    }

    /// Puts another secret in its place, which is cleared in `bytes`: from here on no connection proves the old one.
    ///
    /// # Errors
    ///
    /// When there is no memory for it; the old one stays.
    pub fn replace(&self, bytes: &mut [u8; SECRET_LENGTH]) -> io::Result<()> {
        let new = PrivateBytes::take(bytes)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Checks a preface; the time it takes does not depend on how much of the secret is right.
    ///
    /// # Errors
    ///
    /// [`Refusal`], for which the connection is to be dropped without an answer.
    pub fn check(&self, preface: &[u8; PREFACE_LENGTH], purpose: Purpose) -> Result<(), Refusal> {
        let (magic, rest) = preface.split_at(8);
        let (number, rest) = rest.split_at(4);
        let (reserved, secret) = rest.split_at(4);
        if magic != MAGIC {
            return Err(Refusal::NotCaisson);
        }
        if number != purpose.number().to_le_bytes() || reserved != [0; 4] {
            return Err(Refusal::OtherPurpose);
        }
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let difference = secret.iter().zip(own.get()).fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
        if difference == 0 { Ok(()) } else { Err(Refusal::WrongSecret) }
    }
}

#[cfg(test)]
impl From<[u8; SECRET_LENGTH]> for Secret {
    fn from(mut bytes: [u8; SECRET_LENGTH]) -> Self {
        Self(Mutex::new(PrivateBytes::take(&mut bytes).unwrap()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// The preface a host sends.
#[must_use]
pub fn preface(purpose: Purpose, secret: &[u8; SECRET_LENGTH]) -> [u8; PREFACE_LENGTH] {
    let mut preface = [0; PREFACE_LENGTH];
    preface[..8].copy_from_slice(MAGIC);
    preface[8..12].copy_from_slice(&purpose.number().to_le_bytes());
    preface[16..].copy_from_slice(secret);
    preface
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::from([7; SECRET_LENGTH])
    }

    #[test]
    fn accepts_the_secret_for_its_purpose() {
        for purpose in [Purpose::Grpc, Purpose::Stdio] {
            assert_eq!(secret().check(&preface(purpose, &[7; 32]), purpose), Ok(()));
        }
    }

    #[test]
    fn has_the_layout_of_the_contract() {
        let bytes = preface(Purpose::Stdio, &[0xAA; 32]);
        assert_eq!(&bytes[..16], b"CAISSON1\x02\0\0\0\0\0\0\0");
        assert_eq!(bytes[16..], [0xAA; 32]);
    }

    #[test]
    fn refuses_every_single_wrong_bit() {
        let good = preface(Purpose::Grpc, &[7; 32]);
        for bit in 0..PREFACE_LENGTH * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(secret().check(&bad, Purpose::Grpc).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn refuses_another_purpose() {
        let stdio = preface(Purpose::Stdio, &[7; 32]);
        assert_eq!(secret().check(&stdio, Purpose::Grpc), Err(Refusal::OtherPurpose));
    }

    #[test]
    fn takes_the_secret_from_its_file_once() {
        let directory = std::env::temp_dir().join(format!("caisson-secret-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("secret");
        std::fs::write(&path, [9; 32]).unwrap();
        let secret = Secret::take(&path).unwrap();
        assert_eq!(secret.check(&preface(Purpose::Grpc, &[9; 32]), Purpose::Grpc), Ok(()));
        assert!(!path.exists());
        std::fs::write(&path, [9; 31]).unwrap();
        assert!(Secret::take(&path).is_err());
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn forgets_the_secret_that_another_replaces() {
        let secret = secret();
        let mut new = [8; SECRET_LENGTH];
        secret.replace(&mut new).unwrap();
        assert_eq!(new, [0; SECRET_LENGTH]);
        assert_eq!(secret.check(&preface(Purpose::Grpc, &[8; 32]), Purpose::Grpc), Ok(()));
        assert_eq!(secret.check(&preface(Purpose::Grpc, &[7; 32]), Purpose::Grpc), Err(Refusal::WrongSecret));
    }

    #[test]
    fn debug_output_hides_the_secret() {
        assert_eq!(format!("{:?}", secret()), "Secret(..)");
    }
}
