//! A service provider that keeps users and groups, and deviates as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use scim_rotator::clock::Clock;
use serde_json::{Value, json};

use super::Fuse;
use crate::server::{Reply, Seen, TOKEN};

/// How it deviates from the standard; the default does not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deviation {
    pub(super) create_status: Option<u16>,
    pub(super) create_without_body: bool,
    pub(super) create_late: bool,
    pub(super) fixed_id: Option<&'static str>,
    pub(super) other_user: bool,
    pub(super) duplicates: bool,
    pub(super) duplicate_status: Option<u16>,
    pub(super) drops_external_id: bool,
    pub(super) drops_display_name: bool,
    pub(super) no_patch: bool,
    pub(super) asynchronous: bool,
    pub(super) no_groups: bool,
    pub(super) hides_members: bool,
    pub(super) values_only: bool,
    pub(super) no_filter: bool,
    pub(super) ignores_filter: bool,
    pub(super) delete_deactivates: bool,
    pub(super) no_delete: bool,
    pub(super) active_as_text: bool,
    pub(super) open: bool,
    pub(super) bare_tokens: bool,
    /// Is written behind the user name that was sent.
    pub(super) name_ends: Option<&'static str>,
    /// Stands in the place of its domain.
    pub(super) name_domain: Option<&'static str>,
    pub(super) upper_cases: bool,
    /// Takes small letters only in the words of a PATCH.
    pub(super) small_letters: bool,
    /// Takes capitals only.
    pub(super) capitals: bool,
    /// Takes a mail address without a type only.
    pub(super) plain_mail: bool,
    pub(super) strict_booleans: bool,
    pub(super) no_pathless_add: bool,
    pub(super) filters_only: bool,
    pub(super) no_total: bool,
    pub(super) echoes: bool,
    pub(super) admin_answers: bool,
    pub(super) users: usize,
}

/// What happens to one request, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    HangupBefore,
    HangupAfter,
    ErrorBefore,
    ErrorAfter,
    Busy,
    Page,
}

pub(super) struct Directory {
    deviation: Deviation,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    pub(super) fuse: Mutex<Arc<Fuse>>,
    pub(super) fault: Mutex<Option<(usize, Fault)>>,
}

#[derive(Default)]
struct State {
    resources: BTreeMap<String, Value>,
    made: usize,
    requests: usize,
    /// Reads until an asynchronous creation shows.
    waits: usize,
    /// Deletions of a collection: must never happen.
    dangerous: Vec<String>,
}

impl Directory {
    pub(super) fn new(deviation: Deviation, clock: Arc<dyn Clock>) -> Self {
        let mut state = State::default();
        let jane = json!({ "id": "jane", "userName": "jane@x.example", "displayName": "Jane", "active": true, "kind": "Users" });
        state.resources.insert("jane".to_owned(), jane);
        Self {
            deviation,
            clock,
            state: Mutex::new(state),
            fuse: Mutex::default(),
            fault: Mutex::default(),
        }
    }

    /// A person removes what runs left behind.
    pub(super) fn person_deletes_all(&self) {
        self.state.lock().resources.retain(|id, _| id == "jane");
    }

    /// Ids of everything that is not Jane.
    pub(super) fn left(&self) -> Vec<String> {
        let state = self.state.lock();
        state
            .resources
            .keys()
            .filter(|id| *id != "jane")
            .cloned()
            .collect()
    }

    /// Whether Jane is as she was, and nothing else of others was touched.
    pub(super) fn is_unharmed(&self) -> bool {
        let state = self.state.lock();
        let jane = &state.resources["jane"];
        jane["displayName"] == "Jane" && jane["active"] == true && state.dangerous.is_empty()
    }

    pub(super) fn resource(&self, id: &str) -> Option<Value> {
        self.state.lock().resources.get(id).cloned()
    }

    pub(super) fn requests(&self) -> usize {
        self.state.lock().requests
    }

    pub(super) fn answer(&self, seen: &Seen) -> Reply {
        let fuse = Arc::clone(&self.fuse.lock());
        if fuse.burns() {
            return Reply::Silence;
        }
        let number = {
            let mut state = self.state.lock();
            state.requests += 1;
            state.requests
        };
        let fault = self
            .fault
            .lock()
            .filter(|(at, _)| *at == number)
            .map(|(_, fault)| fault);
        match fault {
            Some(Fault::HangupBefore) => return Reply::Hangup,
            Some(Fault::ErrorBefore) => return Reply::Json(500, "{}".to_owned()),
            Some(Fault::Busy) => return Reply::Json(429, "{}".to_owned()),
            Some(Fault::Page) => return Reply::Json(200, "<html>log in</html>".to_owned()),
            Some(Fault::HangupAfter | Fault::ErrorAfter) | None => {}
        }
        let (status, body) = self.handle(seen);
        if fuse.burns() {
            return Reply::Silence;
        }
        match fault {
            Some(Fault::HangupAfter) => Reply::Hangup,
            Some(Fault::ErrorAfter) => Reply::Json(500, "{}".to_owned()),
            _ => Reply::Json(status, body.to_string()),
        }
    }

