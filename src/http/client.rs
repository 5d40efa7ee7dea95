//! The hardened client.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::bytes::Bytes;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::message::{Answer, Origin, Request, host_of};
use super::ratelimit::http_date;
use crate::ports::Clock;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};

/// What a client may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// Longest wait for a connection, TLS included.
    pub connect_timeout: SignedDuration,
    /// Longest silence while reading an answer.
    pub read_timeout: SignedDuration,
    /// Longest time for a request with its answer.
    pub total_timeout: SignedDuration,
    /// Largest body that is accepted, in bytes.
    pub max_body: usize,
    /// PEM file with the only certification authorities to trust, instead of
    /// the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Proxy for all requests. The environment's proxy is never used.
    pub proxy: Option<Url>,
    /// Concurrent requests to one host.
    pub per_host: usize,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: SignedDuration::from_secs(5),
            read_timeout: SignedDuration::from_secs(10),
            total_timeout: SignedDuration::from_secs(30),
            max_body: 1024 * 1024,
            ca_file: None,
            proxy: None,
            per_host: 4,
        }
    }
}

/// Whom a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// HashiCorp Vault.
    Vault,
    /// The service provider, and the issuer of its tokens.
    Sp,
    /// An identity provider.
    Idp,
}

impl Target {
    /// The word for metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Sp => "sp",
            Self::Idp => "idp",
        }
    }
}

/// Is told of every request: metrics.
pub trait Observer: Send + Sync {
    /// A request came back. `code` is the status, or `timeout`, `connect`,
    /// `network`, `too_large` or `refused_here` (never sent).
    fn request(&self, target: Target, operation: &'static str, code: &str, seconds: f64);
    /// The server answered 429.
    fn throttled(&self, target: Target);
    /// How far the server's clock is ahead of ours, in seconds, to about a second.
    fn clock_skew(&self, target: Target, seconds: f64);
}

/// Looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn request(&self, _target: Target, _operation: &'static str, _code: &str, _seconds: f64) {}
    fn throttled(&self, _target: Target) {}
    fn clock_skew(&self, _target: Target, _seconds: f64) {}
}

/// The one HTTP client. Clones share connections and limits.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    settings: ClientSettings,
    target: Target,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    hosts: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Client {
    /// Builds a client.
    ///
    /// # Errors
    /// When the CA file cannot be read or the settings cannot be used.
    pub fn new(
        settings: &ClientSettings,
        target: Target,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, String> {
        Ok(Self {
            inner: Arc::new(Inner {
                http: build(settings)?,
                settings: settings.clone(),
                target,
                clock,
                observer,
                hosts: Mutex::default(),
            }),
        })
    }

    /// The bare client, for a library that brings its own requests. It has the
    /// same timeouts and follows nothing, but neither the cap on bodies nor the
    /// scheme check apply.
    #[must_use]
    pub fn reqwest(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// Whom this client talks to.
    #[must_use]
    pub fn target(&self) -> Target {
        self.inner.target
    }

    /// The clock that deadlines are read against.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Sends a request once and returns the answer, whatever its status.
    ///
    /// # Errors
    /// When there is no usable answer: `NotApplied` when the server was not
    /// reached, otherwise `Ambiguous` unless the request is idempotent.
    pub async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let inner = &self.inner;
        let origin = Origin::of(&request);
        if let Err(why) = allowed(&request.url) {
            let text = format!("{origin} was not sent: {why}");
            inner.observed(&origin, "refused_here", 0.0);
            return Err(Fault::new(FaultClass::Rejected, FaultKind::Config, text));
        }
        let _permit = inner.permit(&request.url).await;
        let sent_at = inner.clock.now();
        let started = Instant::now();
        let result = inner.exchange(request, &origin).await;
        let seconds = started.elapsed().as_secs_f64();
        match result {
            Ok(answer) => {
                inner.observe_answer(&answer, sent_at, seconds);
                Ok(answer)
            }
            Err(failure) => {
                inner.observed(&origin, failure.code(), seconds);
                Err(failure.fault(&origin))
            }
        }
    }
}

impl Inner {
    async fn exchange(&self, request: Request, origin: &Origin) -> Result<Answer, Failure> {
        let body = Bytes::from_owner(request.body);
        let sent = self
            .http
            .request(request.method, request.url)
            .headers(request.headers)
            .body(body)
            .send()
            .await;
        let mut response = sent.map_err(|e| Failure::of(&e))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = match self.read_body(response).await {
            Ok(body) => body,
            // A refusal is a refusal, with or without its explanation.
            Err(_) if status.is_client_error() => Zeroizing::new(Vec::new()),
            Err(failure) => return Err(failure),
        };
        Ok(Answer {
            status: status.as_u16(),
            headers,
            body,
            origin: origin.clone(),
        })
    }

    async fn read_body(
        &self,
        mut response: reqwest::Response,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let max = self.settings.max_body;
        let mut body = Zeroizing::new(Vec::with_capacity(4096));
        while let Some(chunk) = response.chunk().await.map_err(|e| Failure::of(&e))? {
            if body.len() + chunk.len() > max {
                return Err(Failure::TooLarge(max));
            }
            append(&mut body, &chunk);
        }
        Ok(body)
    }

    async fn permit(&self, url: &Url) -> Option<OwnedSemaphorePermit> {
        let host = host_of(url);
        let semaphore = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
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
            self.observer.clock_skew(self.target, skew);
        }
    }

    fn observed(&self, origin: &Origin, code: &str, seconds: f64) {
        self.observer
            .request(self.target, origin.operation, code, seconds);
    }
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

#[expect(
    clippy::disallowed_methods,
    reason = "this is the home of the one hardened client"
)]
fn build(settings: &ClientSettings) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(concat!("scim-rotator/", env!("CARGO_PKG_VERSION")))
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .connect_timeout(positive("connect_timeout", settings.connect_timeout)?)
        .read_timeout(positive("read_timeout", settings.read_timeout)?)
        .timeout(positive("total_timeout", settings.total_timeout)?)
        .pool_max_idle_per_host(settings.per_host.max(1));
    if let Some(proxy) = &settings.proxy {
        let proxy = reqwest::Proxy::all(proxy.clone())
            .map_err(|_| "the proxy's URL cannot be used".to_owned())?;
        builder = builder.proxy(proxy);
    }
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path)
            .map_err(|e| format!("the CA file {} cannot be read: {e}", path.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|found| !found.is_empty())
            .ok_or_else(|| format!("the CA file {} holds no PEM certificate", path.display()))?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|_| {
        "the HTTP client cannot be built: are CA certificates installed (package ca-certificates)?"
            .to_owned()
    })
}

