//! An identity provider whose errors quote what it was sent: none of that leaves the
//! process, in whatever spelling.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::running::Running;
use super::scene::Scene;
use super::systemd::Systemd;

const CREDENTIAL: &str = "cAnArY-of-the-identity-provider-7731";

/// Answers each request with an error that quotes its `Authorization`, as it came, in
/// base64 and in hex.
async fn quoting(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut head = vec![0; 16 * 1024];
        let read = stream.read(&mut head).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&head[..read]).into_owned();
        let line = text
            .lines()
            .find(|l| l.to_ascii_lowercase().starts_with("authorization:"));
        let value = line
            .and_then(|l| l.split_once(": "))
            .map_or("", |(_, value)| value);
        let token = value.trim_start_matches("Bearer ");
        let hex = token.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("written");
            hex
        });
        let said = format!("bad `{value}`, {} and {hex}", STANDARD.encode(token));
        let body = serde_json::json!({ "error": { "message": said } }).to_string();
        let answer = format!(
            "HTTP/1.1 422 Unprocessable\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        drop(stream.write_all(answer.as_bytes()).await);
    }
}

fn spellings() -> [String; 3] {
    let hex = CREDENTIAL
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    [CREDENTIAL.to_owned(), STANDARD.encode(CREDENTIAL), hex]
}

fn must_not_quote(place: &str, text: &str) {
    for spelling in spellings() {
        assert!(!text.contains(&spelling), "{place}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_identity_provider_quotes_reaches_no_output() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut provider = JoinSet::new();
    provider.spawn(quoting(listener));

    let scene = Scene::new("").await;
    let whole = scene.read("scim-rotator.toml");
    let (before, rest) = whole
        .split_once("[connections.hr.http]\naddress = \"")
        .expect("the connection");
    let (_, after) = rest.split_once('"').expect("its address");
    let connection = format!(
        "[connections.hr.http]\nerror.text = \"/error/message\"\naddress = \"http://{address}\""
    );
    scene.write("scim-rotator.toml", &format!("{before}{connection}{after}"));
    scene.write("idp-admin", CREDENTIAL);

    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    let mut drained = JoinSet::new();
    drained.spawn(async move { systemd.drain().await });
    running.says("bad `").await;
    let served = reqwest::get(format!("{}/api/v1/tokens", running.url())).await;
    let served = served.expect("an answer").text().await.expect("text");
    assert!(
        served.contains("bad `"),
        "the error itself is told: {served}"
    );
    must_not_quote("/api/v1/tokens", &served);
    for args in [&["status"][..], &["status", "--output", "json"], &["plan"]] {
        let ran = scene.run(args).await;
        must_not_quote(&format!("{args:?}"), &format!("{}{}", ran.out, ran.err));
    }
    must_not_quote(
        "the record",
        &scene.stored("kv/data/scim-rotator/crm").await,
    );
    let log = running.end().await;
    must_not_quote("the log", &log);
    must_not_quote(
        "the facts",
        &scene.stored("kv/data/scim-rotator/facts/crm").await,
    );
    drained.abort_all();
    provider.abort_all();
}
