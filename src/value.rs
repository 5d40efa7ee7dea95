//! Values that the configuration of every section is made of.

use std::path::PathBuf;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::environment;
use crate::secret::SecretRef;

/// A length of time with its unit, `"30d"`, `"12h"`, `"1d 6h"`; never negative.
/// Months and years are refused: their length varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub SignedDuration);

impl HumanDuration {
    /// Reads a text such as `90d`.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let span: Span = text.parse().map_err(|_| Self::complaint(text))?;
        let duration = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| Self::complaint(text))?;
        if duration.is_negative() {
            return Err(format!("`{text}` is negative"));
        }
        Ok(Self(duration))
    }

    fn complaint(text: &str) -> String {
        format!(
            "`{text}` is not a length of time: write a number with a unit, such as \"30d\", \"12h\", \"90s\" or \"1d 6h\" (months and years have no fixed length)"
        )
    }
}

/// A length of time as the configuration writes it: `80d`, `1d 6h`.
#[must_use]
pub fn length(duration: SignedDuration) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = duration.as_secs();
    let mut parts = Vec::new();
    for (seconds, unit) in UNITS {
        match left / seconds {
            0 => {}
            count => parts.push(format!("{count}{unit}")),
        }
        left %= seconds;
    }
    if parts.is_empty() {
        return format!("{duration:#}");
    }
    parts.join(" ")
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The https URL that is meant by a text without a scheme, or with `http`.
#[must_use]
pub fn https_of(text: &str) -> Option<String> {
    let rest = match text.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return None,
        None => text,
    };
    let written = format!("https://{rest}");
    let url = Url::parse(&written).ok()?;
    let host = url.host_str()?;
    let is_named = host.contains('.') || host == "localhost" || host.starts_with('[');
    let is_plain = url.username().is_empty() && url.password().is_none() && !rest.starts_with('/');
    (is_named && is_plain).then_some(written)
}

/// A credential: always a reference, never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential(pub SecretRef);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCredential {
    vault: Option<String>,
    #[serde(default)]
    lease: bool,
    file: Option<String>,
    env: Option<String>,
}

/// What is said of a literal; the loader knows it by this text and hides it.
pub(super) const NO_SECRET_HERE: &str = "a secret must not stand in the configuration";

/// The same for a reference that may be a literal.
pub(super) const NO_FIELD: &str = "this does not name a field in Vault";

pub(super) const HOW: &str = "write a reference instead: { vault = \"<mount>/<path>#<field>\" }, { file = \"/path\" } or { env = \"NAME\" }";

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Credential;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a credential reference: {HOW}")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Credential, E> {
                Err(E::custom(refusal()))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Credential, E> {
                Err(E::custom(refusal()))
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Credential, E> {
                Err(E::custom(refusal()))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Credential, E> {
                Err(E::custom(refusal()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<Credential, A::Error> {
                Err(de::Error::custom(refusal()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Credential, A::Error> {
                let raw = RawCredential::deserialize(de::value::MapAccessDeserializer::new(map))?;
                reference(raw).map(Credential).map_err(de::Error::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// Never quotes the literal: what this says goes into logs.
fn refusal() -> String {
    format!("{NO_SECRET_HERE}: {HOW}")
}

fn reference(raw: RawCredential) -> Result<SecretRef, String> {
    if raw.lease && raw.vault.is_none() {
        return Err("`lease` belongs to a reference to Vault: leave it out".to_owned());
    }
    match (raw.vault, raw.file, raw.env) {
        (Some(text), None, None) => vault_reference(&text, raw.lease),
        (None, Some(path), None) => Ok(SecretRef::File(PathBuf::from(expand_file_path(&path)?))),
        (None, None, Some(name)) if !name.is_empty() => Ok(SecretRef::Env(name)),
        _ => Err(format!("a credential names exactly one source: {HOW}")),
    }
}

fn vault_reference(text: &str, lease: bool) -> Result<SecretRef, String> {
    match text.split_once('#') {
        Some((path, field)) if !field.is_empty() && path.trim_matches('/').contains('/') => {
            let (path, field) = (path.trim_matches('/').to_owned(), field.to_owned());
            Ok(if lease {
                SecretRef::VaultLease { path, field }
            } else {
                SecretRef::Vault { path, field }
            })
        }
        // The text is not quoted: it may be the secret itself.
        _ => Err(format!("{NO_FIELD}: write \"<mount>/<path>#<field>\"")),
    }
}

/// Replaces `${NAME}` in a file path by the environment variable, so that
/// `${CREDENTIALS_DIRECTORY}` of systemd works.
///
/// # Errors
/// Names the variable that is not set.
pub fn expand_file_path(path: &str) -> Result<String, String> {
    let mut expanded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        let Some(end) = from.find('}') else {
            return Err(format!("`{path}`: `${{` without `}}`"));
        };
        let name = &from[2..end];
        let value = environment::variable(name)
            .ok_or_else(|| format!("`{path}`: the environment variable `{name}` is not set"))?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = &from[end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_they_are_written() {
        for (seconds, told) in [
            (80 * 86_400, "80d"),
            (29 * 86_400 + 16 * 3600 + 48 * 60, "29d 16h 48m"),
            (3600, "1h"),
            (90, "1m 30s"),
            (0, "0s"),
        ] {
            let duration = SignedDuration::from_secs(seconds);
            assert_eq!(length(duration), told);
            assert_eq!(HumanDuration::parse(told), Ok(HumanDuration(duration)));
        }
    }

    #[test]
    fn a_url_without_https_has_one_that_is_meant() {
        for (text, meant) in [
            (
                "http://crm.example.com/scim",
                Some("https://crm.example.com/scim"),
            ),
            ("crm.example.com:8200", Some("https://crm.example.com:8200")),
            (
                "crm.example.com/{{ id }}",
                Some("https://crm.example.com/{{ id }}"),
            ),
            ("https://crm.example.com", None),
            ("ftp://crm.example.com", None),
            ("http://user:p@crm.example.com", None),
            ("user:p@crm.example.com", None),
            ("/scim", None),
            ("crm", None),
            ("", None),
        ] {
            assert_eq!(https_of(text).as_deref(), meant, "{text}");
        }
    }
}
