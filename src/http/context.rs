//! The values that templates may use.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use minijinja::value::{Serde, Value};
use url::Url;

use super::message::Answer;
use crate::ids;
use crate::secret::{BearerToken, HeaderObstacle, SecretText};

/// Names that are always there.
const ALWAYS: [&str; 2] = ["now", "uuid"];

/// The names that templates of one operation may use. A dotted name allows
/// itself and everything below it: `secrets.api_key`, `steps.read`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// These names, and those that are always there (`now`, `uuid`).
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut all: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        all.extend(ALWAYS.map(str::to_owned));
        Self(all)
    }

    /// The same names and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>) -> Self {
        self.0.insert(name.into());
        self
    }

    /// Whether a dotted name of a template is allowed.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.0.iter().any(|known| {
            name.strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}")?;
        }
        Ok(())
    }
}

/// The values of one operation. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Context {
    values: BTreeMap<String, Value>,
    secrets: BTreeMap<String, Value>,
    /// Those of `secrets` that no header can carry.
    not_for_headers: BTreeMap<String, HeaderObstacle>,
    steps: BTreeMap<String, Value>,
}

impl Context {
    /// A context with `now` (RFC 3339, to the second) and a fresh `uuid`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let context = Self {
            values: BTreeMap::new(),
            secrets: BTreeMap::new(),
            not_for_headers: BTreeMap::new(),
            steps: BTreeMap::new(),
        };
        context.time("now", Some(now)).text("uuid", &ids::uuid())
    }

    /// A text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.put(name, Value::from(value))
    }

    /// Texts below one name, as `<name>.<key>`.
    #[must_use]
    pub fn texts(self, name: &str, values: &BTreeMap<String, String>) -> Self {
        // Collected into a `Value`, pairs would become a list of pairs.
        let inner = values
            .iter()
            .map(|(key, value)| (key.as_str(), Value::from(value.as_str())));
        self.put(name, Value::from_pairs(inner))
    }

    /// A text that may be missing; then the name stands for `none`.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.none(name),
        }
    }

    /// A name without a value.
    #[must_use]
    pub fn none(self, name: &str) -> Self {
        self.put(name, Value::from(()))
    }

    /// A whole number.
    #[must_use]
    pub fn number(self, name: &str, value: i64) -> Self {
        self.put(name, Value::from(value))
    }

    /// A length of time in whole seconds.
    #[must_use]
    pub fn seconds(self, name: &str, value: Option<SignedDuration>) -> Self {
        match value {
            Some(value) => self.number(name, value.as_secs()),
            None => self.none(name),
        }
    }

    /// A time as RFC 3339 in UTC, to the second.
    #[must_use]
    pub fn time(self, name: &str, value: Option<Timestamp>) -> Self {
        match value {
            Some(value) => {
                let whole = Timestamp::from_second(value.as_second()).unwrap_or(value);
                self.text(name, &whole.to_string())
            }
            None => self.none(name),
        }
    }

    /// A URL; in URL templates it stands as it is, without a trailing slash.
    #[must_use]
    pub fn url(self, name: &str, value: &Url) -> Self {
        let text = value.as_str().trim_end_matches('/').to_owned();
        self.put(name, Value::from_safe_string(text))
    }

    /// A token.
    #[must_use]
    pub fn secret(self, name: &str, value: &BearerToken) -> Self {
        self.text(name, value.expose())
    }

    /// A token that may be missing.
    #[must_use]
    pub fn maybe_secret(self, name: &str, value: Option<&BearerToken>) -> Self {
        self.maybe(name, value.map(BearerToken::expose))
    }

    /// A credential of the configuration, as `secrets.<name>`.
    #[must_use]
    pub fn named_secret(mut self, name: &str, value: &SecretText) -> Self {
        let name = name.to_owned();
        if let Some(obstacle) = value.header_obstacle() {
            self.not_for_headers.insert(name.clone(), obstacle);
        }
        self.secrets.insert(name, Value::from(value.expose()));
        self
    }

    /// Why no header can carry one of the credentials that `uses` knows by
    /// their dotted name.
    pub(super) fn header_obstacle(&self, uses: impl Fn(&str) -> bool) -> Option<String> {
        let mut named = self.not_for_headers.iter().map(|(name, obstacle)| {
            let name = format!("secrets.{name}");
            let text = format!("`{name}` cannot be sent in a header: {obstacle}");
            (name, text)
        });
        named.find(|(name, _)| uses(name)).map(|(_, text)| text)
    }

    /// An earlier answer, as `steps.<name>.status`, `.json` and `.headers`.
    /// The JSON is `none` when the body is not JSON.
    #[must_use]
    pub fn step(mut self, name: &str, answer: &Answer) -> Self {
        let json = answer.json().unwrap_or_default();
        let headers: BTreeMap<String, String> = answer
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let step = BTreeMap::from([
            ("status", Value::from(answer.status)),
            ("json", Value::from(Serde(&json))),
            ("headers", Value::from(Serde(&headers))),
        ]);
        self.steps.insert(name.to_owned(), Value::from_pairs(step));
        self
    }

    /// The whole as the template engine takes it.
    pub(super) fn value(&self) -> Value {
        let mut all = self.values.clone();
        all.insert(
            "secrets".to_owned(),
            Value::from_pairs(self.secrets.clone()),
        );
        all.insert("steps".to_owned(), Value::from_pairs(self.steps.clone()));
        Value::from_pairs(all)
    }

    fn put(mut self, name: &str, value: Value) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }
}
