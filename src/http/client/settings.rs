//! What a client may use, and the bare client that is built from it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

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

#[expect(
    clippy::disallowed_methods,
    reason = "this is the home of the one hardened client"
)]
pub(super) fn build(settings: &ClientSettings) -> Result<reqwest::Client, String> {
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
