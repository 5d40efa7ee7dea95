use std::net::SocketAddr;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::*;

const SHORT: Duration = Duration::from_millis(400);
/// Longer than every limit below, and much shorter than those of the daemon.
const SOON: Duration = Duration::from_secs(8);

struct Running {
    address: SocketAddr,
    cancel: CancellationToken,
    _task: JoinSet<()>,
}

async fn running(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = Router::new()
        .route("/", get(async || "ok"))
        .route("/large", get(async || vec![b'x'; 64 * 1024 * 1024]))
        .route("/slow", get(async || sleep(SOON).await));
    let cancel = CancellationToken::new();
    let ended = cancel.clone();
    let mut task = JoinSet::new();
    task.spawn(async move { serve(listener, routes, limits, &ended).await });
    Running {
        address,
        cancel,
        _task: task,
    }
}

fn generous() -> Limits {
    Limits {
        most: 16,
        head: Duration::from_secs(60),
        reading: Duration::from_secs(60),
        life: Duration::from_secs(60),
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    async fn sent(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("sent");
        stream
    }

    /// Whether a request is answered.
    async fn answers(&self) -> bool {
        let mut stream = self.sent("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut answer = [0; 12];
        let read = timeout(SOON, stream.read_exact(&mut answer)).await;
        matches!(read, Ok(Ok(_))) && answer == *b"HTTP/1.1 200"
    }
}

/// What the server still sends before it closes the connection.
async fn rest_of(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut rest = Vec::new();
    match timeout(SOON, stream.read_to_end(&mut rest)).await {
        // Closed, with or without a word.
        Ok(_) => Some(rest),
        Err(_) => None,
    }
}

#[tokio::test]
async fn silent_clients_are_not_kept_for_long() {
    let limits = Limits {
        head: SHORT,
        ..generous()
    };
    let server = running(limits).await;
    for begun in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = server.sent(begun).await;
        assert!(rest_of(&mut stream).await.is_some(), "after {begun:?}");
    }
    let answered = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = server.sent(answered).await;
    let rest = rest_of(&mut stream).await.expect("an idle one is closed");
    assert!(rest.starts_with(b"HTTP/1.1 200"));
    // One byte now and then does not help.
    let mut stream = server.connect().await;
    let begun = Instant::now();
    while stream.write_all(b"G").await.is_ok() {
        assert!(begun.elapsed() < SOON, "it still listens");
        sleep(SHORT / 10).await;
    }
}

#[tokio::test]
async fn a_thousand_idle_connections_take_a_few_places_and_requests_are_answered() {
    let server = running(generous()).await;
    let mut idle = Vec::new();
    // The tests share the descriptors of their process.
    for number in 0..200 {
        idle.push(server.sent("GET / HTTP/1.1\r\nHost").await);
        if number % 50 == 49 {
            assert!(server.answers().await, "after {number}");
        }
    }
    let mut closed = 0;
    for mut stream in idle {
        let mut byte = [0];
        let ended = timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
        closed += usize::from(ended.is_ok());
    }
    assert!(closed >= 200 - 16, "{closed} were closed");
}

#[tokio::test]
async fn a_request_that_is_being_answered_is_not_given_up_for_a_newer_one() {
    let limits = Limits {
        most: 2,
        ..generous()
    };
    let server = running(limits).await;
    let busy = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
    let _busy = [server.sent(busy).await, server.sent(busy).await];
    sleep(SHORT).await;
    let mut third = server.sent(busy).await;
    assert_eq!(rest_of(&mut third).await.as_deref(), Some(&[][..]));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let limits = Limits {
        reading: SHORT,
        ..generous()
    };
    let server = running(limits).await;
    let request = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = server.sent(request).await;
    sleep(SHORT * 4).await;
    let rest = rest_of(&mut stream).await.expect("closed");
    assert!(rest.len() < 64 * 1024 * 1024, "{} bytes came", rest.len());
    // One that reads gets all of it.
    let mut stream = server.sent(request).await;
    let mut whole = vec![0; 64 * 1024 * 1024];
    let read = timeout(SOON * 4, stream.read_exact(&mut whole)).await;
    assert!(matches!(read, Ok(Ok(_))), "{read:?}");
}

#[tokio::test]
async fn a_connection_has_an_end_even_if_it_is_used() {
    let limits = Limits {
        life: SHORT,
        ..generous()
    };
    let server = running(limits).await;
    let mut stream = server.connect().await;
    let begun = Instant::now();
    let mut answer = [0; 1024];
    loop {
        let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        if asked.is_err() || !matches!(stream.read(&mut answer).await, Ok(1..)) {
            break;
        }
        assert!(begun.elapsed() < SOON, "it still answers");
        sleep(SHORT / 10).await;
    }
    assert!(server.answers().await);
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let server = running(generous()).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut stream = server.sent(preface).await;
    let rest = rest_of(&mut stream).await.expect("closed");
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1."), "{rest:?}");
    let upgrade = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
    let mut stream = server.sent(upgrade).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("answered");
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let server = running(generous()).await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    let mut stream = server.connect().await;
    // The server may close before all is sent.
    drop(stream.write_all(long.as_bytes()).await);
    let rest = rest_of(&mut stream).await.expect("closed");
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 431"),
        "{rest:?}"
    );
    assert!(server.answers().await);
}

#[tokio::test]
async fn the_end_waits_for_answers_and_not_for_idle_clients() {
    let server = running(generous()).await;
    let mut idle = server.connect().await;
    assert!(server.answers().await);
    server.cancel.cancel();
    assert!(rest_of(&mut idle).await.is_some());
    assert!(TcpStream::connect(server.address).await.is_err());
}