    fn handle(&self, seen: &Seen) -> (u16, Value) {
        let d = self.deviation;
        let bare = d.bare_tokens && seen.header("authorization") == Some(TOKEN);
        if !(d.open || bare || seen.token() == Some(TOKEN)) {
            return (401, error(401, d.echoes.then_some(seen)));
        }
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        if path.starts_with("/admin") {
            return match d.admin_answers {
                true => (200, json!({})),
                false => (403, json!({})),
            };
        }
        let method = seen.head.split(' ').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let body: Value = serde_json::from_str(&seen.body).unwrap_or(Value::Null);
        match (method, parts.as_slice()) {
            (_, ["scim", "v2", "Groups", ..]) if d.no_groups => (404, error(404, None)),
            ("GET", ["scim", "v2", kind]) => self.list(kind, query),
            ("POST", ["scim", "v2", kind]) => self.create(kind, body),
            ("GET", ["scim", "v2", _, id]) => self.show(id),
            ("PATCH", ["scim", "v2", _, _]) if d.no_patch => (501, error(501, None)),
            ("PATCH", ["scim", "v2", _, id]) => self.patch(id, &body),
            ("PUT", ["scim", "v2", kind, id]) => self.put(kind, id, body),
            ("DELETE", ["scim", "v2", _, id]) => self.delete(id),
            ("DELETE", _) => {
                self.state.lock().dangerous.push(path.to_owned());
                (204, Value::Null)
            }
            _ => (404, error(404, None)),
        }
    }

