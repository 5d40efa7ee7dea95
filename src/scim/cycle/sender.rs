//! Sends the requests of one run, within its budget.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::profile::CycleConfig;
use super::report::{Step, Stop};
use super::resource::text;
use crate::fault::FaultClass;
use crate::http::{Answer, Request};
use crate::scim::endpoint::Endpoint;
use crate::scim::message::ScimType;
use crate::secret::BearerToken;

/// Longest wait for one answer.
const ONE_ANSWER: Duration = Duration::from_secs(10);
/// Pauses while a change is waited for: about half a minute in all.
pub(super) const PAUSES: [SignedDuration; 6] = [
    SignedDuration::from_millis(250),
    SignedDuration::from_secs(1),
    SignedDuration::from_secs(2),
    SignedDuration::from_secs(4),
    SignedDuration::from_secs(8),
    SignedDuration::from_secs(12),
];
/// What the clean-up may use besides.
const FOR_CLEANUP: u32 = 20;
const CLEANUP_LASTS: SignedDuration = SignedDuration::from_secs(45);

/// With which credential a request is sent.
#[derive(Clone, Copy)]
pub(super) enum With<'a> {
    Token,
    Nothing,
    Other(&'a BearerToken),
    /// The token as it is, without `Bearer`.
    Bare,
}

/// What the server answered.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The body, if it is JSON.
    pub(super) json: Option<Value>,
    pub(super) has_location: bool,
}

/// Why there is no answer.
pub(super) struct Silence {
    pub(super) detail: String,
    /// Whether the request may have been carried out.
    pub(super) may_have_happened: bool,
}

pub(super) struct Sender<'a> {
    endpoint: &'a Endpoint,
    token: &'a BearerToken,
    pace: SignedDuration,
    left: u32,
    sent: u32,
    ends_at: Timestamp,
}

impl<'a> Sender<'a> {
    pub(super) fn new(
        endpoint: &'a Endpoint,
        token: &'a BearerToken,
        config: &CycleConfig,
    ) -> Self {
        let now = endpoint.clock.now();
        Self {
            endpoint,
            token,
            pace: config.pace.0,
            left: config.max_requests,
            sent: 0,
            ends_at: now.checked_add(config.timeout.0).unwrap_or(now),
        }
    }

    /// How many requests were sent.
    pub(super) fn sent(&self) -> u32 {
        self.sent
    }

