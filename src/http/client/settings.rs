//! What a client may use.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::addresses::Addresses;

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
    /// the operating system's. It is read again when it changes.
    pub ca_file: Option<PathBuf>,
    /// Folder of such files, `*.pem`, `*.crt` and `*.cer`; with `ca_file`, both.
    pub ca_dir: Option<PathBuf>,
    /// What we show a server that asks who we are.
    pub client_certificate: Option<ClientCertificate>,
    /// The least version of TLS.
    pub tls_min_version: TlsVersion,
    /// Proxy for https requests, which it cannot read. Requests over http, which
    /// stay on this machine, never go to it. The environment's proxy is never used.
    pub proxy: Option<Url>,
    /// File with the `user:password` by which the proxy knows us. It is read again
    /// when it changes.
    pub proxy_auth_file: Option<PathBuf>,
    /// Which addresses are contacted.
    pub addresses: Addresses,
    /// Concurrent requests to one host.
    pub per_host: usize,
    /// What is different for single hosts.
    pub hosts: Vec<HostSettings>,
}

/// What is different for one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSettings {
    /// `host`, which means each of its ports, or `host:port`.
    pub name: String,
    /// PEM file with the only certification authorities to trust there.
    pub ca_file: Option<PathBuf>,
    /// What we show it if it asks who we are.
    pub client_certificate: Option<ClientCertificate>,
    /// Proxy on the way to it.
    pub proxy: Option<Url>,
    /// File with the `user:password` by which that proxy knows us.
    pub proxy_auth_file: Option<PathBuf>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: SignedDuration::from_secs(5),
            read_timeout: SignedDuration::from_secs(10),
            total_timeout: SignedDuration::from_secs(30),
            max_body: 1024 * 1024,
            ca_file: None,
            ca_dir: None,
            client_certificate: None,
            tls_min_version: TlsVersion::V12,
            proxy: None,
            proxy_auth_file: None,
            addresses: Addresses::default(),
            per_host: 4,
            hosts: Vec::new(),
        }
    }
}

impl ClientSettings {
    /// Whether it is made of no file.
    pub(super) fn has_no_files(&self) -> bool {
        self.ca_file.is_none()
            && self.ca_dir.is_none()
            && self.client_certificate.is_none()
            && self.proxy_auth_file.is_none()
    }

    /// The settings for one host: what it does not name is as for all others.
    pub(super) fn of_host(&self, host: &HostSettings) -> Self {
        let mut own = self.clone();
        own.hosts = Vec::new();
        if host.ca_file.is_some() {
            own.ca_file.clone_from(&host.ca_file);
            own.ca_dir = None;
        }
        if host.client_certificate.is_some() {
            own.client_certificate.clone_from(&host.client_certificate);
        }
        if host.proxy.is_some() {
            own.proxy.clone_from(&host.proxy);
            // What one proxy knows us by is no business of another.
            own.proxy_auth_file.clone_from(&host.proxy_auth_file);
        }
        own
    }
}

/// A certificate of our own, for TLS. Both files are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM file of the certificate, followed by those between it and its
    /// authority.
    pub cert_file: PathBuf,
    /// PEM file of its private key, without a passphrase.
    pub key_file: PathBuf,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "tls12")]
    V12,
    /// TLS 1.3.
    #[serde(rename = "tls13")]
    V13,
}

impl From<TlsVersion> for reqwest::tls::Version {
    fn from(version: TlsVersion) -> Self {
        match version {
            TlsVersion::V12 => Self::TLS_1_2,
            TlsVersion::V13 => Self::TLS_1_3,
        }
    }
}

/// What is wrong with a file for a proxy, and the remedy.
#[must_use]
pub fn proxy_auth_fault(
    proxy: Option<&Url>,
    file: Option<&PathBuf>,
) -> Option<(&'static str, &'static str)> {
    (file.is_some() && proxy.is_none()).then_some((
        "there is no proxy that could be shown these credentials",
        "write `proxy` beside it, or remove the key",
    ))
}

/// What is wrong with the URL of a proxy, and the remedy.
#[must_use]
pub fn proxy_faults(proxy: &Url) -> Vec<(&'static str, &'static str)> {
    let mut faults = Vec::new();
    if !matches!(proxy.scheme(), "http" | "https") || proxy.host_str().is_none() {
        faults.push((
            "a proxy is named by an http or https URL",
            "write for example \"http://proxy.example.com:3128\"",
        ));
    }
    if !proxy.username().is_empty() || proxy.password().is_some() {
        faults.push((
            "a credential must not stand in a URL",
            "write the path of a file with `user:password` into `proxy_auth_file`",
        ));
    }
    faults
}
