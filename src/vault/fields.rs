//! Field names of a published secret.

use serde::Deserialize;

use crate::problem::{Problems, nearest};

/// The field names under which a token and its facts are published. With an
/// empty name the fact is not published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldNames {
    /// The token itself; cannot be empty.
    pub token: String,
    /// Its id at the issuer.
    pub token_id: String,
    /// When it was issued (RFC 3339).
    pub issued_at: String,
    /// When it expires (RFC 3339).
    pub expires_at: String,
    /// Generation of the record.
    pub generation: String,
    /// Of a client secret: the client id.
    pub client_id: String,
    /// Of a client secret: the token endpoint.
    pub token_url: String,
    /// Of a client secret: the scopes, separated by blanks.
    pub scope: String,
}

impl Default for FieldNames {
    fn default() -> Self {
        Self {
            token: "token".to_owned(),
            token_id: "token_id".to_owned(),
            issued_at: "issued_at".to_owned(),
            expires_at: "expires_at".to_owned(),
            generation: "generation".to_owned(),
            client_id: "client_id".to_owned(),
            token_url: "token_url".to_owned(),
            scope: "scope".to_owned(),
        }
    }
}

impl FieldNames {
    /// The names for a credential that is no client secret: fields of another owner
    /// with the names of a client's parts are neither read nor written.
    #[must_use]
    pub fn without_client(self) -> Self {
        Self {
            client_id: String::new(),
            token_url: String::new(),
            scope: String::new(),
            ..self
        }
    }

    /// Notes everything that is wrong; `path` is the key of the section.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if self.token.is_empty() {
            problems.error(
                format!("{path}.token"),
                "the token must be published under some name",
                "write for example \"token\"",
            );
        }
        let names = self.all();
        for (index, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..index].contains(name) {
                problems.error(
                    path,
                    format!(
                        "the field `{name}` is named twice: one fact would overwrite the other"
                    ),
                    "give each fact a name of its own, or \"\" to leave it out",
                );
            }
        }
    }

    fn all(&self) -> [&str; 8] {
        [
            &self.token,
            &self.token_id,
            &self.issued_at,
            &self.expires_at,
            &self.generation,
            &self.client_id,
            &self.token_url,
            &self.scope,
        ]
    }
}

/// Most fields that are named.
const MOST_FIELDS: usize = 12;

/// Names of the fields that are there, never their values. A name that may be a value
/// is left out.
pub(super) fn other_fields<'f>(wanted: &str, fields: impl Iterator<Item = &'f str>) -> String {
    let plain = |name: &&str| {
        let usual = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        (1..=40).contains(&name.len()) && name.bytes().all(usual)
    };
    let there: Vec<&str> = fields.filter(plain).take(MOST_FIELDS).collect();
    match (nearest(wanted, there.iter().copied()), there.as_slice()) {
        (_, []) => "write it with `vault kv patch`, or correct the reference".to_owned(),
        (Some(near), _) => format!("did you mean `{near}`? Correct the reference"),
        (None, there) => format!(
            "it has `{}`: write the field with `vault kv patch`, or correct the reference",
            there.join("`, `")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_changed_or_left_out_but_not_doubled() {
        let cases = [
            ("", 0),
            ("token = \"bearer\"\ntoken_id = \"\"\ngeneration = \"\"", 0),
            ("token = \"\"", 1),
            ("token = \"expires_at\"", 1),
        ];
        for (toml, expected) in cases {
            let names: FieldNames = toml::from_str(toml).expect("parses");
            let mut problems = Problems::default();
            names.check("tokens.a.fields", &mut problems);
            assert_eq!(problems.all().len(), expected, "{toml}: {problems:?}");
        }
    }

    #[test]
    fn the_fields_that_are_there_are_named_and_none_that_may_be_a_value() {
        let long = "x".repeat(41);
        for (there, told) in [
            (&["api_key", "note"][..], "did you mean `api_key`?"),
            (&["url", "note"], "it has `url`, `note`"),
            (
                &["a b", long.as_str(), ""],
                "write it with `vault kv patch`",
            ),
        ] {
            let said = other_fields("apikey", there.iter().copied());
            assert!(said.contains(told) && !said.contains("a b"), "{said}");
        }
    }
}
