//! Connections: accepted, authenticated within bounds of time and number, then served.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncReadExt;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::container::Containers;
use crate::preface::{PREFACE_LENGTH, Purpose, Secret};
use crate::proto::guest_server::GuestServer;
use crate::proto::{StdioAttach, StdioStream};
use crate::service::GuestService;
use crate::stdio::Connection;
use crate::stdio::attach::{self, Outcome};

/// How long a connection may take to say who it is and what it wants.
const INTRODUCTION_TIME: Duration = Duration::from_secs(5);
/// Connections that have not said so yet.
const MOST_STRANGERS: usize = 64;
/// gRPC connections that have.
const MOST_CLIENTS: usize = 128;
/// Calls at a time on one connection; most of them wait for a process to end.
const MOST_CALLS: u32 = 16_384;

/// Where connections come from.
pub trait Listener: Send {
    /// What they are.
    type Connection: Connection + 'static;

    /// The next one.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

impl Listener for tokio_vsock::VsockListener {
    type Connection = tokio_vsock::VsockStream;

    async fn accept(&mut self) -> io::Result<Self::Connection> {
        tokio_vsock::VsockListener::accept(self).await.map(|(connection, _)| connection)
    }
}

/// Serves both ports.
#[derive(Debug)]
pub struct Server {
    secret: Arc<Secret>,
    containers: Arc<Containers>,
    service: GuestService,
    strangers: Semaphore,
    clients: Semaphore,
    stopping: watch::Sender<bool>,
}

impl Server {
    /// A server that lets in who knows the secret.
    #[must_use]
    pub fn new(secret: Arc<Secret>, containers: Arc<Containers>, service: GuestService) -> Arc<Self> {
        Arc::new(Self {
            secret,
            containers,
            service,
            strangers: Semaphore::new(MOST_STRANGERS),
            clients: Semaphore::new(MOST_CLIENTS),
            stopping: watch::Sender::new(false),
        })
    }

    /// Accepts connections for `purpose` for ever.
    pub async fn listen<L: Listener>(self: Arc<Self>, mut listener: L, purpose: Purpose) {
        loop {
            match listener.accept().await {
                Ok(connection) => {
                    // One too many is dropped: nobody but a host that has gone wrong makes so many.
                    if self.strangers.available_permits() > 0 {
                        tokio::spawn(Arc::clone(&self).serve(connection, purpose));
                    }
                }
                Err(error) => {
                    crate::log::warn(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Ends the gRPC connections once their calls are answered, and returns when the host has closed them, or after
    /// `patience`.
    pub async fn stop(&self, patience: Duration) {
        self.stopping.send_replace(true);
        let _ = timeout(patience, self.clients.acquire_many(MOST_CLIENTS as u32)).await;
    }

    async fn serve<C: Connection + 'static>(self: Arc<Self>, mut connection: C, purpose: Purpose) {
        let Ok(permit) = self.strangers.try_acquire() else { return };
        let introduced = timeout(INTRODUCTION_TIME, self.introduce(&mut connection, purpose)).await;
        drop(permit);
        match introduced {
            Ok(Ok(Introduced::Client)) => self.serve_client(connection).await,
            Ok(Ok(Introduced::Stream(request))) => self.attach(connection, &request),
            Ok(Err(error)) => crate::log::warn(format_args!("{purpose:?} connection dropped: {error}")),
            Err(_) => crate::log::warn(format_args!("{purpose:?} connection dropped: too slow")),
        }
    }

    async fn introduce(&self, connection: &mut impl Connection, purpose: Purpose) -> io::Result<Introduced> {
        let mut preface = [0; PREFACE_LENGTH];
        connection.read_exact(&mut preface).await?;
        let refused = |refusal| io::Error::new(io::ErrorKind::PermissionDenied, format!("{refusal:?}"));
        self.secret.check(&preface, purpose).map_err(refused)?;
        match purpose {
            Purpose::Grpc => Ok(Introduced::Client),
            Purpose::Stdio => attach::read_request(connection).await.map(Introduced::Stream),
        }
    }

    async fn serve_client<C: Connection + 'static>(&self, connection: C) {
        let Ok(_permit) = self.clients.try_acquire() else { return };
        let mut stopping = self.stopping.subscribe();
        let service = TowerToHyperService::new(GuestServer::new(self.service.clone()));
        let served = http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(MOST_CALLS)
            .serve_connection(TokioIo::new(connection), service);
        let mut served = pin!(served);
        let stop = async {
            // Fails when the server is gone, and the guest with it.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        };
        let mut stop = pin!(stop);
        let mut told = false;
        // How a connection ends is not of interest: its calls have ended by themselves.
        let _ = std::future::poll_fn(|context| {
            if !told && stop.as_mut().poll(context).is_ready() {
                told = true;
                served.as_mut().graceful_shutdown();
            }
            served.as_mut().poll(context)
        })
        .await;
    }

    fn attach<C: Connection + 'static>(&self, connection: C, request: &StdioAttach) {
        let connection: Box<dyn Connection> = Box::new(connection);
        let found = self.containers.get(&request.container_id);
        let process = match found.and_then(|container| container.process(&request.process_id)) {
            Ok(process) => process,
            Err(error) => return attach::refuse(connection, Outcome::NotFound, error.to_string()),
        };
        let attached = match StdioStream::try_from(request.stream) {
            Ok(StdioStream::Stdin) => process.attach_stdin(connection),
            Ok(StdioStream::Stdout) => {
                process.attach_stdout(connection, request.offset);
                Ok(())
            }
            Ok(StdioStream::Stderr) => process.attach_stderr(connection, request.offset),
            Err(_) => {
                let message = format!("no stream has the number {}", request.stream);
                return attach::refuse(connection, Outcome::Invalid, message);
            }
        };
        if let Err(connection) = attached {
            let message = format!("process {:?} has no such stream", request.process_id);
            attach::refuse(connection, Outcome::NotFound, message);
        }
    }
}

enum Introduced {
    Client,
    Stream(StdioAttach),
}
