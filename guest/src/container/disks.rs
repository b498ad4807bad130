//! Block devices by the serial number the host gave them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Error, Kind, Result};

/// How long a disk may take to appear.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(10);

/// A block device of this guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDevice {
    /// Its node in devtmpfs.
    pub node: PathBuf,
    /// Whether the host gave it read-only.
    pub read_only: bool,
}

/// Finds the device with this serial number, and waits for it when it is not there yet.
///
/// # Errors
///
/// `INVALID_ARGUMENT` for what cannot be a serial number, `NOT_FOUND` when it does not appear within 5 s.
pub async fn find(serial: &str) -> Result<BlockDevice> {
    // virtio 1.2, section 5.2.6.1: VIRTIO_BLK_ID_BYTES is 20, padded with zeros.
    if serial.is_empty() || serial.len() > 20 || !serial.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("disk serial {serial:?}: must be 1 to 20 printable ASCII characters");
        return Err(Error::new(Kind::InvalidArgument, message));
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(device) = look(Path::new("/sys/block"), serial) {
            return Ok(device);
        }
        if Instant::now() >= deadline {
            let message = format!("disk with serial {serial:?}: did not appear within {} s", PATIENCE.as_secs());
            return Err(Error::new(Kind::NotFound, message));
        }
        sleep(INTERVAL).await;
    }
}

fn look(block: &Path, serial: &str) -> Option<BlockDevice> {
    fs::read_dir(block).ok()?.flatten().find_map(|entry| {
        let directory = entry.path();
        let found = fs::read_to_string(directory.join("serial")).ok()?;
        (found.trim_end_matches(['\n', '\0']) == serial).then(|| BlockDevice {
            // A slash in a device's name is an exclamation mark in sysfs.
            node: Path::new("/dev").join(entry.file_name().to_string_lossy().replace('!', "/")),
            read_only: fs::read_to_string(directory.join("ro")).is_ok_and(|value| value.trim() == "1"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_serial_and_never_by_position() {
        let block = std::env::temp_dir().join(format!("caisson-block-{}", std::process::id()));
        for (name, serial, ro) in [("vda", "scratch\n", "0\n"), ("vdb", "lower", "1\n"), ("c!d0", "odd", "0\n")] {
            fs::create_dir_all(block.join(name)).unwrap();
            fs::write(block.join(name).join("serial"), serial).unwrap();
            fs::write(block.join(name).join("ro"), ro).unwrap();
        }
        fs::create_dir_all(block.join("loop0")).unwrap();
        let device = |node: &str, read_only| Some(BlockDevice { node: PathBuf::from(node), read_only });
        assert_eq!(look(&block, "scratch"), device("/dev/vda", false));
        assert_eq!(look(&block, "lower"), device("/dev/vdb", true));
        assert_eq!(look(&block, "odd"), device("/dev/c/d0", false));
        assert_eq!(look(&block, "low"), None);
        fs::remove_dir_all(&block).unwrap();
    }
}
