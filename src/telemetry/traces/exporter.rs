//! Collects spans and sends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use jiff::SignedDuration;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::config::TracesConfig;
use super::queue::Queue;
use super::span::{Process, spans};
use super::{Encoding, encoding};
use crate::http::{Answer, Client, Request};
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness};
use crate::ports::{Clock, Secrets};
use crate::telemetry::metrics::Metrics;

/// What an exporter is built from.
#[derive(Clone)]
pub struct Deps {
    /// The client for the collector.
    pub http: Client,
    /// Resolves the headers.
    pub secrets: Arc<dyn Secrets>,
    /// Pauses follow this clock.
    pub clock: Arc<dyn Clock>,
    /// Counts spans.
    pub metrics: Arc<Metrics>,
    /// Names this run of the program.
    pub instance: String,
}

/// Collects the spans of steps, and sends them to a collector.
pub struct Exporter {
    config: TracesConfig,
    endpoint: Url,
    encoding: Encoding,
    process: Process,
    deps: Deps,
    queue: Queue,
    added: Notify,
    sending: Mutex<()>,
    stopped: CancellationToken,
    /// Whether the last message was not accepted.
    failing: AtomicBool,
}

/// Most spans of one message.
const BATCH: usize = 512;
/// How long spans are collected before they are sent.
const LINGER: SignedDuration = SignedDuration::from_secs(2);
/// Pauses after messages that were not accepted: the first, and the longest.
const PAUSES: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(1), SignedDuration::from_secs(60));
/// How long the end of the process waits for the collector.
const LAST_CHANCE: SignedDuration = SignedDuration::from_secs(3);

/// What became of a message.
enum Sent {
    /// There was nothing to send.
    Nothing,
    Accepted,
    /// The collector will never accept it.
    Refused(String),
    /// It may be accepted later.
    Later(String),
}

impl Exporter {
    /// An exporter; `None` if none is configured, or in a build without the feature
    /// `otlp`.
    #[must_use]
    pub fn new(config: &TracesConfig, deps: Deps) -> Option<Self> {
        let endpoint = config.endpoint.clone().filter(|_| config.enabled)?;
        Some(Self {
            endpoint,
            encoding: encoding()?,
            process: Process {
                version: env!("CARGO_PKG_VERSION"),
                instance: deps.instance.clone(),
            },
            config: config.clone(),
            deps,
            queue: Queue::default(),
            added: Notify::new(),
            sending: Mutex::default(),
            stopped: CancellationToken::new(),
            failing: AtomicBool::new(false),
        })
    }

    /// Sends spans until [`Exporter::finish`].
    pub async fn run(&self) {
        tokio::select! {
            () = self.send_all() => {}
            () = self.stopped.cancelled() => {}
        }
    }

    async fn send_all(&self) {
        let (first, longest) = PAUSES;
        let mut pause = first;
        loop {
            match self.send().await {
                Sent::Nothing => {
                    self.added.notified().await;
                    self.deps.clock.sleep(LINGER).await;
                }
                Sent::Accepted | Sent::Refused(_) => pause = first,
                Sent::Later(_) => {
                    self.deps.clock.sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    /// Sends what waits, for a short time: the process ends. What is left is lost.
    pub async fn finish(&self) {
        self.stopped.cancel();
        let last =
            async { while matches!(self.send().await, Sent::Accepted | Sent::Refused(_)) {} };
        tokio::select! {
            () = last => {}
            () = self.deps.clock.sleep(LAST_CHANCE) => {}
        }
        let lost = self.queue.clear();
        if lost > 0 {
            self.deps.metrics.spans_lost(lost);
            tracing::warn!(
                lost,
                "spans of traces are lost: the collector has not accepted them before the end"
            );
        }
    }

    /// Sends the oldest spans, which leave the queue unless they may be accepted later.
    async fn send(&self) -> Sent {
        let _alone = self.sending.lock().await;
        let spans = self.queue.oldest(BATCH);
        if spans.is_empty() {
            return Sent::Nothing;
        }
        let message = (self.encoding.encode)(&self.process, &spans);
        let sent = tokio::select! {
            sent = self.post(message) => sent,
            () = self.deps.clock.sleep(self.config.timeout.0) => {
                Err(Sent::Later("no answer in time".to_owned()))
            }
        };
        let metrics = &self.deps.metrics;
        let sent = match sent {
            Ok(rejected) => {
                let rejected = usize::try_from(rejected)
                    .unwrap_or(usize::MAX)
                    .min(spans.len());
                metrics.spans_sent(spans.len() - rejected);
                metrics.spans_lost(rejected);
                Sent::Accepted
            }
            Err(sent) => sent,
        };
        match &sent {
            Sent::Nothing | Sent::Later(_) => {}
            Sent::Accepted => self.queue.remove(spans.len()),
            Sent::Refused(_) => {
                self.queue.remove(spans.len());
                metrics.spans_lost(spans.len());
            }
        }
        self.tell(&sent);
        sent
    }

    /// Sends a message; returns how many of its spans were refused.
    async fn post(&self, message: Vec<u8>) -> Result<u64, Sent> {
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        let mut request = Request::new(Method::POST, self.endpoint.clone(), "traces")
            .header(CONTENT_TYPE, protobuf)
            .beginning_is_enough();
        for (name, credential) in &self.config.headers {
            let resolved = self.deps.secrets.resolve(&credential.0).await;
            let resolved = resolved.map_err(|fault| Sent::Later(fault.to_string()))?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            let value = HeaderValue::from_str(resolved.value.expose().trim()).ok();
            let Some((name, value)) = name.zip(value) else {
                let why = format!("what {} holds cannot be a header", credential.0);
                return Err(Sent::Later(why));
            };
            request = request.sensitive(name, value);
        }
        request.body = message.into();
        let answer = self.deps.http.send(request).await;
        self.judge(&answer.map_err(|fault| Sent::Later(fault.to_string()))?)
    }

    /// As OTLP over HTTP says which answers mean that the same may be accepted later.
    /// So may a message whose credential is changed.
    fn judge(&self, answer: &Answer) -> Result<u64, Sent> {
        let status = answer.status;
        let why = format!("{} answered {status}", answer.origin);
        match status {
            200..=299 => Ok((self.encoding.rejected)(&answer.body)),
            401 | 403 => {
                let all = self.config.credentials();
                all.iter().for_each(|one| self.deps.secrets.refused(one));
                Err(Sent::Later(why))
            }
            429 | 502 | 503 | 504 => Err(Sent::Later(why)),
            _ => Err(Sent::Refused(why)),
        }
    }

    /// Logs when the collector begins or ceases to accept messages.
    fn tell(&self, sent: &Sent) {
        match sent {
            Sent::Nothing => {}
            Sent::Accepted => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("the collector accepts traces again");
                }
            }
            Sent::Refused(why) | Sent::Later(why) => {
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(why, "the collector does not accept traces; rotations go on");
                }
            }
        }
    }
}

impl Witness for Exporter {
    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let spans = spans(unit, ended, self.config.sample);
        if spans.is_empty() {
            return;
        }
        let lost = self.queue.add(spans);
        self.deps.metrics.spans_lost(lost);
        self.added.notify_one();
    }
}
