//! The one connection, and how it fares.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use crate::secret::{BearerToken, Fingerprint};

/// The text in place of a token.
pub(super) const MASK: &str = "********";

/// Refusals in a row after which provisioning is held back.
const PATIENCE: u32 = 3;

/// Members of the object that are computed here and ignored in a write.
const COMPUTED: [&str; 7] = [
    "id",
    "version",
    "state",
    "token_set_at",
    "last_success_at",
    "last_error_status",
    "successes_with_token",
];

/// Whether a connection provisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It holds no token.
    #[default]
    Idle,
    /// It provisions.
    Active,
    /// It was refused several times in a row.
    Quarantined,
}

/// The connection as it is saved, and how it fares.
pub(super) struct SavedConnection {
    scim_url: Url,
    token: Option<BearerToken>,
    /// Whatever else was written; kept as it is.
    extras: Map<String, Value>,
    version: u64,
    token_set_at: Option<Timestamp>,
    last_success_at: Option<Timestamp>,
    last_error_status: Option<u16>,
    successes_with_token: u64,
    refusals: u32,
}

/// What one provisioning call uses from its beginning to its end.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) scim_url: Url,
    pub(super) token: BearerToken,
}

impl SavedConnection {
    pub(super) fn new(scim_url: Url, token: Option<BearerToken>, now: Timestamp) -> Self {
        let mut extras = Map::new();
        extras.insert("name".to_owned(), "Demo HR directory".into());
        extras.insert(
            "attribute_mapping".to_owned(),
            json!({ "userName": "mail", "displayName": "full_name" }),
        );
        Self {
            scim_url,
            token_set_at: token.as_ref().map(|_| now),
            token,
            extras,
            version: 1,
            last_success_at: None,
            last_error_status: None,
            successes_with_token: 0,
            refusals: 0,
        }
    }

    /// What a call needs, if there is a token.
    pub(super) fn access(&self) -> Option<Access> {
        Some(Access {
            scim_url: self.scim_url.clone(),
            token: self.token.clone()?,
        })
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn last_success_at(&self) -> Option<Timestamp> {
        self.last_success_at
    }

    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        self.token.as_ref().map(BearerToken::fingerprint)
    }

    pub(super) fn state(&self) -> ConnectionState {
        match (&self.token, self.refusals) {
            (None, _) => ConnectionState::Idle,
            (Some(_), refusals) if refusals >= PATIENCE => ConnectionState::Quarantined,
            (Some(_), _) => ConnectionState::Active,
        }
    }

    /// The object as the admin API shows it.
    pub(super) fn shown(&self) -> Value {
        let mut object = self.extras.clone();
        object.insert("id".to_owned(), "demo-hr".into());
        object.insert("version".to_owned(), self.version.into());
        object.insert("base_url".to_owned(), self.scim_url.as_str().into());
        let token = self.token.as_ref().map(|_| MASK);
        object.insert("token".to_owned(), token.into());
        if let Value::Object(fares) = self.fares() {
            object.extend(fares);
        }
        Value::Object(object)
    }

    /// How provisioning fares.
    pub(super) fn fares(&self) -> Value {
        json!({
            "state": self.state(),
            "token_set_at": self.token_set_at,
            "last_success_at": self.last_success_at,
            "last_error_status": self.last_error_status,
            "successes_with_token": self.successes_with_token,
        })
    }

    /// Saves a whole object; whether the token changed.
    pub(super) fn replace(&mut self, body: &[u8], now: Timestamp) -> Result<bool, &'static str> {
        let mut object: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| "the body is not a JSON object")?;
        let scim_url = object
            .remove("base_url")
            .and_then(|value| Url::parse(value.as_str()?).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or("base_url must be an http or https URL")?;
        let token = match object.remove("token") {
            Some(Value::String(text)) if text == MASK => self.token.clone(),
            Some(Value::String(text)) => {
                Some(BearerToken::parse(text).map_err(|_| "the token cannot be sent in a header")?)
            }
            _ => return Err("token must be a text"),
        };
        object.retain(|key, _| !COMPUTED.contains(&key.as_str()));
        let changed = token != self.token;
        if changed {
            self.token_set_at = Some(now);
            self.successes_with_token = 0;
        }
        self.scim_url = scim_url;
        self.token = token;
        self.extras = object;
        self.version += 1;
        self.refusals = 0;
        self.last_error_status = None;
        Ok(changed)
    }

    /// Notes what came of a call. A call that began with another token counts
    /// for nothing here.
    pub(super) fn note(&mut self, access: &Access, reply: Reply, now: Timestamp) {
        if self.token.as_ref() != Some(&access.token) {
            return;
        }
        match reply {
            Reply::Ok => {
                self.last_success_at = Some(now);
                self.last_error_status = None;
                self.successes_with_token += 1;
                self.refusals = 0;
            }
            Reply::Refused(status) => {
                self.last_error_status = Some(status);
                self.refusals = self.refusals.saturating_add(1);
            }
            Reply::Failed(status) => self.last_error_status = Some(status),
            Reply::Unreachable => {}
        }
    }
}

/// What the service provider said to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// Done.
    Ok,
    /// 401 or 403.
    Refused(u16),
    /// Another status.
    Failed(u16),
    /// No answer.
    Unreachable,
}
