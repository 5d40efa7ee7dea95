//! What a client may use.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;
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
            ca_dir: None,
            client_certificate: None,
            tls_min_version: TlsVersion::V12,
            proxy: None,
            per_host: 4,
        }
    }
}

impl ClientSettings {
    /// Whether no file takes part in TLS.
    pub(super) fn has_no_files(&self) -> bool {
        self.ca_file.is_none() && self.ca_dir.is_none() && self.client_certificate.is_none()
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
            "let the proxy know this machine by its address instead",
        ));
    }
    faults
}
