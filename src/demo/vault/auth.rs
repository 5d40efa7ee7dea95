//! Tokens and AppRole.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::random_id;
use super::reply::Reply;

/// A role of AppRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its role-id.
    pub role_id: String,
    /// Its one secret-id.
    pub secret_id: String,
    /// Policies of its tokens.
    pub policies: Vec<String>,
    /// Life of its tokens, from login and from each renewal.
    pub ttl: SignedDuration,
    /// Longest life with renewals; `None`: without end.
    pub max_ttl: Option<SignedDuration>,
}

/// What is known of a token.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) policies: Vec<String>,
    /// Whom it belongs to; empty for the root token.
    pub(super) entity: String,
    accessor: String,
    created: Timestamp,
    ttl: SignedDuration,
    max_ttl: Option<SignedDuration>,
    expires: Option<Timestamp>,
}

/// All tokens, by their value.
#[derive(Default)]
pub(super) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    pub(super) fn add_root(&mut self, value: &str, now: Timestamp) {
        let root = Token {
            policies: vec!["root".to_owned()],
            entity: String::new(),
            accessor: random_id(),
            created: now,
            ttl: SignedDuration::ZERO,
            max_ttl: None,
            expires: None,
        };
        self.0.insert(value.to_owned(), root);
    }

    /// A token that is alive.
    pub(super) fn get(&self, value: &str, now: Timestamp) -> Option<&Token> {
        let token = self.0.get(value)?;
        let alive = token.expires.is_none_or(|at| now < at);
        alive.then_some(token)
    }

    pub(super) fn revoke(&mut self, value: &str) {
        self.0.remove(value);
    }

    pub(super) fn revoke_all_but_root(&mut self) {
        self.0.retain(|_, token| token.expires.is_none());
    }

    /// `POST auth/approle/login`.
    pub(super) fn login(&mut self, roles: &[Role], body: &Value, now: Timestamp) -> Reply {
        let given = |name: &str| body.get(name).and_then(Value::as_str);
        let role = roles.iter().find(|role| {
            given("role_id") == Some(&role.role_id) && given("secret_id") == Some(&role.secret_id)
        });
        let Some(role) = role else {
            return Reply::error(400, "invalid role or secret ID");
        };
        let mut token = Token {
            policies: role.policies.clone(),
            entity: format!("entity-of-{}", role.role_id),
            accessor: random_id(),
            created: now,
            ttl: role.ttl,
            max_ttl: role.max_ttl,
            expires: None,
        };
        token.prolong(now);
        let value = format!("hvs.{}", random_id());
        let reply = Reply::auth(token.auth_block(&value, now));
        self.0.insert(value, token);
        reply
    }

    /// `POST auth/token/renew-self`.
    pub(super) fn renew(&mut self, value: &str, now: Timestamp) -> Reply {
        let Some(token) = self.0.get_mut(value) else {
            return Reply::invalid_token();
        };
        if token.expires.is_none() {
            return Reply::error(400, "lease is not renewable");
        }
        token.prolong(now);
        Reply::auth(token.auth_block(value, now))
    }
}

impl Token {
    fn prolong(&mut self, now: Timestamp) {
        let wanted = now.saturating_add(self.ttl).unwrap_or(Timestamp::MAX);
        let limit = self
            .max_ttl
            .map(|max| self.created.saturating_add(max).unwrap_or(Timestamp::MAX));
        self.expires = Some(limit.map_or(wanted, |limit| wanted.min(limit)));
    }

    fn rest(&self, now: Timestamp) -> i64 {
        self.expires.map_or(0, |at| {
            let rest = at.duration_since(now).as_millis();
            i64::try_from((rest.max(0) + 999) / 1000).unwrap_or(i64::MAX)
        })
    }

    fn auth_block(&self, value: &str, now: Timestamp) -> Value {
        json!({
            "client_token": value,
            "accessor": self.accessor,
            "policies": self.policies,
            "token_policies": self.policies,
            "metadata": null,
            "lease_duration": self.rest(now),
            "renewable": true,
            "entity_id": self.entity,
            "token_type": "service",
            "orphan": true,
            "mfa_requirement": null,
            "num_uses": 0,
        })
    }

    /// `GET auth/token/lookup-self`.
    pub(super) fn lookup(&self, value: &str, now: Timestamp) -> Reply {
        Reply::data(json!({
            "accessor": self.accessor,
            "creation_time": self.created.as_second(),
            "creation_ttl": self.ttl.as_secs(),
            "display_name": "token",
            "entity_id": self.entity,
            "expire_time": self.expires.map(|at| at.to_string()),
            "explicit_max_ttl": 0,
            "id": value,
            "issue_time": self.created.to_string(),
            "meta": null,
            "num_uses": 0,
            "orphan": true,
            "path": "auth/approle/login",
            "policies": self.policies,
            "renewable": self.expires.is_some(),
            "ttl": self.rest(now),
            "type": "service",
        }))
    }
}
