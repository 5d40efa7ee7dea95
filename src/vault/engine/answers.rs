//! What Vault answers about leases and tokens.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::secret::{BearerToken, SecretText};
use crate::vault::leased::LeaseAnswer;

/// Of so many leases, each is looked up for its times; of more, none is.
pub(super) const LOOK_UP_AT_MOST: usize = 32;

/// Times of a lease.
#[derive(Deserialize)]
pub(super) struct Times {
    pub(super) issue_time: Option<Timestamp>,
    pub(super) expire_time: Option<Timestamp>,
}

/// `auth` of the answer that has a new token. No `Debug`: it holds that token.
#[derive(Deserialize)]
pub(super) struct Granted {
    client_token: String,
    #[serde(default)]
    lease_duration: u32,
    #[serde(default)]
    orphan: bool,
}

/// A token that was made.
pub(super) struct Made {
    pub(super) token: SecretText,
    pub(super) is_orphan: bool,
    /// `None`: it does not end.
    pub(super) life: Option<SignedDuration>,
}

impl Granted {
    pub(super) fn token(self) -> Option<Made> {
        let text = Zeroizing::new(self.client_token);
        let life = SignedDuration::from_secs(i64::from(self.lease_duration));
        Some(Made {
            token: SecretText::parse(text.as_str()).ok()?,
            is_orphan: self.orphan,
            life: life.is_positive().then_some(life),
        })
    }
}

/// The token at a JSON pointer below `data`, or why there is none. The reason
/// holds no value.
pub(super) fn token_in(answer: &LeaseAnswer, pointer: &str) -> Result<BearerToken, String> {
    let (first, rest) = split(pointer);
    let data = answer.data.as_ref();
    let value = data.and_then(|data| data.get(&first)?.pointer(rest));
    match value {
        Some(Value::String(text)) => BearerToken::parse(text.as_str())
            .map_err(|shape| format!("`data{pointer}` cannot be a token: {shape}")),
        Some(_) => Err(format!("`data{pointer}` is no text")),
        None => {
            let names = data.map(|data| data.keys().cloned().collect::<Vec<_>>());
            Err(format!(
                "there is no `data{pointer}`; `data` has the fields: {}",
                names.unwrap_or_default().join(", ")
            ))
        }
    }
}

/// The first name of a JSON pointer, and what follows it.
fn split(pointer: &str) -> (String, &str) {
    let inner = pointer.strip_prefix('/').unwrap_or(pointer);
    let end = inner.find('/').unwrap_or(inner.len());
    let (first, rest) = inner.split_at(end);
    (first.replace("~1", "/").replace("~0", "~"), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_pointer_and_a_mistake_names_the_fields() {
        let answer: LeaseAnswer = serde_json::from_str(
            r#"{"lease_id": "e/r/1", "lease_duration": 60, "data": {"token": "cAnArY-1", "deep": {"a/b": "cAnArY-2"}, "n": 7}}"#,
        )
        .expect("an answer");
        let found = |pointer| token_in(&answer, pointer).map(|token| token.expose().to_owned());
        assert_eq!(found("/token"), Ok("cAnArY-1".to_owned()));
        assert_eq!(found("/deep/a~1b"), Ok("cAnArY-2".to_owned()));
        assert_eq!(found("/n"), Err("`data/n` is no text".to_owned()));
        let missing = found("/secret").expect_err("no such field");
        assert!(
            missing.contains("token") && !missing.contains("cAnArY"),
            "{missing}"
        );
        assert!(found("/deep/token").is_err());
    }
}
