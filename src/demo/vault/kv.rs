//! KV version 2: versions, check-and-set, deletion, destruction, metadata.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::reply::Reply;
use super::request::{Request, Verb};

/// Versions that are kept unless the metadata say otherwise.
const KEPT_VERSIONS: u64 = 10;

/// One mount.
#[derive(Default)]
pub(super) struct Engine(BTreeMap<String, Secret>);

#[derive(Default)]
struct Secret {
    current: u64,
    versions: BTreeMap<u64, Copy>,
    cas_required: bool,
    max_versions: u64,
    custom: Value,
    created: Timestamp,
    updated: Timestamp,
}

struct Copy {
    data: Value,
    created: Timestamp,
    deleted: Option<Timestamp>,
    destroyed: bool,
}

impl Engine {
    /// Whether a write at this path creates it, which policies tell from an
    /// update.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.0.get(path).is_some_and(|secret| secret.current > 0)
    }

    /// Answers a request below the mount; `part` is `data`, `metadata` and so on.
    pub(super) fn handle(&mut self, part: &str, path: &str, request: &Request<'_>) -> Reply {
        let now = request.now;
        let body = &request.body;
        match (part, request.method) {
            ("data", Verb::Read) => self.read(path),
            ("data", Verb::Write) => self.write(path, body, now),
            ("data", Verb::Delete) => self.change(path, &[], |copy| copy.delete(now)),
            ("delete", Verb::Write) => self.change(path, &versions(body), |copy| copy.delete(now)),
            ("undelete", Verb::Write) => {
                self.change(path, &versions(body), |copy| copy.deleted = None)
            }
            ("destroy", Verb::Write) => self.change(path, &versions(body), Copy::destroy),
            ("metadata", Verb::Read) => self.read_metadata(path),
            ("metadata", Verb::Write) => self.write_metadata(path, body, now),
            ("metadata", Verb::Delete) => {
                self.0.remove(path);
                Reply::nothing()
            }
            ("metadata", Verb::List) => self.list(path),
            (_, Verb::Read | Verb::Write | Verb::Delete | Verb::List) => {
                Reply::error(405, "unsupported operation")
            }
        }
    }

    fn read(&self, path: &str) -> Reply {
        let latest = self
            .0
            .get(path)
            .and_then(|secret| Some((secret, secret.versions.get(&secret.current)?)));
        let Some((secret, copy)) = latest else {
            return Reply::not_found();
        };
        let metadata = copy.metadata(secret.current, &secret.custom);
        if copy.destroyed || copy.deleted.is_some() {
            Reply::gone(json!({ "data": null, "metadata": metadata }))
        } else {
            Reply::data(json!({ "data": copy.data, "metadata": metadata }))
        }
    }

    fn write(&mut self, path: &str, body: &Value, now: Timestamp) -> Reply {
        let Some(data @ Value::Object(_)) = body.get("data") else {
            return Reply::error(400, "no data provided");
        };
        let current = self.0.get(path).map_or(0, |secret| secret.current);
        let required = self.0.get(path).is_some_and(|secret| secret.cas_required);
        match body.pointer("/options/cas").and_then(Value::as_u64) {
            Some(cas) if cas != current => {
                let text = "check-and-set parameter did not match the current version";
                return Reply::error(400, text);
            }
            None if required => {
                return Reply::error(400, "check-and-set parameter required for this call");
            }
            Some(_) | None => {}
        }
        let secret = self.0.entry(path.to_owned()).or_default();
        if secret.current == 0 {
            secret.created = now;
        }
        secret.current += 1;
        secret.updated = now;
        let copy = Copy {
            data: data.clone(),
            created: now,
            deleted: None,
            destroyed: false,
        };
        let metadata = copy.metadata(secret.current, &secret.custom);
        secret.versions.insert(secret.current, copy);
        let kept = match secret.max_versions {
            0 => KEPT_VERSIONS,
            limit => limit,
        };
        let oldest = (secret.current + 1).saturating_sub(kept);
        secret.versions.retain(|version, _| *version >= oldest);
        Reply::data(metadata)
    }

    /// Changes the named versions, or the latest if none is named.
    fn change(&mut self, path: &str, versions: &[u64], change: impl Fn(&mut Copy)) -> Reply {
        let Some(secret) = self.0.get_mut(path) else {
            return Reply::not_found();
        };
        let latest = [secret.current];
        let named = if versions.is_empty() {
            &latest
        } else {
            versions
        };
        for version in named {
            if let Some(copy) = secret.versions.get_mut(version) {
                change(copy);
            }
        }
        Reply::nothing()
    }

    fn read_metadata(&self, path: &str) -> Reply {
        let Some(secret) = self.0.get(path) else {
            return Reply::not_found();
        };
        let mut versions = Map::new();
        for (number, copy) in &secret.versions {
            let mut entry = copy.metadata(*number, &Value::Null);
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("version");
                entry.remove("custom_metadata");
            }
            versions.insert(number.to_string(), entry);
        }
        Reply::data(json!({
            "cas_required": secret.cas_required,
            "created_time": secret.created.to_string(),
            "current_version": secret.current,
            "custom_metadata": secret.custom,
            "delete_version_after": "0s",
            "max_versions": secret.max_versions,
            "oldest_version": secret.versions.keys().next().copied().unwrap_or(0),
            "updated_time": secret.updated.to_string(),
            "versions": versions,
        }))
    }

    fn write_metadata(&mut self, path: &str, body: &Value, now: Timestamp) -> Reply {
        let secret = self.0.entry(path.to_owned()).or_insert_with(|| Secret {
            created: now,
            updated: now,
            ..Secret::default()
        });
        if let Some(required) = body.get("cas_required").and_then(Value::as_bool) {
            secret.cas_required = required;
        }
        if let Some(limit) = body.get("max_versions").and_then(Value::as_u64) {
            secret.max_versions = limit;
        }
        if let Some(custom) = body.get("custom_metadata") {
            secret.custom = custom.clone();
        }
        Reply::nothing()
    }

    fn list(&self, path: &str) -> Reply {
        let prefix = match path.trim_end_matches('/') {
            "" => String::new(),
            path => format!("{path}/"),
        };
        let mut keys: Vec<String> = Vec::new();
        for rest in self.0.keys().filter_map(|key| key.strip_prefix(&prefix)) {
            let key = match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Reply::not_found();
        }
        Reply::data(json!({ "keys": keys }))
    }
}

impl Copy {
    fn delete(&mut self, now: Timestamp) {
        if !self.destroyed {
            self.deleted.get_or_insert(now);
        }
    }

    fn destroy(&mut self) {
        self.data = Value::Null;
        self.destroyed = true;
    }

    fn metadata(&self, version: u64, custom: &Value) -> Value {
        json!({
            "created_time": self.created.to_string(),
            "custom_metadata": custom,
            "deletion_time": self.deleted.map(|at| at.to_string()).unwrap_or_default(),
            "destroyed": self.destroyed,
            "version": version,
        })
    }
}

fn versions(body: &Value) -> Vec<u64> {
    let named = body.get("versions").and_then(Value::as_array);
    named
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect()
}
