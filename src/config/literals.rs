//! Secrets in places that take any text: a header, a parameter, a variable of a
//! program. The types cannot refuse them, so their keys are looked at.

use toml::Spanned;
use toml::de::DeValue;

use super::finding::{Finding, Findings};
use super::locate::Document;
use super::mask::sounds_secret;
use crate::value::{HOW, NO_SECRET_HERE};

/// Notes every text that stands where its key says that a secret belongs.
pub(super) fn check(documents: &[Document<'_>], findings: &mut Findings) {
    for (source, document) in documents.iter().enumerate() {
        let mut look = Look { source, findings };
        for (key, value) in document.get_ref() {
            look.at(key.get_ref(), key.get_ref(), value);
        }
    }
}

struct Look<'a> {
    source: usize,
    findings: &'a mut Findings,
}

impl Look<'_> {
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
                    remedy(path),
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

/// A template puts a credential there, and a path or a pointer names one.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("{{") && !text.starts_with('/')
}

fn remedy(path: &str) -> &'static str {
    if path.contains(".exec.env.") {
        "write the path of a file there, and have the program read the secret from it"
    } else if path.contains(".params.") {
        "use `client_secret` for the client's own secret; other secrets are no parameters"
    } else if path.contains(".http.") || path.contains(".local.") {
        "name it in `secrets`, as a reference, and write \"{{ secrets.<name> }}\" here"
    } else {
        HOW
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let document = DeTable::parse(text).expect("valid");
        let mut findings = Findings::default();
        check(&[document], &mut findings);
        let all = findings.into_all().into_iter();
        all.map(|f| f.path).collect()
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
