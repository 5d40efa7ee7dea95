//! What a token is allowed to do, as its issuer or the token itself tells, compared
//! with what it should be allowed to do. Pure code.

use serde::{Deserialize, Serialize};

use super::jwt;
use crate::secret::BearerToken;

/// Most scopes of one token that are kept, and the longest name of one.
const MOST: usize = 64;
const LONGEST: usize = 128;

/// The scopes of a token, and who tells them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    /// Who tells them.
    pub source: ScopeSource,
    /// Their names, each once, in alphabetical order.
    pub names: Vec<String>,
}

/// Where the scopes of a token are known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeSource {
    /// The issuer's answer when it made the token.
    Answer,
    /// What the issuer shows of the token: its list, or the token by its id.
    Listing,
    /// Introspection (RFC 7662).
    Introspection,
    /// The claims of the token, which is a JWT. Nobody checked its signature.
    Jwt,
    /// The access token of a client secret: its claims, or the answer of the token
    /// endpoint that granted it.
    AccessToken,
    /// The configuration: the scopes that were asked for, where the issuer tells
    /// none (RFC 6749, section 5.1).
    Declared,
}

impl ScopeSource {
    /// The word for status and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Listing => "listing",
            Self::Introspection => "introspection",
            Self::Jwt => "jwt",
            Self::AccessToken => "access_token",
            Self::Declared => "declared",
        }
    }
}

/// How the scopes of a token compare with those that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Exact,
    /// Some of them, and no others.
    Narrower,
    /// It has these, which it should not have.
    Broader(Vec<String>),
}

impl Scopes {
    /// The scopes in these texts, in each of which spaces or commas separate them;
    /// `None` if there is no text at all. A name that contains the token is masked.
    #[must_use]
    pub fn read<'t>(
        source: ScopeSource,
        texts: impl IntoIterator<Item = &'t str>,
        token: Option<&BearerToken>,
    ) -> Option<Self> {
        let mut is_told = false;
        let mut names = Vec::new();
        for text in texts {
            is_told = true;
            let parts = text.split(|c: char| c.is_whitespace() || c == ',');
            names.extend(parts.filter(|part| !part.is_empty()).map(|part| {
                match token.is_some_and(|token| part.contains(token.expose())) {
                    true => "[masked]".to_owned(),
                    false => printable(part),
                }
            }));
        }
        names.sort_unstable();
        names.dedup();
        if names.len() > MOST {
            // No allow-list has this name: what is not shown counts as too much.
            let more = format!("[{} more]", names.len() - MOST);
            names.truncate(MOST);
            names.push(more);
        }
        is_told.then_some(Self { source, names })
    }

    /// The scopes at a place of a JSON document: a text, or an array of texts.
    #[must_use]
    pub fn in_json(
        source: ScopeSource,
        value: &serde_json::Value,
        token: Option<&BearerToken>,
    ) -> Option<Self> {
        match value {
            serde_json::Value::String(text) => Self::read(source, [text.as_str()], token),
            serde_json::Value::Array(items) => {
                let texts = items.iter().filter_map(serde_json::Value::as_str);
                // An empty array is told: the token may do nothing.
                Self::read(source, texts.chain([""]), token)
            }
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Object(_) => None,
        }
    }

    /// The scopes that a JWT claims; `None` for other tokens, and where it claims
    /// none.
    #[must_use]
    pub fn of_jwt(token: &BearerToken) -> Option<Self> {
        let claimed = jwt::decode(token.expose())?.scopes;
        let texts = claimed.iter().map(String::as_str);
        Self::read(ScopeSource::Jwt, texts, Some(token))
    }

    /// The scopes of an access token that a token endpoint granted: what its answer tells
    /// and what the token claims. Where neither does, those that were asked for are meant
    /// (RFC 6749, section 5.1).
    #[must_use]
    pub fn of_access(
        access: &BearerToken,
        answered: Option<&str>,
        asked: Option<&str>,
    ) -> Option<Self> {
        let claimed = jwt::decode(access.expose()).map(|claims| claims.scopes);
        let claimed = claimed.iter().flatten().map(String::as_str);
        let told = Self::read(
            ScopeSource::AccessToken,
            answered.into_iter().chain(claimed),
            Some(access),
        );
        told.or_else(|| Self::read(ScopeSource::Declared, asked, None))
    }

    /// How they compare with those that are allowed.
    #[must_use]
    pub fn compare(&self, allowed: &[String]) -> Comparison {
        let extra: Vec<_> = self
            .names
            .iter()
            .filter(|name| !allowed.contains(name))
            .cloned()
            .collect();
        if !extra.is_empty() {
            return Comparison::Broader(extra);
        }
        match allowed.iter().all(|wanted| self.names.contains(wanted)) {
            true => Comparison::Exact,
            false => Comparison::Narrower,
        }
    }
}

