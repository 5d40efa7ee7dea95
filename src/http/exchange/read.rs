//! Where things are in an answer. One table of keys for all calls; each call
//! reads some of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::condition::Condition;
use super::place::{Place, View};
use super::purpose::Purpose;
use super::state::ConnectionState;
use crate::http::template::{Context, Names};
use crate::http::times::TimeField;
use crate::problem::Problems;

/// Where things are in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Read {
    /// `issue`: the token; not needed where we choose it.
    pub token: Option<Place>,
    /// `issue`, `list`, `get`: the id of a token. `inventory.list`, `inventory.each`: of a
    /// connection.
    pub id: Option<Place>,
    /// `issue`: the client id, where a new client secret has a new one.
    pub client_id: Option<Place>,
    /// `list`, `get`: its label.
    pub label: Option<Place>,
    /// `list`, `get`: the first characters of its value, by which an adopted token is
    /// found. What follows a mask (`abcd…`, `abcd****`) is not read.
    pub token_prefix: Option<Place>,
    /// `list`, `get`: the last characters of its value (`…wxyz`).
    pub token_suffix: Option<Place>,
    /// `list`, `get`: when it was made.
    pub created_at: Option<TimeField>,
    /// `issue`, `list`, `get`: when it expires.
    pub expires_at: Option<TimeField>,
    /// `list`, `get`: when it was last used.
    pub last_used_at: Option<TimeField>,
    /// `list`, `get`: by whom or from where it was last used.
    pub last_used_by: Option<Place>,
    /// `issue`, `list`, `get`: what it may do: a text with spaces or commas between the
    /// scopes, or an array of texts.
    pub scopes: Option<Place>,
    /// `issue`: when the old token dies, where the issuer schedules that.
    pub previous_expires_at: Option<TimeField>,
    /// `list`, `inventory.list`, `inventory.each`: the array of tokens or connections; the
    /// whole body by default.
    pub items: Option<Place>,
    /// `list`, `inventory.list`, `inventory.each`: what is there.
    pub items_as: ItemsAs,
    /// `list`, `inventory.list`, `inventory.each`: items that do not meet these conditions are
    /// no live tokens, or no connections.
    pub only: Vec<Condition>,
    /// `list`, `status`: version of the issuer's state; for `status` the
    /// header `ETag` by default.
    pub etag: Option<Place>,
    /// `state`: the identity provider's word for the state of provisioning.
    pub state: Option<Place>,
    /// `state`: its words for each of our states; any other word is `unknown`.
    pub words: BTreeMap<ConnectionState, Vec<String>>,
    /// `state`: when provisioning last worked. Where this is told, a success
    /// from before the delivery proves nothing.
    pub last_success_at: Option<TimeField>,
    /// `inventory.list`, `inventory.each`: the name that people know the connection by.
    pub name: Option<Place>,
    /// `inventory.list`, `inventory.each`: the SCIM base URL that it holds.
    pub base_url: Option<Place>,
    /// `inventory.list`, `inventory.each`: the identity provider's word for its status,
    /// which is shown as it is.
    pub status: Option<Place>,
}

/// What stands at the place of a list's items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemsAs {
    /// An array; without one the answer makes no sense.
    #[default]
    Array,
    /// An array; nothing, or null, is an empty one.
    OptionalArray,
    /// The one token, as an object; nothing, or null, is no token.
    OneObject,
}

impl Read {
    /// Reports keys that the call never reads, and words with two meanings.
    pub fn check(&self, path: &str, purpose: Purpose, known: &Names, problems: &mut Problems) {
        for (key, given) in self.given() {
            if given && !reads(purpose).contains(&key) {
                problems.error(
                    format!("{path}.{key}"),
                    format!("`{}` does not read `{key}`", purpose.as_str()),
                    match reads(purpose) {
                        [] => "remove it: nothing is read from this answer".to_owned(),
                        some => format!("this call reads: {}", some.join(", ")),
                    },
                );
            }
        }
        for (key, place) in self.places() {
            place.check(&format!("{path}.{key}"), known, problems);
        }
        for (index, condition) in self.only.iter().enumerate() {
            condition.check(&format!("{path}.only[{index}]"), &[], known, problems);
        }
        if purpose == Purpose::State {
            self.check_words(path, problems);
        }
    }

    fn check_words(&self, path: &str, problems: &mut Problems) {
        if self.state.is_none() {
            problems.error(
                format!("{path}.state"),
                "it is not said where the state is in the answer",
                "write for example `state = \"/status\"`",
            );
        }
        let mut first: BTreeMap<&str, ConnectionState> = BTreeMap::new();
        for (state, words) in &self.words {
            for word in words {
                if let Some(other) = first.insert(word, *state) {
                    problems.error(
                        format!("{path}.words.{}", state.as_str()),
                        format!("`{word}` already means {}", other.as_str()),
                        "give each word one meaning",
                    );
                }
            }
        }
        let healthy = self.words.get(&ConnectionState::Healthy);
        if healthy.is_none_or(Vec::is_empty) {
            problems.error(
                format!("{path}.words"),
                "no word means `healthy`, so nothing could ever be confirmed",
                "write words = { healthy = [\"Active\"] }",
            );
        }
    }

