//! The gRPC service: translates the contract's messages to and from [`Containers`].

use std::future::Future;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::system::{sethostname, uname};
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

use crate::container::disks;
use crate::container::launch::Program;
use crate::container::mounts::Mount;
use crate::container::namespaces::Plan;
use crate::container::process::{ProcessSpec, Window};
use crate::container::rootfs::{Layout, Places, Volume};
use crate::container::{Containers, check_id};
use crate::error::{Context, Error, Kind, Result};
use crate::helper;
use crate::preface::{SECRET_LENGTH, Secret};
use crate::proto::guest_server::Guest;
use crate::proto::{
    CloseStdinRequest, CloseStdinResponse, CreateContainerRequest, CreateContainerResponse, CreateProcessRequest,
    CreateProcessResponse, DeleteContainerRequest, DeleteContainerResponse, DeleteProcessRequest,
    DeleteProcessResponse, Disk, Feature, HelloRequest, HelloResponse, PowerOffRequest, PowerOffResponse,
    ReidentifyRequest, ReidentifyResponse, ResizeProcessRequest, ResizeProcessResponse, SignalProcessRequest,
    SignalProcessResponse, StartProcessRequest, StartProcessResponse, WaitProcessRequest, WaitProcessResponse,
    WindowSize, rootfs,
};
use crate::reaper::Reaper;
use crate::sys::random;

/// The only protocol version there is.
const VERSION: u32 = 1;
/// The clock is left alone when it is this close to the host's, in nanoseconds: setting it again for each new
/// connection would only make it jump.
const CLOCK_TOLERANCE: u64 = 10_000_000;

/// What a generator of 256 bits needs, in bytes.
const LEAST_ENTROPY: usize = 32;

type Reply<T> = Result<Response<T>, Status>;

/// Serves the contract.
#[derive(Clone, Debug)]
pub struct GuestService {
    containers: Arc<Containers>,
    reaper: Arc<Reaper>,
    secret: Arc<Secret>,
    power_off: Arc<Notify>,
}

impl GuestService {
    /// Serves these containers. The host may change the `secret`; `power_off` is notified when everything is ready for
    /// the end of the machine.
    #[must_use]
    pub fn new(containers: Arc<Containers>, reaper: Arc<Reaper>, secret: Arc<Secret>, power_off: Arc<Notify>) -> Self {
        Self { containers, reaper, secret, power_off }
    }
}

/// Runs work to its end even when the caller goes away meanwhile: a container half made would be lost.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Reply<T> {
    match tokio::spawn(work).await {
        Ok(result) => Ok(Response::new(result?)),
        Err(error) => Err(Status::internal(error.to_string())),
    }
}

#[tonic::async_trait]
impl Guest for GuestService {
    async fn hello(&self, request: Request<HelloRequest>) -> Reply<HelloResponse> {
        let request = request.into_inner();
        if !(request.oldest_version..=request.newest_version).contains(&VERSION) {
            let message = format!(
                "the host speaks protocol versions {} to {}, the guest {VERSION}",
                request.oldest_version, request.newest_version
            );
            return Err(Error::new(Kind::FailedPrecondition, message).into());
        }
        set_clock(request.host_time_unix_nanos)?;
        let system = uname();
        Ok(Response::new(HelloResponse {
            version: VERSION,
            features: vec![Feature::Reidentify.into()],
            init_version: env!("CARGO_PKG_VERSION").to_owned(),
            kernel_release: system.release().to_string_lossy().into_owned(),
            machine: system.machine().to_string_lossy().into_owned(),
        }))
    }

    async fn create_container(&self, request: Request<CreateContainerRequest>) -> Reply<CreateContainerResponse> {
        let containers = Arc::clone(&self.containers);
        to_the_end(async move {
            let request = request.into_inner();
            check_id("container", &request.container_id)?;
            let id = request.container_id.clone();
            containers.create(&id, plan(request).await?).await?;
            Ok(CreateContainerResponse {})
        })
        .await
    }

    async fn delete_container(&self, request: Request<DeleteContainerRequest>) -> Reply<DeleteContainerResponse> {
        let containers = Arc::clone(&self.containers);
        to_the_end(async move {
            containers.delete(&request.into_inner().container_id).await?;
            Ok(DeleteContainerResponse {})
        })
        .await
    }

    async fn create_process(&self, request: Request<CreateProcessRequest>) -> Reply<CreateProcessResponse> {
        let request = request.into_inner();
        let spec = process_spec(request.spec.unwrap_or_default())?;
        self.containers.create_process(&request.container_id, &request.process_id, spec).await?;
        Ok(Response::new(CreateProcessResponse {}))
    }

    async fn start_process(&self, request: Request<StartProcessRequest>) -> Reply<StartProcessResponse> {
        let containers = Arc::clone(&self.containers);
        to_the_end(async move {
            let request = request.into_inner();
            let pid = containers.start_process(&request.container_id, &request.process_id).await?;
            Ok(StartProcessResponse { pid })
        })
        .await
    }

