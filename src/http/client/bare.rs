//! The bare client: built from the settings, and built again when the files for TLS or
//! for a proxy change.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::time::Instant;

use super::files::{Stamps, authorities, identity, proxy_login};
use super::resolver::{Guard, Lookup, System};
use super::settings::ClientSettings;

/// How often the files are looked at, while requests are sent.
const LOOK: Duration = Duration::from_secs(10);

/// This machine. Port 0 stands for the port of the URL.
const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// A bare client that follows its files.
pub(super) struct Bare {
    settings: ClientSettings,
    current: RwLock<reqwest::Client>,
    seen: Mutex<Seen>,
}

struct Seen {
    look_at: Instant,
    stamps: Stamps,
    /// Why the files cannot be used as they are now.
    broken: Option<String>,
}

impl Bare {
    pub(super) fn new(settings: &ClientSettings) -> Result<Self, String> {
        let stamps = Stamps::of(settings);
        Ok(Self {
            settings: settings.clone(),
            current: RwLock::new(build(settings)?),
            seen: Mutex::new(Seen {
                look_at: Instant::now() + LOOK,
                stamps,
                broken: None,
            }),
        })
    }

    /// The client for the next request.
    pub(super) async fn client(&self) -> reqwest::Client {
        if self.is_time_to_look() {
            // It was told when it was found; the client stays as it was.
            drop(self.look().await);
        }
        self.current.read().clone()
    }

    /// Reads the files again if they changed. Until they can be used, the
    /// client stays as it was.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub(super) async fn look(&self) -> Result<(), String> {
        let settings = self.settings.clone();
        let known = self.seen().stamps.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let stamps = Stamps::of(&settings);
            (stamps != known).then(|| (stamps, build(&settings)))
        });
        if let Ok(Some((stamps, built))) = looked.await {
            let broken = self.take(built);
            let mut seen = self.seen();
            seen.stamps = stamps;
            seen.broken = broken;
        }
        self.seen().broken.clone().map_or(Ok(()), Err)
    }

    fn take(&self, built: Result<reqwest::Client, String>) -> Option<String> {
        match built {
            Ok(client) => {
                *self.current.write() = client;
                tracing::info!("the files for TLS or the proxy changed and were read again");
                None
            }
            Err(reason) => {
                tracing::warn!(
                    reason,
                    "the files for TLS or the proxy changed and cannot be used: what was read before stays in use"
                );
                Some(reason)
            }
        }
    }

    /// The next request looks at the files first: TLS failed.
    pub(super) fn look_soon(&self) {
        self.seen().look_at = Instant::now();
    }

    fn is_time_to_look(&self) -> bool {
        if self.settings.has_no_files() {
            return false;
        }
        let now = Instant::now();
        let mut seen = self.seen();
        let due = seen.look_at <= now;
        if due {
            seen.look_at = now + LOOK;
        }
        due
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock()
    }
}

fn build(settings: &ClientSettings) -> Result<reqwest::Client, String> {
    build_with(settings, Arc::new(System))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the home of the one hardened client"
)]
fn build_with(settings: &ClientSettings, from: Arc<dyn Lookup>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        // http is permitted to this name; what a name server says of it does not count.
        .resolve_to_addrs("localhost", &LOCALHOST)
        .dns_resolver(Arc::new(Guard::new(&settings.addresses, from)))
        .user_agent(concat!("scim-rotator/", env!("CARGO_PKG_VERSION")))
        .tls_version_min(settings.tls_min_version.into())
        .connect_timeout(positive("connect_timeout", settings.connect_timeout)?)
        .read_timeout(positive("read_timeout", settings.read_timeout)?)
        .timeout(positive("total_timeout", settings.total_timeout)?)
        .pool_max_idle_per_host(settings.per_host.max(1));
    if let Some(proxy) = &settings.proxy {
        // Not `all`: a proxy reads what is sent over http, our credentials too.
        let mut proxy = reqwest::Proxy::https(proxy.clone())
            .map_err(|_| "the proxy's URL cannot be used".to_owned())?;
        if let Some(file) = &settings.proxy_auth_file {
            let (user, password) = proxy_login(file)?;
            proxy = proxy.basic_auth(&user, password.expose());
        }
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
mod rebinding;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use url::Url;

    use super::*;
    use crate::http::client::HostSettings;

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

    /// A proxy is sent the content of its own file, also after that changed; a proxy of
    /// a single host is not shown what another one knows us by.
    #[tokio::test]
    async fn a_proxy_knows_us_by_the_file_that_is_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("proxy-auth");
        std::fs::write(&file, "rotator:first:secret\n").expect("written");
        let settings = async |listener: &TcpListener| ClientSettings {
            proxy: Url::parse(&format!("http://{}", listener.local_addr().expect("bound"))).ok(),
            proxy_auth_file: Some(file.clone()),
            ..ClientSettings::default()
        };
        let listen = || TcpListener::bind("127.0.0.1:0");
        let proxy = listen().await.expect("a port");
        let of_all = settings(&proxy).await;
        let asked = async |client: reqwest::Client, proxy: TcpListener| {
            let sent = client.get("https://idp.example/").send();
            let (head, _failed) = tokio::join!(first_head(proxy), sent);
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
            found.map(|(_, value)| value.to_owned())
        };
        let bare = Bare::new(&of_all).expect("a client");
        let shown = asked(bare.client().await, proxy).await;
        assert_eq!(shown.as_deref(), Some("Basic cm90YXRvcjpmaXJzdDpzZWNyZXQ="));

        std::fs::write(&file, "rotator:second").expect("written");
        let proxy = listen().await.expect("a port");
        let bare = Bare::new(&settings(&proxy).await).expect("a client");
        std::fs::write(&file, "rotator:third!").expect("written");
        bare.look().await.expect("read again");
        let shown = asked(bare.client().await, proxy).await;
        assert_eq!(shown.as_deref(), Some("Basic cm90YXRvcjp0aGlyZCE="));

        let other = listen().await.expect("a port");
        let host = HostSettings {
            name: "idp.example".to_owned(),
            ca_file: None,
            client_certificate: None,
            proxy: Url::parse(&format!("http://{}", other.local_addr().expect("bound"))).ok(),
            proxy_auth_file: None,
        };
        let client = build(&of_all.of_host(&host)).expect("a client");
        assert_eq!(asked(client, other).await, None, "it is another proxy");

        for wrong in ["", "no colon", ":no user", "user:", "a:b\nc:d"] {
            std::fs::write(&file, wrong).expect("written");
            let why = build(&of_all).expect_err(wrong);
            assert!(
                why.contains("proxy-auth") && !why.contains("no colon"),
                "{why}"
            );
        }
    }
}
