//! Secrets in places that take any text: a header, a parameter, a variable of a
//! program. The types cannot refuse them, so their keys are looked at.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::finding::{Finding, Findings};
use super::locate::Document;
use super::mask::sounds_secret;
use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
use crate::notify;
use crate::value::{HOW, NO_SECRET_HERE};

/// The issuers and connections that could be read: a kind knows how its
/// settings name a secret.
pub(super) struct Kinds<'a> {
    pub(super) issuers: &'a BTreeMap<String, IssuerKind>,
    pub(super) connections: &'a BTreeMap<String, ConnectionKind>,
}

impl Kinds<'_> {
    /// What to do about a literal at this dotted path.
    fn remedy(&self, path: &str) -> &'static str {
        let mut parts = path.splitn(4, '.');
        let (group, name) = (parts.next(), parts.next().unwrap_or_default());
        let key = parts.nth(1).unwrap_or_default();
        let asked = match group {
            Some("issuers") => {
                let kind = self.issuers.get(name);
                kind.map(|kind| kind.as_kind().literal_remedy(key))
            }
            Some("connections") => {
                let kind = self.connections.get(name);
                kind.map(|kind| kind.as_kind().literal_remedy(key))
            }
            Some(_) | None => None,
        };
        asked.unwrap_or(HOW)
    }
}

/// Notes every text that stands where its key says that a secret belongs.
pub(super) fn check(documents: &[Document<'_>], kinds: &Kinds<'_>, findings: &mut Findings) {
    for (source, document) in documents.iter().enumerate() {
        let remedy = |path: &str| kinds.remedy(path);
        Look {
            source,
            remedy: &remedy,
            findings,
        }
        .all(document);
    }
}

/// The same for a vendor file.
pub(super) fn check_vendor(source: usize, document: &Document<'_>, findings: &mut Findings) {
    const HOW: &str =
        "declare a parameter of the type \"credential\" and write \"{{ secrets.<name> }}\" here";
    Look {
        source,
        remedy: &|_| HOW,
        findings,
    }
    .all(document);
}

struct Look<'a> {
    source: usize,
    remedy: &'a dyn Fn(&str) -> &'static str,
    findings: &'a mut Findings,
}

impl Look<'_> {
    fn all(&mut self, document: &Document<'_>) {
        for (key, value) in document.get_ref() {
            self.at(key.get_ref(), key.get_ref(), value);
        }
    }

    fn at(&mut self, path: &str, key: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    let key = key.get_ref();
                    self.at(&format!("{path}.{key}"), key, value);
                }
            }
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&format!("{path}[{index}]"), key, item);
                }
            }
            DeValue::String(text) if sounds_secret(key) && is_literal(text) => {
                let finding = Finding::error(
                    self.source,
                    value.span(),
                    path,
                    NO_SECRET_HERE,
                    (self.remedy)(path),
                );
                self.findings.push_once(finding.hiding(vec![value.span()]));
            }
            DeValue::String(text) if is_address(path) && may_be_secret(text) => {
                let finding = Finding::error(
                    self.source,
                    value.span(),
                    path,
                    NO_SECRET_HERE,
                    "who has such a URL may send messages, so write `secret_url` with a reference to it: { vault = \"<mount>/<path>#<field>\" }, { file = \"/path\" } or { env = \"NAME\" }; any other URL begins with https://",
                );
                self.findings.push_once(finding.hiding(vec![value.span()]));
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
}

/// Whether the text that stands where messages are sent to is a credential: a URL by
/// which everybody may send, or no URL at all.
fn may_be_secret(text: &str) -> bool {
    let is_url = ["https://", "http://", "{{"];
    !is_url.iter().any(|begin| text.starts_with(begin)) || notify::holds_secret(text)
}

/// Whether this is the URL of a target of messages.
fn is_address(path: &str) -> bool {
    path.starts_with("notify.") && path.ends_with(".url")
}

/// A template puts a credential there, and a path or a pointer names one.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("{{") && !text.starts_with('/')
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let document = DeTable::parse(text).expect("valid");
        let mut findings = Findings::default();
        let kinds = Kinds {
            issuers: &BTreeMap::new(),
            connections: &BTreeMap::new(),
        };
        check(&[document], &kinds, &mut findings);
        let all = findings.into_all().into_iter();
        all.map(|f| f.path).collect()
    }

    #[test]
    fn each_kind_says_how_it_names_a_secret() {
        let issuers = "sso.oauth2 = { token_url = 'https://sso.example', client_id = 'x', client_secret = { file = '/x' } }";
        let connections = "push.exec = { command = ['/bin/true'] }";
        let kinds = Kinds {
            issuers: &toml::from_str(issuers).expect("an issuer"),
            connections: &toml::from_str(connections).expect("a connection"),
        };
        let cases = [
            ("issuers.sso.oauth2.params.password", "are no parameters"),
            ("issuers.sso.oauth2.client_secret", HOW),
            ("connections.push.exec.env.API_KEY", "the path of a file"),
            ("connections.gone.exec.env.API_KEY", HOW),
            ("vault.auth.token.token", HOW),
        ];
        for (path, expected) in cases {
            assert!(kinds.remedy(path).contains(expected), "{path}");
        }
    }

    #[test]
    fn texts_under_the_name_of_a_secret_are_found() {
        let cases = [
            (
                "a.http.headers.Authorization = 'Bearer x'",
                Some("a.http.headers.Authorization"),
            ),
            (
                "a.http.headers.X-Api-Key = 'x'",
                Some("a.http.headers.X-Api-Key"),
            ),
            ("a.params = { password = 'x' }", Some("a.params.password")),
            (
                "a.exec.env = { IDP_PASSWORD = 'x' }",
                Some("a.exec.env.IDP_PASSWORD"),
            ),
            (
                "a.form = [{ client_secret = 'x' }]",
                Some("a.form[0].client_secret"),
            ),
            ("a.headers.Authorization = 'Bearer {{ secrets.x }}'", None),
            ("a.exec.env = { IDP_PASSWORD = '/run/secrets/idp' }", None),
            ("a.client_secret = { file = 'x' }", None),
            ("a.client_secret = ''", None),
            ("a.scheme = 'Bearer'", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                found(text),
                Vec::from_iter(expected.map(str::to_owned)),
                "{text}"
            );
        }
    }
}