    async fn wait_process(&self, request: Request<WaitProcessRequest>) -> Reply<WaitProcessResponse> {
        let request = request.into_inner();
        let exit = self.containers.get(&request.container_id)?.process(&request.process_id)?.wait().await?;
        Ok(Response::new(WaitProcessResponse {
            exit_code: exit.code.into(),
            signal: exit.signal.into(),
            exited_at_unix_nanos: unix_nanos(exit.at),
        }))
    }

    async fn signal_process(&self, request: Request<SignalProcessRequest>) -> Reply<SignalProcessResponse> {
        let request = request.into_inner();
        let signal = match i32::try_from(request.signal) {
            Ok(signal @ 1..=64) => signal,
            _ => {
                let message = format!("signal {}: must be 1 to 64", request.signal);
                return Err(Error::new(Kind::InvalidArgument, message).into());
            }
        };
        self.containers.get(&request.container_id)?.process(&request.process_id)?.signal(signal)?;
        Ok(Response::new(SignalProcessResponse {}))
    }

    async fn resize_process(&self, request: Request<ResizeProcessRequest>) -> Reply<ResizeProcessResponse> {
        let request = request.into_inner();
        let window = window(request.window_size.unwrap_or_default())?;
        self.containers.get(&request.container_id)?.process(&request.process_id)?.resize(window)?;
        Ok(Response::new(ResizeProcessResponse {}))
    }

    async fn close_stdin(&self, request: Request<CloseStdinRequest>) -> Reply<CloseStdinResponse> {
        let request = request.into_inner();
        self.containers.get(&request.container_id)?.process(&request.process_id)?.close_stdin();
        Ok(Response::new(CloseStdinResponse {}))
    }

    async fn delete_process(&self, request: Request<DeleteProcessRequest>) -> Reply<DeleteProcessResponse> {
        let containers = Arc::clone(&self.containers);
        to_the_end(async move {
            let request = request.into_inner();
            containers.delete_process(&request.container_id, &request.process_id).await?;
            Ok(DeleteProcessResponse {})
        })
        .await
    }

    async fn power_off(&self, _: Request<PowerOffRequest>) -> Reply<PowerOffResponse> {
        let (containers, reaper) = (Arc::clone(&self.containers), Arc::clone(&self.reaper));
        let power_off = Arc::clone(&self.power_off);
        to_the_end(async move {
            // What cannot be unmounted is flushed at least; the host wants the machine to end in any case.
            if let Err(error) = containers.delete_all().await {
                crate::log::error(format_args!("power off: {error}"));
            }
            let flush = || {
                rustix::fs::sync();
                Ok(())
            };
            helper::run(&reaper, flush).await?;
            power_off.notify_one();
            Ok(PowerOffResponse {})
        })
        .await
    }

    async fn reidentify(&self, request: Request<ReidentifyRequest>) -> Reply<ReidentifyResponse> {
        let mut request = request.into_inner();
        let identified = self.identify(&mut request);
        request.secret.fill(0);
        request.entropy.fill(0);
        identified?;
        Ok(Response::new(ReidentifyResponse {}))
    }
}

impl GuestService {
    /// Makes this guest another than all that began as it did. The secret comes last: until then the call can be
    /// repeated.
    fn identify(&self, request: &mut ReidentifyRequest) -> Result<()> {
        let refuse = |message: String| Err(Error::new(Kind::InvalidArgument, message));
        if !self.containers.is_empty() {
            let message = "the guest has containers, which would go on with what they learnt before";
            return Err(Error::new(Kind::FailedPrecondition, message));
        }
        if !(LEAST_ENTROPY..=random::MOST_ENTROPY).contains(&request.entropy.len()) {
            let most = random::MOST_ENTROPY;
            return refuse(format!("entropy: {} bytes, must be {LEAST_ENTROPY} to {most}", request.entropy.len()));
        }
        let length = request.secret.len();
        let Ok(secret) = <&mut [u8; SECRET_LENGTH]>::try_from(request.secret.as_mut_slice()) else {
            return refuse(format!("secret: {length} bytes, must be {SECRET_LENGTH}"));
        };
        check_id("machine", &request.machine_id)?;
        random::reseed(&request.entropy).tried(|| "reseed the random number generator")?;
        set_clock(request.host_time_unix_nanos)?;
        // sethostname(2) takes 64 bytes; an id has ASCII characters alone.
        let name = &request.machine_id.as_bytes()[..request.machine_id.len().min(64)];
        sethostname(name).tried(|| "set the guest's host name")?;
        self.secret.replace(secret).tried(|| "take the new secret")
    }
}