fn positive(name: &str, value: SignedDuration) -> Result<Duration, String> {
    Duration::try_from(value)
        .ok()
        .filter(|d| !d.is_zero())
        .ok_or_else(|| format!("`{name}` must be longer than nothing"))
}

/// Whether a request may go to this URL at all.
///
/// # Errors
/// Says why not: another scheme than https off loopback, or credentials in it.
pub fn allowed(url: &Url) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "the URL holds a user name or password: configure the caller's authentication instead",
        );
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => {
            Err("http would send credentials in clear text: use https (http is for loopback only)")
        }
        _ => Err("only https URLs are used"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The server's clock minus ours, at the middle of the exchange. `Date` is cut
/// to the second, so half a second is added.
fn skew(headers: &HeaderMap, sent_at: Timestamp, seconds: f64) -> Option<f64> {
    let date = http_date(headers.get(http::header::DATE)?.to_str().ok()?)?;
    let ours = sent_at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() + seconds / 2.0;
    let theirs = date.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() + 0.5;
    Some(theirs - ours)
}

/// Why there is no usable answer.
enum Failure {
    Dns,
    Connect,
    ConnectTimeout,
    Timeout,
    Network,
    TooLarge(usize),
}

impl Failure {
    fn of(error: &reqwest::Error) -> Self {
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectTimeout,
            (true, false) if error.is_dns() => Self::Dns,
            (true, false) => Self::Connect,
            (false, true) => Self::Timeout,
            (false, false) => Self::Network,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Dns | Self::Connect | Self::ConnectTimeout => "connect",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::TooLarge(_) => "too_large",
        }
    }

    fn fault(&self, origin: &Origin) -> Fault {
        let unknown = if origin.idempotent {
            ""
        } else {
            "; whether it was carried out is not known"
        };
        let (class, kind, text) = match self {
            Self::Dns => (
                FaultClass::NotApplied,
                FaultKind::Network,
                "the host name could not be resolved: check the URL and DNS".to_owned(),
            ),
            Self::Connect => (
                FaultClass::NotApplied,
                FaultKind::Network,
                "no connection: check that the server listens, that a firewall lets it through and that its TLS certificate is trusted".to_owned(),
            ),
            Self::ConnectTimeout => (
                FaultClass::NotApplied,
                FaultKind::Timeout,
                "no connection within the time allowed: check the network and the firewall".to_owned(),
            ),
            Self::Timeout => (
                origin.unclear(),
                FaultKind::Timeout,
                format!("no complete answer within the time allowed{unknown}"),
            ),
            Self::Network => (
                origin.unclear(),
                FaultKind::Network,
                format!("the connection broke before the answer was complete{unknown}"),
            ),
            Self::TooLarge(max) => (
                origin.unclear(),
                FaultKind::Schema,
                format!("the answer is larger than {max} bytes and was dropped{unknown}"),
            ),
        };
        Fault::new(class, kind, format!("{origin}: {text}"))
    }
}
