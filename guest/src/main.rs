//! Process 1 of a Caisson guest; see the library of the same name.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use caisson_init::container::Containers;
#[cfg(target_arch = "x86_64")]
use caisson_init::devices;
use caisson_init::error::{Context, Result};
use caisson_init::preface::{Purpose, Secret};
use caisson_init::reaper::Reaper;
use caisson_init::server::Server;
use caisson_init::service::GuestService;
use caisson_init::{boot, log, power, sys};
use tokio::sync::Notify;
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener};

/// How long the host may take to close its connections before the machine ends.
const FAREWELL: Duration = Duration::from_millis(500);
/// What a connection may receive before its sender must wait, in bytes; the kernel's default is 256 KiB.
const RECEIVE_BUFFER: u64 = 1 << 20;

fn main() -> ExitCode {
    if std::process::id() != 1 {
        eprintln!("caisson-init: runs as process 1 of a virtual machine only");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.tried(|| "start the runtime").and_then(|runtime| runtime.block_on(run()));
    if let Err(error) = served {
        log::error(format_args!("{error}"));
    }
    rustix::fs::sync();
    power::off()
}

/// Serves until the host powers the machine off.
async fn run() -> Result<()> {
    // First of all: as soon as there is a device the kernel accepts connections, and they wait for the rest to be done.
    let grpc = listen(Purpose::Grpc).tried(|| "listen for gRPC")?;
    let stdio = listen(Purpose::Stdio).tried(|| "listen for stdio")?;
    let secret = Secret::take(Path::new(boot::SECRET)).tried(|| format!("take the secret from {}", boot::SECRET))?;
    boot::leave_first_root()?;
    boot::set_up()?;
    sys::fork::forbid_threads();

    let power_off = Arc::new(Notify::new());
    let reaper = Reaper::start().tried(|| "wait for children")?;
    let containers = Arc::new(Containers::new(Arc::clone(&reaper)));
    let secret = Arc::new(secret);
    let service = GuestService::new(Arc::clone(&containers), reaper, Arc::clone(&secret), Arc::clone(&power_off));
    let server = Server::new(secret, Arc::clone(&containers), service);
    // In a machine that goes on where another stood still all of this is done.
    containers.prepare()?;
    #[cfg(target_arch = "x86_64")]
    devices::wait()?;
    tokio::spawn(Arc::clone(&server).listen(grpc, Purpose::Grpc));
    tokio::spawn(Arc::clone(&server).listen(stdio, Purpose::Stdio));

    power_off.notified().await;
    server.stop(FAREWELL).await;
    Ok(())
}

fn listen(purpose: Purpose) -> io::Result<VsockListener> {
    let listener = VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, purpose.port()))?;
    sys::net::set_vsock_buffer(&listener, RECEIVE_BUFFER)?;
    Ok(listener)
}