fn set_clock(host_nanos: i64) -> Result<()> {
    let Some(wanted) = u64::try_from(host_nanos).ok().filter(|nanos| *nanos > 0) else { return Ok(()) };
    let now = clock_gettime(ClockId::Realtime);
    let now = now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64;
    if now.abs_diff(wanted) < CLOCK_TOLERANCE {
        return Ok(());
    }
    let wanted = Timespec { tv_sec: (wanted / 1_000_000_000) as i64, tv_nsec: (wanted % 1_000_000_000) as i64 };
    clock_settime(ClockId::Realtime, wanted).map_err(|errno| Error::system("set the clock", errno))
}

fn unix_nanos(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

async fn plan(request: CreateContainerRequest) -> Result<Plan> {
    let refuse =
        |why: String| Error::new(Kind::InvalidArgument, format!("container {:?}: {why}", request.container_id));
    let rootfs = request.rootfs.ok_or_else(|| refuse("rootfs is missing".to_owned()))?;
    let layout = match rootfs.kind {
        Some(rootfs::Kind::Overlay(overlay)) => Layout::Overlay {
            lower: volume(overlay.lower.unwrap_or_default()).await?,
            scratch: match overlay.scratch {
                Some(disk) => Some(volume(disk).await?),
                None => None,
            },
        },
        Some(rootfs::Kind::Disk(root)) => Layout::Disk(volume(root.disk.unwrap_or_default()).await?),
        None => return Err(refuse("rootfs.kind is missing".to_owned())),
    };
    let hostname = if request.hostname.is_empty() { &request.container_id } else { &request.hostname };
    // sethostname(2): 64 bytes; an id may be longer.
    let hostname: String =
        if request.hostname.is_empty() { hostname.chars().take(64).collect() } else { hostname.clone() };
    if hostname.len() > 64 || hostname.contains(char::is_control) {
        return Err(refuse(format!(
            "host name {hostname:?} must have at most 64 bytes, none of them a control character"
        )));
    }
    let mounts = request.mounts.into_iter().map(|mount| Mount {
        file_system: mount.r#type,
        source: mount.source,
        target: mount.target,
        options: mount.options,
    });
    Ok(Plan {
        places: Places::of(&request.container_id),
        layout,
        read_only: rootfs.read_only,
        mounts: mounts.collect(),
        hostname,
    })
}

async fn volume(disk: Disk) -> Result<Volume> {
    if !matches!(disk.file_system.as_str(), "ext4" | "erofs") {
        let message = format!("disk {:?}: file system {:?} is neither ext4 nor erofs", disk.serial, disk.file_system);
        return Err(Error::new(Kind::InvalidArgument, message));
    }
    Ok(Volume { device: disks::find(&disk.serial).await?, file_system: disk.file_system })
}

fn process_spec(spec: crate::proto::ProcessSpec) -> Result<ProcessSpec> {
    let user = spec.user.unwrap_or_default();
    Ok(ProcessSpec {
        program: Program {
            arguments: spec.args,
            environment: spec.env,
            directory: spec.cwd,
            user: user.name,
            additional_groups: user.additional_gids,
            terminal: spec.terminal,
            no_new_privileges: spec.no_new_privileges,
        },
        window: spec.window_size.map(window).transpose()?,
        stdin: spec.stdin,
    })
}

fn window(size: WindowSize) -> Result<Window> {
    let in_range = |value: u32| u16::try_from(value).ok().filter(|value| *value > 0);
    match (in_range(size.rows), in_range(size.columns)) {
        (Some(rows), Some(columns)) => Ok(Window { rows, columns }),
        _ => {
            let message = format!("window size {} x {}: both must be 1 to 65535", size.rows, size.columns);
            Err(Error::new(Kind::InvalidArgument, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preface::{Purpose, preface};

    /// A service whose secret is of sevens. Its reaper is never asked.
    fn service(secret: &Arc<Secret>) -> GuestService {
        let reaper = Reaper::start().unwrap();
        let containers = Arc::new(Containers::new(Arc::clone(&reaper)));
        GuestService::new(containers, reaper, Arc::clone(secret), Arc::new(Notify::new()))
    }

    #[test]
    fn a_request_that_makes_no_sense_leaves_the_secret_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _context = runtime.enter();
        let secret = Arc::new(Secret::from([7; 32]));
        let service = service(&secret);
        let good = || ReidentifyRequest {
            entropy: vec![1; 64],
            machine_id: "one".to_owned(),
            host_time_unix_nanos: 0,
            secret: vec![9; 32],
        };
        for bad in [
            ReidentifyRequest { entropy: vec![1; 31], ..good() },
            ReidentifyRequest { entropy: vec![1; 513], ..good() },
            ReidentifyRequest { secret: vec![9; 31], ..good() },
            ReidentifyRequest { secret: Vec::new(), ..good() },
            ReidentifyRequest { machine_id: String::new(), ..good() },
            ReidentifyRequest { machine_id: "a b".to_owned(), ..good() },
        ] {
            let refused = runtime.block_on(service.reidentify(Request::new(bad))).unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument);
            assert_eq!(secret.check(&preface(Purpose::Grpc, &[7; 32]), Purpose::Grpc), Ok(()));
        }
    }
}
