//! What an answer means: rules by status, headers and body.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::condition::Condition;
use crate::http::message::Answer;
use crate::value::HumanDuration;

/// One rule. The first one whose status and conditions all fit decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What the answer means.
    pub means: Means,
    /// Status codes: `404`, `"5xx"`, or a list of these. If left out: any; for
    /// `success` any 2xx.
    #[serde(default)]
    pub status: Statuses,
    /// All of these must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// How long to wait before the next try, where the answer does not say.
    pub after: Option<HumanDuration>,
}

impl Rule {
    /// Whether the status fits. Without `status`, `success` means an answer
    /// that is a success by its status too: that an error does not have what a
    /// success must not have either proves nothing.
    pub(super) fn fits(&self, answer: &Answer) -> bool {
        let any = self.means != Means::Success || answer.is_success();
        self.status.fits(answer.status) && (!self.status.is_any() || any)
    }
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// It was done.
    Success,
    /// It was done, although the answer looks like an error.
    Applied,
    /// There is no such token or object.
    Gone,
    /// A permanent error: the same call cannot succeed.
    Refused,
    /// Nothing was done; the same call may succeed later.
    Later,
    /// Nothing was done, because of a rate limit.
    Throttled,
    /// Our credential was not accepted, or lacks a permission.
    Unauthorized,
    /// Somebody else changed it first, or a limit of objects is reached.
    Conflict,
    /// It may have been done.
    Unknown,
}

impl Means {
    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Applied => "applied",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Later => "later",
            Self::Throttled => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::Conflict => "conflict",
            Self::Unknown => "unknown",
        }
    }
}

/// A set of status codes; empty means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    /// Whether no code is named, so that any fits.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a status fits.
    #[must_use]
    pub fn fits(&self, status: u16) -> bool {
        self.is_any()
            || self
                .0
                .iter()
                .any(|&(from, to)| (from..=to).contains(&status))
    }
}

fn code<E: de::Error>(number: i64) -> Result<(u16, u16), E> {
    u16::try_from(number)
        .ok()
        .filter(|code| (100..600).contains(code))
        .map(|code| (code, code))
        .ok_or_else(|| E::custom(format!("{number} is not a status code: write 100 to 599")))
}

fn class<E: de::Error>(text: &str) -> Result<(u16, u16), E> {
    match text.as_bytes() {
        [digit @ b'1'..=b'5', b'x', b'x'] => {
            let from = u16::from(digit - b'0') * 100;
            Ok((from, from + 99))
        }
        _ => Err(E::custom(format!(
            "`{text}` is not a class of status codes: write \"4xx\" or \"5xx\""
        ))),
    }
}

#[derive(Clone, Copy)]
struct One((u16, u16));

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = One;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status code, or a class such as \"5xx\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<One, E> {
                code(number).map(One)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<One, E> {
                code(i64::try_from(number).unwrap_or(i64::MAX)).map(One)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<One, E> {
                class(text).map(One)
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Statuses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status code, a class such as \"5xx\", or a list of these")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Statuses, E> {
                code(number).map(|one| Statuses(vec![one]))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Statuses, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Statuses, E> {
                class(text).map(|one| Statuses(vec![one]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Statuses, A::Error> {
                let mut all = Vec::new();
                while let Some(One(one)) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Statuses(all))
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_classes_and_lists_fit() {
        let rule = |status: &str| -> Result<Rule, toml::de::Error> {
            toml::from_str(&format!("means = \"later\"\nstatus = {status}"))
        };
        let fits = |status: &str, code: u16| rule(status).expect("a rule").status.fits(code);
        assert!(fits("404", 404) && !fits("404", 405));
        assert!(fits("\"5xx\"", 599) && !fits("\"5xx\"", 499));
        assert!(fits("[409, \"5xx\"]", 409) && fits("[409, \"5xx\"]", 503));
        assert!(fits("[]", 200));
        for bad in ["99", "600", "\"6xx\"", "\"404\"", "-1", "[1]", "true"] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }
}