fn printable(name: &str) -> String {
    let shown = name.chars().map(|c| match c.is_ascii_graphic() {
        true => c,
        false => '?',
    });
    shown.take(LONGEST).collect()
}

/// Names that allow far more than SCIM needs, at one service provider or another. A
/// `*` stands for any text.
const BROAD: [&str; 18] = [
    "*",
    "admin",
    "admin:*",
    "*:admin",
    "repo",
    "api",
    "sudo",
    "full_access",
    "all",
    "write:all",
    "root",
    "superuser",
    "*.ReadWrite.All",
    "Directory.*",
    "RoleManagement.*",
    "offline_access",
    "all-apis",
    "cloud-platform",
];

/// The pattern of names that allow far more than SCIM needs, if this is such a
/// name.
#[must_use]
pub fn broad_pattern(scope: &str) -> Option<&'static str> {
    let matches = |pattern: &str| match pattern.split_once('*') {
        None => scope.eq_ignore_ascii_case(pattern),
        // Only the name `*` itself, or every name would match.
        Some(("", "")) => scope == "*",
        Some((begin, end)) => {
            let (scope, begin, end) = (lower(scope), lower(begin), lower(end));
            scope.len() > begin.len() + end.len()
                && scope.starts_with(&begin)
                && scope.ends_with(&end)
        }
    };
    BROAD.into_iter().find(|pattern| matches(pattern))
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scopes(names: &[&str]) -> Scopes {
        Scopes::read(ScopeSource::Answer, names.iter().copied(), None).expect("told")
    }

    #[test]
    fn scopes_compare_as_sets() {
        let allowed = ["users:read".to_owned(), "users:write".to_owned()];
        let cases = [
            (vec!["users:write users:read"], Comparison::Exact),
            (vec!["users:read", "users:write"], Comparison::Exact),
            (vec!["users:read"], Comparison::Narrower),
            (vec![""], Comparison::Narrower),
            (
                vec!["users:read users:write admin"],
                Comparison::Broader(vec!["admin".to_owned()]),
            ),
            // Scopes are case-sensitive (RFC 6749, section 3.3).
            (
                vec!["Users:read"],
                Comparison::Broader(vec!["Users:read".to_owned()]),
            ),
        ];
        for (names, expected) in cases {
            assert_eq!(scopes(&names).compare(&allowed), expected, "{names:?}");
        }
    }

    #[test]
    fn scopes_are_read_from_texts_and_arrays() {
        let read = |value| Scopes::in_json(ScopeSource::Listing, &value, None).map(|s| s.names);
        let two = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(read(json!("b a  b")), two);
        assert_eq!(read(json!("b, a")), two);
        assert_eq!(read(json!(["b", "a", 7])), two);
        assert_eq!(read(json!([])), Some(Vec::new()));
        for nothing in [json!(null), json!(1), json!({"a": 1})] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn what_a_hostile_issuer_tells_is_bounded_and_masked() {
        let token = BearerToken::parse("cAnArY-8271").expect("a token");
        let told = ["x\u{1b}[31mcAnArY-8271", "a\u{7}b"];
        let read = Scopes::read(ScopeSource::Answer, told, Some(&token)).expect("told");
        assert_eq!(read.names, ["[masked]", "a?b"]);
        let many: Vec<String> = (0..500).map(|n| format!("s{n:03}")).collect();
        let all: Vec<&str> = many.iter().map(String::as_str).collect();
        let read = scopes(&all);
        assert_eq!(read.names.len(), MOST + 1);
        assert!(
            matches!(read.compare(&many), Comparison::Broader(extra) if extra == ["[436 more]"])
        );
    }

    #[test]
    fn names_that_allow_far_too_much_are_known() {
        for broad in [
            "*",
            "admin",
            "Admin",
            "admin:org",
            "org:admin",
            "sudo",
            "api",
            "repo",
            "User.ReadWrite.All",
            "Directory.AccessAsUser.All",
            "offline_access",
        ] {
            assert!(broad_pattern(broad).is_some(), "{broad}");
        }
        for fine in [
            "scim",
            "users:write",
            "get:users",
            "administrators:read",
            "repository",
            "scim:enterprise",
            "api:scim",
        ] {
            assert_eq!(broad_pattern(fine), None, "{fine}");
        }
    }
}
