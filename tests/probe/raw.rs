//! Hostile answers byte by byte: bounded memory, bounded time, and no verdict from
//! what is no answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use scim_rotator::clock::SystemClock;
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::ports::Probe;
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::evidence::{FindingReason as Why, Verdict};
use scim_rotator::scim::probe::ScimProbe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use url::Url;

use super::server::{HASTY, LIST, OTHER, Reply, Server, TOKEN, client, list, refused, token};
use super::table::{Short, prove, short};

/// No round may take longer, whatever the server does.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a round may add to the memory of this process; other tests run beside it.
const MEMORY: usize = 96 << 20;

/// Resident memory of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    kibibytes
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0)
        << 10
}

fn raw(head: &str, body: &[u8]) -> Reply {
    let mut bytes = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Reply::Raw(bytes)
}

async fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.token() {
        Some(TOKEN) => reply(),
        _ => refused(),
    })
    .await
}

/// A server that handles each connection by hand, after the request's head.
struct ByHand {
    url: Url,
    heads: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl ByHand {
    /// Sends each piece after a pause, then the last for ever if it is endless.
    async fn start(pieces: Vec<Vec<u8>>, pause: Duration, endless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let noted = Arc::clone(&heads);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (pieces, noted) = (pieces.clone(), Arc::clone(&noted));
                connections.spawn(async move {
                    let mut head = vec![0; 8192];
                    let read = stream.read(&mut head).await.unwrap_or(0);
                    noted
                        .lock()
                        .push(String::from_utf8_lossy(&head[..read]).into_owned());
                    for piece in &pieces {
                        tokio::time::sleep(pause).await;
                        if stream.write_all(piece).await.is_err() {
                            return;
                        }
                    }
                    if !endless {
                        return;
                    }
                    loop {
                        tokio::time::sleep(pause).await;
                        let last = pieces.last().map_or(&b" "[..], Vec::as_slice);
                        if stream.write_all(last).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            url: Url::parse(&format!("http://{address}/scim/v2")).expect("valid"),
            heads,
            _tasks: tasks,
        }
    }

    fn probe(&self, http: Client) -> ScimProbe {
        let (config, clock) = (ProbeConfig::default(), Arc::new(SystemClock));
        ScimProbe::new(http, self.url.clone(), config, clock)
    }
}

/// Case 1.
#[tokio::test]
async fn bodies_without_end_take_bounded_memory_and_time() {
    let before = resident();
    let chunk = [b"2000\r\n".to_vec(), vec![b' '; 8192], b"\r\n".to_vec()].concat();
    let chunked = vec![
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
        chunk,
    ];
    let five_gibibytes = vec![
        b"HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n".to_vec(),
        vec![b'['; 1 << 20],
    ];
    for (name, pieces) in [("chunked", chunked), ("five gibibytes", five_gibibytes)] {
        let server = ByHand::start(pieces, Duration::ZERO, true).await;
        let probe = server.probe(client(jiff::SignedDuration::from_secs(10)));
        let verdict = timeout(PATIENCE, probe.prove(&token(TOKEN)))
            .await
            .map(short);
        assert!(
            matches!(verdict, Ok(Short::Unclear(_))),
            "{name}: {verdict:?}"
        );
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < MEMORY, "{grown} bytes");
}

/// Case 2: gzip with one stored block, which would be a list if it were decoded.
#[tokio::test]
async fn a_compressed_body_is_not_decoded() {
    let text = LIST.as_bytes();
    let length = u16::try_from(text.len()).expect("short");
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    gzip.extend(length.to_le_bytes());
    gzip.extend((!length).to_le_bytes());
    gzip.extend_from_slice(text);
    gzip.extend(crc32(text).to_le_bytes());
    gzip.extend(u32::from(length).to_le_bytes());
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let body = gzip.clone();
        let head = format!("200 OK\r\nContent-Encoding: {encoding}");
        let server = answering(move || raw(&head, &body)).await;
        assert_eq!(
            prove(&server).await,
            Short::Unclear(Why::NotScim),
            "{encoding}"
        );
        let asked = server.seen();
        assert!(
            asked
                .iter()
                .all(|seen| seen.header("accept-encoding").is_none())
        );
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Case 3: each byte comes within the time of one read.
#[tokio::test]
async fn slow_headers_and_slow_bodies_end_with_the_whole_time() {
    let bytes = |text: &str| text.bytes().map(|b| vec![b]).collect::<Vec<_>>();
    let slow_head = bytes(&format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(4000)));
    let mut slow_body = vec![b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n".to_vec()];
    slow_body.extend(bytes(LIST));
    for (name, pieces) in [("head", slow_head), ("body", slow_body)] {
        let server = ByHand::start(pieces, Duration::from_millis(50), true).await;
        let began = Instant::now();
        let probe = server.probe(client(HASTY));
        let verdict = timeout(PATIENCE, probe.prove(&token(TOKEN)))
            .await
            .map(short);
        assert_eq!(verdict, Ok(Short::Unclear(Why::Unreachable)), "{name}");
        assert!(
            began.elapsed() < PATIENCE / 2,
            "{name}: {:?}",
            began.elapsed()
        );
    }
}

/// Case 4.
#[tokio::test]
async fn a_silent_server_blocks_nobody_else() {
    let silent = Server::start(|_| Reply::Silence).await;
    let good = Server::knowing(&[TOKEN]).await;
    let hanging = silent.hasty_probe();
    let value = token(TOKEN);
    let many = futures_util::future::join_all((0..8).map(|_| hanging.prove(&value)));
    let (stuck, fine) = tokio::join!(timeout(PATIENCE, many), timeout(PATIENCE, prove(&good)));
    assert_eq!(fine, Ok(Short::Full));
    let stuck = stuck.expect("each ends by itself");
    assert!(
        stuck
            .into_iter()
            .all(|v| short(v) == Short::Unclear(Why::Unreachable))
    );
}

/// Case 8.
#[tokio::test]
async fn large_documents_take_bounded_memory_and_time() {
    let keys: String = (0..1_000_000).map(|n| format!("\"k{n}\":0,")).collect();
    let documents = [
        ("depth", "[".repeat(100_000)),
        ("objects", "{\"a\":".repeat(100_000)),
        ("keys", format!("{{{keys}\"z\":0}}")),
        (
            "digits",
            format!("{{\"totalResults\":{}}}", "9".repeat(1 << 20)),
        ),
        (
            "text",
            format!("{{\"schemas\":[\"{}\"]}}", "x".repeat(8 << 20)),
        ),
    ];
    for (name, document) in documents {
        let before = resident();
        let server = answering(move || raw("200 OK", document.as_bytes())).await;
        let began = Instant::now();
        let verdict = timeout(PATIENCE, prove(&server)).await;
        assert_eq!(verdict, Ok(Short::Unclear(Why::NotScim)), "{name}");
        assert!(
            began.elapsed() < PATIENCE / 2,
            "{name}: {:?}",
            began.elapsed()
        );
        let grown = resident().saturating_sub(before);
        assert!(grown < MEMORY, "{name}: {grown} bytes");
    }
}

/// Case 12: either no answer at all, or the one that the standard names; never two.
#[tokio::test]
async fn conflicting_headers_are_an_error_or_a_defined_pick() {
    let n = LIST.len();
    let chunked = format!("{n:x}\r\n{LIST}\r\n0\r\n\r\n");
    let many: String = (0..200).map(|i| format!("X-{i}: y\r\n")).collect();
    const GONE: Short = Short::Unclear(Why::Unreachable);
    let rows: Vec<(&str, String, &str, &[Short])> = vec![
        (
            "length and chunks",
            "200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked".to_owned(),
            &chunked,
            &[Short::Full, GONE],
        ),
        (
            "lengths that agree",
            format!("200 OK\r\nContent-Length: {n}\r\nContent-Length: {n}"),
            LIST,
            &[Short::Full, GONE],
        ),
        (
            "a negative length",
            "200 OK\r\nContent-Length: -1".to_owned(),
            LIST,
            &[GONE],
        ),
        (
            "a length beyond numbers",
            "200 OK\r\nContent-Length: 99999999999999999999".to_owned(),
            LIST,
            &[GONE],
        ),
        (
            "two hundred headers",
            format!("200 OK\r\n{}", many.trim_end()),
            LIST,
            &[Short::Full, GONE],
        ),
        (
            "a folded header",
            "200 OK\r\nX: a\r\n b".to_owned(),
            LIST,
            &[Short::Full, GONE],
        ),
        (
            "two dates",
            "200 OK\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\nDate: garbage".to_owned(),
            LIST,
            &[Short::Full],
        ),
        (
            "two challenges",
            "401 No\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer error=\"invalid_token\""
                .to_owned(),
            "",
            &[Short::Fail(Why::Rejected)],
        ),
        (
            "two waits",
            "429 Slow\r\nRetry-After: 1\r\nRetry-After: 99999999999999999999".to_owned(),
            "",
            &[Short::Unclear(Why::Throttled)],
        ),
        (
            "a header with NUL",
            "200 OK\r\nX: a\0b".to_owned(),
            LIST,
            &[GONE],
        ),
        (
            "a bare line feed",
            "200 OK\nX: y".to_owned(),
            LIST,
            &[Short::Full, GONE],
        ),
        (
            "a status of four digits",
            "2000 OK".to_owned(),
            LIST,
            &[GONE],
        ),
        (
            "103 without end",
            "103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints".to_owned(),
            "",
            &[GONE],
        ),
    ];
    for (name, head, body, allowed) in rows {
        let body = body.to_owned();
        let server = answering(move || raw(&head, body.as_bytes())).await;
        let verdict = timeout(PATIENCE, prove(&server)).await.expect("ends");
        assert!(allowed.contains(&verdict), "{name}: {verdict:?}");
        assert!(server.seen().len() <= 10, "{name}: the budget");
    }
}

/// Case 14.
#[tokio::test]
async fn a_server_that_throttles_for_ever_is_asked_a_few_times_only() {
    let server = Server::start(|_| raw("429 Slow\r\nRetry-After: 0", b"")).await;
    for _ in 0..3 {
        assert_eq!(prove(&server).await, Short::Unclear(Why::Throttled));
    }
    assert!(server.seen().len() <= 6, "{} requests", server.seen().len());
}

/// Case 20.
#[tokio::test]
async fn escapes_and_long_texts_reach_no_finding() {
    let marks = ["EVILMARK", "\u{1b}", "level=error"];
    for status in [400, 401, 403, 404, 409, 429, 500] {
        let detail = format!(
            "\\u001b[2JEVILMARK\\nlevel=error msg=fake {}",
            "x".repeat(1 << 16)
        );
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"{status}","scimType":"EVILMARK\u001b","detail":"{detail}"}}"#
        );
        let head = format!("{status} EVILMARK\r\nWWW-Authenticate: Bearer error=\"EVILMARK\"");
        let server = answering(move || raw(&head, body.as_bytes())).await;
        match server.probe().prove(&token(TOKEN)).await {
            Verdict::Fail(found) | Verdict::Inconclusive(found) => {
                assert!(
                    found.detail.len() < 1000,
                    "{status}: {}",
                    found.detail.len()
                );
                for mark in marks {
                    assert!(!found.detail.contains(mark), "{status}: {}", found.detail);
                }
            }
            Verdict::Pass(_) => panic!("{status} passed"),
        }
    }
}

/// Cases 28 and 29: a name that leads to another machine, or to this one, leads to
/// one that has no certificate for that name. TLS comes before the token.
#[tokio::test]
async fn a_host_that_cannot_show_its_certificate_never_sees_the_token() {
    let answers = [
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{LIST}",
            LIST.len()
        )
        .into_bytes(),
        b"\x15\x03\x01\x00\x02\x02\x28".to_vec(),
        Vec::new(),
    ];
    for answer in answers {
        let server = ByHand::start(vec![answer], Duration::ZERO, false).await;
        for host in ["localhost", "127.0.0.1"] {
            let mut url = server.url.clone();
            url.set_scheme("https").expect("a scheme");
            url.set_host(Some(host)).expect("a host");
            let settings = ClientSettings::default();
            let clock = Arc::new(SystemClock);
            let http = Client::new(&settings, Target::Sp, clock, Arc::new(NoObserver));
            let (config, clock) = (ProbeConfig::default(), Arc::new(SystemClock));
            let probe = ScimProbe::new(http.expect("a client"), url, config, clock);
            let verdict = timeout(PATIENCE, probe.prove(&token(TOKEN)))
                .await
                .expect("ends");
            assert!(!matches!(verdict, Verdict::Pass(_)), "{host}: {verdict:?}");
        }
        let heads = server.heads.lock();
        assert!(!heads.is_empty(), "it was asked");
        for head in heads.iter() {
            assert!(
                !head.contains("HTTP/1.1") && !head.contains(TOKEN),
                "not in plain text"
            );
        }
    }
}

