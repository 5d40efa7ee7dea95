//! What a client may use, and the bare client that is built from it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::files::{authorities, identity};

/// This machine. Port 0 stands for the port of the URL.
const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

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
        // http is permitted to this name; what a name server says of it does not count.
        .resolve_to_addrs("localhost", &LOCALHOST)
        .user_agent(concat!("scim-rotator/", env!("CARGO_PKG_VERSION")))
        .tls_version_min(settings.tls_min_version.into())
        .connect_timeout(positive("connect_timeout", settings.connect_timeout)?)
        .read_timeout(positive("read_timeout", settings.read_timeout)?)
        .timeout(positive("total_timeout", settings.total_timeout)?)
        .pool_max_idle_per_host(settings.per_host.max(1));
    if let Some(proxy) = &settings.proxy {
        // Not `all`: a proxy reads what is sent over http, our credentials too.
        let proxy = reqwest::Proxy::https(proxy.clone())
            .map_err(|_| "the proxy's URL cannot be used".to_owned())?;
        builder = builder.proxy(proxy);
    }
    if let Some(certificates) = authorities(settings)? {
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(ours) = &settings.client_certificate {
        builder = builder.identity(identity(ours)?);
    }
    builder.build().map_err(|_| match &settings.client_certificate {
        Some(ours) => format!(
            "TLS cannot be set up: does the key {} belong to the certificate {}, and are CA certificates installed (package ca-certificates)?",
            ours.key_file.display(),
            ours.cert_file.display()
        ),
        None => "the HTTP client cannot be built: are CA certificates installed (package ca-certificates)?".to_owned(),
    })
}

fn positive(name: &str, value: SignedDuration) -> Result<Duration, String> {
    Duration::try_from(value)
        .ok()
        .filter(|d| !d.is_zero())
        .ok_or_else(|| format!("`{name}` must be longer than nothing"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every connection with 200; returns the first bytes of the first.
    async fn first_head(listener: TcpListener) -> String {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut head = vec![0; 1024];
        let read = stream.read(&mut head).await.expect("a request");
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.expect("answered");
        String::from_utf8_lossy(&head[..read]).into_owned()
    }

    #[tokio::test]
    async fn localhost_is_this_machine() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = server.local_addr().expect("an address").port();
        let client = build(&ClientSettings::default()).expect("a client");
        let asked = client.get(format!("http://localhost:{port}/")).send();
        let (head, answer) = tokio::join!(first_head(server), asked);
        assert!(head.contains(&format!("localhost:{port}")), "{head}");
        assert_eq!(answer.expect("answered").status(), 200);
    }

    #[tokio::test]
    async fn clear_text_never_goes_to_the_proxy_and_https_only_in_a_tunnel() {
        let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = |scheme: &str, listener: &TcpListener| {
            let address = listener.local_addr().expect("an address");
            Url::parse(&format!("{scheme}://{address}/secret")).expect("a URL")
        };
        let settings = ClientSettings {
            proxy: Some(url("http", &proxy)),
            ..ClientSettings::default()
        };
        let client = build(&settings).expect("a client");
        let (clear, tunnelled) = (url("http", &server), url("https", &server));
        let ask = |url: Url| client.get(url).header("x-vault-token", "canary").send();
        let at_proxy = first_head(proxy);
        tokio::pin!(at_proxy);
        let answered = tokio::select! {
            head = &mut at_proxy => panic!("the proxy was given {head}"),
            (head, answer) = async { tokio::join!(first_head(server), ask(clear)) } => {
                answer.expect("answered");
                head
            }
        };
        assert!(answered.contains("canary"), "{answered}");
        let (head, _failed) = tokio::join!(at_proxy, ask(tunnelled));
        assert!(head.starts_with("CONNECT "), "{head}");
        assert!(
            !head.contains("canary") && !head.contains("/secret"),
            "{head}"
        );
    }
}
