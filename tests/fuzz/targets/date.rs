//! The `Date` of an answer, as the client reads it from the wire: only a date
//! that a clock can show now measures our clock.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::clock::Clock;
use scim_rotator::http::ratelimit::http_date;
use scim_rotator::http::{Client, ClientSettings, Observer, Request, Target};

use super::hold::{first_line, in_time, now, planted};
use super::server::Server;

/// The years that a clock can show, from that of this program's first version.
const FIRST: &str = "2026-01-01T00:00:00Z";
const LAST: &str = "2100-01-01T00:00:00Z";

pub(super) fn run(input: &[u8]) {
    let Some(text) = planted(input) else {
        return;
    };
    let (date, age) = first_line(&text);
    let read = in_time(|| http_date(date));
    if let Some(time) = read {
        comes_back(time);
    }
    let (Some(date_line), Some(age_line)) = (header("Date", date), header("Age", age)) else {
        return;
    };
    let age_line = if age.is_empty() {
        String::new()
    } else {
        age_line
    };
    let measured = measured(&format!("{date_line}{age_line}"));
    let Some(seconds) = measured else {
        return;
    };
    assert!(
        read.is_some() || http_date(date.trim()).is_some(),
        "{date:?}"
    );
    assert!(age.is_empty() || age.trim() == "0", "{age:?}");
    let shown = now() + SignedDuration::from_secs_f64(seconds);
    let [first, last]: [Timestamp; 2] = [FIRST, LAST].map(|time| time.parse().expect("a time"));
    assert!((first..=last).contains(&shown), "{shown}");
}

/// A date that was read is the same when it is written as servers do.
fn comes_back(time: Timestamp) {
    let Ok(written) = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time)
    else {
        return;
    };
    let again = http_date(&written).map(Timestamp::as_second);
    assert_eq!(again, Some(time.as_second()), "{written}");
}

/// A line of the head of an answer, unless the value would end it.
fn header(name: &str, value: &str) -> Option<String> {
    let plain = |b: u8| b >= b' ' && b != 0x7f;
    let fits = value.bytes().all(plain) && value.len() < 8 * 1024;
    fits.then(|| format!("{name}: {value}\r\n"))
}

/// The difference of clocks that the client notes for an answer with this head.
fn measured(head: &str) -> Option<f64> {
    static WIRE: LazyLock<Mutex<Wire>> = LazyLock::new(|| Mutex::new(Wire::new()));
    WIRE.lock().measured(head)
}

struct Wire {
    runtime: tokio::runtime::Runtime,
    server: Server,
    client: Client,
    seen: Arc<Seen>,
}

impl Wire {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let seen = Arc::new(Seen::default());
        let clock: Arc<dyn Clock> = Arc::new(StandingClock);
        let settings = ClientSettings::default();
        let client = Client::new(&settings, Target::Sp, clock, Arc::clone(&seen) as _);
        let body = |_: &str, head: &[u8]| {
            let length = b"content-length: 2\r\n\r\n{}";
            [b"HTTP/1.1 200 OK\r\n", head, length].concat()
        };
        Self {
            runtime: runtime.expect("a runtime"),
            server: Server::start(body),
            client: client.expect("a client"),
            seen,
        }
    }

    fn measured(&self, head: &str) -> Option<f64> {
        *self.seen.0.lock() = None;
        self.server.answer(head.as_bytes().to_vec());
        let request = Request::new(Method::GET, self.server.url(), "probe").idempotent(true);
        let answer = self.runtime.block_on(self.client.send(request));
        answer.expect("a complete answer");
        *self.seen.0.lock()
    }
}

/// Keeps the last measurement.
#[derive(Default)]
struct Seen(Mutex<Option<f64>>);

impl Observer for Seen {
    fn request(&self, _: Target, _: &'static str, _: &str, _: f64) {}
    fn throttled(&self, _: Target) {}
    fn clock_skew(&self, _: Target, _: &str, seconds: f64) {
        *self.0.lock() = Some(seconds);
    }
}

/// A clock that stands, and on which pauses end at once.
pub(super) struct StandingClock;

#[async_trait]
impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, _: SignedDuration) {}
}