/// Case 30: the proxy refuses, or answers in place of the server.
#[tokio::test]
async fn a_proxy_that_refuses_proves_nothing() {
    for answer in [
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n".to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{LIST}",
            LIST.len()
        ),
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let proxy = ByHand::start(vec![answer.clone().into_bytes()], Duration::ZERO, false).await;
        let mut address = proxy.url.clone();
        address.set_path("");
        let settings = ClientSettings {
            proxy: Some(address),
            ..ClientSettings::default()
        };
        let clock = Arc::new(SystemClock);
        let http = Client::new(&settings, Target::Sp, clock, Arc::new(NoObserver));
        let url = Url::parse("https://crm.example.com/scim/v2").expect("a URL");
        let (config, clock) = (ProbeConfig::default(), Arc::new(SystemClock));
        let probe = ScimProbe::new(http.expect("a client"), url, config, clock);
        let verdict = timeout(PATIENCE, probe.prove(&token(TOKEN)))
            .await
            .expect("ends");
        assert!(
            !matches!(verdict, Verdict::Pass(_)),
            "{answer}: {verdict:?}"
        );
        let heads = proxy.heads.lock();
        assert!(
            heads.iter().all(|head| !head.contains(TOKEN)),
            "the proxy saw the token"
        );
        assert!(
            heads.iter().any(|head| head.starts_with("CONNECT ")),
            "{heads:?}"
        );
    }
}

