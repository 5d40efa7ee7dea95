//! The hardened client.

mod addresses;
mod bare;
mod date;
mod destination;
mod failure;
mod files;
mod observer;
mod replay;
mod resolver;
mod settings;
mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::bytes::Bytes;
use zeroize::Zeroizing;

pub use self::addresses::{AddressRange, Addresses, Forbidden};
use self::bare::Bare;
use self::date::skew;
pub use self::destination::allowed;
pub(crate) use self::destination::is_loopback;
use self::failure::Failure;
pub use self::observer::{NoObserver, Observer, RightClock, Target};
use self::replay::Detour;
pub use self::settings::{
    ClientCertificate, ClientSettings, HostSettings, TlsVersion, proxy_auth_fault, proxy_faults,
};
use super::message::{Answer, Origin, Parsed, Request, host_of};
use crate::clock::Clock;
use crate::fault::{Fault, FaultClass, FaultKind};

/// The one HTTP client. Clones share connections and limits.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: Bare,
    /// Those of hosts with settings of their own, by `host` or `host:port`.
    own: BTreeMap<String, Bare>,
    settings: ClientSettings,
    target: Target,
    /// As it is: the servers' clocks are compared with it.
    own_clock: Arc<dyn Clock>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    hosts: Mutex<BTreeMap<String, Arc<Semaphore>>>,
    /// Set by [`Client::for_replay`] alone: no setting leads here.
    detour: Option<Detour>,
}

