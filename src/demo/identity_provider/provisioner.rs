//! Provisions people at the service provider, one call after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method};
use jiff::SignedDuration;
use serde_json::{Value, json};
use url::Url;

use super::Shared;
use super::connection::{Access, ConnectionState, Reply};
use crate::http::{Client, Request};
use crate::secret::random_256;

/// People who are kept at the service provider at most.
const MOST_PEOPLE: usize = 20;

/// Pause between two attempts in quarantine.
const QUARANTINE: SignedDuration = SignedDuration::from_secs(1);

/// Calls to a service provider.
pub(super) struct Service {
    http: Client,
}

impl Service {
    pub(super) fn new(http: Client) -> Self {
        Self { http }
    }

    /// A read that shows whether the token works.
    pub(super) async fn test(&self, access: &Access) -> Reply {
        let mut url = resource(access, &["Users"]);
        url.query_pairs_mut().append_pair("count", "1");
        self.call(access, Method::GET, url, None).await.0
    }

    async fn call(
        &self,
        access: &Access,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> (Reply, Option<String>) {
        const SCIM: HeaderValue = HeaderValue::from_static("application/scim+json");
        const AGENT: HeaderValue = HeaderValue::from_static("demo-identity-provider/1");
        let mut request = Request::new(method, url, "provision")
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, SCIM)
            .bearer(&access.token);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, SCIM).json(body);
        }
        match self.http.send(request).await {
            Ok(answer) if answer.is_success() => {
                let id = answer.json().ok().and_then(|user| {
                    let id = user.get("id")?.as_str()?;
                    Some(id.to_owned())
                });
                (Reply::Ok, id)
            }
            Ok(answer) if matches!(answer.status, 401 | 403) => {
                (Reply::Refused(answer.status), None)
            }
            Ok(answer) => (Reply::Failed(answer.status), None),
            Err(_) => (Reply::Unreachable, None),
        }
    }
}

/// The endless work.
pub(super) struct Provisioner {
    shared: Arc<Shared>,
    pace: SignedDuration,
    /// Tells the people of this process from those of an earlier one.
    run: String,
    /// Ids at the service provider, oldest first.
    people: VecDeque<String>,
    made: u64,
    turn: u64,
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Create,
    Rename,
    Find,
    Deactivate,
    Remove,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Find => "find",
            Self::Deactivate => "deactivate",
            Self::Remove => "remove",
        }
    }
}

impl Provisioner {
    pub(super) fn new(shared: Arc<Shared>, pace: SignedDuration) -> Self {
        Self {
            shared,
            pace,
            run: random_256()
                .iter()
                .take(3)
                .map(|b| format!("{b:02x}"))
                .collect(),
            people: VecDeque::new(),
            made: 0,
            turn: 0,
        }
    }

    /// Works until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let (access, state) = {
                let state = self.shared.lock();
                (state.held.access(), state.held.state())
            };
            if let Some(access) = access {
                self.work(&access).await;
            }
            let pause = match state {
                ConnectionState::Quarantined => QUARANTINE,
                ConnectionState::Idle | ConnectionState::Active => self.pace,
            };
            self.shared.clock.sleep(pause).await;
        }
    }

    async fn work(&mut self, access: &Access) {
        let operation = self.next_operation();
        let reply = self.perform(operation, access).await;
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        state.held.note(access, reply, now);
        let stats = &mut state.stats;
        match reply {
            Reply::Ok => {
                stats.ok += 1;
                *stats.operations.entry(operation.as_str()).or_default() += 1;
            }
            Reply::Refused(_) => stats.refused += 1,
            Reply::Failed(_) => stats.failed += 1,
            Reply::Unreachable => stats.unreachable += 1,
        }
    }

    fn next_operation(&mut self) -> Operation {
        self.turn += 1;
        match self.turn % 5 {
            _ if self.people.is_empty() => Operation::Create,
            1 => Operation::Create,
            2 => Operation::Rename,
            3 => Operation::Find,
            4 => Operation::Deactivate,
            _ if self.people.len() > MOST_PEOPLE => Operation::Remove,
            _ => Operation::Find,
        }
    }

    async fn perform(&mut self, operation: Operation, access: &Access) -> Reply {
        let service = &self.shared.service;
        let newest = self.people.back().cloned().unwrap_or_default();
        let oldest = self.people.front().cloned().unwrap_or_default();
        let person = |id: &str| resource(access, &["Users", id]);
        match operation {
            Operation::Create => {
                let body = person_number(&self.run, self.made + 1);
                let url = resource(access, &["Users"]);
                let (reply, id) = service.call(access, Method::POST, url, Some(&body)).await;
                if reply == Reply::Ok {
                    self.made += 1;
                    self.people.extend(id);
                }
                reply
            }
            Operation::Rename => {
                let body = replace("displayName", json!(format!("Person, turn {}", self.turn)));
                let url = person(&newest);
                let reply = service
                    .call(access, Method::PATCH, url, Some(&body))
                    .await
                    .0;
                self.forget_unknown(reply, &newest)
            }
            Operation::Find => {
                let mut url = resource(access, &["Users"]);
                let filter = format!("userName eq \"{}\"", user_name(&self.run, self.made));
                url.query_pairs_mut().append_pair("filter", &filter);
                service.call(access, Method::GET, url, None).await.0
            }
            Operation::Deactivate => {
                let body = replace("active", json!(false));
                let url = person(&newest);
                let reply = service
                    .call(access, Method::PATCH, url, Some(&body))
                    .await
                    .0;
                self.forget_unknown(reply, &newest)
            }
            Operation::Remove => {
                let reply = service
                    .call(access, Method::DELETE, person(&oldest), None)
                    .await
                    .0;
                if reply == Reply::Ok {
                    self.people.pop_front();
                }
                self.forget_unknown(reply, &oldest)
            }
        }
    }

    /// A service provider that began anew knows nobody of before.
    fn forget_unknown(&mut self, reply: Reply, id: &str) -> Reply {
        if reply == Reply::Failed(404) {
            self.people.retain(|known| known != id);
        }
        reply
    }
}

fn resource(access: &Access, segments: &[&str]) -> Url {
    let mut url = access.scim_url.clone();
    // An http URL always has a path that can be extended.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

fn user_name(run: &str, number: u64) -> String {
    format!("person-{run}-{number}@demo.example")
}

fn person_number(run: &str, number: u64) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name(run, number),
        "externalId": format!("demo:{run}:{number}"),
        "displayName": format!("Person {number}"),
        "active": true,
    })
}

fn replace(path: &str, value: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": path, "value": value }],
    })
}