    /// The state that an answer tells.
    #[must_use]
    pub fn state_of(&self, view: View<'_>) -> ConnectionState {
        let word = self.state.as_ref().and_then(|place| place.text(view));
        let known = word.and_then(|word| {
            let mut states = self.words.iter();
            states.find_map(|(state, words)| words.contains(&word).then_some(*state))
        });
        known.unwrap_or(ConnectionState::Unknown)
    }

    /// What is read of one token, for `get` calls that read what `list` reads.
    #[must_use]
    pub fn of_one_token(&self) -> Self {
        Self {
            id: self.id.clone(),
            label: self.label.clone(),
            token_prefix: self.token_prefix.clone(),
            token_suffix: self.token_suffix.clone(),
            created_at: self.created_at.clone(),
            expires_at: self.expires_at.clone(),
            last_used_at: self.last_used_at.clone(),
            last_used_by: self.last_used_by.clone(),
            scopes: self.scopes.clone(),
            ..Self::default()
        }
    }

    pub(super) fn resolve(&mut self, context: &Context) -> Result<(), String> {
        let places = [
            &mut self.token,
            &mut self.id,
            &mut self.client_id,
            &mut self.label,
            &mut self.token_prefix,
            &mut self.token_suffix,
            &mut self.last_used_by,
            &mut self.scopes,
            &mut self.items,
            &mut self.etag,
            &mut self.state,
            &mut self.name,
            &mut self.base_url,
            &mut self.status,
        ];
        for place in places.into_iter().flatten() {
            place.resolve(context)?;
        }
        let times = [
            &mut self.created_at,
            &mut self.expires_at,
            &mut self.last_used_at,
            &mut self.previous_expires_at,
            &mut self.last_success_at,
        ];
        for time in times.into_iter().flatten() {
            time.at.resolve(context)?;
        }
        for condition in &mut self.only {
            condition.resolve(context)?;
        }
        Ok(())
    }

    fn places(&self) -> impl Iterator<Item = (&'static str, &Place)> {
        let places = [
            ("token", self.token.as_ref()),
            ("id", self.id.as_ref()),
            ("client_id", self.client_id.as_ref()),
            ("label", self.label.as_ref()),
            ("token_prefix", self.token_prefix.as_ref()),
            ("token_suffix", self.token_suffix.as_ref()),
            ("last_used_by", self.last_used_by.as_ref()),
            ("scopes", self.scopes.as_ref()),
            ("items", self.items.as_ref()),
            ("etag", self.etag.as_ref()),
            ("state", self.state.as_ref()),
            ("name", self.name.as_ref()),
            ("base_url", self.base_url.as_ref()),
            ("status", self.status.as_ref()),
        ];
        let times = self
            .times()
            .map(|(key, time)| (key, time.map(|time| &time.at)));
        let all = places.into_iter().chain(times);
        all.filter_map(|(key, place)| Some((key, place?)))
    }

    fn times(&self) -> [(&'static str, Option<&TimeField>); 5] {
        [
            ("created_at", self.created_at.as_ref()),
            ("expires_at", self.expires_at.as_ref()),
            ("last_used_at", self.last_used_at.as_ref()),
            ("previous_expires_at", self.previous_expires_at.as_ref()),
            ("last_success_at", self.last_success_at.as_ref()),
        ]
    }

    fn given(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let places = [
            "token",
            "id",
            "client_id",
            "label",
            "token_prefix",
            "token_suffix",
            "last_used_by",
            "scopes",
            "items",
            "etag",
            "state",
            "name",
            "base_url",
            "status",
        ];
        let present: Vec<&str> = self.places().map(|(key, _)| key).collect();
        let times = self.times().map(|(key, _)| key);
        let keys = places.into_iter().chain(times);
        keys.map(move |key| (key, present.contains(&key))).chain([
            ("items_as", self.items_as != ItemsAs::default()),
            ("only", !self.only.is_empty()),
            ("words", !self.words.is_empty()),
        ])
    }
}

/// The keys that a call reads.
fn reads(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Issue => &[
            "token",
            "id",
            "client_id",
            "expires_at",
            "scopes",
            "previous_expires_at",
        ],
        Purpose::List => &[
            "items",
            "items_as",
            "only",
            "etag",
            "id",
            "label",
            "token_prefix",
            "token_suffix",
            "created_at",
            "expires_at",
            "last_used_at",
            "last_used_by",
            "scopes",
        ],
        Purpose::Get => &[
            "id",
            "label",
            "token_prefix",
            "token_suffix",
            "created_at",
            "expires_at",
            "last_used_at",
            "last_used_by",
            "scopes",
        ],
        Purpose::Status => &["etag"],
        Purpose::State => &["state", "words", "last_success_at"],
        Purpose::Inventory | Purpose::InventoryEach => &[
            "items", "items_as", "only", "id", "name", "base_url", "status",
        ],
        Purpose::Login
        | Purpose::Lookup
        | Purpose::Revoke
        | Purpose::Complete
        | Purpose::Cancel
        | Purpose::TestCandidate
        | Purpose::Deliver
        | Purpose::AfterDeliver
        | Purpose::TestSaved
        | Purpose::Revert
        | Purpose::Label
        | Purpose::Probe
        | Purpose::Command
        | Purpose::Instructions => &[],
    }
}
