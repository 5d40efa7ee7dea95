//! What templates may use of an answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;
use http::header::SET_COOKIE;
use zeroize::Zeroizing;

use crate::http::message::{Answer, SecretJson};

/// Longest body that is offered as text. A longer one has no value: a text
/// that was cut would be sent as if it were whole.
const LONGEST_TEXT: usize = 64 * 1024;

/// The answer to one call. Texts are wiped when it is dropped.
pub(super) struct Step {
    pub(super) status: u16,
    /// `None`: the body is not JSON.
    pub(super) json: Option<Arc<SecretJson>>,
    pub(super) text: Option<Zeroizing<String>>,
    pub(super) headers: BTreeMap<String, Zeroizing<String>>,
    pub(super) cookies: BTreeMap<String, Zeroizing<String>>,
}

impl Step {
    pub(super) fn of(answer: &Answer) -> Self {
        Self {
            status: answer.status,
            json: answer.secret_json().ok().map(Arc::new),
            text: text(&answer.body),
            headers: headers(&answer.headers),
            cookies: cookies(&answer.headers),
        }
    }
}

fn text(body: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(body).ok()?;
    (body.len() <= LONGEST_TEXT).then(|| Zeroizing::new(text.to_owned()))
}

/// By lower-case name, several values of one name joined. A name of which a
/// value cannot be read is left out: half of the values would be a wrong one.
fn headers(all: &HeaderMap) -> BTreeMap<String, Zeroizing<String>> {
    let mut read = BTreeMap::new();
    for name in all.keys() {
        let mut joined = Zeroizing::new(String::new());
        let mut readable = true;
        for (index, value) in all.get_all(name).iter().enumerate() {
            match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => {
                    joined.push_str(if index == 0 { "" } else { ", " });
                    joined.push_str(text);
                }
                Err(_) => readable = false,
            }
        }
        if readable {
            read.insert(name.as_str().to_owned(), joined);
        }
    }
    read
}

/// Name and value of every cookie (RFC 6265, 5.2); of two with one name the
/// last counts, as in a browser.
fn cookies(all: &HeaderMap) -> BTreeMap<String, Zeroizing<String>> {
    let lines = all.get_all(SET_COOKIE).iter();
    lines
        .filter_map(|line| {
            let line = std::str::from_utf8(line.as_bytes()).ok()?;
            let pair = line.split(';').next()?;
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            (!name.is_empty()).then(|| (name.to_owned(), Zeroizing::new(value.to_owned())))
        })
        .collect()
}
