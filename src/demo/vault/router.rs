//! Which request goes where, and who may send it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::auth::{Role, Token, Tokens};
use super::kv::Engine;
use super::policy::{Policy, capabilities, default_policy};
use super::reply::Reply;
use super::request::{Request, Verb};

/// Everything that the Vault holds.
pub(super) struct Vault {
    pub(super) sealed: bool,
    pub(super) tokens: Tokens,
    mounts: BTreeMap<String, Engine>,
    policies: Vec<Policy>,
    roles: Vec<Role>,
}

impl Vault {
    pub(super) fn new(
        root: &str,
        mounts: Vec<String>,
        mut policies: Vec<Policy>,
        roles: Vec<Role>,
        now: Timestamp,
    ) -> Self {
        let mut tokens = Tokens::default();
        tokens.add_root(root, now);
        policies.push(default_policy());
        policies.push(Policy::new("root", Vec::new()));
        let mounts = mounts.into_iter().map(|name| (name, Engine::default()));
        Self {
            sealed: false,
            tokens,
            mounts: mounts.collect(),
            policies,
            roles,
        }
    }

    /// Answers a request.
    pub(super) fn handle(&mut self, request: &Request<'_>) -> Reply {
        match request.path {
            "sys/health" => return self.health(request.now),
            "sys/seal-status" => return self.seal_status(),
            _ if self.sealed => return Reply::sealed(),
            "auth/approle/login" if request.method == Verb::Write => {
                return self.tokens.login(&self.roles, &request.body, request.now);
            }
            _ => {}
        }
        let Some(value) = request.token else {
            return Reply::error(403, "permission denied");
        };
        let Some(token) = self.tokens.get(value, request.now).cloned() else {
            return Reply::invalid_token();
        };
        if !self.allows(&token, request) {
            return Reply::denied();
        }
        match request.path {
            "auth/token/lookup-self" => token.lookup(value, request.now),
            "auth/token/renew-self" => self.tokens.renew(value, request.now),
            "auth/token/revoke-self" => {
                self.tokens.revoke(value);
                Reply::nothing()
            }
            "sys/capabilities-self" => self.capabilities_self(&token, &request.body),
            _ => self.secrets(request),
        }
    }

    fn secrets(&mut self, request: &Request<'_>) -> Reply {
        let parts = split(request.path);
        let found = parts.and_then(|(mount, part, path)| {
            let engine = self.mounts.get_mut(mount)?;
            Some(engine.handle(part, path, request))
        });
        found.unwrap_or_else(|| {
            let path = request.path;
            let text = format!("no handler for route \"{path}\". route entry not found.");
            Reply::error(404, &text)
        })
    }

    fn allows(&self, token: &Token, request: &Request<'_>) -> bool {
        let wanted = match request.method {
            Verb::Read => "read",
            Verb::Delete => "delete",
            Verb::List => "list",
            Verb::Write if self.creates(request.path) => "create",
            Verb::Write => "update",
        };
        // As Vault does: a folder ends with a slash.
        let folder = format!("{}/", request.path.trim_end_matches('/'));
        let path = match request.method {
            Verb::List => &folder,
            Verb::Read | Verb::Write | Verb::Delete => request.path,
        };
        let granted = self.granted(token, path);
        granted.iter().any(|c| c == wanted || c == "root")
    }

    fn creates(&self, path: &str) -> bool {
        let Some((mount, "data", path)) = split(path) else {
            return false;
        };
        let engine = self.mounts.get(mount);
        engine.is_some_and(|engine| !engine.exists(path))
    }

    fn granted(&self, token: &Token, path: &str) -> Vec<String> {
        let held = |policy: &&Policy| token.policies.contains(&policy.name);
        let held = self.policies.iter().filter(held);
        let held: Vec<Policy> = held.map(|policy| policy.of_entity(&token.entity)).collect();
        capabilities(held.iter(), path)
    }

    fn capabilities_self(&self, token: &Token, body: &Value) -> Reply {
        let paths = body.get("paths").and_then(Value::as_array);
        let paths = paths.into_iter().flatten().filter_map(Value::as_str);
        let granted: Map<String, Value> = paths
            .map(|path| (path.to_owned(), json!(self.granted(token, path))))
            .collect();
        Reply::data(Value::Object(granted))
    }

    fn health(&self, now: Timestamp) -> Reply {
        let status = if self.sealed { 503 } else { 200 };
        let body = json!({
            "initialized": true,
            "sealed": self.sealed,
            "standby": false,
            "performance_standby": false,
            "replication_performance_mode": "disabled",
            "replication_dr_mode": "disabled",
            "server_time_utc": now.as_second(),
            "version": "1.21.1+embedded",
            "cluster_name": "embedded",
            "cluster_id": "embedded",
        });
        Reply::new(status, body)
    }

    fn seal_status(&self) -> Reply {
        let body = json!({
            "type": "shamir",
            "initialized": true,
            "sealed": self.sealed,
            "t": 1,
            "n": 1,
            "progress": 0,
            "nonce": "",
            "version": "1.21.1+embedded",
            "migration": false,
            "recovery_seal": false,
            "storage_type": "inmem",
        });
        Reply::new(200, body)
    }
}

/// Mount, part and path of `<mount>/<part>/<path>`.
fn split(path: &str) -> Option<(&str, &str, &str)> {
    let (mount, rest) = path.split_once('/')?;
    let (part, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((mount, part, path))
}
