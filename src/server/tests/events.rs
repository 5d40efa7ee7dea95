//! Server-sent events.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::*;
use crate::server::events::events;

async fn open(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    stream
}

/// Reads until this is in what came.
async fn until(stream: &mut TcpStream, part: &str) -> String {
    let mut all = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&all).contains(part) {
            let mut some = [0; 1024];
            let length = stream.read(&mut some).await.expect("readable");
            assert_ne!(length, 0, "ended before {part}: {all:?}");
            all.extend_from_slice(&some[..length]);
        }
    };
    timeout(Duration::from_secs(30), read).await.expect(part);
    String::from_utf8(all).expect("text")
}

#[tokio::test]
async fn a_change_that_people_see_is_told_and_another_is_not() {
    let running = running().await;
    let board = &running.telemetry.board;
    board.set(fixture::snapshot(&fixture::fresh_record("crm")));
    let mut stream = open(running.address).await;
    let head = until(&mut stream, "event: open").await;
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(head.contains("no-store"), "{head}");
    // Tested again, and looked at later: nobody sees a difference.
    let mut again = fixture::fresh_record("crm");
    let probe = again.probe.as_mut().expect("a probe");
    probe.at = fixture::now() + SignedDuration::from_secs(1);
    let before = running.telemetry.changes();
    board.set(fixture::snapshot(&again));
    assert_eq!(running.telemetry.changes(), before);
    board.set(fixture::snapshot(&fixture::busy_record("crm")));
    let event = until(&mut stream, "event: change").await;
    assert!(!event.contains("crm"), "events have no content: {event}");
}

#[tokio::test]
async fn streams_are_bounded_in_number_and_end_with_the_server() {
    let running = running().await;
    let mut streams = Vec::new();
    for _ in 0..24 {
        let mut stream = open(running.address).await;
        until(&mut stream, "event: open").await;
        streams.push(stream);
    }
    let mut refused = open(running.address).await;
    until(&mut refused, "503 Service Unavailable").await;
    // Nobody reads these any more; the server answers and ends all the same.
    assert_eq!(
        status_of(&ask(running.address, "GET", "/healthz").await),
        "200"
    );
    running.cancel.cancel();
    let ended = timeout(Duration::from_secs(4), running.task).await;
    assert!(ended.expect("before the grace").expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_a_limited_life_and_speaks_now_and_then() {
    let telemetry = Telemetry::new(fixture::now(), Notifier::silent()).expect("metrics");
    let cancel = CancellationToken::new();
    let app = app(&telemetry, &cancel);
    let began = tokio::time::Instant::now();
    let answer = events(State(app)).await;
    let mut body = answer.into_body().into_data_stream();
    let mut ticks = 0;
    while let Some(event) = body.next().await {
        let event = event.expect("bytes");
        ticks += usize::from(String::from_utf8_lossy(&event).contains("event: tick"));
    }
    assert!((10..=12).contains(&ticks), "{ticks}");
    let life = began.elapsed();
    assert!(life <= Duration::from_secs(121), "{life:?}");
}
