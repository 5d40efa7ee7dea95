//! A TCP proxy whose line can be cut: for networks that fail.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// It works.
    Open,
    /// Every connection is reset, also those that stand.
    Reset,
    /// What is sent disappears; nothing comes back.
    BlackHole,
    /// Requests arrive; their answers do not.
    NoAnswers,
    /// Requests arrive; at the first byte of an answer the connection is reset.
    ResetAnswers,
}

/// The running proxy; it stops when dropped.
pub struct Cut {
    /// Where it listens.
    pub url: Url,
    line: watch::Sender<Line>,
    _server: JoinSet<()>,
}

impl Cut {
    /// Stands before `upstream`, open.
    pub async fn start(upstream: &Url) -> Self {
        let host = upstream.host_str().expect("a host");
        let port = upstream.port_or_known_default().expect("a port");
        let upstream: Arc<str> = format!("{host}:{port}").into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (line, now) = watch::channel(Line::Open);
        let mut server = JoinSet::new();
        server.spawn(accept(listener, upstream, now));
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            line,
            _server: server,
        }
    }

    /// From now on the line is like this.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn accept(listener: TcpListener, upstream: Arc<str>, line: watch::Receiver<Line>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                open.spawn(carry(client, Arc::clone(&upstream), line.clone()));
            }
            Some(_) = open.join_next() => {}
        }
    }
}

async fn carry(client: TcpStream, upstream: Arc<str>, mut line: watch::Receiver<Line>) {
    // Closed with this, a connection is reset.
    client.set_zero_linger().expect("an option");
    let Ok(server) = TcpStream::connect(&*upstream).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut request, mut answer) = ([0; 8192], [0; 8192]);
    loop {
        let now = *line.borrow_and_update();
        if now == Line::Reset {
            return;
        }
        tokio::select! {
            changed = line.changed() => if changed.is_err() { return },
            read = from_client.read(&mut request) => {
                let Ok(length @ 1..) = read else { return };
                if now != Line::BlackHole && to_server.write_all(&request[..length]).await.is_err() {
                    return;
                }
            }
            read = from_server.read(&mut answer), if lets_answers_through(now) => {
                let Ok(length @ 1..) = read else { return };
                if now == Line::ResetAnswers {
                    return;
                }
                if to_client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
            // A line that was cut while data was under way stays damaged.
            () = tokio::time::sleep(Duration::from_secs(20)), if now != Line::Open => return,
        }
    }
}

/// Or sees them at least.
fn lets_answers_through(line: Line) -> bool {
    matches!(line, Line::Open | Line::ResetAnswers)
}
