//! What an assertion states of itself. Nothing is verified: the authorization server
//! does that.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::keys::{self, PublicKey};
use super::sight::{Look, Part, Saw, Source};
use crate::scim::jwt;

/// How far two clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What an assertion states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// `aud`.
    pub audience: Vec<String>,
    /// `kid`.
    pub key_id: Option<String>,
    /// `exp`.
    pub ends_at: Option<Timestamp>,
    /// `nbf`.
    pub begins_at: Option<Timestamp>,
}

/// What is expected of an assertion.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `sub`.
    pub subject: &'a str,
    /// One of `aud`.
    pub audience: &'a str,
    /// What the issuer publishes, if that is known.
    pub keys: Option<&'a [PublicKey]>,
}

impl Assertion {
    /// Reads it; `None` if the text is no JWT.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (header, claims) = jwt::parts(text)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let audience = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().filter_map(|one| text(Some(one))).collect(),
            one => text(one).into_iter().collect(),
        };
        Some(Self {
            issuer: text(claims.get("iss")),
            subject: text(claims.get("sub")),
            audience,
            key_id: text(header.get("kid")),
            ends_at: claims.get("exp").and_then(jwt::numeric_date),
            begins_at: claims.get("nbf").and_then(jwt::numeric_date),
        })
    }

    /// Compares it with what is configured and what the issuer publishes.
    pub fn compare(&self, wanted: &Wanted<'_>, look: &mut Look) {
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".into());
        let mut see = |part, saw| look.see(part, Source::Assertion, saw);
        see(
            Part::Issuer,
            Saw::compare(wanted.issuer, &or_nothing(&self.issuer)),
        );
        see(
            Part::Subject,
            Saw::compare(wanted.subject, &or_nothing(&self.subject)),
        );
        see(
            Part::Audience,
            Saw::compare_any(wanted.audience, &self.audience),
        );
        if let Some(id) = &self.key_id {
            see(Part::Key, key(id, wanted.keys));
        }
    }

    /// Why it cannot be presented now.
    #[must_use]
    pub fn is_out_of_time(&self, now: Timestamp) -> Option<String> {
        let ended = self.ends_at.filter(|end| *end <= now);
        let early = self
            .begins_at
            .filter(|begin| begin.duration_since(now) > SKEW);
        match (ended, early) {
            (Some(end), _) => Some(format!("one that ended at {end}")),
            (None, Some(begin)) => Some(format!("one that begins at {begin}")),
            (None, None) => None,
        }
    }
}

fn key(id: &str, published: Option<&[PublicKey]>) -> Saw {
    let Some(published) = published else {
        return Saw::Unclear(
            "the issuer's keys could not be read, so that the key of the assertion cannot be found among them"
                .to_owned(),
        );
    };
    if published.iter().any(|key| key.id.as_deref() == Some(id)) {
        return Saw::Agrees;
    }
    Saw::differs(
        format!(
            "a key that the issuer publishes ({})",
            keys::names(published)
        ),
        format!("the key {id}, which is not published"),
    )
}
