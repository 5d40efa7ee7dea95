//! How what an identity provider says of a connection is read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::merge::parsed_text;
use super::place::Place;
use crate::http::extract::TimeField;
pub use crate::ports::condition::ConnectionState;
use crate::problem::Problems;
use crate::secret::mask::Mask;

/// A text in an answer, also one inside a text that is JSON itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Where.
    pub at: Place,
    /// The text at this place is JSON; `at` is a place inside it.
    #[serde(default)]
    pub json_text: Option<Place>,
}

impl Field {
    /// The text there; numbers and booleans as they are written in JSON.
    pub(super) fn read(&self, document: &Value) -> Option<String> {
        let inner;
        let document = match &self.json_text {
            Some(text_at) => {
                inner = parsed_text(document, text_at).ok()?;
                &inner
            }
            None => document,
        };
        match self.at.get(document)? {
            Value::String(text) => Some(text.clone()),
            other @ (Value::Number(_) | Value::Bool(_)) => Some(other.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// How the answer of the step `state` is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateReading {
    /// Where the identity provider's word stands.
    pub value: Field,
    /// Its words for each state; a word that stands nowhere is `unknown`.
    pub words: BTreeMap<ConnectionState, Vec<String>>,
    /// Where a code of the last error stands. Shown to people.
    #[serde(default)]
    pub error_code: Option<Field>,
    /// Where its text stands. Shown to people, cut and without secrets.
    #[serde(default)]
    pub error_message: Option<Field>,
    /// When it last worked. Where this is told, a success from before the
    /// delivery proves nothing.
    #[serde(default)]
    pub last_success_at: Option<TimeField>,
}

/// What the identity provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: ConnectionState,
    /// Masked and escaped.
    pub(super) error: Option<String>,
    /// When it last worked; `None` where nothing tells.
    pub(super) last_success_at: Option<Timestamp>,
}

impl StateReading {
    /// Notes what is wrong.
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
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
        let has = |state| self.words.get(&state).is_some_and(|w| !w.is_empty());
        if !has(ConnectionState::Healthy) {
            problems.error(
                format!("{path}.words"),
                "no word means `healthy`, so nothing could ever be confirmed",
                "write words = { healthy = [\"Active\"] }",
            );
        }
    }

    /// Reads an answer.
    pub(super) fn read(&self, document: &Value, now: Timestamp, mask: &Mask) -> Seen {
        let state = self.value.read(document).and_then(|word| {
            let mut known = self.words.iter();
            known.find_map(|(state, words)| words.contains(&word).then_some(*state))
        });
        let field = |field: &Option<Field>| {
            let text = field.as_ref()?.read(document)?;
            (!text.trim().is_empty()).then(|| mask.quote(&text))
        };
        let error = match (field(&self.error_code), field(&self.error_message)) {
            (Some(code), Some(text)) => Some(format!("{code}: {text}")),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        };
        let time = self.last_success_at.as_ref();
        Seen {
            state: state.unwrap_or(ConnectionState::Unknown),
            error,
            last_success_at: time
                .and_then(|field| field.read(document, now).ok())
                .and_then(|known| known.timestamp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ENTRA: &str = "
        value.at = \"/status/code\"
        words = { healthy = [\"Active\"], quarantined = [\"Quarantine\"], disabled = [\"Paused\"] }
        error_code = { json_text = \"/status/quarantine/error/message\", at = \"/error/code\" }
        error_message.at = \"/status/quarantine/error/code\"
        last_success_at = \"/status/lastSuccess\"
    ";

    fn read(document: &Value) -> Seen {
        let reading: StateReading = toml::from_str(ENTRA).expect("a reading");
        reading.read(
            document,
            Timestamp::UNIX_EPOCH,
            &Mask::over(["canary-7f3a"]),
        )
    }

    #[test]
    fn words_become_states() {
        let cases = [
            (
                json!({"status": {"code": "Active"}}),
                ConnectionState::Healthy,
            ),
            (
                json!({"status": {"code": "Quarantine"}}),
                ConnectionState::Quarantined,
            ),
            (
                json!({"status": {"code": "Paused"}}),
                ConnectionState::Disabled,
            ),
            (
                json!({"status": {"code": "SomethingNew"}}),
                ConnectionState::Unknown,
            ),
            (json!({"status": {}}), ConnectionState::Unknown),
            (json!([]), ConnectionState::Unknown),
        ];
        for (document, state) in cases {
            assert_eq!(read(&document).state, state, "{document}");
        }
    }

    #[test]
    fn an_error_inside_a_text_is_found_and_masked() {
        let inner = json!({"error": {"code": "Bad canary-7f3a\n"}}).to_string();
        let seen = read(&json!({"status": {
            "code": "Quarantine", "lastSuccess": "2026-01-02T03:04:05Z",
            "quarantine": {"error": {"code": "UnknownError", "message": inner}},
        }}));
        assert_eq!(seen.error.as_deref(), Some("Bad [secret]: UnknownError"));
        assert_eq!(
            seen.last_success_at,
            Some("2026-01-02T03:04:05Z".parse().expect("a time"))
        );
        let plain = read(&json!({"status": {
            "code": "Quarantine", "quarantine": {"error": {"code": "X", "message": "not JSON"}},
        }}));
        assert_eq!(plain.error.as_deref(), Some("X"));
    }

    #[test]
    fn readings_that_cannot_confirm_are_refused() {
        for (words, path) in [
            ("disabled = [\"off\"]", "s.words"),
            (
                "healthy = [\"on\"], degraded = [\"on\"]",
                "s.words.degraded",
            ),
        ] {
            let text = format!("value.at = \"/x\"\nwords = {{ {words} }}");
            let reading: StateReading = toml::from_str(&text).expect("a reading");
            let mut problems = Problems::default();
            reading.check("s", &mut problems);
            assert!(problems.has_errors());
            assert_eq!(problems.all()[0].path, path);
        }
    }
}