    pub(super) fn token(&self) -> &'a BearerToken {
        self.token
    }

    pub(super) fn now(&self) -> Timestamp {
        self.endpoint.clock.now()
    }

    pub(super) async fn pause(&self, pause: SignedDuration) {
        self.endpoint.clock.sleep(pause).await;
    }

    /// The clean-up has a budget of its own: a run that used up its own must not leave
    /// anything behind for that reason.
    pub(super) fn begin_cleanup(&mut self) {
        self.left = self.left.saturating_add(FOR_CLEANUP).min(FOR_CLEANUP * 2);
        let now = self.now();
        let until = now.checked_add(CLEANUP_LASTS).unwrap_or(now);
        self.ends_at = self.ends_at.max(until);
    }

    /// The URL of a collection, of one of its resources, or of a search in it.
    pub(super) fn url(&self, collection: &str, id: Option<&str>) -> Url {
        let mut url = Url::clone(&self.endpoint.scim_url);
        // An https URL always has a path that can be extended.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(collection.split('/'));
            segments.extend(id);
        }
        url
    }

    pub(super) fn users(&self) -> &'a str {
        &self.endpoint.config.path
    }

    /// A search, with this filter.
    pub(super) fn search(&self, collection: &str, filter: &str) -> Url {
        let mut url = self.url(collection, None);
        url.query_pairs_mut().append_pair("filter", filter);
        url
    }

    pub(super) async fn get(&mut self, url: Url) -> Result<Reply, Silence> {
        self.send(Method::GET, url, None, With::Token).await
    }

    pub(super) async fn write(
        &mut self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Reply, Silence> {
        self.send(method, url, body, With::Token).await
    }

    pub(super) async fn send(
        &mut self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        with: With<'_>,
    ) -> Result<Reply, Silence> {
        let not_sent = |detail: &str| Silence {
            detail: detail.to_owned(),
            may_have_happened: false,
        };
        let Some(left) = self.left.checked_sub(1) else {
            return Err(not_sent(
                "the run has used up its requests (`full_cycle.max_requests`)",
            ));
        };
        if self.sent > 0 {
            self.endpoint.clock.sleep(self.pace).await;
        }
        if self.now() >= self.ends_at {
            return Err(not_sent(
                "the run has used up its time (`full_cycle.timeout`)",
            ));
        }
        self.left = left;
        self.sent += 1;
        let writes = method != Method::GET;
        let request = self
            .request(method, url, body, with)
            .map_err(|why| not_sent(&why))?;
        let answered = timeout(ONE_ANSWER, self.endpoint.http.send(request)).await;
        match answered {
            // A page in place of an answer says nothing of what was done.
            Ok(Ok(answer)) if is_page(&answer) => Err(Silence {
                detail: format!(
                    "the service provider answered {} without JSON: does a page or a proxy answer in its place?",
                    answer.status
                ),
                may_have_happened: writes,
            }),
            Ok(Ok(answer)) => Ok(read(&answer)),
            Ok(Err(fault)) => Err(Silence {
                may_have_happened: writes && fault.class != FaultClass::NotApplied,
                detail: fault.message,
            }),
            Err(_late) => Err(Silence {
                detail: "the service provider did not answer within 10 s".to_owned(),
                may_have_happened: writes,
            }),
        }
    }

    fn request(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        with: With<'_>,
    ) -> Result<Request, String> {
        let token = match with {
            With::Token => Some(self.token),
            With::Other(token) => Some(token),
            With::Nothing | With::Bare => None,
        };
        let mut request = self
            .endpoint
            .request_by(method, url, "full cycle", token)?
            .idempotent(false);
        if let With::Bare = with {
            let value = HeaderValue::from_str(self.token.expose())
                .map_err(|_| "the token cannot be a header by itself".to_owned())?;
            request = request.sensitive(AUTHORIZATION, value);
        }
        if let Some(body) = body {
            request.body = Zeroizing::new(body.to_string().into_bytes());
            let kind = HeaderValue::from_static("application/scim+json");
            request = request.header(CONTENT_TYPE, kind);
        }
        Ok(request)
    }
}

fn is_page(answer: &Answer) -> bool {
    let is_blank = answer.body.iter().all(u8::is_ascii_whitespace);
    answer.is_success() && !is_blank && read(answer).json.is_none()
}

fn read(answer: &Answer) -> Reply {
    Reply {
        status: answer.status,
        json: serde_json::from_slice(&answer.body).ok(),
        has_location: answer.header("location").is_some(),
    }
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether it says that there is no such resource.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.status, 404 | 410)
    }

    /// What an answer means that is none of those that were wanted.
    pub(super) fn unwanted(&self, step: Step) -> Stop {
        let said = self.said();
        match self.status {
            401 => Stop::failed(step, format!("{said}: the token is refused")),
            403 => Stop::failed(step, format!("{said}: the token may not do this")),
            429 => Stop::inconclusive(step, format!("{said}: too many requests")),
            500..=599 => Stop::inconclusive(step, format!("{said}: the server failed")),
            300..=399 => Stop::inconclusive(
                step,
                format!("{said}, a redirect, which is never followed: check `scim_url`"),
            ),
            _ => Stop::failed(step, said),
        }
    }

    /// What an answer means whose status was wanted, and whose body is no resource.
    pub(super) fn no_resource(&self, step: Step) -> Stop {
        Stop::inconclusive(
            step,
            format!(
                "the service provider answered {} without a SCIM resource: does a page or a proxy answer in its place?",
                self.status
            ),
        )
    }

    /// The status, with the word of the standard if there is one.
    pub(super) fn said(&self) -> String {
        let kind = self.json.as_ref().and_then(|body| text(body, "scimType"));
        match kind.and_then(ScimType::known) {
            Some(kind) => format!(
                "the service provider answered {} ({})",
                self.status,
                kind.as_str()
            ),
            None => format!("the service provider answered {}", self.status),
        }
    }
}

impl Silence {
    pub(super) fn stop(self, step: Step) -> Stop {
        Stop::inconclusive(step, self.detail)
    }
}
