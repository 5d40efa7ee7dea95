//! Accepts connections, at most so many at a time, and gives each a limited time.
//! A client that connects and stays silent must not take the descriptors that
//! rotations need.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::patient::Patient;
use super::slot::Slot;

/// Bytes of the head of a request.
const LONGEST_HEAD: usize = 16 * 1024;
/// Pause after `accept` failed for want of descriptors or memory.
const NO_DESCRIPTOR: Duration = Duration::from_millis(200);
/// Most connections, where the process may open many files.
const MOST: usize = 64;
/// The server takes at most one of so many descriptors of the process: the rest is
/// for Vault, issuers, connections and files.
const SHARE: usize = 8;

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most connections at a time.
    pub(super) most: usize,
    /// Longest wait for the head of a request, and for the next request on an open
    /// connection.
    pub(super) head: Duration,
    /// Longest pause of a client that reads an answer.
    pub(super) reading: Duration,
    /// Longest life of a connection. A client that reads a byte now and then keeps
    /// an answer in our memory.
    pub(super) life: Duration,
}

impl Limits {
    /// Those of this process, which may open so many files.
    pub(super) fn of_this_process() -> Self {
        let limit = getrlimit(Resource::Nofile).current;
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        Self {
            most: limit.map_or(MOST, |limit| (limit / SHARE).clamp(2, MOST)),
            head: Duration::from_secs(10),
            reading: Duration::from_secs(30),
            life: Duration::from_secs(5 * 60),
        }
    }
}

/// Answers until it is cancelled, and then until the open connections have ended.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    cancel: &CancellationToken,
) {
    let mut open = Open {
        slots: BTreeMap::new(),
        next: 0,
        most: limits.most,
    };
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                if let Ok(number) = ended {
                    open.slots.remove(&number);
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if let Some((number, slot)) = open.admit() {
                        let served = connection(stream, routes.clone(), slot, limits, cancel.clone());
                        tasks.spawn(async move {
                            served.await;
                            number
                        });
                    }
                }
                Err(error) => rest(&error).await,
            },
        }
    }
    // The listener is closed before the connections end.
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// Waits where the same failure would come again at once.
async fn rest(error: &io::Error) {
    let of_the_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    );
    if !of_the_client {
        tracing::debug!(%error, "a connection to the HTTP server could not be accepted");
        sleep(NO_DESCRIPTOR).await;
    }
}

/// The open connections by number; the lowest is the oldest.
struct Open {
    slots: BTreeMap<u64, Arc<Slot>>,
    next: u64,
    most: usize,
}

impl Open {
    /// A place for one more connection. If all are taken, the oldest connection
    /// that waits for its client is closed; if all are being answered, the new one
    /// is refused.
    fn admit(&mut self) -> Option<(u64, Arc<Slot>)> {
        if self.slots.len() >= self.most {
            let victim = self.oldest(Slot::is_idle);
            let victim = victim.or_else(|| self.oldest(Slot::is_stalled))?;
            if let Some(slot) = self.slots.remove(&victim) {
                slot.ended.cancel();
            }
        }
        let (number, slot) = (self.next, Arc::new(Slot::default()));
        self.next += 1;
        self.slots.insert(number, Arc::clone(&slot));
        Some((number, slot))
    }

    fn oldest(&self, which: fn(&Slot) -> bool) -> Option<u64> {
        let mut slots = self.slots.iter();
        slots
            .find(|(_, slot)| which(slot))
            .map(|(number, _)| *number)
    }
}

/// Answers the requests of one connection.
async fn connection(
    stream: TcpStream,
    routes: Router,
    slot: Arc<Slot>,
    limits: Limits,
    cancel: CancellationToken,
) {
    let stream = Patient::new(stream, limits.reading, Arc::clone(&slot));
    let answering = Arc::clone(&slot);
    let service =
        service_fn(move |request| answer(request, routes.clone(), Arc::clone(&answering)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        // A connection that breaks off concerns nobody but its client.
        ended = serving.as_mut() => return drop(ended),
        () = slot.ended.cancelled() => return,
        () = cancel.cancelled() => {}
        () = sleep(limits.life) => {}
    }
    serving.as_mut().graceful_shutdown();
    drop(timeout(limits.reading, serving).await);
}

/// Answers one request, and marks the connection as busy meanwhile.
async fn answer(
    request: Request<Incoming>,
    routes: Router,
    slot: Arc<Slot>,
) -> Result<Response<Body>, Infallible> {
    slot.busy.store(true, Ordering::Relaxed);
    let answer = TowerToHyperService::new(routes).call(request).await;
    slot.busy.store(false, Ordering::Relaxed);
    answer
}

#[cfg(test)]
mod tests;