impl Client {
    /// Builds a client.
    ///
    /// # Errors
    /// When a file for TLS cannot be read or the settings cannot be used.
    pub fn new(
        settings: &ClientSettings,
        target: Target,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, String> {
        Self::built(settings, None, target, clock, observer)
    }

    /// Builds a client for replays: it sends every request to the replay server
    /// at this loopback address, whatever host the URL names, and names that
    /// host in the `Host` header. Everything else is as with [`Client::new`],
    /// also where a request may go at all.
    ///
    /// No configuration can switch this on: [`ClientSettings`] holds nothing of
    /// it, this function is not visible outside of the crate, and a test of
    /// `vendors::replay` finds any other caller.
    ///
    /// # Errors
    /// When the address is not on loopback.
    pub(crate) fn for_replay(
        server: SocketAddr,
        target: Target,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, String> {
        let detour = Detour::to(server)?;
        let settings = ClientSettings::default();
        Self::built(&settings, Some(detour), target, clock, observer)
    }

    fn built(
        settings: &ClientSettings,
        detour: Option<Detour>,
        target: Target,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, String> {
        Ok(Self {
            inner: Arc::new(Inner {
                http: Bare::new(settings)?,
                own: own_clients(settings)?,
                settings: settings.clone(),
                target,
                clock: Arc::new(RightClock::new(Arc::clone(&clock), Arc::clone(&observer))),
                own_clock: clock,
                observer,
                hosts: Mutex::default(),
                detour,
            }),
        })
    }

    /// Reads the files for TLS again if they changed, now. (They are looked at
    /// every few seconds otherwise, while requests are sent.)
    ///
    /// # Errors
    /// Names the file that cannot be used; what was read before stays in use.
    pub async fn read_files_again(&self) -> Result<(), String> {
        for http in self.inner.own.values() {
            http.look().await?;
        }
        self.inner.http.look().await
    }

    /// Whom this client talks to.
    #[must_use]
    pub fn target(&self) -> Target {
        self.inner.target
    }

    /// Largest body that is read, in bytes.
    #[must_use]
    pub fn max_body(&self) -> usize {
        self.inner.settings.max_body
    }

    /// The clock that the times in requests and answers are read against.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The machine's clock as it is, for what is measured with it alone.
    #[must_use]
    pub fn own_clock(&self) -> &Arc<dyn Clock> {
        &self.inner.own_clock
    }

    /// Sends a request once and returns the answer, whatever its status.
    ///
    /// # Errors
    /// When there is no usable answer: `NotApplied` when the server was not
    /// reached, otherwise `Ambiguous` unless the request is idempotent.
    pub async fn send(&self, mut request: Request) -> Result<Answer, Fault> {
        let inner = &self.inner;
        let origin = Origin::of(&request);
        let host = host_of(&request.url);
        if let Err(why) = inner.directed(&mut request) {
            let text = format!("{origin} was not sent: {why}");
            inner.observed(&origin, "refused_here", 0.0);
            return Err(Fault::new(FaultClass::Rejected, FaultKind::Config, text));
        }
        let _permit = inner.permit(host).await;
        let sent_at = inner.own_clock.now();
        let started = Instant::now();
        let result = inner.exchange(request, &origin).await;
        let seconds = started.elapsed().as_secs_f64();
        match result {
            Ok(answer) => {
                inner.observe_answer(&answer, sent_at, seconds);
                Ok(answer)
            }
            Err(failure) => {
                if let Failure::Tls(_) = failure {
                    inner.bare(&origin.host).look_soon();
                }
                inner.observed(&origin, failure.code(), seconds);
                Err(failure.fault(&origin, inner.target))
            }
        }
    }
}

impl Inner {
    /// The client for this `host` or `host:port`.
    fn bare(&self, host: &str) -> &Bare {
        let without_port = || {
            let (name, port) = host.rsplit_once(':')?;
            let is_port = port.bytes().all(|b| b.is_ascii_digit());
            is_port.then(|| self.own.get(name)).flatten()
        };
        let own = self.own.get(host).or_else(without_port);
        own.unwrap_or(&self.http)
    }

    /// Checks where a request goes; replays send it elsewhere after that.
    fn directed(&self, request: &mut Request) -> Result<(), String> {
        allowed(&request.url)?;
        let host = self.settings.addresses.check_host(&request.url);
        host.map_err(|why| format!("its URL names {why}"))?;
        match &self.detour {
            Some(detour) => Ok(detour.divert(request)?),
            None => Ok(()),
        }
    }

    async fn exchange(&self, request: Request, origin: &Origin) -> Result<Answer, Failure> {
        let beginning_is_enough = request.beginning;
        let largest = request.largest_answer.unwrap_or(self.settings.max_body);
        let body = Bytes::from_owner(request.body);
        let http = self.bare(&origin.host).client().await;
        let sent = http
            .request(request.method, request.url)
            .headers(request.headers)
            .body(body)
            .send()
            .await;
        let mut response = sent.map_err(|e| Failure::of(&e))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = match self.read_body(response, largest, beginning_is_enough).await {
            Ok(body) => body,
            // An error is an error, with or without its explanation.
            Err(_) if status.is_client_error() => Zeroizing::new(Vec::new()),
            Err(Failure::TooLarge(_)) if status.is_server_error() => Zeroizing::new(Vec::new()),
            Err(failure) => return Err(failure),
        };
        Ok(Answer {
            parsed: Parsed::default(),
            status: status.as_u16(),
            headers,
            body,
            origin: origin.clone(),
        })
    }

    async fn read_body(
        &self,
        mut response: reqwest::Response,
        max: usize,
        beginning_is_enough: bool,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut body = Zeroizing::new(Vec::with_capacity(4096));
        while let Some(chunk) = response.chunk().await.map_err(|e| Failure::of(&e))? {
            if body.len() + chunk.len() > max {
                if beginning_is_enough {
                    let room = max - body.len();
                    append(&mut body, &chunk[..room]);
                    return Ok(body);
                }
                return Err(Failure::TooLarge(max));
            }
            append(&mut body, &chunk);
        }
        Ok(body)
    }

    async fn permit(&self, host: String) -> Option<OwnedSemaphorePermit> {
        let semaphore = {
            let mut hosts = self.hosts.lock();
            let limit = self.settings.per_host.max(1);
            Arc::clone(
                hosts
                    .entry(host)
                    .or_insert_with(|| Arc::new(Semaphore::new(limit))),
            )
        };
        // It is never closed, so this is always a permit.
        semaphore.acquire_owned().await.ok()
    }

    fn observe_answer(&self, answer: &Answer, sent_at: Timestamp, seconds: f64) {
        self.observed(&answer.origin, &answer.status.to_string(), seconds);
        if answer.status == 429 {
            self.observer.throttled(self.target);
        }
        if let Some(skew) = skew(&answer.headers, sent_at, seconds) {
            let host = &answer.origin.host;
            self.observer.clock_skew(self.target, host, skew);
        }
    }

    fn observed(&self, origin: &Origin, code: &str, seconds: f64) {
        self.observer
            .request(self.target, origin.operation, code, seconds);
    }
}

fn own_clients(settings: &ClientSettings) -> Result<BTreeMap<String, Bare>, String> {
    let own = settings.hosts.iter().map(|host| {
        let http = Bare::new(&settings.of_host(host));
        let http = http.map_err(|why| format!("for the host {}: {why}", host.name))?;
        Ok((host.name.to_ascii_lowercase(), http))
    });
    own.collect()
}

/// Adds to a buffer without leaving an unwiped copy behind when it grows.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    if body.capacity() - body.len() < chunk.len() {
        let mut larger = Vec::with_capacity((body.len() + chunk.len()).max(body.capacity() * 2));
        larger.extend_from_slice(body);
        *body = Zeroizing::new(larger);
    }
    body.extend_from_slice(chunk);
}

#[cfg(test)]
mod host_tests;
