//! A service provider whose answers a test writes, byte by byte if it must.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use parking_lot::Mutex;
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::probe::ScimProbe;
use scim_rotator::secret::BearerToken;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use scim_rotator::clock::SystemClock;

/// The token that the tests prove.
pub const TOKEN: &str = "sp_9sD4fG6hJ0aLZq3vT8yK1mN5bX7cR2wP";
/// Another one.
pub const OTHER: &str = "sp_Q1w2E3r4T5y6U7i8O9p0A1s2D3f4G5h6";
/// An empty list.
pub const LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Path with query.
    pub target: String,
    /// Everything up to the empty line.
    pub head: String,
    /// What follows.
    pub body: String,
}

impl Seen {
    /// The bearer token, if there was one.
    pub fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether this is a request for `ServiceProviderConfig`.
    pub fn is_discovery(&self) -> bool {
        self.target.contains("/ServiceProviderConfig")
    }
}

/// What is sent back.
pub enum Reply {
    /// A status with a JSON body.
    Json(u16, String),
    /// These bytes, then the end.
    Raw(Vec<u8>),
    /// A 200 whose body never ends.
    Endless,
    /// A 200 whose body comes one byte at a time.
    Drip,
    /// Nothing at all.
    Silence,
    /// The connection is closed without an answer.
    Hangup,
}

/// A refusal as RFC 7644 wants it.
pub fn refused() -> Reply {
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"}"#;
    Reply::Json(401, body.to_owned())
}

/// An empty list.
pub fn list() -> Reply {
    Reply::Json(200, LIST.to_owned())
}

/// A server on loopback; it ends when dropped.
pub struct Server {
    base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts a server that answers as `answer` says.
    pub async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let noted = Arc::clone(&seen);
        let answer = Arc::new(answer);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&answer), Arc::clone(&noted)));
            }
        });
        Self {
            base: format!("http://{address}"),
            seen,
            _tasks: tasks,
        }
    }

    /// A good service provider that knows these tokens.
    pub async fn knowing(tokens: &'static [&'static str]) -> Self {
        Self::start(move |seen| {
            if seen.token().is_some_and(|token| tokens.contains(&token)) {
                list()
            } else {
                refused()
            }
        })
        .await
    }

    /// Its SCIM base URL.
    pub fn scim_url(&self) -> Url {
        Url::parse(&format!("{}/scim/v2", self.base)).expect("valid")
    }

    /// Its token endpoint.
    pub fn token_url(&self) -> Url {
        Url::parse(&format!("{}/oauth/token", self.base)).expect("valid")
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    /// A probe of this server.
    pub fn probe(&self) -> ScimProbe {
        self.probe_with(ProbeConfig::default())
    }

    /// A probe of this server with these settings.
    pub fn probe_with(&self, config: ProbeConfig) -> ScimProbe {
        let clock = Arc::new(SystemClock);
        ScimProbe::new(client(PATIENT), self.scim_url(), config, clock)
    }

    /// A probe of this server that waits for a fraction of a second.
    pub fn hasty_probe(&self) -> ScimProbe {
        let (config, clock) = (ProbeConfig::default(), Arc::new(SystemClock));
        ScimProbe::new(client(HASTY), self.scim_url(), config, clock)
    }
}

/// For answers that come, however busy the machine is.
pub const PATIENT: SignedDuration = SignedDuration::from_secs(30);
/// For answers that do not come.
pub const HASTY: SignedDuration = SignedDuration::from_millis(300);

/// The hardened client that waits so long for an answer.
pub fn client(longest: SignedDuration) -> Client {
    let settings = ClientSettings {
        connect_timeout: longest,
        read_timeout: longest,
        total_timeout: longest + longest,
        max_body: 64 * 1024,
        ..ClientSettings::default()
    };
    let clock = Arc::new(SystemClock);
    Client::new(&settings, Target::Sp, clock, Arc::new(NoObserver)).expect("a client")
}

/// A token from its text.
pub fn token(text: &str) -> BearerToken {
    BearerToken::parse(text).expect("sendable")
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(&Seen) -> Reply>,
    noted: Arc<Mutex<Vec<Seen>>>,
) {
    let Some(seen) = read_head(&mut stream).await else {
        return;
    };
    let reply = answer(&seen);
    noted.lock().push(seen);
    // The client may hang up first: that is what some tests want.
    send(&mut stream, reply).await.ok();
}

async fn read_head(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.split(' ').nth(1)?.to_owned();
    let mut seen = Seen {
        target,
        head,
        body: String::new(),
    };
    let length = seen.header("content-length").and_then(|n| n.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    seen.body = String::from_utf8(body).ok()?;
    Some(seen)
}

async fn send(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    const OPEN: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    match reply {
        Reply::Json(status, body) => {
            let kind = "application/scim+json";
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(text.as_bytes()).await
        }
        Reply::Raw(bytes) => stream.write_all(&bytes).await,
        Reply::Endless => {
            stream.write_all(OPEN).await?;
            loop {
                stream.write_all(&[b' '; 8192]).await?;
            }
        }
        Reply::Drip => {
            stream.write_all(OPEN).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Reply::Silence => std::future::pending().await,
        Reply::Hangup => Ok(()),
    }
}
