//! Every spelling in which a secret may come back: the masks over foreign texts
//! and over the logs search for these, and so do the tests.
//!
//! A secret of several lines is spelled as a whole, and each of its longer lines
//! is spelled as well: a text that quotes a PEM key may indent, wrap or cut it.

mod base;
mod json;
mod url;

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// Base64 and hex of fewer characters are found in innocent text.
pub const SHORTEST_ENCODED: usize = 8;

/// A line of a longer secret that has fewer characters is no secret by itself.
const SHORTEST_LINE: usize = 16;

/// The first and the last line of PEM, which tell nothing.
const PEM_BOUNDARY: &str = "-----";

/// One spelling of a secret. No `Debug`: it is the secret.
pub struct Spelling {
    /// How the secret is written, for a person.
    pub way: &'static str,
    /// What is searched for.
    pub text: Zeroizing<String>,
}

/// The spellings of a secret, none of them empty. The secret as it is comes
/// first.
#[must_use]
pub fn spellings(secret: &str) -> Vec<Spelling> {
    let mut all = of_text(secret);
    let trimmed = secret.trim();
    if trimmed != secret {
        all.extend(of_text(trimmed));
    }
    if trimmed.contains('\n') {
        let lines = trimmed.lines().map(str::trim);
        let telling =
            lines.filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with(PEM_BOUNDARY));
        all.extend(telling.flat_map(of_text));
    }
    all
}

fn of_text(text: &str) -> Vec<Spelling> {
    let mut all = Collected::default();
    all.add("as it is", text.to_owned());
    for spelling in url::spellings(text) {
        all.add("URL-encoded", spelling);
    }
    if !is_simple(text) {
        all.add_escaped(text);
    }
    all.add_base64(text);
    for spelling in base::hex(text) {
        all.add_encoded("in hex", spelling);
    }
    all.0
}

/// Whether the text has only characters that no escape but percent-encoding
/// touches. Most tokens are such texts, and they are spelled on every read.
fn is_simple(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[derive(Default)]
struct Collected(Vec<Spelling>);

impl Collected {
    fn add(&mut self, way: &'static str, text: String) {
        let text = Zeroizing::new(text);
        if !text.is_empty() && self.0.iter().all(|known| known.text != text) {
            self.0.push(Spelling { way, text });
        }
    }

    fn add_escaped(&mut self, text: &str) {
        for spelling in json::spellings(text) {
            self.add("escaped for JSON", spelling);
        }
        self.add("as Rust prints it", quoted(text));
        self.add("as Rust prints it", text.escape_default().to_string());
        for spelling in xml(text) {
            self.add("escaped for XML", spelling);
        }
    }

    fn add_base64(&mut self, text: &str) {
        // OAuth 2 form-encodes a client secret before it goes into `Basic`
        // (RFC 6749, 2.3.1).
        let form = Zeroizing::new(url::form(text));
        let other = (form.as_str() != text).then_some(form.as_str());
        for inner in [text].into_iter().chain(other) {
            for spelling in base::base64(inner) {
                self.add_encoded("in base64", spelling);
            }
        }
    }

    fn add_encoded(&mut self, way: &'static str, text: String) {
        if text.len() >= SHORTEST_ENCODED {
            self.add(way, text);
        }
    }
}

/// What `{:?}` prints between the quotes.
fn quoted(text: &str) -> String {
    let mut out = Zeroizing::new(String::new());
    match write!(out, "{text:?}") {
        Ok(()) => out.get(1..out.len() - 1).unwrap_or_default().to_owned(),
        Err(std::fmt::Error) => String::new(),
    }
}

/// Between tags, and in an attribute with the usual names of the apostrophe.
fn xml(text: &str) -> Vec<String> {
    let between_tags = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let quoted = between_tags.replace('"', "&quot;");
    let apostrophes = ["&#39;", "&apos;", "&#x27;"];
    let mut all: Vec<String> = apostrophes
        .iter()
        .map(|name| quoted.replace('\'', name))
        .collect();
    all.extend([between_tags, quoted]);
    all
}

#[cfg(test)]
mod tests;