/// Case 31.
#[tokio::test]
async fn lists_that_lie_end_and_are_no_refusal() {
    let entry =
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"jane"}"#;
    let all: String = vec![entry; 50_000].join(",");
    let lists = [
        ("a negative total", LIST.replace(":0", ":-1"), Short::Full),
        (
            "a huge page",
            LIST.replace("\"Resources\"", "\"itemsPerPage\":1000000000,\"Resources\""),
            Short::Full,
        ),
        (
            "the same cursor",
            LIST.replace("\"Resources\"", "\"nextCursor\":\"x\",\"Resources\""),
            Short::Full,
        ),
        (
            "a total of nobody",
            LIST.replace(":0", ":1e18"),
            Short::Full,
        ),
        (
            "entries as an object",
            LIST.replace("[]", "{}"),
            Short::Unclear(Why::NotScim),
        ),
        (
            "everybody",
            LIST.replace("[]", &format!("[{all}]")),
            Short::Full,
        ),
    ];
    for (name, body, expected) in lists {
        let before = resident();
        let server = answering(move || raw("200 OK", body.as_bytes())).await;
        let verdict = timeout(PATIENCE, prove(&server)).await;
        assert_eq!(verdict, Ok(expected), "{name}");
        assert!(server.seen().len() <= 10, "{name}: the budget");
        assert!(resident().saturating_sub(before) < MEMORY, "{name}");
    }
}

/// Case 32: a revoked token that a cache still knows now and then is not dead.
#[tokio::test]
async fn a_cache_that_flips_is_no_refusal() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::start(move |seen| match seen.token() {
        Some(TOKEN) => list(),
        Some(OTHER) if count.fetch_add(1, Ordering::Relaxed) % 2 == 1 => list(),
        _ => refused(),
    })
    .await;
    let verdict = server
        .probe()
        .prove_refused(&token(OTHER), &token(TOKEN))
        .await;
    assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
    assert!(
        asked.load(Ordering::Relaxed) >= 2,
        "one refusal is not trusted"
    );
}
