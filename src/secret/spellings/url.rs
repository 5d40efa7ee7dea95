//! Percent-encoding. Libraries differ in what they leave as it is, and in the
//! case of the digits.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986: all but the unreserved characters is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `quote` of Python.
const PYTHON: &AsciiSet = &UNRESERVED.remove(b'/');

/// `PathEscape` of Go.
const GO_PATH: &AsciiSet = &UNRESERVED
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// `encodeURIComponent` of JavaScript.
const COMPONENT: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// `encodeURI` of JavaScript.
const WHOLE: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');

/// The query of a URL by the URL standard of browsers.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\'');

/// The path of a URL by the same standard.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// What HTML forms leave as it is; a blank becomes a plus sign.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b' ');

/// `QueryEscape` of Go and `quote_plus` of Python: a blank becomes a plus sign
/// here too.
const QUERY_VALUE: &AsciiSet = &UNRESERVED.remove(b' ');

const SETS: [&AsciiSet; 8] = [
    NON_ALPHANUMERIC,
    UNRESERVED,
    PYTHON,
    GO_PATH,
    COMPONENT,
    WHOLE,
    QUERY,
    PATH,
];

const SETS_WITH_PLUS: [&AsciiSet; 2] = [FORM, QUERY_VALUE];

/// A text as it stands in a form.
pub(super) fn form(text: &str) -> String {
    encoded(text, FORM, str::to_owned).replace(' ', "+")
}

/// All spellings, perhaps some of them twice.
pub(super) fn spellings(text: &str) -> Vec<String> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Vec::new();
    }
    // Only these two differ where nothing but unreserved characters is there.
    let (sets, with_plus) = if super::is_simple(text) {
        (&SETS[..1], &SETS_WITH_PLUS[..1])
    } else {
        (&SETS[..], &SETS_WITH_PLUS[..])
    };
    let mut all = Vec::with_capacity(2 * (sets.len() + with_plus.len()));
    for digits in [str::to_owned, str::to_ascii_lowercase] {
        all.extend(sets.iter().map(|set| encoded(text, set, digits)));
        let plus = |set: &&'static AsciiSet| encoded(text, set, digits).replace(' ', "+");
        all.extend(with_plus.iter().map(plus));
    }
    all
}

/// `digits` writes each `%XX`.
fn encoded(text: &str, set: &'static AsciiSet, digits: fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for piece in utf8_percent_encode(text, set) {
        if piece.len() == 3 && piece.starts_with('%') {
            out.push_str(&digits(piece));
        } else {
            out.push_str(piece);
        }
    }
    out
}