    fn list(&self, kind: &str, query: &str) -> (u16, Value) {
        let d = self.deviation;
        if kind == "ServiceProviderConfig" {
            return (200, json!({ "patch": { "supported": !d.no_patch } }));
        }
        let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        let filter = pairs.get("filter");
        if filter.is_some() && d.no_filter {
            return (400, error(400, None));
        }
        let mut state = self.state.lock();
        if state.waits > 0 {
            state.waits -= 1;
            if filter.is_some() {
                return (200, json!({ "totalResults": 0, "Resources": [] }));
            }
        }
        let wanted = |resource: &Value| match filter.filter(|_| !d.ignores_filter) {
            None => true,
            Some(filter) => filter.split(" and ").all(|part| {
                let (attribute, value) = part.split_once(" eq ").unwrap_or_default();
                let value: String = serde_json::from_str(value).unwrap_or_default();
                match attribute {
                    "members" => shows_member(resource, &value),
                    "userName" => resource[attribute]
                        .as_str()
                        .is_some_and(|name| name.eq_ignore_ascii_case(&value)),
                    _ => resource[attribute].as_str() == Some(&value),
                }
            }),
        };
        let found: Vec<Value> = state
            .resources
            .values()
            .filter(|resource| resource["kind"] == kind && wanted(resource))
            .map(|resource| self.shown(resource))
            .collect();
        let mut list = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": found.len() + d.users,
            "Resources": found,
        });
        if filter.is_some() {
            list["totalResults"] = json!(list["Resources"].as_array().map(Vec::len));
        }
        if d.no_total {
            list["totalResults"] = Value::Null;
        }
        (200, list)
    }

    /// What it makes of a user name.
    fn named(&self, body: &mut Value) {
        let d = self.deviation;
        let Some(sent) = body["userName"].as_str() else {
            return;
        };
        let mut name = sent.to_owned();
        if let Some(domain) = d.name_domain {
            name = format!("{}@{domain}", name.split('@').next().unwrap_or_default());
        }
        name += d.name_ends.unwrap_or_default();
        if d.upper_cases {
            name = name.to_ascii_uppercase();
        }
        body["userName"] = json!(name);
    }

    fn create(&self, kind: &str, mut body: Value) -> (u16, Value) {
        let d = self.deviation;
        if d.plain_mail && kind == "Users" && !body["emails"][0]["type"].is_null() {
            return (400, error(400, None));
        }
        self.named(&mut body);
        let mut state = self.state.lock();
        let attribute = if kind == "Users" {
            "userName"
        } else {
            "displayName"
        };
        let taken = kind == "Users"
            && state
                .resources
                .values()
                .any(|r| r["kind"] == kind && r[attribute] == body[attribute]);
        if taken && !d.duplicates {
            let status = d.duplicate_status.unwrap_or(409);
            return (status, error(status, None));
        }
        state.made += 1;
        let id = format!("id-{}", state.made);
        let mut resource = body;
        resource["id"] = json!(id);
        resource["kind"] = json!(kind);
        resource["meta"] = json!({ "created": self.clock.now(), "location": "x" });
        if d.drops_external_id {
            resource["externalId"] = Value::Null;
        }
        if d.drops_display_name && kind == "Users" {
            resource["displayName"] = Value::Null;
        }
        state.resources.insert(id, resource.clone());
        state.waits = if d.create_late { 2 } else { 0 };
        let mut shown = self.shown(&resource);
        if let Some(id) = d.fixed_id {
            shown["id"] = json!(id);
        }
        if d.other_user {
            shown = self.shown(&state.resources["jane"]);
        }
        if d.echoes {
            shown["id"] = json!(TOKEN);
            shown["detail"] = json!(format!("hello {TOKEN}"));
        }
        if d.create_without_body || d.asynchronous {
            shown = Value::Null;
        }
        let usual = if d.asynchronous { 202 } else { 201 };
        (d.create_status.unwrap_or(usual), shown)
    }

    fn shown(&self, resource: &Value) -> Value {
        let mut shown = resource.clone();
        if self.deviation.active_as_text
            && let Some(active) = resource["active"].as_bool()
        {
            shown["active"] = json!(if active { "True" } else { "False" });
        }
        if self.deviation.hides_members && resource["kind"] == "Groups" {
            shown["members"] = json!([]);
        }
        shown
    }

    fn show(&self, id: &str) -> (u16, Value) {
        match self.state.lock().resources.get(id) {
            Some(resource) => (200, self.shown(resource)),
            None => (404, error(404, None)),
        }
    }

    fn patch(&self, id: &str, body: &Value) -> (u16, Value) {
        let d = self.deviation;
        let mut state = self.state.lock();
        let Some(resource) = state.resources.get_mut(id) else {
            return (404, error(404, None));
        };
        for operation in body["Operations"].as_array().into_iter().flatten() {
            let path = operation["path"].as_str().unwrap_or_default();
            let value = operation["value"].clone();
            let op = operation["op"].as_str().unwrap_or_default();
            let small = op.to_ascii_lowercase();
            if (d.small_letters && op != small) || (d.capitals && op == small) {
                return (400, error(400, None));
            }
            if path == "active" && d.strict_booleans && !value.is_boolean() {
                return (400, error(400, None));
            }
            match (small.as_str(), path) {
                ("add" | "replace", "") if value.is_object() => {
                    if value.get("members").is_some() && d.no_pathless_add {
                        return (400, error(400, None));
                    }
                    for (name, value) in value.as_object().into_iter().flatten() {
                        resource[name] = value.clone();
                    }
                }
                ("add", "members") => resource["members"] = value,
                ("remove", "members") if d.filters_only && !value.is_null() => {
                    return (400, error(400, None));
                }
                ("remove", "members") => resource["members"] = json!([]),
                ("remove", path) if path.starts_with("members[") && d.values_only => {
                    return (400, error(400, None));
                }
                ("remove", path) if path.starts_with("members[") => {
                    resource["members"] = json!([]);
                }
                ("replace", "name.familyName") => resource["name"]["familyName"] = value,
                ("replace", "displayName") if d.drops_display_name => {}
                ("replace", path) => resource[path] = value,
                _ => return (400, error(400, None)),
            }
        }
        let status = if d.asynchronous { 202 } else { 200 };
        (status, resource.clone())
    }

    fn put(&self, kind: &str, id: &str, mut body: Value) -> (u16, Value) {
        let mut state = self.state.lock();
        let Some(resource) = state.resources.get_mut(id) else {
            return (404, error(404, None));
        };
        self.named(&mut body);
        body["id"] = json!(id);
        body["kind"] = json!(kind);
        *resource = body.clone();
        (200, body)
    }

    fn delete(&self, id: &str) -> (u16, Value) {
        let d = self.deviation;
        let mut state = self.state.lock();
        if d.no_delete {
            return (405, error(405, None));
        }
        match state.resources.get_mut(id) {
            None => (404, error(404, None)),
            Some(resource) if d.delete_deactivates && resource["kind"] == "Users" => {
                resource["active"] = json!(false);
                (204, Value::Null)
            }
            Some(_) => {
                state.resources.remove(id);
                (204, Value::Null)
            }
        }
    }
}

fn shows_member(resource: &Value, user: &str) -> bool {
    let members = resource["members"].as_array();
    members
        .into_iter()
        .flatten()
        .any(|member| member["value"] == user)
}

fn error(status: u16, echo: Option<&Seen>) -> Value {
    let detail = echo.map_or("no", |seen| seen.header("authorization").unwrap_or("no"));
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
        "detail": detail,
    })
}
